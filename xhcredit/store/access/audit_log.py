"""Audit log queries: pages of the hash chain for the auditor.

The chain grows by millions of entries and has no index on what they say: a page looks at so many
entries, tells what it found among them, and where to go on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, and_, select, true

from xhcredit.store.access.rows import ActivityEntry
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import Link, Verdict, verify_chain
from xhcredit.store.core.tables import activity

MAX_SCANNED = 100_000  #: entries that one page or one check looks at


@dataclass(frozen=True)
class AuditLogQuery:
    """Which entries; empty (None for ``bureaus``) means all.

    ``code`` finds entries that name this enterprise, ``prefix`` the beginning of an action.
    """

    actor: str = ""
    action: str = ""
    prefix: str = ""
    code: str = ""
    since: str = ""
    until: str = ""
    bureaus: frozenset[str] | None = None

    def where(self) -> ColumnElement[bool]:
        """The condition."""
        c = activity.c
        conditions: list[ColumnElement[bool]] = [true()]
        for column, value in ((c.actor, self.actor), (c.action, self.action)):
            conditions += [column == value] if value else []
        conditions += [c.action.startswith(self.prefix, autoescape=True)] if self.prefix else []
        # Payloads are canonical JSON: with its quotes a code is found as a whole value, never
        # as a part of a longer text.
        conditions += [c.payload.contains(f'"{self.code}"', autoescape=True)] if self.code else []
        conditions += [c.recorded_at >= self.since] if self.since else []
        conditions += [c.recorded_at < self.until] if self.until else []
        conditions += [c.bureau.in_(self.bureaus)] if self.bureaus is not None else []
        return and_(*conditions)


def read_page(
    database: Database,
    query: AuditLogQuery,
    limit: int,
    before_seq: int | None = None,
    max_scanned: int = MAX_SCANNED,
) -> tuple[list[ActivityEntry], int | None]:
    """Entries, the latest first, and where the next page goes on.

    Args:
        database: the store's.
        query: which entries.
        limit: how many at most.
        before_seq: the number that the page before told; None for the first page.
        max_scanned: how many entries at most are looked at.

    Returns:
        Entries with their ``payload`` read; and the number for the next page, None at the end.
        There may be a next page though this one holds few entries, or none.
    """
    with database.reading() as con:
        last_seq = con.scalar(select(activity.c.seq).order_by(activity.c.seq.desc()).limit(1)) or 0
        # A number beyond the head is cut to it, else the bounded scan would look at numbers
        # that no entry has.
        start_seq = last_seq + 1 if before_seq is None else min(before_seq, last_seq + 1)
        lowest_seq = max(start_seq - max_scanned, 1)
        range_filter = (activity.c.seq < start_seq) & (activity.c.seq >= lowest_seq)
        statement = (
            select(activity).where(range_filter, query.where()).order_by(activity.c.seq.desc())
        )
        # One more than asked tells whether there is a next page without counting the chain.
        entries = con.execute(statement.limit(limit + 1)).mappings().all()
    rows = [
        cast(ActivityEntry, {**row, "payload": json.loads(row["payload"])})
        for row in entries[:limit]
    ]
    if len(entries) > limit:
        return rows, int(rows[-1]["seq"])
    return rows, lowest_seq if lowest_seq > 1 else None


def verify_range(database: Database, first_seq: int, limit: int = MAX_SCANNED) -> Verdict:
    """Walk a part of the chain, from the entry before ``first_seq``, which is trusted, on.

    Returns:
        What the walk found, as of the whole chain; ``head_seq`` is the last entry looked at.
    """
    with database.reading() as con:
        previous_statement = select(activity).where(activity.c.seq == first_seq - 1)
        row = con.execute(previous_statement).mappings().first()
        statement = select(activity).where(activity.c.seq >= first_seq).order_by(activity.c.seq)
        entries = con.execute(statement.limit(limit).execution_options(yield_per=5000))
        with entries:
            return verify_chain(entries.mappings(), Link(**row) if row else None)
