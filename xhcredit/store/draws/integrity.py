"""Integrity check of stored draws against the audit log (hash chain)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, RowMapping, Table, select

from xhcredit.draws.commitment import digest_of
from xhcredit.draws.frame import decoded
from xhcredit.errors import XhcreditError
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import activity
from xhcredit.store.draws.tables import draw_files, draw_results, draw_steps, plans

#: files whose digest the activity entry names, and under which word
_AUDITED_DIGESTS = {"commitment.json": "commitment", "record.json": "digest"}
#: files whose digest the commitment names
_COMMITTED_DIGESTS = {"inspectors.csv": "inspectors_digest", "recusals.csv": "recusals_digest"}


def draw_faults(con: Connection) -> Iterator[str]:
    """Integrity faults of plans, draws, seeds and results, as messages."""
    for row, audit_payload in _rows_with_payload(con, plans):
        if audit_payload.get("digest") != digest_of(row["body"].encode()):
            yield f'plan "{row["id"]}" is not the one that was filed'
    for row, audit_payload in _rows_with_payload(con, draw_steps):
        if (
            row["state"] == "seeded"
            and audit_payload.get("seed") != json.loads(row["details"])["value"]
        ):
            yield f'draw "{row["draw"]}" has another seed than its activity entry'
        if row["state"] == "published":
            publication = json.loads(row["details"])
            if any(
                publication.get(k) != audit_payload.get(k) for k in ("number", "results", "digest")
            ):
                yield f'draw "{row["draw"]}" has another publication than its activity entry'
    for draw in con.scalars(select(draw_files.c.draw).distinct().order_by(draw_files.c.draw)):
        yield from _file_faults(con, draw)
    yield from _result_faults(con)


def _rows_with_payload(
    con: Connection, table: Table
) -> Iterator[tuple[RowMapping, Mapping[str, object]]]:
    """Rows of a table, each with the payload of the entry under which it was written."""
    statement = select(table, activity.c.payload).join(
        activity, activity.c.seq == table.c.activity, isouter=True
    )
    for row in con.execute(statement).mappings():
        yield row, json.loads(row["payload"]) if row["payload"] else {}


def _file_faults(con: Connection, draw: str) -> Iterator[str]:
    draw_filter = draw_files.c.draw == draw
    statement = select(draw_files.c.name, draw_files.c.packed, activity.c.payload)
    file_rows = con.execute(
        statement.join(activity, activity.c.seq == draw_files.c.activity, isouter=True).where(
            draw_filter
        )
    )
    content_by_name, payload_by_name = {}, {}
    for name, packed, payload in file_rows:
        content_by_name[name], payload_by_name[name] = (
            _unpacked(packed),
            json.loads(payload) if payload else {},
        )
    changed_names = [
        n
        for n, digest_key in _AUDITED_DIGESTS.items()
        if n in content_by_name
        and not _matches_digest(content_by_name[n], payload_by_name[n].get(digest_key))
    ]
    if not changed_names:
        commitment = json.loads(content_by_name["commitment.json"])
        changed_names = [
            n
            for n, digest_key in _COMMITTED_DIGESTS.items()
            if not _matches_digest(content_by_name[n], commitment[digest_key])
        ]
        changed_names += (
            []
            if _frame_root(content_by_name["frame.csv"]) == commitment["frame_root"]
            else ["frame.csv"]
        )
    for name in changed_names:
        yield f'draw "{draw}": {name} is not the one that was kept'


def _matches_digest(content: bytes, digest: object) -> bool:
    return digest_of(content) == digest


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:
        # Empty content fits no digest, so what cannot be unpacked is told as changed.
        return b""


def _frame_root(frame: bytes) -> str:
    try:
        return decoded(frame).tree.root
    except XhcreditError:
        return ""


def _result_faults(con: Connection) -> Iterator[str]:
    """Integrity faults of results by audit log entry; entries before this check name no digest."""
    results_by_entry: dict[tuple[str, int], dict[str, object]] = {}
    digest_by_entry: dict[tuple[str, int], object] = {}
    for row, audit_payload in _rows_with_payload(con, draw_results):
        entry_key = (row["draw"], row["activity"])
        results_by_entry.setdefault(entry_key, {})[row["code"]] = json.loads(row["body"])
        digest_by_entry[entry_key] = audit_payload.get("digest")
    for entry_key, results in results_by_entry.items():
        if digest_by_entry[entry_key] not in (None, results_digest(results)):
            yield f'draw "{entry_key[0]}": its results are not those that were entered'


def results_digest(results: Mapping[str, object]) -> str:
    """One digest over results by code."""
    return digest_of(canonical(results).encode())
