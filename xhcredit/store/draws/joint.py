"""Store of joint draws: the record and its member draws; each draw takes part once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, insert, select

from xhcredit.draws.commitment import digest_of
from xhcredit.draws.published_files import JointRecord
from xhcredit.errors import UnknownRecord, WrongState
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.draws import draw_state
from xhcredit.store.draws.check_rows import (
    JointDrawStored,
    JointDrawWithVisits,
    ListedJointDraw,
)
from xhcredit.store.draws.joint_and_triggered_tables import joint_draws, joint_members
from xhcredit.store.draws.tables import draws


@dataclass(frozen=True)
class JointDraws:
    """Reads and writes joint draws; nothing is ever changed."""

    database: Database
    writer: Writer

    def add(
        self, act: Act, joint: str, members: Sequence[str], make_record: Callable[[], JointRecord]
    ) -> JointDrawStored:
        """Store a joint record.

        Args:
            act: who and why.
            joint: its id.
            members: ids of the draws that are laid over one another.
            make_record: makes the record; called within the transaction, when the members are free.

        Raises:
            WrongState: the id is taken; a member was not drawn, was replaced, or takes part
                in another joint draw.
            UnknownRecord: there is no such draw.
        """

        def work(tx: Tx) -> JointDrawStored:
            if tx.con.scalar(select(joint_draws.c.id).where(joint_draws.c.id == joint)):
                raise WrongState(f'joint draw "{joint}" is there; lay over under a new id')
            for draw in members:
                _refuse_member(tx.con, draw)
            record = make_record()
            body = canonical(record)
            digest = digest_of(body.encode())
            row = {"id": joint, **record["period"], "digest": digest, "body": body}
            tx.con.execute(insert(joint_draws), {**row, "activity": tx.seq})
            rows = [{"draw": d, "joint": joint, "activity": tx.seq} for d in members]
            tx.con.execute(insert(joint_members), rows)
            outcome: JointDrawStored = {
                "joint": joint,
                "digest": digest,
                "inspections": record["inspections"],
                "visits": record["visits"],
                "saved": record["saved"],
            }
            tx.audit(**outcome, draws=list(members))
            return outcome

        return self.writer.act(act, work)

    def record(self, joint: str) -> bytes:
        """The joint record, byte by byte.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            body = con.scalar(select(joint_draws.c.body).where(joint_draws.c.id == joint))
        if body is None:
            raise UnknownRecord(f'there is no joint draw "{joint}"; list them: xhcredit draw show')
        return str(body).encode()

    def get(self, joint: str) -> JointDrawWithVisits:
        """A joint draw with its visits.

        Raises:
            UnknownRecord: there is none.
        """
        record_bytes = self.record(joint)
        record: JointRecord = json.loads(record_bytes)
        return {**record, "digest": digest_of(record_bytes)}

    def joint_of_draw(self, draw: str) -> str | None:
        """The joint draw in which a draw takes part; None if in none."""
        with self.database.reading() as con:
            statement = select(joint_members.c.joint).where(joint_members.c.draw == draw)
            return con.scalar(statement)

    def list_joint_draws(self, bureaus: frozenset[str] | None = None) -> list[ListedJointDraw]:
        """Joint draws, the latest first, without their visits.

        ``bureaus`` None is the whole district, else those in which one of the bureaus takes part.
        """
        statement = select(joint_draws).order_by(joint_draws.c.activity.desc())
        if bureaus is not None:
            bureau_members = select(joint_members.c.joint).join(
                draws, draws.c.id == joint_members.c.draw
            )
            bureau_members = bureau_members.where(draws.c.bureau.in_(sorted(bureaus)))
            statement = statement.where(joint_draws.c.id.in_(bureau_members))
        with self.database.reading() as con:
            rows = con.execute(statement).mappings().all()
        return [_without_visits(json.loads(row["body"]), row["digest"]) for row in rows]


def _without_visits(record: JointRecord, digest: str) -> ListedJointDraw:
    summary = {k: v for k, v in record.items() if k != "selected"}
    return cast(ListedJointDraw, {**summary, "digest": digest})


def _refuse_member(con: Connection, draw: str) -> None:
    draw_state.refuse_before(con, draw, "drawn")
    replacement_id = con.scalar(select(draws.c.id).where(draws.c.replaces == draw))
    if replacement_id is not None:
        raise WrongState(f'draw "{draw}" was replaced by "{replacement_id}"; lay over that one')
    joint_id = con.scalar(select(joint_members.c.joint).where(joint_members.c.draw == draw))
    if joint_id is not None:
        raise WrongState(f'draw "{draw}" takes part in the joint draw "{joint_id}" already')
