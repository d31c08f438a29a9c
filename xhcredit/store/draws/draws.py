"""Store of draws: plan, frame, seed, record, results; append-only steps, each once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, insert, select

from xhcredit.draws.commitment import digest_of
from xhcredit.errors import BadPlan, UnknownRecord, WrongState
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import activity
from xhcredit.store.core.transactions import Act, Tx, Writer, head
from xhcredit.store.draws import draw_state as kept
from xhcredit.store.draws.draw_state import STATES, Files, Json, Opening
from xhcredit.store.draws.integrity import results_digest
from xhcredit.store.draws.publications import news, next_publication, publications, results_of
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
Freezing = Callable[[str, str], tuple[Json, Files]]
#: salts hardly shrink: more effort costs thrice the time for a twentieth of the size
_QUICK = 1


@dataclass(frozen=True)
class Draws:
    """Reads and writes draws; nothing is ever changed, steps are added."""

    database: Database
    writer: Writer

    def file_plan(self, act: Act, plan: Json) -> Json:
        """File a plan; its digest goes into every commitment.

        Raises:
            WrongState: a plan with this id was filed before.
        """
        body = canonical(plan)
        digest = digest_of(body.encode())

        def work(tx: Tx) -> Json:
            known = tx.con.scalar(select(plans.c.digest).where(plans.c.id == plan["id"]))
            if known is not None:
                raise WrongState(f'plan "{plan["id"]}" was filed before; file it under a new id')
            row = {"id": plan["id"], "bureau": plan["bureau"], "body": body, "digest": digest}
            tx.con.execute(insert(plans), {**row, "activity": tx.seq})
            tx.tell(plan=plan["id"], digest=digest)
            return {"plan": plan["id"], "digest": digest}

        return dict(self.writer.act(act, work))

    def freeze(self, act: Act, opening: Opening, making: Freezing) -> Json:
        """Freeze a frame and commit to it, in one step.

        Raises:
            WrongState: a draw with this id is there, or the one to be replaced was replaced.
            UnknownRecord: no such plan.
        """

        def work(tx: Tx) -> Json:
            kept.refuse_second(tx.con, opening)
            last = head(tx.con)
            committed, files = making(tx.at, "" if last is None else last.digest)
            tx.con.execute(insert(draws), {**vars(opening), "activity": tx.seq})
            digest = digest_of(canonical(committed).encode())
            _files(tx, opening.id, {**files, "commitment.json": canonical(committed).encode()})
            _step(tx, act, opening.id, "frozen", {"digest": digest})
            told = {"draw": opening.id, "commitment": digest, "root": committed["frame_root"]}
            tx.tell(**told, size=committed["frame_size"])
            return told

        return dict(self.writer.act(act, work))

    def seed(self, act: Act, draw: str, value: str, source: str) -> Json:
        """Enter the seed, once and for ever.

        Raises:
            WrongState: no frozen draw, a seed is there, or the seed served another round.
        """

        def work(tx: Tx) -> Json:
            known = kept.refuse_unless(tx.con, draw, "frozen")
            digest = digest_of(value.encode())
            served = tx.con.scalar(select(draw_seeds.c.round).where(draw_seeds.c.digest == digest))
            if served is not None and served != known["round"]:
                raise WrongState(f'this seed served the round "{served}"; a seed serves one round')
            other = tx.con.scalar(
                select(draw_seeds.c.digest).where(draw_seeds.c.round == known["round"])
            )
            if other not in (None, digest):
                raise WrongState(f'the round "{known["round"]}" has another seed; enter that one')
            if served is None:
                row = {"digest": digest, "round": known["round"], "activity": tx.seq}
                tx.con.execute(insert(draw_seeds), row)
            _refuse_no_later(known, tx.at)
            told = {"value": value, "source": source, "entered_at": tx.at}
            _step(tx, act, draw, "seeded", told)
            tx.tell(draw=draw, seed=value)
            return told

        return dict(self.writer.act(act, work))

    def drawn(self, act: Act, draw: str, record: Json, files: Files) -> Json:
        """Store the record of a draw.

        Raises:
            WrongState: the seed is not there, or the record is.
        """

        def work(tx: Tx) -> Json:
            kept.refuse_unless(tx.con, draw, "seeded")
            body = canonical(record).encode()
            digest = digest_of(body)
            _files(tx, draw, {**files, "record.json": body})
            told = {"digest": digest, "selected": len(record["selected"])}
            _step(tx, act, draw, "drawn", told)
            tx.tell(draw=draw, **told)
            return told

        return dict(self.writer.act(act, work))

    def publish(self, act: Act, draw: str, details: Json) -> Json:
        """Record a publication of the list; again after new results.

        Raises:
            WrongState: nothing was drawn, or it was published and nothing was entered since.
        """

        def work(tx: Tx) -> Json:
            kept.refuse_before(tx.con, draw, "drawn")
            found = kept.one(tx.con, draw)
            told = next_publication(tx.con, found)
            step = len(found["steps"]) + 1
            _step(tx, act, draw, "published", {**details, **told}, step)
            tx.tell(draw=draw, **told)
            return {"draw": draw, "published_at": tx.at, **told}

        return dict(self.writer.act(act, work))

    def results(self, act: Act, draw: str, found: Mapping[str, Json]) -> Json:
        """Enter inspection results by code; a second entry for an enterprise corrects the first.

        Raises:
            WrongState: nothing was drawn.
            BadPlan: an enterprise was not drawn.
        """

        def work(tx: Tx) -> Json:
            kept.refuse_before(tx.con, draw, "drawn")
            record = json.loads(kept.file(tx.con, draw, "record.json"))
            strange = sorted(set(found) - {s["code"] for s in record["selected"]})
            if strange:
                raise BadPlan(f'enterprise "{strange[0]}" was not drawn; correct the code')
            for code, body in found.items():
                own = (draw_results.c.draw == draw) & (draw_results.c.code == code)
                last = tx.con.scalar(select(func.max(draw_results.c.entry)).where(own)) or 0
                row = {"draw": draw, "code": code, "entry": last + 1, "body": canonical(body)}
                tx.con.execute(insert(draw_results), {**row, "activity": tx.seq})
            tx.tell(draw=draw, codes=sorted(found), digest=results_digest(found))
            return {"draw": draw, "entered": len(found)}

        return dict(self.writer.act(act, work))

    def replace(self, act: Act, draw: str, choose: Callable[[Json], Json]) -> Json:
        """Put another inspector in a place after the draw.

        Args:
            act: who and why.
            draw: which one.
            choose: makes the row (code, place, attempt, away, instead, reason) from the draw as it
                stands within the transaction: ``record`` and earlier ``replacements``.

        Raises:
            WrongState: nothing was drawn.
        """

        def work(tx: Tx) -> Json:
            kept.refuse_before(tx.con, draw, "drawn")
            record = json.loads(kept.file(tx.con, draw, "record.json"))
            row = choose({"record": record, "replacements": kept.replacements(tx.con, draw)})
            tx.con.execute(insert(draw_replacements), {**row, "draw": draw, "activity": tx.seq})
            tx.tell(draw=draw, **row)
            return row

        return dict(self.writer.act(act, work))

    def one(self, draw: str) -> Json:
        """A draw with its ``steps``, ``state``, ``results`` and ``replacements``.

        ``publications`` are all of them, ``news`` tells whether another one is possible.
        ``entered_at`` is when the last enterprise's first result came; None without results.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            found = kept.one(con, draw)
            found["results"] = results_of(con, draw)
            found["publications"] = publications(found["steps"])
            found["news"] = news(con, found)
            found["entered_at"] = kept.entered_at(con, [draw]).get(draw)
            found["replacements"] = kept.replacements(con, draw)
        return found

    def plan(self, plan: str) -> Json:
        """A plan as it was filed, with its ``digest``.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            row = con.execute(select(plans).where(plans.c.id == plan)).mappings().first()
        if row is None:
            raise UnknownRecord(f'there is no plan "{plan}"; file it first: xhcredit draw plan')
        return {**json.loads(row["body"]), "digest": row["digest"]}

    def listed(self, bureaus: frozenset[str] | None = None) -> list[Json]:
        """All draws with their state, the latest first; ``bureaus`` None is the whole district.

        ``last_visit`` (day), ``entered_at`` (moment of the last enterprise's first result) and
        ``published_at`` (moment) are None where there is none yet.
        """
        wanted = select(draws).order_by(draws.c.activity.desc())
        if bureaus is not None:
            wanted = wanted.where(draws.c.bureau.in_(sorted(bureaus)))
        with self.database.reading() as con:
            rows = con.execute(wanted).mappings().all()
            ids = [row["id"] for row in rows]
            last, shown = kept.last_visits(con, ids), kept.published_at(con, ids)
            entered = kept.entered_at(con, ids)
            return [
                {
                    **row,
                    "state": kept.state(con, i),
                    "last_visit": last.get(i),
                    "entered_at": entered.get(i),
                    "published_at": shown.get(i),
                }
                for i, row in zip(ids, rows, strict=True)
            ]

    def plans(self, bureaus: frozenset[str] | None = None) -> list[Json]:
        """All plans, the latest first."""
        wanted = select(plans).order_by(plans.c.activity.desc())
        if bureaus is not None:
            wanted = wanted.where(plans.c.bureau.in_(sorted(bureaus)))
        with self.database.reading() as con:
            rows = con.execute(wanted).mappings().all()
        return [{**json.loads(row["body"]), "digest": row["digest"]} for row in rows]

    def entry(self, seq: int) -> Json:
        """An entry of the activity log, as a record names it: ``previous`` and ``digest``."""
        wanted = select(activity.c.previous, activity.c.digest).where(activity.c.seq == seq)
        with self.database.reading() as con:
            return dict(con.execute(wanted).mappings().one())

    def file(self, draw: str, name: str) -> bytes:
        """A file of a draw.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            return kept.file(con, draw, name)


def _step(tx: Tx, act: Act, draw: str, state: str, details: Json, step: int = 0) -> None:
    """Add a step; ``step`` is its number where that does not follow from the state."""
    row = {"draw": draw, "step": step or STATES.index(state) + 1, "state": state, "at": tx.at}
    row |= {"actor": act.actor, "details": canonical(details), "activity": tx.seq}
    tx.con.execute(insert(draw_steps), row)


def _files(tx: Tx, draw: str, files: Files) -> None:
    rows: Iterable[Json] = [
        {
            "draw": draw,
            "name": name,
            "digest": digest_of(data),
            "packed": zlib.compress(data, _QUICK),
            "activity": tx.seq,
        }
        for name, data in files.items()
    ]
    tx.con.execute(insert(draw_files), list(rows))


def _refuse_no_later(known: Json, at: str) -> None:
    """Refuse a seed that would bear no later moment than the commitment (a clock set back)."""
    committed_at = known["steps"][0]["at"]
    if at <= committed_at:
        raise WrongState(
            f"the clock says {at}, the commitment is of {committed_at}; set the clock right first"
        )
