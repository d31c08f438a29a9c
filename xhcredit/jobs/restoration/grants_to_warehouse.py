"""Grants of restoration applied to the warehouse: the record is withdrawn from that night on.

A grant is kept first, in the store.  This job then tells the warehouse, as a delivery of its own
beside those of the departments: the record once more, as it is known, with the day and the reason
from which it no longer counts.  A kill in between leaves a grant that the next run tells.  Whatever
version of the record a department delivers later, the next run tells the grant again.

A restoration that was revoked is told the same way: the record once more, counting again from the
day of the revocation.  The days between stay as they were.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from xhcredit.domain.log import logged
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import REINSTATED, Table, directory
from xhcredit.ingest.warehouse import Entry, Warehouse, event_id
from xhcredit.restoration.workflow import WITHDRAWING
from xhcredit.rules.schemas.restoration import SPOT_CHECKS
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.restoration.applications import Grant, Revoked

_Told = TypeVar("_Told", Grant, Revoked)

SOURCE = "信用修复决定 restoration grants"
MAPPING = "grants"


@dataclass(frozen=True)
class Applied:
    """Report of applied grants; ``unknown`` are applications whose record is not in the warehouse.

    ``reinstated`` are records that count again since their restoration was revoked.
    """

    written: int
    before: int
    unknown: list[int]
    reinstated: int = 0


def _unhurt() -> None:
    """Hook for kill tests; does nothing otherwise."""


@logged(
    "grants.applied",
    lambda done: {
        "written": done.written,
        "before": done.before,
        "unknown": len(done.unknown),
        "reinstated": done.reinstated,
    },
)
def apply_grants(
    warehouse: Path,
    grants: Sequence[Grant],
    revoked: Sequence[Revoked] = (),
    *,
    today: date,
    together_since: date | None = None,
    written: Callable[[], None] = _unhurt,
) -> Applied:
    """Tell the warehouse every grant and revocation that it does not know; again changes nothing.

    Args:
        warehouse: the folder that ``xhcredit ingest`` wrote.
        grants: of the store.
        revoked: of the store; one of a record that another grant stands for changes nothing.
        today: the day on which they are told: a record counts no more from the day of its grant,
            or from this one if that is later, for what comes later changes no earlier day; it
            counts again from the day on which its revocation is told.
        together_since: from this day on the spot checks from which a restored penalty followed
            are hidden together with it (``restoration.samr.spot_check``); None: never.
        written: called when the parts are written and the manifest is not.

    Waits while an ingestion or a night is at work in the warehouse.
    """
    due = [grant for grant in grants if grant.granted_on <= today]
    back = [each for each in revoked if each.revoked_on <= today]
    kept = Warehouse(warehouse)
    if not (due or back) or not kept.entries():
        return Applied(0, 0, [grant.application for grant in due])
    with kept.lock(wait=True), duckdb.connect() as con:
        kept.sweep()
        create_views(con, kept)
        if together_since is not None:
            due += [_of_check(g, c) for g in due for c in _checks(con, g, together_since)]
            back += [_of_check(r, c) for r in back for c in _checks(con, r, together_since)]
        selects, counts = _selects(con, due, back, today)
        fresh, again = counts["counts"], counts["again"]
        if fresh or again:
            told = canonical([[_row(grant) for grant in due], [_row(each) for each in back]])
            _commit(kept, con, selects, told, fresh + again, today, written)
        unknown = [g.application for g in due if counts[f"unknown {g.application}"]]
    return Applied(fresh, len(due) - fresh - len(unknown), unknown, again)


def _selects(
    con: duckdb.DuckDBPyConnection, due: Sequence[Grant], back: Sequence[Revoked], today: date
) -> tuple[dict[str, str], Counter[str]]:
    """By table the SQL of what is to be told, and how many records are in which state."""
    selects, counts = {}, Counter[str]()
    for name in sorted({g.record for g in due} | {r.record for r in back}):
        table = directory()[name]
        _offer(con, table, "granted", [_row(g) for g in due if g.record == name])
        _offer(con, table, "revoked", [_row(r) for r in back if r.record == name])
        counts.update(_states(con, table))
        counts["again"] += _count(con, _again(table, today))
        selects[name] = f"{_select(table, today)} UNION ALL {_again(table, today)}"
    return selects, counts


def _of_check(told: _Told, check: tuple[str, dict[str, str]]) -> _Told:
    """Decision about a penalty, applied to a spot check."""
    return replace(told, record=check[0], key=check[1])


def _checks(
    con: duckdb.DuckDBPyConnection, told: Grant | Revoked, since: date
) -> Iterator[tuple[str, dict[str, str]]]:
    """Table and key of the spot checks from which a restored penalty followed.

    Not for an objection that was upheld: it says nothing about the check.
    """
    if isinstance(told, Grant):
        concerned = told.granted_on >= since and told.why == WITHDRAWING["grant"]
    else:
        concerned = told.revoked_on >= since
    if not concerned or told.record != "penalty":
        return
    for table in SPOT_CHECKS:
        number = next(name for name in directory()[table].key if name != "code")
        sql = f"SELECT {number} FROM {table} WHERE code = ? AND penalty_doc_no = ?"
        for (found,) in con.execute(sql, [told.code, str(told.key["doc_no"])]).fetchall():
            yield table, {number: found}


def _count(con: duckdb.DuckDBPyConnection, select: str) -> int:
    [(rows,)] = con.execute(f"SELECT count(*) FROM ({select})").fetchall()
    return int(rows)


def _commit(
    kept: Warehouse,
    con: duckdb.DuckDBPyConnection,
    selects: Mapping[str, str],
    told: str,
    rows: int,
    today: date,
    written: Callable[[], None],
) -> None:
    digest = hashlib.sha256(f"{today} {told} {kept.digest()}".encode()).hexdigest()
    entry = Entry(
        name="",
        source=SOURCE,
        source_digest=digest,
        mapping=MAPPING,
        mapping_digest="",
        parts={},
        rows_in=rows,
        ingested_on=today.isoformat(),
    )
    kept.commit(con, selects, entry, lambda _: written())


def _row(told: Grant | Revoked) -> dict[str, str | int]:
    day, why = (
        (told.granted_on, told.why) if isinstance(told, Grant) else (told.revoked_on, REINSTATED)
    )
    key = {name: str(value) for name, value in told.key.items()}
    about: dict[str, str | int] = {"code": told.code, "application": told.application}
    return {**key, **about, "done_on": day.isoformat(), "why": why}


def _offer(
    con: duckdb.DuckDBPyConnection, table: Table, name: str, rows: list[dict[str, str | int]]
) -> None:
    """Create ``<name>_<table>``: the id of each record, with the first that was done about it."""
    texts = dict.fromkeys((*table.key, "code", "done_on", "why"), pa.string())
    schema = pa.schema([*texts.items(), ("application", pa.int64())])
    offered = pa.Table.from_pylist(rows, schema)
    con.register("offered", offered)
    con.execute(
        f"CREATE OR REPLACE TABLE {name}_{table.name} AS "
        f"SELECT {event_id(table)} AS event_id, application, done_on::DATE AS done_on, why "
        "FROM offered QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY application) = 1"
    )
    con.unregister("offered")


def _states(con: duckdb.DuckDBPyConnection, table: Table) -> Counter[str]:
    """How many of the granted records still count, no longer do, or are not there."""
    sql = f"""
      SELECT CASE WHEN count(t.event_id) = 0 THEN 'unknown ' || any_value(g.application)
        WHEN bool_or(t.withdrawn_on IS NULL) THEN 'counts' ELSE 'told' END
      FROM granted_{table.name} g LEFT JOIN {table.name} t USING (event_id) GROUP BY g.event_id"""
    return Counter(state for (state,) in con.execute(sql).fetchall())


def _select(table: Table, today: date) -> str:
    """SQL of the records once more, as they are known, with the day of the grant."""
    return f"""
      SELECT t.* REPLACE (DATE '{today}' AS known_on, g.done_on AS withdrawn_on,
        g.why AS withdrawn_why, '{SOURCE}' AS source_file, g.application AS source_row)
      FROM {table.name} t JOIN granted_{table.name} g USING (event_id)
      WHERE t.withdrawn_on IS NULL"""


def _again(table: Table, today: date) -> str:
    """SQL of the records whose restoration was revoked, to count again.

    Only what was last withdrawn by a restoration: a decision that fell since is not brought back.
    """
    return f"""
      SELECT t.* REPLACE (DATE '{today}' AS known_on, NULL::DATE AS withdrawn_on,
        '{REINSTATED}' AS withdrawn_why, '{SOURCE}' AS source_file, r.application AS source_row)
      FROM (SELECT * FROM {table.name}
        QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY known_on DESC) = 1) t
      JOIN revoked_{table.name} r USING (event_id)
      WHERE t.withdrawn_why = 'restored' AND t.withdrawn_on IS NOT NULL
        AND event_id NOT IN (SELECT event_id FROM granted_{table.name})"""
