"""Results of a draw ingested into the warehouse as inspections."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import cast

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.draws.plan import Plan
from xhcredit.draws.published_files import DrawRecord
from xhcredit.errors import BadInput
from xhcredit.ingest.schema import directory
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.store.draws.rows import Draw, VisitResult

COLUMNS = ("code", "result", "inspected_on", "item", "note")
#: a sixth column may say how much of the checklist was inspected; only a complete inspection
#: meets a statutory duty of full coverage
COMPLETENESS = "completeness"
#: results that found nothing wrong
CLEAN_RESULTS = frozenset({"no_problem", "no_activity"})
_INSPECTION_COLUMNS = (
    "code", "inspected_on", "entered_on", "inspection_no", "form", "field", "result", "failed",
    "item", "completeness", "agency", "draw_id", "inclusion_probability",
)  # fmt: skip
#: a row of a delivery, by column
InspectionRow = dict[str, str | int]


def parse_results(csv_bytes: bytes, file_name: str) -> dict[str, VisitResult]:
    """Read ``results.csv``: code, result (one of the eight codes), day, item, note.

    A sixth column ``completeness`` is optional; empty means that it is not known.

    Raises:
        BadInput: it cannot be read; file, row and column are named.
    """
    table = directory()["inspection"]
    result_labels, completeness_labels = (
        dict(table.column("result").values),
        dict(table.column(COMPLETENESS).values),
    )
    results_by_code: dict[str, VisitResult] = {}
    for row, cells in _rows(csv_bytes, file_name):
        code = normalised(cells["code"])
        problem = problem_with(code)
        if problem is not None:
            raise _cell_error(file_name, row, "code", f'"{cells["code"]}": {problem}')
        if code in results_by_code:
            raise _cell_error(file_name, row, "code", f'"{code}" comes twice; keep one row')
        if cells["result"] not in result_labels:
            raise _cell_error(
                file_name,
                row,
                "result",
                f'"{cells["result"]}"; write one of {", ".join(result_labels)}',
            )
        if cells.get(COMPLETENESS, "") not in {"", *completeness_labels}:
            problem = (
                f'"{cells[COMPLETENESS]}"; write one of '
                f"{', '.join(completeness_labels)}, or nothing"
            )
            raise _cell_error(file_name, row, COMPLETENESS, problem)
        visit_result = {**cells, "code": code, "inspected_on": _day(cells, file_name, row)}
        results_by_code[code] = cast(VisitResult, visit_result)
    if not results_by_code:
        raise BadInput(f'"{file_name}" holds no result; write one row per visited enterprise')
    return results_by_code


def _day(cells: Mapping[str, str], file_name: str, row: int) -> str:
    try:
        return date.fromisoformat(cells["inspected_on"]).isoformat()
    except ValueError:
        message = f'"{cells["inspected_on"]}" is no day; write it as 2026-07-10'
        raise _cell_error(file_name, row, "inspected_on", message) from None


def _rows(csv_bytes: bytes, file_name: str) -> list[tuple[int, dict[str, str]]]:
    try:
        text = csv_bytes.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f'"{file_name}" cannot be read ({error}); save it as "CSV UTF-8"') from None
    header = tuple(cell.strip() for cell in lines[0]) if lines else ()
    if header not in (COLUMNS, (*COLUMNS, COMPLETENESS)):
        expected_header = f'"{",".join(COLUMNS)}", and if you like "{COMPLETENESS}"'
        raise BadInput(f'"{file_name}", row 1: "{",".join(header)}"; write {expected_header}')
    rows = []
    for row_number, cells in enumerate(lines[1:], 2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise BadInput(
                f'"{file_name}", row {row_number}: {len(cells)} cells; write {len(header)}'
            )
        stripped = [cell.strip() for cell in cells]
        rows.append((row_number, dict(zip(header, stripped, strict=True))))
    return rows


def _cell_error(file_name: str, row: int, column: str, message: str) -> BadInput:
    return BadInput(f'"{file_name}", row {row}, column {column}: {message}')


def deliver_results(
    draw_row: Draw, record: DrawRecord, plan: Plan, warehouse: Path, today: date
) -> None:
    """Enter all results of a draw as inspections; again and again changes nothing.

    Args:
        draw_row: the draw with its results.
        record: its record, from which the probabilities come.
        plan: its plan: field, items and bureau.
        warehouse: where inspections are kept.
        today: the day on which they become known.

    Raises:
        BadInput: an ingestion is running, or a result was refused.
    """
    odds = {s["code"]: s["inclusion_probability"] for s in record["selected"]}
    results = sorted(draw_row["results"].items())
    rows = [
        _inspection_row(draw_row, plan, code, result, odds[code], today) for code, result in results
    ]
    ingest_result_rows(f'draw "{draw_row["id"]}"', draw_row["id"], rows, warehouse, today)


def ingest_result_rows(
    subject: str, name: str, rows: Iterable[InspectionRow], warehouse: Path, today: date
) -> None:
    """Ingest rows into the warehouse; the same rows again change nothing.

    Raises:
        BadInput: an ingestion is running, or a row was refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"draw-results-{name}.csv"
        with file.open("w", encoding="utf-8", newline="") as csv_file:
            csv_writer = csv.DictWriter(
                csv_file, _INSPECTION_COLUMNS, restval="", lineterminator="\n"
            )
            csv_writer.writeheader()
            csv_writer.writerows(rows)
        mapping = files("xhcredit.ingest.mappings").joinpath("draws", "results.yaml")
        with as_file(mapping) as path:
            ingest_report = run_ingest(str(file), path, warehouse, today=today)
    if any(f.error or f.rows_quarantined for f in ingest_report.files):
        raise BadInput(
            f"results of {subject} were kept, but not all entered the warehouse; see xhcredit "
            "quality"
        )


def _inspection_row(
    draw_row: Draw, plan: Plan, code: str, result: VisitResult, odds: str, today: date
) -> InspectionRow:
    """A result as one row of the delivery."""
    item = result["item"] or ";".join(plan.items)
    return {
        "code": code,
        "inspected_on": result["inspected_on"],
        # Known when it is entered, but not before the visit, which ingestion would refuse.
        "entered_on": max(today.isoformat(), result["inspected_on"]),
        # Draw and code are the key, so the same results entered again are no second inspection.
        "inspection_no": f"{draw_row['id']}|{code}",
        "form": "random",
        "field": plan.fields[0],
        "result": result["result"],
        "failed": int(result["result"] not in CLEAN_RESULTS),
        "item": item,
        "completeness": result.get("completeness", ""),
        "agency": plan.bureau,
        "draw_id": draw_row["id"],
        # With the odds beside each result, prevalence is estimated without bias and training
        # can weight by 1/π.
        "inclusion_probability": odds,
    }
