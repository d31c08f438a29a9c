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

from xhcredit.domain.log import log_call
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import REINSTATED, Table, directory
from xhcredit.ingest.sql_text import event_id
from xhcredit.ingest.warehouse import Entry, Warehouse
from xhcredit.restoration.workflow import WITHDRAWING
from xhcredit.rules.schemas.restoration import SPOT_CHECKS
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.restoration.applications import Grant, Revocation

_Decision = TypeVar("_Decision", Grant, Revocation)

SOURCE = "信用修复决定 restoration grants"
MAPPING = "grants"


@dataclass(frozen=True)
class GrantsReport:
    """Report of applied grants; ``unknown`` are applications whose record is not in the warehouse.

    ``reinstated`` are records that count again since their restoration was revoked.
    """

    written: int
    before: int
    unknown: list[int]
    reinstated: int = 0


def _no_hook() -> None:
    """Hook for kill tests; does nothing otherwise."""


@log_call(
    "grants.applied",
    lambda report: {
        "written": report.written,
        "before": report.before,
        "unknown": len(report.unknown),
        "reinstated": report.reinstated,
    },
)
def apply_grants(
    warehouse: Path,
    grants: Sequence[Grant],
    revocations: Sequence[Revocation] = (),
    *,
    today: date,
    together_since: date | None = None,
    before_commit: Callable[[], None] = _no_hook,
) -> GrantsReport:
    """Tell the warehouse every grant and revocation that it does not know; again changes nothing.

    Args:
        warehouse: the folder that ``xhcredit ingest`` wrote.
        grants: of the store.
        revocations: of the store; one of a record that another grant stands for changes nothing.
        today: the day on which they are told: a record counts no more from the day of its grant,
            or from this one if that is later, for what comes later changes no earlier day; it
            counts again from the day on which its revocation is told.
        together_since: from this day on the spot checks from which a restored penalty followed
            are hidden together with it (``restoration.samr.spot_check``); None: never.
        before_commit: called when the parts are written and the manifest is not.

    Waits while an ingestion or a night is at work in the warehouse.
    """
    due_grants = [grant for grant in grants if grant.granted_on <= today]
    due_revocations = [revocation for revocation in revocations if revocation.revoked_on <= today]
    opened_warehouse = Warehouse(warehouse)
    if not (due_grants or due_revocations) or not opened_warehouse.entries():
        return GrantsReport(0, 0, [grant.application for grant in due_grants])
    with opened_warehouse.lock(wait=True), duckdb.connect() as con:
        opened_warehouse.sweep()
        create_views(con, opened_warehouse)
        if together_since is not None:
            due_grants += _of_spot_checks(con, due_grants, together_since)
            due_revocations += _of_spot_checks(con, due_revocations, together_since)
        selects, counts = _sql_by_table(con, due_grants, due_revocations, today)
        withdrawn_count, reinstated_count = counts["counts"], counts["again"]
        if withdrawn_count or reinstated_count:
            rows = [list(map(_decision_row, several)) for several in (due_grants, due_revocations)]
            count = withdrawn_count + reinstated_count
            _commit(opened_warehouse, con, selects, canonical(rows), count, today, before_commit)
        unknown_applications = [
            g.application for g in due_grants if counts[f"unknown {g.application}"]
        ]
    return GrantsReport(
        withdrawn_count,
        len(due_grants) - withdrawn_count - len(unknown_applications),
        unknown_applications,
        reinstated_count,
    )


def _sql_by_table(
    con: duckdb.DuckDBPyConnection,
    due_grants: Sequence[Grant],
    due_revocations: Sequence[Revocation],
    today: date,
) -> tuple[dict[str, str], Counter[str]]:
    """By table the SQL of what is to be told, and how many records are in which state."""
    selects, counts = {}, Counter[str]()
    for name in sorted({g.record for g in due_grants} | {r.record for r in due_revocations}):
        table = directory()[name]
        _create_decision_table(
            con, table, "granted", [_decision_row(g) for g in due_grants if g.record == name]
        )
        _create_decision_table(
            con, table, "revoked", [_decision_row(r) for r in due_revocations if r.record == name]
        )
        counts.update(_state_counts(con, table))
        counts["again"] += _count(con, _reinstatement_sql(table, today))
        selects[name] = (
            f"{_withdrawal_sql(table, today)} UNION ALL {_reinstatement_sql(table, today)}"
        )
    return selects, counts


