"""What was granted in the store reaches the warehouse: the record counts no more from that night.

A grant is kept first, in the store.  This job then tells the warehouse, as a delivery of its own
beside those of the departments: the record once more, as it is known, with the day and the reason
from which it no longer counts.  A kill in between leaves a grant that the next run tells.  Whatever
version of the record a department delivers later, the next run tells the grant again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.warehouse import Entry, Warehouse, event_id
from xhcredit.store.applications import Grant
from xhcredit.store.chain import canonical

SOURCE = "信用修复决定 restoration grants"
MAPPING = "grants"


@dataclass(frozen=True)
class Applied:
    """What a run told the warehouse; ``unknown`` are applications whose record it does not hold."""

    written: int
    before: int
    unknown: list[int]


def _unhurt() -> None:
    """Nothing happens here, except in tests that kill the job."""


def apply_grants(
    warehouse: Path, grants: Sequence[Grant], *, today: date, written: Callable[[], None] = _unhurt
) -> Applied:
    """Tell the warehouse every grant that it does not know; again and again changes nothing.

    Args:
        warehouse: the folder that ``xhcredit ingest`` wrote.
        grants: of the store.
        today: the day on which they are told: a record counts no more from the day of its grant,
            or from this one if that is later, for what comes later changes no earlier day.
        written: called when the parts are written and the manifest is not.

    Waits while an ingestion or a night is at work in the warehouse.
    """
    due = [grant for grant in grants if grant.granted_on <= today]
    kept = Warehouse(warehouse)
    if not due or not kept.entries():
        return Applied(0, 0, [grant.application for grant in due])
    with kept.lock(wait=True), duckdb.connect() as con:
        kept.sweep()
        create_views(con, kept)
        selects, counts = {}, Counter[str]()
        told = canonical([_row(grant) for grant in due])
        for name in sorted({grant.record for grant in due}):
            table = directory()[name]
            _offer(con, table, [grant for grant in due if grant.record == name])
            counts.update(_states(con, table))
            selects[name] = _select(table, today)
        fresh = sum(n for state, n in counts.items() if state == "counts")
        if fresh:
            _commit(kept, con, selects, told, fresh, today, written)
        unknown = [g.application for g in due if counts[f"unknown {g.application}"]]
    return Applied(fresh, len(due) - fresh - len(unknown), unknown)


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
        name="", source=SOURCE, source_digest=digest, mapping=MAPPING, mapping_digest="",
        parts={}, rows_in=rows, ingested_on=today.isoformat(),
    )  # fmt: skip
    kept.commit(con, selects, entry, lambda _: written())


def _row(grant: Grant) -> dict[str, object]:
    key = {name: str(value) for name, value in grant.key.items()}
    return {
        **key,
        "code": grant.code,
        "application": grant.application,
        "granted_on": grant.granted_on.isoformat(),
        "why": grant.why,
    }


def _offer(con: duckdb.DuckDBPyConnection, table: Table, grants: Iterable[Grant]) -> None:
    """Create relation ``granted_<table>``: the id of each record, the earliest grant of it."""
    offered = pa.Table.from_pylist([_row(grant) for grant in grants])
    con.register("offered", offered)
    con.execute(
        f"CREATE OR REPLACE TABLE granted_{table.name} AS "
        f"SELECT {event_id(table)} AS event_id, application, granted_on::DATE AS granted_on, why "
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
      SELECT t.* REPLACE (DATE '{today}' AS known_on, g.granted_on AS withdrawn_on,
        g.why AS withdrawn_why, '{SOURCE}' AS source_file, g.application AS source_row)
      FROM {table.name} t JOIN granted_{table.name} g USING (event_id)
      WHERE t.withdrawn_on IS NULL"""
