"""Results of a draw ingested into the warehouse as inspections."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.errors import BadInput
from xhcredit.ingest.schema import directory
from xhcredit.jobs.warehouse.ingest import run_ingest

COLUMNS = ("code", "result", "inspected_on", "item", "note")
#: a sixth column may say how much of the checklist was inspected; only a complete inspection
#: meets a statutory duty of full coverage
COMPLETENESS = "completeness"
#: results that found nothing wrong
CLEAN = frozenset({"no_problem", "no_activity"})
_DELIVERED = (
    "code", "inspected_on", "entered_on", "inspection_no", "form", "field", "result", "failed",
    "item", "completeness", "agency", "draw_id", "inclusion_probability",
)  # fmt: skip
Json = dict[str, Any]


def results_from(data: bytes, name: str) -> dict[str, Json]:
    """Read ``results.csv``: code, result (one of the eight codes), day, item, note.

    A sixth column ``completeness`` is optional; empty means that it is not known.

    Raises:
        BadInput: it cannot be read; file, row and column are named.
    """
    table = directory()["inspection"]
    known, scopes = dict(table.column("result").values), dict(table.column(COMPLETENESS).values)
    found: dict[str, Json] = {}
    for row, cells in _rows(data, name):
        code = normalised(cells["code"])
        wrong = problem_with(code)
        if wrong is not None:
            raise _bad(name, row, "code", f'"{cells["code"]}": {wrong}')
        if code in found:
            raise _bad(name, row, "code", f'"{code}" comes twice; keep one row')
        if cells["result"] not in known:
            raise _bad(name, row, "result", f'"{cells["result"]}"; write one of {", ".join(known)}')
        if cells.get(COMPLETENESS, "") not in {"", *scopes}:
            wrong = f'"{cells[COMPLETENESS]}"; write one of {", ".join(scopes)}, or nothing'
            raise _bad(name, row, COMPLETENESS, wrong)
        found[code] = {**cells, "code": code, "inspected_on": _day(cells, name, row)}
    if not found:
        raise BadInput(f'"{name}" holds no result; write one row per visited enterprise')
    return found


def _day(cells: Mapping[str, str], name: str, row: int) -> str:
    try:
        return date.fromisoformat(cells["inspected_on"]).isoformat()
    except ValueError:
        found = f'"{cells["inspected_on"]}" is no day; write it as 2026-07-10'
        raise _bad(name, row, "inspected_on", found) from None


def _rows(data: bytes, name: str) -> list[tuple[int, dict[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f'"{name}" cannot be read ({error}); save it as "CSV UTF-8"') from None
    header = tuple(cell.strip() for cell in lines[0]) if lines else ()
    if header not in (COLUMNS, (*COLUMNS, COMPLETENESS)):
        wanted = f'"{",".join(COLUMNS)}", and if you like "{COMPLETENESS}"'
        raise BadInput(f'"{name}", row 1: "{",".join(header)}"; write {wanted}')
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise BadInput(f'"{name}", row {number}: {len(cells)} cells; write {len(header)}')
        stripped = [cell.strip() for cell in cells]
        rows.append((number, dict(zip(header, stripped, strict=True))))
    return rows


def _bad(name: str, row: int, column: str, found: str) -> BadInput:
    return BadInput(f'"{name}", row {row}, column {column}: {found}')


def deliver(kept: Json, record: Json, plan: Json, warehouse: Path, today: date) -> None:
    """Enter all results of a draw as inspections; again and again changes nothing.

    Args:
        kept: the draw with its results.
        record: its record, from which the probabilities come.
        plan: its plan: field, items and bureau.
        warehouse: where inspections are kept.
        today: the day on which they become known.

    Raises:
        BadInput: an ingestion is running, or a result was refused.
    """
    odds = {s["code"]: s["inclusion_probability"] for s in record["selected"]}
    every = sorted(kept["results"].items())
    rows = [_delivered(kept, plan, code, result, odds[code], today) for code, result in every]
    entered(f'draw "{kept["id"]}"', kept["id"], rows, warehouse, today)


def entered(what: str, name: str, rows: Iterable[Json], warehouse: Path, today: date) -> None:
    """Ingest rows into the warehouse; the same rows again change nothing.

    Raises:
        BadInput: an ingestion is running, or a row was refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"draw-results-{name}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            table = csv.DictWriter(out, _DELIVERED, restval="", lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        mapping = files("xhcredit.ingest.mappings").joinpath("draws", "results.yaml")
        with as_file(mapping) as path:
            told = run_ingest(str(file), path, warehouse, today=today)
    if any(f.error or f.rows_quarantined for f in told.files):
        raise BadInput(
            f"results of {what} were kept, but not all entered the warehouse; see xhcredit quality"
        )


def _delivered(kept: Json, plan: Json, code: str, result: Json, odds: str, today: date) -> Json:
    """A result as one row of the delivery."""
    item = result["item"] or ";".join(plan["items"])
    return {
        "code": code,
        "inspected_on": result["inspected_on"],
        "entered_on": max(today.isoformat(), result["inspected_on"]),
        "inspection_no": f"{kept['id']}|{code}",
        "form": "random",
        "field": plan["fields"][0],
        "result": result["result"],
        "failed": int(result["result"] not in CLEAN),
        "item": item,
        "completeness": result.get(COMPLETENESS, ""),
        "agency": plan["bureau"],
        "draw_id": kept["id"],
        "inclusion_probability": odds,
    }
