"""What must other systems be told?  Tier changes, each at least once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from xhcredit.store.acts import Act, Tx, Writer
from xhcredit.store.engines import Database
from xhcredit.store.tables import outbox


@dataclass(frozen=True)
class Outbox:
    """Waiting messages, oldest first; who sends them says afterwards which arrived."""

    database: Database
    writer: Writer

    def waiting(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The oldest messages that are not yet delivered."""
        wanted = select(outbox).where(outbox.c.delivered_at.is_(None))
        with self.database.reading() as con:
            rows = con.execute(wanted.order_by(outbox.c.id).limit(limit)).mappings()
            return [dict(row) for row in rows]

    def tried(self, act: Act, ids: Sequence[int], *, delivered: bool) -> int:
        """Note that messages were sent; return how many of them were still waiting.

        A sender that dies between sending and this sends again: receivers tell repeats by ``id``.
        """

        def work(tx: Tx) -> int:
            values: dict[str, Any] = {"attempts": outbox.c.attempts + 1}
            if delivered:
                values["delivered_at"] = tx.at
            touched = 0
            for start in range(0, len(ids), 500):  # SQLite takes no endless list
                part = outbox.c.id.in_(ids[start : start + 500]) & outbox.c.delivered_at.is_(None)
                touched += tx.con.execute(update(outbox).where(part).values(**values)).rowcount
            tx.tell(messages=len(ids), touched=touched, delivered=delivered)
            return touched

        return int(self.writer.act(act, work))
