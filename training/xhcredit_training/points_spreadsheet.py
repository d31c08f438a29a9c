"""Points table as a spreadsheet, readable and reproducible by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from xhcredit.domain.disk import disk_error, not_writable
from xhcredit.engine.spec import Feature
from xhcredit.jobs.documents.spreadsheets import Cells, workbook
from xhcredit.scores.points import Indicator, PointsTable
from xhcredit.scores.release import Release

HEADINGS = (
    "指标 indicator",
    "名称 name",
    "从 from (含 incl.)",
    "到 to (不含 excl.)",
    "行 row",
    "分 points",
)


def table_rows(table: PointsTable, declared: Mapping[str, Feature]) -> Iterator[Cells]:
    """Every row of a table: indicator, name, from, to, kind of row, points; the base first."""
    yield "", "基础分 base", "", "", "base", table.base
    names = {f.id: f"{f.zh} {f.en}" for f in declared.values()}
    for indicator in table.indicators:
        name = names.get(indicator.feature, indicator.feature)
        yield from ((indicator.feature, name, *cells) for cells in _bins(indicator))


def _bins(indicator: Indicator) -> Iterator[Cells]:
    edges = ("", *indicator.cuts, "")
    for k, points in enumerate(indicator.points):
        yield edges[k], edges[k + 1], "bin", points
    yield "", "", "缺失 missing", indicator.missing
    for special in indicator.special:
        yield special.value, special.value, "特殊 special", special.points
    if indicator.unseen is not None and indicator.seen_range is not None:
        yield *indicator.seen_range, "未见 unseen (outside)", indicator.unseen


def write_spreadsheet(release: Release, path: Path, declared: Mapping[str, Feature]) -> None:
    """Write a release as XLSX, one sheet per score; texts are never taken for formulas.

    Raises:
        NotWritable, DiskFull: the file cannot be written.
    """
    try:
        with workbook(path, in_order=False) as xlsx_workbook:
            bold = xlsx_workbook.add_format({"bold": True})
            for table in release.tables.values():
                sheet = xlsx_workbook.add_worksheet(table.score[:31])
                sheet.write_row(0, 0, HEADINGS, bold)
                for k, row in enumerate(table_rows(table, declared), 1):
                    sheet.write_row(k, 0, row)
                sheet.freeze_panes(1, 0)
                sheet.set_column(0, 1, 36)
                sheet.write_row(0, len(HEADINGS) + 1, _scale_notes(table))
    except OSError as error:
        raise disk_error(error) or not_writable(str(path), str(error)) from None


def _scale_notes(table: PointsTable) -> tuple[str, ...]:
    s = table.scale
    return (
        f"{table.name_zh} {table.name_en}",
        f"{s.anchor_points:g} points = odds {s.anchor_odds:g}:1; +{s.points_to_double_odds:g} = ×2",
        f"made by {table.made_by}",
        f"digest {table.digest}",
        table.note,
    )
