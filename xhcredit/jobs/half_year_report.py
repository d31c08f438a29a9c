"""Half-year report (半年报): tier changes, draws and hit rates, restorations, alerts, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from xhcredit.alerts.workflow import CLOSED_STATES
from xhcredit.alerts.workflow import TRANSITIONS as ALERT_MOVES
from xhcredit.errors import BadInput
from xhcredit.jobs.documents.pdf import typeset
from xhcredit.jobs.documents.spreadsheets import Column, write_xlsx
from xhcredit.jobs.draws.results_to_warehouse import CLEAN_RESULTS
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.restoration.workflow import TRANSITIONS as CASE_MOVES
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit.store.half_year_counts import HalfYearCounts, count_half_year
from xhcredit.store.store import Store
from xhcredit.tiers.assign import TIERS

_COLOURS = {"red": ("红色", "red"), "orange": ("橙色", "orange"), "yellow": ("黄色", "yellow"),
            "blue": ("蓝色", "blue")}  # fmt: skip
_VERDICTS = {"true": ("核查属实", "found true"), "false": ("核查不实", "found false"),
             "cannot_tell": ("无法判断", "cannot tell")}  # fmt: skip
_LAST_OF_FIRST_HALF = (6, 30)
_LAYOUT = Path(__file__).with_name("half_year_report.typ")


class HalfYear(NamedTuple):
    """A half of a year; written ``2026H1``."""

    year: int
    half: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 1 if self.half == 1 else _LAST_OF_FIRST_HALF[0] + 1, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, *_LAST_OF_FIRST_HALF) if self.half == 1 else date(self.year, 12, 31)

    def __str__(self) -> str:
        return f"{self.year}H{self.half}"


def half_of(day: date) -> HalfYear:
    """The half that a day lies in.

    >>> str(half_of(date(2026, 7, 1)))
    '2026H2'
    """
    return HalfYear(day.year, 1 if day.month <= _LAST_OF_FIRST_HALF[0] else 2)


def parse_half(text: str) -> HalfYear:
    """The half written so.

    Raises:
        BadInput: it is none.
    """
    year, _, half = text.partition("H")
    if len(year) != len("2026") or not year.isdecimal() or half not in ("1", "2") or year < "1900":
        raise BadInput(f'"{text[:20]}" is no half of a year; write it as 2026H1')
    return HalfYear(int(year), int(half))


@dataclass(frozen=True)
class Section:
    """One table of the report; the first cell of each row is its name."""

    title: str
    heads: list[str]
    rows: list[list[str | int]]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The whole report, in one language."""

    title: str
    notes: list[str]
    sections: list[Section]


def build_report(
    store: Store, half: HalfYear, today: date, within: BureauScope, *, zh: bool
) -> Report:
    """The report of a half, as far as it has come.

    Raises:
        BadInput: it has not begun.
    """
    if half.first > today:
        raise BadInput(f"{half} begins on {half.first}; choose a half that has begun")
    half_counts = count_half_year(store.database, half.first, half.last, CLOSED_STATES, within)
    name = ("上半年" if half.half == 1 else "下半年") if zh else str(half)
    title = f"{half.year}年{name}信用监管报告" if zh else f"Credit supervision, {half}"
    notes = [f"{half.first} – {min(half.last, today)}", MARK]
    if today <= half.last:
        notes.append(
            "期间未结束，数据截至当日" if zh else "The half has not ended: counted to date"
        )
    sections = [
        _tiers(half_counts, zh),
        _draws(half_counts, zh),
        _cases(half_counts, zh),
        _alerts(half_counts, zh),
    ]
    return Report(title, notes, sections)


