"""Reasons why no indicator reads an event: unmet conditions in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from xhcredit.engine.indicators_of_event import Reading
from xhcredit.engine.kernel_source import EventCondition
from xhcredit.engine.spec import Feature
from xhcredit.features.declare import last_months
from xhcredit.ingest.schema import CellValue, Column, Table, day_in


class Reason(NamedTuple):
    """Why an event does not count, for programs and for people.

    ``reason``: a key of ``engine.kernel_source.HIDDEN``, ``never_scored``, ``no_indicator``,
    ``window``, ``hub``, ``x_not_applied``, or the name of the column (or ``open``, ``ended``,
    ``age``, ``duration``) that the indicator's filter looks at.
    """

    reason: str
    zh: str
    en: str


_HIDDEN = {
    "not_happened": Reason("not_happened", "当日尚未发生", "had not happened by that day"),
    "not_known": Reason("not_known", "当日尚未归集", "was not known by that day"),
    "withdrawn": Reason(
        "withdrawn", "已停用（撤销、修复或更正）", "withdrawn (revoked, restored or corrected)"
    ),
}
_HUB = Reason(
    "hub", "共用者过多（如集中登记地），不作关联", "shared by too many, as a hub address is"
)
X_NOT_APPLIED = Reason(
    "x_not_applied", "所属专业领域的评分不适用于该企业", "the X that reads it does not apply here"
)
_YES = {True: ("是", "yes"), False: ("否", "no")}


def reasons(
    table: Table,
    reading: Reading,
    indicators: Mapping[str, Feature],
    event: Mapping[str, CellValue],
    as_of: date,
) -> list[Reason]:
    """Why none of the indicators of a table reads an event.

    Where every indicator has conditions that the event does not fulfil, those of the indicator
    that lacks the fewest are told (of several, of the one that looks back the longest).

    Args:
        table: the event's table.
        reading: what the indicators made of it; none of ``indicators`` reads it.
        indicators: those asked about that stand over this table, by id.
        event: its canonical values by column.
        as_of: the day.
    """
    if reading.hidden:
        return [_HIDDEN[reading.hidden]]
    if not indicators:
        return [_no_reader(table)]
    closest = min(
        indicators.values(),
        # The indicator that came nearest explains best; of several the longest look-back, which
        # excludes least by age.
        key=lambda f: (len(reading.unmet[f.id]), -(f.window_days or 10**6)),
    )
    reason_list = [
        r for c in reading.unmet[closest.id] for r in _unmet(table, closest, c, event, as_of)
    ]
    return list(dict.fromkeys(reason_list))


def _no_reader(table: Table) -> Reason:
    if table.scored:
        return Reason(
            "no_indicator",
            "现行评分没有读取此类事项的指标",
            "no indicator of the scores reads these",
        )
    return Reason("never_scored", table.why_not_scored, "by law never an indicator of a score")


def _unmet(
    table: Table, f: Feature, condition: EventCondition, event: Mapping[str, CellValue], as_of: date
) -> list[Reason]:
    """One condition that the event does not fulfil: what it says of each thing looked at."""
    if condition.kind == "hub":
        return [_HUB]
    if condition.kind == "window":
        zh, en = last_months(f.window)
        return [Reason("window", f"早于指标回溯期（{zh}）", f"older than the {en}")]
    days = _days(event, as_of)
    return [
        days[name] if name in days else _column(table.column(name), event)
        for name in condition.names
        if name != "as_of"
    ]


def _days(event: Mapping[str, CellValue], as_of: date) -> dict[str, Reason]:
    """Reasons for the derived event names (open, ended, age, duration)."""
    occurred_on = day_in(event["occurred_on"]) or as_of
    age = (as_of - occurred_on).days
    last = day_in(event.get("ended_on")) or as_of
    duration = (last - occurred_on).days
    return {
        "open": Reason("open", "已结束（移出、履行、办结等）", "it has ended"),
        "ended": Reason("ended", "尚未结束", "it has not ended"),
        "age": Reason("age", f"发生至今{age}日", f"{age} days since it happened"),
        "duration": Reason("duration", f"持续{duration}日", f"it lasted {duration} days"),
    }


def _column(column: Column, event: Mapping[str, CellValue]) -> Reason:
    """Reason for a column that the filter reads: the event's value."""
    value = event.get(column.name)
    if value is None or value == "":
        return Reason(column.name, f"{column.zh}未填", f"{_short(column)}: not given")
    zh, en = _words(column, value)
    return Reason(column.name, f"{column.zh}为“{zh}”", f"{_short(column)}: {en}")


def _words(column: Column, value: CellValue) -> tuple[str, str]:
    """A value in both languages; ids of values are English."""
    if isinstance(value, bool):
        return _YES[value]
    if not column.values:
        return str(value), str(value)
    zh_by_id, ids = dict(column.values), str(value).split(";")
    return "、".join(zh_by_id[i] for i in ids), ", ".join(i.replace("_", " ") for i in ids)


def _short(column: Column) -> str:
    """The English name of a column without what the directory explains after it."""
    return column.en.partition(";")[0]
