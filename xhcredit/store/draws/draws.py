"""Store of draws: plan, frame, seed, record, results; append-only steps, each once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import RowMapping, func, insert, select

from xhcredit.draws.commitment import digest_of
from xhcredit.draws.plan import Plan
from xhcredit.draws.published_files import Commitment, DrawRecord, Seed, SeedEntry
from xhcredit.errors import BadPlan, UnknownRecord, WrongState
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import activity
from xhcredit.store.core.transactions import Act, Tx, Writer, chain_head
from xhcredit.store.draws import draw_state
from xhcredit.store.draws.draw_state import STATES, Files, FrozenDraw
from xhcredit.store.draws.integrity import results_digest
from xhcredit.store.draws.publications import (
    has_new_results,
    next_publication,
    publications,
    results_of,
)
from xhcredit.store.draws.rows import (
    Draw,
    DrawFrozen,
    DrawnTeams,
    DrawPublished,
    DrawState,
    DrawWithSteps,
    FiledPlan,
    InspectorReplacement,
    ListedDraw,
    PlanFiled,
    PublicationDetails,
    RecordStored,
    ResultsEntered,
    VisitResult,
)
from xhcredit.store.draws.tables import (
    draw_files,
    draw_replacements,
    draw_results,
    draw_seeds,
    draw_steps,
    draws,
    plans,
)

#: makes the commitment from the moment of freezing and the head of the activity log, with files
CommitmentBuilder = Callable[[str, str], tuple[Commitment, Files]]
#: salts hardly shrink: more effort costs thrice the time for a twentieth of the size
_ZLIB_LEVEL = 1


@dataclass(frozen=True)
class Draws:
    """Reads and writes draws; nothing is ever changed, steps are added."""

    database: Database
    writer: Writer

    def file_plan(self, act: Act, plan: Plan) -> PlanFiled:
        """File a plan; its digest goes into every commitment.

        Raises:
            WrongState: a plan with this id was filed before.
        """
        body = canonical(plan.model_dump(mode="json"))
        digest = digest_of(body.encode())

        def work(tx: Tx) -> PlanFiled:
            stored_digest = tx.con.scalar(select(plans.c.digest).where(plans.c.id == plan.id))
            if stored_digest is not None:
                raise WrongState(f'plan "{plan.id}" was filed before; file it under a new id')
            row = {"id": plan.id, "bureau": plan.bureau, "body": body, "digest": digest}
            tx.con.execute(insert(plans), {**row, "activity": tx.seq})
            tx.audit(plan=plan.id, digest=digest)
            return {"plan": plan.id, "digest": digest}

        return self.writer.act(act, work)

    def freeze(
        self, act: Act, new_draw: FrozenDraw, build_commitment: CommitmentBuilder
    ) -> DrawFrozen:
        """Freeze a frame and commit to it, in one step.

        Raises:
            WrongState: a draw with this id is there, or the one to be replaced was replaced.
            UnknownRecord: no such plan.
        """

        def work(tx: Tx) -> DrawFrozen:
            draw_state.refuse_duplicate(tx.con, new_draw)
            last_entry = chain_head(tx.con)
            # Within the transaction: moment and head of the log are those of the freezing
            # itself and cannot be chosen.
            commitment, files = build_commitment(
                tx.recorded_at, "" if last_entry is None else last_entry.digest
            )
            tx.con.execute(insert(draws), {**vars(new_draw), "activity": tx.seq})
            digest = digest_of(canonical(commitment).encode())
            _store_files(
                tx, new_draw.id, {**files, "commitment.json": canonical(commitment).encode()}
            )
            _add_step(tx, act, new_draw.id, "frozen", {"digest": digest})
            outcome: DrawFrozen = {
                "draw": new_draw.id,
                "commitment": digest,
                "root": commitment["frame_root"],
            }
            tx.audit(**outcome, size=commitment["frame_size"])
            return outcome

        return self.writer.act(act, work)

    def seed(self, act: Act, draw: str, value: str, source: str) -> Seed:
        """Enter the seed, once and for ever.

        Raises:
            WrongState: no frozen draw, a seed is there, or the seed served another round.
        """

        def work(tx: Tx) -> Seed:
            draw_record = draw_state.refuse_unless(tx.con, draw, "frozen")
            digest = digest_of(value.encode())
            served_round = tx.con.scalar(
                select(draw_seeds.c.round).where(draw_seeds.c.digest == digest)
            )
            # A seed of another round is known already: frames could be tried against it until
            # one fits.
            if served_round is not None and served_round != draw_record["round"]:
                raise WrongState(
                    f'this seed served the round "{served_round}"; a seed serves one round'
                )
            round_digest = tx.con.scalar(
                select(draw_seeds.c.digest).where(draw_seeds.c.round == draw_record["round"])
            )
            if round_digest not in (None, digest):
                raise WrongState(
                    f'the round "{draw_record["round"]}" has another seed; enter that one'
                )
            if served_round is None:
                row = {"digest": digest, "round": draw_record["round"], "activity": tx.seq}
                tx.con.execute(insert(draw_seeds), row)
            _refuse_earlier_seed(draw_record, tx.recorded_at)
            outcome: Seed = {"value": value, "source": source, "entered_at": tx.recorded_at}
            _add_step(tx, act, draw, "seeded", outcome)
            tx.audit(draw=draw, seed=value)
            return outcome

        return self.writer.act(act, work)

    def save_record(self, act: Act, draw: str, record: DrawRecord, files: Files) -> RecordStored:
        """Store the record of a draw.

        Raises:
            WrongState: the seed is not there, or the record is.
        """

        def work(tx: Tx) -> RecordStored:
            draw_state.refuse_unless(tx.con, draw, "seeded")
            body = canonical(record).encode()
            digest = digest_of(body)
            _store_files(tx, draw, {**files, "record.json": body})
            outcome: RecordStored = {"digest": digest, "selected": len(record["selected"])}
            _add_step(tx, act, draw, "drawn", outcome)
            tx.audit(draw=draw, **outcome)
            return outcome

        return self.writer.act(act, work)

    def publish(self, act: Act, draw: str, details: PublicationDetails) -> DrawPublished:
        """Record a publication of the list; again after new results.

        Raises:
            WrongState: nothing was drawn, or it was published and nothing was entered since.
        """

        def work(tx: Tx) -> DrawPublished:
            draw_state.refuse_before(tx.con, draw, "drawn")
            draw_record = draw_state.get_draw(tx.con, draw)
            publication = next_publication(tx.con, draw_record)
            step = len(draw_record["steps"]) + 1
            _add_step(tx, act, draw, "published", {**details, **publication}, step)
            tx.audit(draw=draw, **publication)
            return {"draw": draw, "published_at": tx.recorded_at, **publication}

        return self.writer.act(act, work)

    def enter_results(
        self, act: Act, draw: str, results_by_code: Mapping[str, VisitResult]
    ) -> ResultsEntered:
        """Enter inspection results by code; a second entry for an enterprise corrects the first.

        Raises:
            WrongState: nothing was drawn.
            BadPlan: an enterprise was not drawn.
        """

        def work(tx: Tx) -> ResultsEntered:
            draw_state.refuse_before(tx.con, draw, "drawn")
            record = json.loads(draw_state.read_file(tx.con, draw, "record.json"))
            undrawn_codes = sorted(set(results_by_code) - {s["code"] for s in record["selected"]})
            if undrawn_codes:
                raise BadPlan(f'enterprise "{undrawn_codes[0]}" was not drawn; correct the code')
            for code, body in results_by_code.items():
                same_enterprise = (draw_results.c.draw == draw) & (draw_results.c.code == code)
                last_entry = (
                    tx.con.scalar(select(func.max(draw_results.c.entry)).where(same_enterprise))
                    or 0
                )
                row = {"draw": draw, "code": code, "entry": last_entry + 1, "body": canonical(body)}
                tx.con.execute(insert(draw_results), {**row, "activity": tx.seq})
            # Codes and a digest are enough for the chain to show a result that is changed
            # later.
            tx.audit(
                draw=draw, codes=sorted(results_by_code), digest=results_digest(results_by_code)
            )
            return {"draw": draw, "entered": len(results_by_code)}

        return self.writer.act(act, work)

    def replace(
        self, act: Act, draw: str, choose: Callable[[DrawnTeams], InspectorReplacement]
    ) -> InspectorReplacement:
        """Put another inspector in a place after the draw.

        Args:
            act: who and why.
            draw: which one.
            choose: makes the row (code, place, attempt, away, instead, reason) from the draw as it
                stands within the transaction: ``record`` and earlier ``replacements``.

        Raises:
            WrongState: nothing was drawn.
        """

        def work(tx: Tx) -> InspectorReplacement:
            draw_state.refuse_before(tx.con, draw, "drawn")
            record = json.loads(draw_state.read_file(tx.con, draw, "record.json"))
            row = choose({"record": record, "replacements": draw_state.replacements(tx.con, draw)})
            tx.con.execute(insert(draw_replacements), {**row, "draw": draw, "activity": tx.seq})
            tx.audit(draw=draw, **row)
            return row

        return self.writer.act(act, work)

    def get(self, draw: str) -> Draw:
        """A draw with its ``steps``, ``state``, ``results`` and ``replacements``.

        ``publications`` are all of them, ``news`` tells whether another one is possible.
        ``entered_at`` is when the last enterprise's first result came; None without results.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            draw_record = draw_state.get_draw(con, draw)
            return {
                **draw_record,
                "results": results_of(con, draw),
                "publications": publications(draw_record["steps"]),
                "news": has_new_results(con, draw_record),
                "entered_at": draw_state.entered_at(con, [draw]).get(draw),
                "replacements": draw_state.replacements(con, draw),
            }

    def get_plan(self, plan: str) -> FiledPlan:
        """A plan as it was filed, with its ``digest``.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            row = con.execute(select(plans).where(plans.c.id == plan)).mappings().first()
        if row is None:
            raise UnknownRecord(f'there is no plan "{plan}"; file it first: xhcredit draw plan')
        return _filed_plan(row)

    def list_draws(self, bureaus: frozenset[str] | None = None) -> list[ListedDraw]:
        """All draws with their state, the latest first; ``bureaus`` None is the whole district.

        ``last_visit`` (day), ``entered_at`` (moment of the last enterprise's first result) and
        ``published_at`` (moment) are None where there is none yet.
        """
        statement = select(draws).order_by(draws.c.activity.desc())
        if bureaus is not None:
            statement = statement.where(draws.c.bureau.in_(sorted(bureaus)))
        with self.database.reading() as con:
            rows = con.execute(statement).mappings().all()
            ids = [row["id"] for row in rows]
            last_visits, published = (
                draw_state.last_visits(con, ids),
                draw_state.published_at(con, ids),
            )
            entered = draw_state.entered_at(con, ids)
            return [
                cast(
                    ListedDraw,
                    {
                        **row,
                        "state": draw_state.current_state(con, i),
                        "last_visit": last_visits.get(i),
                        "entered_at": entered.get(i),
                        "published_at": published.get(i),
                    },
                )
                for i, row in zip(ids, rows, strict=True)
            ]

    def list_plans(self, bureaus: frozenset[str] | None = None) -> list[FiledPlan]:
        """All plans, the latest first."""
        statement = select(plans).order_by(plans.c.activity.desc())
        if bureaus is not None:
            statement = statement.where(plans.c.bureau.in_(sorted(bureaus)))
        with self.database.reading() as con:
            rows = con.execute(statement).mappings().all()
        return [_filed_plan(row) for row in rows]

    def activity_entry(self, seq: int) -> SeedEntry:
        """An entry of the activity log, as a record names it: ``previous`` and ``digest``."""
        statement = select(activity.c.previous, activity.c.digest).where(activity.c.seq == seq)
        with self.database.reading() as con:
            return cast(SeedEntry, dict(con.execute(statement).mappings().one()))

    def file(self, draw: str, name: str) -> bytes:
        """A file of a draw.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            return draw_state.read_file(con, draw, name)


def _filed_plan(row: RowMapping) -> FiledPlan:
    return FiledPlan.model_validate({**json.loads(row["body"]), "digest": row["digest"]})


def _add_step(
    tx: Tx, act: Act, draw: str, state: DrawState, details: Mapping[str, object], step: int = 0
) -> None:
    """Add a step; ``step`` is its number where that does not follow from the state."""
    row = {
        "draw": draw,
        "step": step or STATES.index(state) + 1,
        "state": state,
        "recorded_at": tx.recorded_at,
    }
    row |= {"actor": act.actor, "details": canonical(details), "activity": tx.seq}
    tx.con.execute(insert(draw_steps), row)


def _store_files(tx: Tx, draw: str, files: Files) -> None:
    rows = [
        {
            "draw": draw,
            "name": name,
            "digest": digest_of(content),
            "packed": zlib.compress(content, _ZLIB_LEVEL),
            "activity": tx.seq,
        }
        for name, content in files.items()
    ]
    tx.con.execute(insert(draw_files), rows)


def _refuse_earlier_seed(draw_record: DrawWithSteps, seed_at: str) -> None:
    """Refuse a seed that would bear no later moment than the commitment (a clock set back)."""
    frozen_at = draw_record["steps"][0]["recorded_at"]
    if seed_at <= frozen_at:
        raise WrongState(
            f"the clock says {seed_at}, the commitment is of {frozen_at}; set the clock right first"
        )
