"""Spreadsheet of restorable records, for calls by officers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from xhcredit.ingest.schema import directory
from xhcredit.jobs.documents.spreadsheets import workbook
from xhcredit.jobs.restoration.candidates import STATES, RestorableRecord
from xhcredit.restoration.severity import ZH

#: column: heading and width
HEADINGS = {
    "state": ("可否申请", 20),
    "earliest_on": ("最早可申请日", 14),
    "code": ("统一社会信用代码", 22),
    "name": ("名称", 30),
    "street": ("街镇", 12),
    "table": ("记录种类", 18),
    "reference": ("文号（列入事由）", 26),
    "decided_on": ("认定日", 12),
    "severity": ("失信程度", 10),
    "publication_ends_on": ("公示止于", 12),
    "missing": ("所缺事项", 80),
    "rules": ("依据规则", 40),
    "decides": ("谁办理", 40),
    "needs_lawyer": ("须法制确认", 12),
}
MARK = "内部工作清单：用于主动提醒企业，不公开；结论以受理机关审核为准。"
# A sheet of a spreadsheet ends at 1,048,576 rows.
_SHEET_ROWS = 1_048_000


def write_xlsx(records: Sequence[RestorableRecord], path: Path, as_of: date) -> None:
    """Write the list, whole or not at all.

    Every cell is written as text or a day, so that nothing from an export can act as a formula or
    a link.  What does not fit on one sheet goes on the next.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with workbook(path) as xlsx_workbook:
        formats = {
            "bold": xlsx_workbook.add_format({"bold": True}),
            "day": xlsx_workbook.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for first_row in range(0, max(len(records), 1), _SHEET_ROWS):
            sheet = xlsx_workbook.add_worksheet()
            _write_headings(sheet, formats, as_of)
            for row_index, row in enumerate(records[first_row : first_row + _SHEET_ROWS], 2):
                _write_row(sheet, row_index, cell_values(row), formats["day"])


def _write_headings(sheet: Worksheet, formats: dict[str, Format], as_of: date) -> None:
    for column, (_, width) in enumerate(HEADINGS.values()):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, f"截至{as_of}可以申请信用修复的记录。{MARK}")
    for column, (heading, _) in enumerate(HEADINGS.values()):
        sheet.write_string(1, column, heading, formats["bold"])
    sheet.freeze_panes(2, 0)


def cell_values(row: RestorableRecord) -> list[str | date | None]:
    """One row in the order of the headings, in words for people."""
    texts = {
        "state": STATES[row.state][0],
        "table": directory()[row.table].name_zh,
        "severity": _CLASSES[row.severity],
        "needs_lawyer": "是" if row.needs_lawyer else "",
    }
    return [texts[name] if name in texts else getattr(row, name) for name in HEADINGS]


_CLASSES: dict[str, str] = {str(name): zh for name, zh in ZH.items()}


def _write_row(
    sheet: Worksheet, row_index: int, values: Sequence[str | date | None], day: Format
) -> None:
    for column, value in enumerate(values):
        if isinstance(value, date):
            sheet.write_datetime(row_index, column, value, day)
        elif value:
            sheet.write_string(row_index, column, value)
