"""Steps of a draw: freeze, seed, draw, publish; each once, stored immediately.

Nothing is drawn in memory only: a kill between or within steps leaves what was kept, and the same
command goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import cast

from xhcredit.domain.files import write_whole
from xhcredit.domain.log import log_call
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.draws import inspectors as inspector_lists
from xhcredit.draws import record as draw_record
from xhcredit.draws import verify
from xhcredit.draws.commitment import ExcludedGroup, Terms, canonical, commitment, digest_of
from xhcredit.draws.frame import Frame, decoded
from xhcredit.draws.numerics import SALT_BYTES
from xhcredit.draws.plan import Plan, read_plan
from xhcredit.draws.published_files import Commitment, DrawRecord, Seed
from xhcredit.draws.tickets import bound_ticket, seed_text
from xhcredit.errors import BadPlan, UnknownRecord
from xhcredit.jobs.draws.frame import frame_for
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.spark.tickets import SparkBound
from xhcredit.rules.official_names import official_bureau
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.draw_state import FrozenDraw
from xhcredit.store.draws.rows import DrawFrozen, PlanFiled, RecordStored
from xhcredit.store.store import Store

#: files that everybody may have; the frame and what strata are is for auditors
PUBLIC_FILES = ("commitment.json", "record.json", "inspectors.csv", "recusals.csv")
PRIVATE_FILES = ("frame.csv", "strata.json", "plan.json")


@dataclass(frozen=True)
class People:
    """The two lists of a draw, byte by byte as they are committed to."""

    inspectors: bytes
    recusals: bytes

    def read(self) -> tuple[tuple[inspector_lists.Inspector, ...], frozenset[tuple[str, str]]]:
        """Inspectors, and who must not visit whom.

        Raises:
            BadInput: a list cannot be read; file, row and column are named.
        """
        people = inspector_lists.read_inspectors(self.inspectors)
        return people, inspector_lists.read_recusals(self.recusals, people)


def salts(count: int) -> list[str]:
    """Random salts, one per row of a frame."""
    # From the system's own source: with salts that can be guessed, codes could be tried until a
    # row fits.
    random_bytes = os.urandom(SALT_BYTES * count)
    return [
        random_bytes[start : start + SALT_BYTES].hex()
        for start in range(0, len(random_bytes), SALT_BYTES)
    ]


@log_call("draw.planned", lambda filed_plan: {"plan": filed_plan["plan"]}, refusal="warning")
def file_plan(
    store: Store, act: Act, plan_fields: Mapping[str, object], rules: Rulebook, day: date
) -> PlanFiled:
    """Check a plan against the rules of the day and file it, its bureau by the official name.

    Raises:
        BadPlan: a ratio, item, period or deadline that the rules do not allow.
        BadInput: the district's list has no such bureau; the nearest is named.
        WrongState: its id was filed before.
    """
    plan = read_plan(plan_fields, rules, day)
    plan = plan.model_copy(update={"bureau": official_bureau(rules, plan.bureau, day)})
    return store.draws.file_plan(act, plan)


@dataclass(frozen=True)
class FreezeRequest:
    """Request to freeze the frame of a plan."""

    plan: str
    draw: str
    as_of: date
    people: People
    round: str = ""
    replaces: str | None = None
    reason: str = ""


@log_call("draw.frozen", lambda freeze_report: {"draw": freeze_report["draw"]}, refusal="warning")
def freeze(
    store: Store,
    act: Act,
    warehouse: Path,
    rules: Rulebook,
    request: FreezeRequest,
    progress: Progress = ignore_progress,
) -> DrawFrozen:
    """Freeze the frame of a plan and commit to it, before there is a seed.

    Raises:
        BadPlan: the frame is empty, or an inspector's list is of no use for the plan.
        WrongState: the draw is there already.
    """
    plan, digest = plan_of(store, request.plan, rules)
    people, _ = request.people.read()
    refuse_unqualified(people, plan)
    replaces, on = request.replaces, request.as_of
    frame_design = frame_for(
        plan, store, warehouse, rules, on, salts=salts, progress=progress, replaces=replaces
    )
    number = request.round or request.draw
    opening = FrozenDraw(request.draw, plan.id, plan.bureau, number, on.isoformat(), replaces)
    terms = replace(terms_of(request, plan, digest, frame_design.excluded), demo=store.is_demo)

    def make_commitment(frozen_at: str, previous: str) -> tuple[Commitment, Mapping[str, bytes]]:
        progress("commit", 0, 1)
        commitment_body = commitment(
            terms, frame_design.frame, frame_design.ratios, frozen_at, previous
        )
        return cast(Commitment, commitment_body), {
            "frame.csv": frame_design.frame.encoded(),
            "strata.json": canonical(frame_design.strata),
            "plan.json": canonical(plan.model_dump(mode="json")),
            "inspectors.csv": request.people.inspectors,
            "recusals.csv": request.people.recusals,
        }

    return store.draws.freeze(act, opening, make_commitment)


def plan_of(store: Store, plan: str, rules: Rulebook) -> tuple[Plan, str]:
    """A filed plan and its digest."""
    filed_plan = store.draws.get_plan(plan)
    plan_fields = filed_plan.model_dump(mode="json", exclude={"digest"})
    return read_plan(plan_fields, rules, filed_plan.published_on), filed_plan.digest


def terms_of(
    request: FreezeRequest, plan: Plan, digest: str, excluded: Sequence[ExcludedGroup] = ()
) -> Terms:
    """Terms of a draw under a plan, as its commitment states them; ``digest`` is the plan's."""
    replaces = {"draw_id": request.replaces, "reason": request.reason} if request.replaces else None
    return Terms(
        draw_id=request.draw,
        round_id=request.round or request.draw,
        plan_id=plan.id,
        plan_digest=digest,
        as_of=request.as_of.isoformat(),
        design=plan.design,
        calibrated=plan.calibrated,
        seed_source=plan.seed_source,
        seed_due=str(plan.seed_due),
        places=plan.places,
        qualification=plan.qualification,
        inspectors_digest=digest_of(request.people.inspectors),
        recusals_digest=digest_of(request.people.recusals),
        excluded=excluded,
        replaces=replaces,
    )


