"""Nightly restoration update: apply grants to the warehouse, then write the restorable list."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import pyarrow as pa

from xhcredit.domain.log import log_call
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.errors import RuleNotInForce
from xhcredit.ingest.schema import directory_digest
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.restoration.barred_applicants import without_barred
from xhcredit.jobs.restoration.candidates import STATES, RestorableRecord, find_restorable
from xhcredit.jobs.restoration.candidates_spreadsheet import write_xlsx
from xhcredit.jobs.restoration.grants_to_warehouse import GrantsReport, apply_grants
from xhcredit.jobs.scoring.model import code_version
from xhcredit.jobs.scoring.result_table import provenance_of, write_atomic
from xhcredit.restoration.law import SPOT_CHECK
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.store import Store

PARQUET, XLSX = "restorable.parquet", "restorable.xlsx"


@dataclass(frozen=True)
class RestorableList:
    """What was listed: records by state; ``why_not`` says why there is no list."""

    table: Path
    sheet: Path
    states: dict[str, int]
    repeated: bool = False
    why_not: str = ""


def apply_store_grants(
    warehouse: Path, address: str, today: date, rules: Rulebook | None = None
) -> GrantsReport:
    """Apply grants and revocations of the store to the warehouse; runs before every night.

    Raises:
        BadStore, StoreUnavailable: the store cannot be used; then no night should run.
    """
    with Store.open(address) as store:
        applications = store.applications
        return apply_grants(
            warehouse,
            applications.grants(),
            applications.revocations(),
            today=today,
            together_since=_together_since(rules or Rulebook.load()),
        )


def _together_since(rules: Rulebook) -> date | None:
    """Since when spot checks are hidden together with the penalty that followed from them."""
    entries = rules.rule(SPOT_CHECK).entries
    return next((e.effective_from for e in entries if e.value and e.value.with_penalty), None)


def barred_in(address: str) -> dict[str, date]:
    """By enterprise the day on which false materials or a broken pledge were found out.

    Args:
        address: the store's; empty where there is none, then nobody is known to be barred.

    Raises:
        BadStore, StoreUnavailable: the store cannot be used.
    """
    if not address:
        return {}
    with Store.open(address) as store:
        return store.applications.breach_day_by_code()


@log_call(
    "restorable.listed",
    lambda list_report: {
        "records": list_report.states,
        "repeated": list_report.repeated,
        "in_force": not list_report.why_not,
    },
)
def write_restorable(
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    out: Path,
    *,
    barred: Mapping[str, date] | None = None,
    progress: Progress = ignore_progress,
) -> RestorableList:
    """Write who can be restored now or within 30 days beside the night's results.

    Who is ``barred`` (see ``barred_in``) until after these days is left out.
    ``restorable.parquet`` and ``restorable.xlsx`` are each written whole or not at all, the table
    last; the same data and rules again change nothing.  Where no restoration rules were in force
    there is no list, which is no error of the night.
    """
    table, sheet = out / PARQUET, out / XLSX
    with Warehouse(warehouse).reading():
        provenance = {
            "as_of": as_of.isoformat(),
            "rulebook_digest": rules.digest,
            "directory_digest": directory_digest(),
            "data_digest": Warehouse(warehouse).digest(),
            "code_version": code_version(),
            "barred": _barred_digest(barred or {}),
        }
        earlier_list = _earlier_list(table, sheet, provenance)
        if earlier_list is not None:
            return earlier_list
        # The table goes first and is written last, so it never stands beside a sheet of another
        # night.
        table.unlink(missing_ok=True)
        sheet.unlink(missing_ok=True)
        try:
            records = find_restorable(warehouse, rules, as_of, progress=progress)
            records = without_barred(records, barred or {}, warehouse, rules, as_of)
        except RuleNotInForce as error:
            return RestorableList(table, sheet, {}, why_not=str(error))
    states = _counts_by_state(records)
    write_xlsx(records, sheet, as_of)
    counts = {f"records.{state}": str(count) for state, count in states.items()}
    write_atomic(_arrow_table(records), table, {**provenance, **counts})
    return RestorableList(table, sheet, states)


def _barred_digest(barred: Mapping[str, date]) -> str:
    """Digest of the barred enterprises and days."""
    text = "\n".join(f"{code} {day}" for code, day in sorted(barred.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def _counts_by_state(records: Sequence[RestorableRecord]) -> dict[str, int]:
    return {state: sum(row.state == state for row in records) for state in STATES}


def _earlier_list(table: Path, sheet: Path, provenance: dict[str, str]) -> RestorableList | None:
    """The list of the same provenance, if it was written before."""
    with suppress(OSError, ValueError):
        stored_provenance = provenance_of(table)
        prefix = "records."
        counts = {
            k.removeprefix(prefix): int(v)
            for k, v in stored_provenance.items()
            if k.startswith(prefix)
        }
        is_same = {
            k: v for k, v in stored_provenance.items() if not k.startswith(prefix)
        } == provenance
        if is_same and sheet.exists():
            return RestorableList(table, sheet, counts, repeated=True)
    return None


_TYPES = {"date": pa.date32(), "date | None": pa.date32(), "bool": pa.bool_()}


def _arrow_table(records: Sequence[RestorableRecord]) -> pa.Table:
    """The list as a table, columns as in ``Restorable``."""
    columns = {
        f.name: pa.array(
            [getattr(row, f.name) for row in records], _TYPES.get(str(f.type), pa.string())
        )
        for f in fields(RestorableRecord)
    }
    return pa.table(columns)
