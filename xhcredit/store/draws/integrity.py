"""Integrity check of stored draws against the audit log (hash chain)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, select

from xhcredit.draws.commitment import digest_of
from xhcredit.draws.frame import decoded
from xhcredit.errors import XhcreditError
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import activity
from xhcredit.store.draws.tables import draw_files, draw_results, draw_steps, plans

Json = dict[str, Any]
#: files whose digest the activity entry names, and under which word
_TOLD = {"commitment.json": "commitment", "record.json": "digest"}
#: files whose digest the commitment names
_COMMITTED = {"inspectors.csv": "inspectors_digest", "recusals.csv": "recusals_digest"}


def draw_faults(con: Connection) -> Iterator[str]:
    """Integrity faults of plans, draws, seeds and results, as messages."""
    for row, told in _with_entry(con, plans):
        if told.get("digest") != digest_of(row["body"].encode()):
            yield f'plan "{row["id"]}" is not the one that was filed'
    for row, told in _with_entry(con, draw_steps):
        if row["state"] == "seeded" and told.get("seed") != json.loads(row["details"])["value"]:
            yield f'draw "{row["draw"]}" has another seed than its activity entry'
        if row["state"] == "published":
            said = json.loads(row["details"])
            if any(said.get(k) != told.get(k) for k in ("number", "results", "digest")):
                yield f'draw "{row["draw"]}" has another publication than its activity entry'
    for draw in con.scalars(select(draw_files.c.draw).distinct().order_by(draw_files.c.draw)):
        yield from _of_files(con, draw)
    yield from _of_results(con)


def _with_entry(con: Connection, table: Table) -> Iterator[tuple[Any, Json]]:
    """Rows of a table, each with the payload of the entry under which it was written."""
    wanted = select(table, activity.c.payload).join(
        activity, activity.c.seq == table.c.activity, isouter=True
    )
    for row in con.execute(wanted).mappings():
        yield row, json.loads(row["payload"]) if row["payload"] else {}


def _of_files(con: Connection, draw: str) -> Iterator[str]:
    own = draw_files.c.draw == draw
    wanted = select(draw_files.c.name, draw_files.c.packed, activity.c.payload)
    found = con.execute(
        wanted.join(activity, activity.c.seq == draw_files.c.activity, isouter=True).where(own)
    )
    data, told = {}, {}
    for name, packed, payload in found:
        data[name], told[name] = _unpacked(packed), json.loads(payload) if payload else {}
    changed = [n for n, word in _TOLD.items() if n in data and not _is(data[n], told[n].get(word))]
    if not changed:
        committed = json.loads(data["commitment.json"])
        changed = [n for n, word in _COMMITTED.items() if not _is(data[n], committed[word])]
        changed += [] if _root(data["frame.csv"]) == committed["frame_root"] else ["frame.csv"]
    for name in changed:
        yield f'draw "{draw}": {name} is not the one that was kept'


def _is(data: bytes, digest: object) -> bool:
    return digest_of(data) == digest


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return b""


def _root(frame: bytes) -> str:
    try:
        return decoded(frame).tree.root
    except XhcreditError:
        return ""


def _of_results(con: Connection) -> Iterator[str]:
    """Integrity faults of results by audit log entry; entries before this check name no digest."""
    came: dict[tuple[str, int], dict[str, Any]] = {}
    digests: dict[tuple[str, int], str | None] = {}
    for row, told in _with_entry(con, draw_results):
        at = (row["draw"], row["activity"])
        came.setdefault(at, {})[row["code"]] = json.loads(row["body"])
        digests[at] = told.get("digest")
    for at, found in came.items():
        if digests[at] not in (None, results_digest(found)):
            yield f'draw "{at[0]}": its results are not those that were entered'


def results_digest(found: Any) -> str:
    """One digest over results by code."""
    return digest_of(canonical(found).encode())