def refuse_unqualified(people: tuple[inspector_lists.Inspector, ...], plan: Plan) -> None:
    """Refuse a list of inspectors on which nobody may lead a visit of the plan.

    Raises:
        BadPlan: nobody is qualified.
    """
    if not any(plan.qualification in inspector.qualifications for inspector in people):
        raise BadPlan(
            f'nobody on the list of inspectors is qualified for "{plan.qualification}"; '
            "add inspectors, or correct their qualifications"
        )


@log_call("draw.seeded", ids=["draw"], refusal="warning")
def enter_seed(store: Store, act: Act, draw: str, value: str, source: str) -> Seed:
    """Enter the seed from the announced source, once.

    Raises:
        BadPlan: it is no seed, or of another source than announced.
        WrongState: the frame is not frozen, or a seed is there.
    """
    announced = commitment_of(store, draw)["seed_source"]
    # Another source after the commitment would be a choice among outcomes.
    if source.strip() != announced:
        raise BadPlan(f'the seed must come from "{announced}", as announced; found "{source}"')
    return store.draws.seed(act, draw, seed_text(value), announced)


@log_call(
    "draw.drawn",
    lambda draw_report: {"selected": draw_report["selected"]},
    ids=["draw"],
    refusal="warning",
)
def run_draw(
    store: Store, act: Act, draw: str, progress: Progress = ignore_progress, *, engine: str = ""
) -> RecordStored:
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
    draw_row, commitment_body = store.draws.get(draw), commitment_of(store, draw)
    seed_step = next((s for s in draw_row["steps"] if s["state"] == "seeded"), None)
    if seed_step is None:
        raise UnknownRecord(f'draw "{draw}" has no seed yet; enter it: xhcredit draw seed')
    progress("draw", 0, 1)
    frame = frame_of(store, draw)
    people, recusals = people_of(store, draw).read()
    activity = store.draws.activity_entry(seed_step["activity"])
    seed = seed_step["details"]
    with Spark(engine) if engine else nullcontext() as spark:
        tickets = partial(SparkBound, spark) if spark else bound_ticket
        record = draw_record.record(
            frame, commitment_body, dict(seed), people, recusals, dict(activity), tickets
        )
    progress("draw", 1, 1)
    return store.draws.save_record(act, draw, cast(DrawRecord, record), {})


def commitment_of(store: Store, draw: str) -> Commitment:
    """The commitment of a draw."""
    return cast(Commitment, verify.json_of(store.draws.file(draw, "commitment.json")))


def record_of(store: Store, draw: str) -> DrawRecord:
    """The record of a draw."""
    return cast(DrawRecord, verify.json_of(store.draws.file(draw, "record.json")))


def plan_of_draw(store: Store, draw: str) -> Plan:
    """The plan of a draw as it stood when its frame was frozen."""
    return Plan.model_validate_json(store.draws.file(draw, "plan.json"))


def frame_of(store: Store, draw: str) -> Frame:
    """The frozen frame of a draw."""
    return decoded(store.draws.file(draw, "frame.csv"))


def people_of(store: Store, draw: str) -> People:
    """The lists of inspectors and recusals of a draw."""
    draws = store.draws
    return People(draws.file(draw, "inspectors.csv"), draws.file(draw, "recusals.csv"))


def export_draw(store: Store, draw: str, out: Path, *, private: bool = True) -> list[Path]:
    """Write the files of a draw and the stand-alone verifier into a folder.

    Args:
        store: where the draw is kept.
        draw: which one.
        out: the folder; files of the same name are replaced, each whole.
        private: the frame and the meaning of the strata as well, which are not public.
    """
    names = (*PUBLIC_FILES, *(PRIVATE_FILES if private else ()))
    written_files = []
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            file_bytes = store.draws.file(draw, name)
        except UnknownRecord:
            continue  # comes with a later step
        written_files.append(write_whole(out / name, file_bytes))
    return [*written_files, write_whole(out / "verify_draw.py", verify.standalone_verifier())]
