"""Steps of a draw: freeze, seed, draw, publish; each once, stored immediately.

Nothing is drawn in memory only: a kill between or within steps leaves what was kept, and the same
command goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from xhcredit.domain.log import logged
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.draws import inspectors as lists
from xhcredit.draws import record as records
from xhcredit.draws import verify
from xhcredit.draws.commitment import Terms, canonical, commitment, digest_of
from xhcredit.draws.frame import Frame, decoded
from xhcredit.draws.numerics import SALT_BYTES
from xhcredit.draws.plan import Plan, read_plan
from xhcredit.draws.tickets import bound, seed_text
from xhcredit.errors import BadPlan, UnknownRecord
from xhcredit.jobs.draws.frame import frame_for
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.spark.tickets import SparkBound
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.draw_state import Opening
from xhcredit.store.store import Store

Json = dict[str, Any]
#: files that everybody may have; the frame and what strata are is for auditors
PUBLIC = ("commitment.json", "record.json", "inspectors.csv", "recusals.csv")
PRIVATE = ("frame.csv", "strata.json", "plan.json")


@dataclass(frozen=True)
class People:
    """The two lists of a draw, byte by byte as they are committed to."""

    inspectors: bytes
    recusals: bytes

    def read(self) -> tuple[tuple[lists.Inspector, ...], frozenset[tuple[str, str]]]:
        """Inspectors, and who must not visit whom.

        Raises:
            BadInput: a list cannot be read; file, row and column are named.
        """
        people = lists.read_inspectors(self.inspectors)
        return people, lists.read_recusals(self.recusals, people)


def salts(count: int) -> list[str]:
    """Random salts, one per row of a frame."""
    data = os.urandom(SALT_BYTES * count)
    return [data[at : at + SALT_BYTES].hex() for at in range(0, len(data), SALT_BYTES)]


@logged("draw.planned", lambda done: {"plan": done["plan"]}, refusal="warning")
def file_plan(store: Store, act: Act, given: Mapping[str, Any], rules: Rulebook, day: date) -> Json:
    """Check a plan against the rules of the day and file it.

    Raises:
        BadPlan: a ratio, item, period or deadline that the rules do not allow.
        WrongState: its id was filed before.
    """
    plan = read_plan(given, rules, day)
    return store.draws.file_plan(act, plan.model_dump(mode="json"))


@dataclass(frozen=True)
class Freezing:
    """Request to freeze the frame of a plan."""

    plan: str
    draw: str
    as_of: date
    people: People
    round: str = ""
    replaces: str | None = None
    why: str = ""


@logged("draw.frozen", lambda done: {"draw": done["draw"]}, refusal="warning")
def freeze(
    store: Store,
    act: Act,
    warehouse: Path,
    rules: Rulebook,
    asked: Freezing,
    progress: Progress = ignore_progress,
) -> Json:
    """Freeze the frame of a plan and commit to it, before there is a seed.

    Returns:
        ``draw``, ``commitment`` (its digest) and ``root``.

    Raises:
        BadPlan: the frame is empty, or an inspector's list is of no use for the plan.
        WrongState: the draw is there already.
    """
    plan, digest = plan_of(store, asked.plan, rules)
    people, _ = asked.people.read()
    _refuse_unqualified(people, plan)
    replaces, on = asked.replaces, asked.as_of
    framed = frame_for(
        plan, store, warehouse, rules, on, salts=salts, progress=progress, replaces=replaces
    )
    number = asked.round or asked.draw
    opening = Opening(asked.draw, plan.id, plan.bureau, number, on.isoformat(), replaces)
    terms = replace(_terms(asked, plan, digest, framed.excluded), demo=store.is_demo)

    def making(at: str, previous: str) -> tuple[Json, Mapping[str, bytes]]:
        progress("commit", 0, 1)
        made = commitment(terms, framed.frame, framed.ratios, at, previous)
        return made, {
            "frame.csv": framed.frame.encoded(),
            "strata.json": canonical(framed.strata),
            "plan.json": canonical(plan.model_dump(mode="json")),
            "inspectors.csv": asked.people.inspectors,
            "recusals.csv": asked.people.recusals,
        }

    return store.draws.freeze(act, opening, making)


def plan_of(store: Store, plan: str, rules: Rulebook) -> tuple[Plan, str]:
    """A filed plan and its digest."""
    kept = store.draws.plan(plan)
    digest = str(kept.pop("digest"))
    return read_plan(kept, rules, date.fromisoformat(kept["published_on"])), digest


def _terms(asked: Freezing, plan: Plan, digest: str, excluded: Any) -> Terms:
    replaces = {"draw_id": asked.replaces, "reason": asked.why} if asked.replaces else None
    return Terms(
        draw_id=asked.draw,
        round_id=asked.round or asked.draw,
        plan_id=plan.id,
        plan_digest=digest,
        as_of=asked.as_of.isoformat(),
        design=plan.design,
        calibrated=plan.calibrated,
        seed_source=plan.seed_source,
        seed_due=str(plan.seed_due),
        places=plan.places,
        qualification=plan.qualification,
        inspectors_digest=digest_of(asked.people.inspectors),
        recusals_digest=digest_of(asked.people.recusals),
        excluded=excluded,
        replaces=replaces,
    )


def _refuse_unqualified(people: tuple[lists.Inspector, ...], plan: Plan) -> None:
    if not any(plan.qualification in who.qualifications for who in people):
        raise BadPlan(
            f'nobody on the list of inspectors is qualified for "{plan.qualification}"; '
            "add inspectors, or correct their qualifications"
        )


@logged("draw.seeded", ids=["draw"], refusal="warning")
def seed(store: Store, act: Act, draw: str, value: str, source: str) -> Json:
    """Enter the seed from the announced source, once.

    Raises:
        BadPlan: it is no seed, or of another source than announced.
        WrongState: the frame is not frozen, or a seed is there.
    """
    announced = committed(store, draw)["seed_source"]
    if source.strip() != announced:
        raise BadPlan(f'the seed must come from "{announced}", as announced; found "{source}"')
    return store.draws.seed(act, draw, seed_text(value), announced)


@logged("draw.drawn", lambda done: {"selected": done["selected"]}, ids=["draw"], refusal="warning")
def run(
    store: Store, act: Act, draw: str, progress: Progress = ignore_progress, *, engine: str = ""
) -> Json:
    """Draw, assign inspectors and store the record.

    Args:
        store: where the draw is kept.
        act: who draws, and why.
        draw: which one.
        progress: told when it is done.
        engine: Spark's master URL, where the tickets are then computed; nothing: here.

    Raises:
        BadInput: the engine cannot be used.
        WrongState: the seed is not there, or the record is.
        Unstaffable: no assignment of inspectors meets the constraints; nothing is kept.
    """
    kept, made = store.draws.one(draw), committed(store, draw)
    entered = next((s for s in kept["steps"] if s["state"] == "seeded"), None)
    if entered is None:
        raise UnknownRecord(f'draw "{draw}" has no seed yet; enter it: xhcredit draw seed')
    progress("draw", 0, 1)
    frame = frame_of(store, draw)
    people, recusals = people_of(store, draw).read()
    activity = store.draws.entry(entered["activity"])
    seed = entered["details"]
    with Spark(engine) if engine else nullcontext() as spark:
        tickets = partial(SparkBound, spark) if spark else bound
        told = records.record(frame, made, seed, people, recusals, activity, tickets)
    progress("draw", 1, 1)
    return store.draws.drawn(act, draw, told, {})


def committed(store: Store, draw: str) -> Json:
    """The commitment of a draw."""
    return verify.json_of(store.draws.file(draw, "commitment.json"))


def record_of(store: Store, draw: str) -> Json:
    """The record of a draw."""
    return verify.json_of(store.draws.file(draw, "record.json"))


def frame_of(store: Store, draw: str) -> Frame:
    """The frozen frame of a draw."""
    return decoded(store.draws.file(draw, "frame.csv"))


def people_of(store: Store, draw: str) -> People:
    """The lists of inspectors and recusals of a draw."""
    kept = store.draws
    return People(kept.file(draw, "inspectors.csv"), kept.file(draw, "recusals.csv"))


def export(store: Store, draw: str, out: Path, *, private: bool = True) -> list[Path]:
    """Write the files of a draw and the stand-alone verifier into a folder.

    Args:
        store: where the draw is kept.
        draw: which one.
        out: the folder; files of the same name are replaced, each whole.
        private: the frame and the meaning of the strata as well, which are not public.
    """
    names = (*PUBLIC, *(PRIVATE if private else ()))
    written = []
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            data = store.draws.file(draw, name)
        except UnknownRecord:
            continue  # comes with a later step
        written.append(_written(out / name, data))
    return [*written, _written(out / "verify_draw.py", verify.stranger())]


def _written(path: Path, data: bytes) -> Path:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)
    return path
