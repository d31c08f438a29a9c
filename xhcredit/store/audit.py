"""Audit of a store: verification of the hash chain and integrity, and audit log export."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TextIO

from sqlalchemy import Connection, Row, RowMapping, func, select

from xhcredit.domain.spreadsheet_safety import neutral
from xhcredit.store.all_tables import tables
from xhcredit.store.core import append_only
from xhcredit.store.core.bureau_scope import bureau_names
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import Link, Verdict, verify_chain
from xhcredit.store.core.tables import activity, runs, snapshots
from xhcredit.store.core.transactions import chain_head as last_link
from xhcredit.store.draws.integrity import draw_faults
from xhcredit.store.night.answers import answer_etag


@dataclass(frozen=True)
class AuditLogFilter:
    """Which entries are exported; empty means all."""

    actor: str = ""
    action: str = ""
    since: str = ""
    until: str = ""


def chain_head(database: Database) -> Link | None:
    """Head of the hash chain: once its number and digest are published, truncation shows."""
    with database.reading() as con:
        return last_link(con)


def verify(database: Database, known_head: tuple[int, str] | None = None) -> Verdict:
    """Walk the whole chain.

    A chain alone does not show that its end was cut off; that shows in rows that name an entry
    beyond it, and against ``known_head``, the number and digest of an entry published earlier.
    """
    with database.reading() as con:
        statement = select(activity).order_by(activity.c.seq).execution_options(yield_per=5000)
        with con.execute(statement) as entries:  # closed also if the walk stops half-way
            verdict = verify_chain(entries.mappings())
        if not verdict.whole:
            return verdict
        last_named = max(_last_named(con), known_head[0] if known_head else 0)
        if last_named > verdict.head_seq:
            why = f"entries {verdict.head_seq + 1} to {last_named} are missing at the end"
            return replace(verdict, broken_at=verdict.head_seq + 1, why=why)
        if known_head is not None:
            seq, digest = known_head
            stored_digest = con.scalar(select(activity.c.digest).where(activity.c.seq == seq))
            if stored_digest != digest:
                why = "its digest is not the one published earlier: the chain was written anew"
                return replace(verdict, broken_at=seq, why=why)
    return verdict


def _last_named(con: Connection) -> int:
    """Highest audit log entry that any row refers to."""
    activity_columns = [t.c.activity for t in tables().values() if "activity" in t.c]
    return max(con.scalar(select(func.max(column))) or 0 for column in activity_columns)


def find_faults(database: Database) -> list[str]:
    """Integrity faults beyond the hash chain, as messages: guards, runs, answers, draws.

    Reads every ready answer of every run, so it takes minutes on a large store.
    """
    with database.reading() as con:
        fault_texts = [
            f'guard "{name}" is missing or changed' for name in append_only.missing_guards(con)
        ]
        if database.is_sqlite:
            # The chain proves what the rows say, not that the file is sound: a broken index
            # answers wrongly without an error.
            check_lines = con.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            fault_texts += [f"database file: {line}" for line in check_lines if line != "ok"]
        for run in con.execute(select(runs)).mappings().all():
            fault_texts += _run_faults(con, run)
        fault_texts += draw_faults(con)
    return fault_texts


def _run_faults(con: Connection, run: RowMapping) -> Iterator[str]:
    """Compare a run with its activity entry and with its rows."""
    number = run["run"]
    entry = con.scalar(select(activity.c.payload).where(activity.c.seq == run["activity"]))
    audit_payload = json.loads(entry) if entry else {}
    if (audit_payload.get("run"), audit_payload.get("snapshot_digest")) != (
        number,
        run["snapshot_digest"],
    ):
        yield f"run {number} is not what its activity entry says"
    if audit_payload.get("provenance") != json.loads(run["provenance"]):
        yield f"run {number} has another provenance than its activity entry"
    statement = select(snapshots).where(snapshots.c.run == number).order_by(snapshots.c.code)
    digest = hashlib.sha256()
    for row in con.execute(statement.execution_options(yield_per=5000)):
        # Byte for byte the line that publishing hashed; any other form would call every run
        # faulty.
        digest.update(f"{row.code} {row.etag}\n".encode())
        # SQLite keeps whatever type was written, so a body that somebody changed may come back
        # as text.
        body = row.body.encode() if isinstance(row.body, str) else bytes(row.body)
        # A tag that was shortened would fit any body; that shows in the run's digest, which
        # covers the tags.
        if answer_etag(body, number, run["as_of"], row.previous_tier)[: len(row.etag)] != row.etag:
            yield f'run {number}: the answer for "{row.code}" is not the one its tag names'
        elif not _columns_agree(row, json.loads(body)):
            yield f'run {number}: the columns of "{row.code}" are not what its answer says'
    if digest.hexdigest() != run["snapshot_digest"]:
        yield f"run {number}: its rows are not those that were published"


def _columns_agree(row: Row[Any], body: Mapping[str, object]) -> bool:
    """Whether the columns of a snapshot row agree with its ready answer."""
    answer_values = (body["tier"], body["composite"], body["general"], body["x"])
    list_columns_agree = all(
        body[name] == getattr(row, name) for name in _LIST_COLUMNS if name in body
    ) and body.get("bureaus", []) == list(bureau_names(row.bureaus))
    return list_columns_agree and answer_values == (
        row.tier,
        row.composite,
        row.general,
        json.loads(row.x),
    )


#: columns for lists that answers tell too, since version 0003
_LIST_COLUMNS = ("bureau", "street", "name", "previous_tier")


def export(
    database: Database, out: TextIO, kind: str, entry_filter: AuditLogFilter | None = None
) -> int:
    """Write entries as JSON lines (``jsonl``, which can be verified) or ``csv``; return how many.

    In CSV, cells that a spreadsheet would run as a formula stand behind an apostrophe.
    """
    statement = select(activity).order_by(activity.c.seq)
    entry_filter = entry_filter or AuditLogFilter()
    for column, value in (
        (activity.c.actor, entry_filter.actor),
        (activity.c.action, entry_filter.action),
    ):
        statement = statement.where(column == value) if value else statement
    statement = (
        statement.where(activity.c.recorded_at >= entry_filter.since)
        if entry_filter.since
        else statement
    )
    statement = (
        statement.where(activity.c.recorded_at < entry_filter.until)
        if entry_filter.until
        else statement
    )
    count = 0
    table = csv.writer(out, lineterminator="\n")
    if kind == "csv":
        table.writerow(activity.c.keys())
    with database.reading() as con:
        for row in con.execute(statement.execution_options(yield_per=5000)).mappings():
            if kind == "csv":
                table.writerow([neutral(value) for value in row.values()])
            else:
                out.write(json.dumps(dict(row), ensure_ascii=False) + "\n")
            count += 1
    return count