def _of_spot_checks(
    con: duckdb.DuckDBPyConnection, decisions: Sequence[_Decision], since: date
) -> list[_Decision]:
    """Decisions about penalties, applied to the spot checks from which the penalties followed."""
    return [
        _for_spot_check(decision, check)
        for decision in decisions
        for check in _spot_checks_of(con, decision, since)
    ]


def _for_spot_check(decision: _Decision, check: tuple[str, dict[str, str]]) -> _Decision:
    """Decision about a penalty, applied to a spot check."""
    return replace(decision, record=check[0], key=check[1])


def _spot_checks_of(
    con: duckdb.DuckDBPyConnection, decision: Grant | Revocation, since: date
) -> Iterator[tuple[str, dict[str, str]]]:
    """Table and key of the spot checks from which a restored penalty followed.

    Not for an objection that was upheld: it says nothing about the check.
    """
    if isinstance(decision, Grant):
        is_concerned = decision.granted_on >= since and decision.why == WITHDRAWING["grant"]
    else:
        is_concerned = decision.revoked_on >= since
    if not is_concerned or decision.record != "penalty":
        return
    for table in SPOT_CHECKS:
        number_column = next(name for name in directory()[table].key if name != "code")
        sql = f"SELECT {number_column} FROM {table} WHERE code = ? AND penalty_doc_no = ?"
        for (check_number,) in con.execute(
            sql, [decision.code, str(decision.key["doc_no"])]
        ).fetchall():
            yield table, {number_column: check_number}


def _count(con: duckdb.DuckDBPyConnection, select: str) -> int:
    [(rows,)] = con.execute(f"SELECT count(*) FROM ({select})").fetchall()
    return int(rows)


def _commit(
    opened_warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    selects: Mapping[str, str],
    decisions_text: str,
    rows: int,
    today: date,
    before_commit: Callable[[], None],
) -> None:
    digest = hashlib.sha256(
        f"{today} {decisions_text} {opened_warehouse.digest()}".encode()
    ).hexdigest()
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
    opened_warehouse.commit(con, selects, entry, lambda _: before_commit())


def _decision_row(decision: Grant | Revocation) -> dict[str, str | int]:
    day, reason = (
        (decision.granted_on, decision.why)
        if isinstance(decision, Grant)
        else (decision.revoked_on, REINSTATED)
    )
    key = {name: str(value) for name, value in decision.key.items()}
    id_columns: dict[str, str | int] = {"code": decision.code, "application": decision.application}
    return {**key, **id_columns, "done_on": day.isoformat(), "why": reason}


def _create_decision_table(
    con: duckdb.DuckDBPyConnection, table: Table, name: str, rows: list[dict[str, str | int]]
) -> None:
    """Create ``<name>_<table>``: the id of each record, with the first that was done about it."""
    texts = dict.fromkeys((*table.key, "code", "done_on", "why"), pa.string())
    schema = pa.schema([*texts.items(), ("application", pa.int64())])
    decision_table = pa.Table.from_pylist(rows, schema)
    con.register("offered", decision_table)
    con.execute(
        f"CREATE OR REPLACE TABLE {name}_{table.name} AS "
        f"SELECT {event_id(table)} AS event_id, application, done_on::DATE AS done_on, why "
        "FROM offered QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY application) = 1"
    )
    con.unregister("offered")


def _state_counts(con: duckdb.DuckDBPyConnection, table: Table) -> Counter[str]:
    """How many of the granted records still count, no longer do, or are not there."""
    sql = f"""
      SELECT CASE WHEN count(t.event_id) = 0 THEN 'unknown ' || any_value(g.application)
        WHEN bool_or(t.withdrawn_on IS NULL) THEN 'counts' ELSE 'told' END
      FROM granted_{table.name} g LEFT JOIN {table.name} t USING (event_id) GROUP BY g.event_id"""
    return Counter(state for (state,) in con.execute(sql).fetchall())


def _withdrawal_sql(table: Table, today: date) -> str:
    """SQL of the records once more, as they are known, with the day of the grant."""
    return f"""
      SELECT t.* REPLACE (DATE '{today}' AS known_on, g.done_on AS withdrawn_on,
        g.why AS withdrawn_why, '{SOURCE}' AS source_file, g.application AS source_row)
      FROM {table.name} t JOIN granted_{table.name} g USING (event_id)
      WHERE t.withdrawn_on IS NULL"""


def _reinstatement_sql(table: Table, today: date) -> str:
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
