"""Audit of a store: verification of the hash chain and integrity, and audit log export."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TextIO

from sqlalchemy import Connection, RowMapping, func, select

from xhcredit.domain.spreadsheet_safety import neutral
from xhcredit.store.all_tables import tables
from xhcredit.store.core import append_only as guards
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import Link, Verdict, walk
from xhcredit.store.core.tables import activity, runs, snapshots
from xhcredit.store.core.transactions import head as last_entry
from xhcredit.store.draws.integrity import draw_faults


@dataclass(frozen=True)
class Filter:
    """Which entries are exported; empty means all."""

    actor: str = ""
    action: str = ""
    since: str = ""
    until: str = ""


def head(database: Database) -> Link | None:
    """Head of the hash chain: once its number and digest are published, truncation shows."""
    with database.reading() as con:
        return last_entry(con)


def verify(database: Database, known_head: tuple[int, str] | None = None) -> Verdict:
    """Walk the whole chain.

    A chain alone does not show that its end was cut off; that shows in rows that name an entry
    beyond it, and against ``known_head``, the number and digest of an entry published earlier.
    """
    with database.reading() as con:
        every = select(activity).order_by(activity.c.seq).execution_options(yield_per=5000)
        with con.execute(every) as entries:  # closed also if the walk stops half-way
            verdict = walk(dict(entry) for entry in entries.mappings())
        if not verdict.whole:
            return verdict
        named = max(_last_named(con), known_head[0] if known_head else 0)
        if named > verdict.head_seq:
            why = f"entries {verdict.head_seq + 1} to {named} are missing at the end"
            return replace(verdict, broken_at=verdict.head_seq + 1, why=why)
        if known_head is not None:
            seq, digest = known_head
            held = con.scalar(select(activity.c.digest).where(activity.c.seq == seq))
            if held != digest:
                why = "its digest is not the one published earlier: the chain was written anew"
                return replace(verdict, broken_at=seq, why=why)
    return verdict


def _last_named(con: Connection) -> int:
    """Highest audit log entry that any row refers to."""
    named = [t.c.activity for t in tables().values() if "activity" in t.c]
    return max(con.scalar(select(func.max(column))) or 0 for column in named)


def faults(database: Database) -> list[str]:
    """Integrity faults beyond the hash chain, as messages: guards, runs, answers, draws.

    Reads every ready answer of every run, so it takes minutes on a large store.
    """
    with database.reading() as con:
        found = [f'guard "{name}" is missing or changed' for name in guards.missing(con)]
        if database.is_sqlite:
            said = con.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            found += [f"database file: {line}" for line in said if line != "ok"]
        for run in con.execute(select(runs)).mappings().all():
            found += _faults_of_run(con, run)
        found += draw_faults(con)
    return found


def _faults_of_run(con: Connection, run: RowMapping) -> Iterator[str]:
    """Compare a run with its activity entry and with its rows."""
    number = run["run"]
    entry = con.scalar(select(activity.c.payload).where(activity.c.seq == run["activity"]))
    told = json.loads(entry) if entry else {}
    if (told.get("run"), told.get("snapshot_digest")) != (number, run["snapshot_digest"]):
        yield f"run {number} is not what its activity entry says"
    if told.get("provenance") != json.loads(run["provenance"]):
        yield f"run {number} has another provenance than its activity entry"
    every = select(snapshots).where(snapshots.c.run == number).order_by(snapshots.c.code)
    digest = hashlib.sha256()
    for row in con.execute(every.execution_options(yield_per=5000)):
        digest.update(f"{row.code} {row.etag}\n".encode())
        body = row.body.encode() if isinstance(row.body, str) else bytes(row.body)
        if hashlib.sha256(body).hexdigest()[: len(row.etag)] != row.etag:
            yield f'run {number}: the answer for "{row.code}" is not the one its tag names'
        elif not _agrees(row, json.loads(body)):
            yield f'run {number}: the columns of "{row.code}" are not what its answer says'
    if digest.hexdigest() != run["snapshot_digest"]:
        yield f"run {number}: its rows are not those that were published"


def _agrees(row: Any, body: Mapping[str, Any]) -> bool:
    """Whether the columns of a snapshot row agree with its ready answer."""
    said = (body["tier"], body["composite"], body["general"], body["x"])
    places = all(body[name] == getattr(row, name) for name in _PLACES if name in body)
    return places and said == (row.tier, row.composite, row.general, json.loads(row.x))


#: columns for lists that answers tell too, since version 0003
_PLACES = ("bureau", "street", "name", "previous_tier")


def export(database: Database, out: TextIO, kind: str, only: Filter | None = None) -> int:
    """Write entries as JSON lines (``jsonl``, which can be verified) or ``csv``; return how many.

    In CSV, cells that a spreadsheet would run as a formula stand behind an apostrophe.
    """
    wanted = select(activity).order_by(activity.c.seq)
    only = only or Filter()
    for column, value in ((activity.c.actor, only.actor), (activity.c.action, only.action)):
        wanted = wanted.where(column == value) if value else wanted
    wanted = wanted.where(activity.c.at >= only.since) if only.since else wanted
    wanted = wanted.where(activity.c.at < only.until) if only.until else wanted
    count = 0
    table = csv.writer(out, lineterminator="\n")
    if kind == "csv":
        table.writerow(activity.c.keys())
    with database.reading() as con:
        for row in con.execute(wanted.execution_options(yield_per=5000)).mappings():
            if kind == "csv":
                table.writerow([neutral(value) for value in row.values()])
            else:
                out.write(json.dumps(dict(row), ensure_ascii=False) + "\n")
            count += 1
    return count
