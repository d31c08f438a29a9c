"""Points table as a spreadsheet, readable and reproducible by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xhcredit.domain.disk import disk_error, not_writable
from xhcredit.features.registry import features
from xhcredit.jobs.documents.spreadsheets import workbook
from xhcredit.scores.points import Indicator, PointsTable
from xhcredit.scores.release import Release

HEADS = (
    "指标 indicator",
    "名称 name",
    "从 from (含 incl.)",
    "到 to (不含 excl.)",
    "行 row",
    "分 points",
)


def rows(table: PointsTable) -> Iterator[tuple[Any, ...]]:
    """Every row of a table: indicator, name, from, to, kind of row, points; the base first."""
    yield "", "基础分 base", "", "", "base", table.base
    names = {f.id: f"{f.zh} {f.en}" for f in features().values()}
    for indicator in table.indicators:
        name = names.get(indicator.feature, indicator.feature)
        yield from ((indicator.feature, name, *cells) for cells in _bins(indicator))


def _bins(i: Indicator) -> Iterator[tuple[Any, ...]]:
    edges = ("", *i.cuts, "")
    for k, points in enumerate(i.points):
        yield edges[k], edges[k + 1], "bin", points
    yield "", "", "缺失 missing", i.missing
    for s in i.special:
        yield s.value, s.value, "特殊 special", s.points
    if i.unseen is not None and i.seen is not None:
        yield *i.seen, "未见 unseen (outside)", i.unseen


def write_sheet(release: Release, path: Path) -> None:
    """Write a release as XLSX, one sheet per score; texts are never taken for formulas.

    Raises:
        NotWritable, DiskFull: the file cannot be written.
    """
    try:
        with workbook(path, in_order=False) as book:
            bold = book.add_format({"bold": True})
            for table in release.tables.values():
                sheet = book.add_worksheet(table.score[:31])
                sheet.write_row(0, 0, HEADS, bold)
                for k, row in enumerate(rows(table), 1):
                    sheet.write_row(k, 0, row)
                sheet.freeze_panes(1, 0)
                sheet.set_column(0, 1, 36)
                sheet.write_row(0, len(HEADS) + 1, _meaning(table))
    except OSError as error:
        raise disk_error(error) or not_writable(str(path), str(error)) from None


def _meaning(table: PointsTable) -> tuple[str, ...]:
    s = table.scale
    return (
        f"{table.name_zh} {table.name_en}",
        f"{s.anchor_points:g} points = odds {s.anchor_odds:g}:1; +{s.points_to_double_odds:g} = ×2",
        f"made by {table.made_by}",
        f"digest {table.digest}",
        table.note,
    )