def _tiers(half_counts: HalfYearCounts, zh: bool) -> Section:
    title = "风险等级变动" if zh else "Moves between tiers"
    if half_counts.runs is None:
        note_text = "本期没有发布任何批次" if zh else "No night was published in this half"
        return Section(title, [], [], note_text)
    (_, first_as_of), (_, last_as_of) = half_counts.runs
    heads = [f"{first_as_of} → {last_as_of}", *TIERS, "合计" if zh else "all"]
    rows: list[list[str | int]] = []
    for tier, name in (*((t, t) for t in TIERS), ("", "新增" if zh else "new")):
        counts = [half_counts.moves[tier, new_tier] for new_tier in TIERS]
        rows.append([name, *counts, sum(counts)])
    totals = [sum(half_counts.moves[t, new_tier] for t in (*TIERS, "")) for new_tier in TIERS]
    rows.append(["合计" if zh else "all", *totals, sum(totals)])
    note = "行：期初等级；列：期末等级" if zh else "Rows: tier before; columns: tier at the end"
    return Section(title, heads, rows, note)


def _draws(half_counts: HalfYearCounts, zh: bool) -> Section:
    heads = (
        ["抽查任务", "已检查", "发现问题", "问题发现率"]
        if zh
        else ["draw", "visited", "with a problem", "hit rate"]
    )
    rows: list[list[str | int]] = []
    total, total_hits = 0, 0
    for draw in half_counts.drawn:
        results = half_counts.results[draw]
        hits = sum(r not in CLEAN_RESULTS for r in results)
        rows.append([draw, len(results), hits, _share(hits, len(results))])
        total, total_hits = total + len(results), total_hits + hits
    rows.append(["合计" if zh else "all", total, total_hits, _share(total_hits, total)])
    return Section("双随机抽查" if zh else "Draws", heads, rows)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _cases(half_counts: HalfYearCounts, zh: bool) -> Section:
    kinds = {"restoration": ("信用修复", "restoration"), "objection": ("异议", "objection")}
    rows: list[list[str | int]] = [
        [
            kinds[kind][0 if zh else 1],
            move.text.zh if zh else move.text.en,
            half_counts.applications[kind, act],
        ]
        for kind, moves in CASE_MOVES.items()
        for act, move in moves.items()
        if half_counts.applications[kind, act] or act in ("file", "grant", "refuse")
    ]
    heads = ["种类", "步骤", "件数"] if zh else ["kind", "step", "cases"]
    return Section("信用修复与异议" if zh else "Restorations and objections", heads, rows)


def _alerts(half_counts: HalfYearCounts, zh: bool) -> Section:
    language_index = 0 if zh else 1
    rows: list[list[str | int]] = [
        ["新增" if zh else "raised", words[language_index], half_counts.raised[colour]]
        for colour, words in _COLOURS.items()
    ]
    rows += [
        ["办理" if zh else "done", move.zh if zh else move.en, half_counts.acts[act]]
        for act, move in ALERT_MOVES.items()
    ]
    rows += [
        ["结论" if zh else "verdict", w[language_index], half_counts.verdicts[v]]
        for v, w in _VERDICTS.items()
    ]
    rows.append(["期末" if zh else "at the end", "在办" if zh else "under way", half_counts.open])
    heads = ["类别", "事项", "件数"] if zh else ["kind", "what", "alerts"]
    return Section("风险预警" if zh else "Alerts", heads, rows)


def as_xlsx(report: Report, path: Path) -> None:
    """Write the report as a spreadsheet, one table below the other."""
    rows: list[list[str | int]] = [[note] for note in report.notes]
    for section in report.sections:
        note: list[list[str | int]] = [[section.note]] if section.note else []
        rows += [[], [section.title], list(section.heads), *section.rows, *note]
    column_count = max(len(row) for row in rows)
    columns = [Column("", 30), *(Column("", 16) for _ in range(column_count - 1))]
    write_xlsx(path, report.title, columns, rows)


def as_pdf(report: Report, fonts: Mapping[str, object] | None = None) -> bytes:
    """The report as a document to send; its texts are data, never instructions to the typesetter.

    Raises:
        BadInput: no Chinese font is installed where this runs.
    """
    content = {
        "title": report.title,
        "notes": report.notes,
        "sections": [
            {
                "title": s.title,
                "heads": s.heads,
                "note": s.note,
                "rows": [[str(cell) for cell in row] for row in s.rows],
            }
            for s in report.sections
        ],
    }
    return typeset(_LAYOUT, content, fonts)
