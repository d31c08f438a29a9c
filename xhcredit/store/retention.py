"""Retention report: rows past their retention period on a day; nothing is deleted."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Select, func, select

from xhcredit.domain.clock import day_begins
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.tables import (
    activity,
    changes,
    current,
    idempotency,
    outbox,
    runs,
    snapshots,
)

CHANGES_RULE = "retention.changes_months"  #: the one kind that is removed, by ``store prune``


@dataclass(frozen=True)
class RetentionStatus:
    """One kind of record: its rule, and how many rows are older than it demands.

    ``rows`` is None for what is kept outside the store, which the report only reminds of.
    """

    rule: str
    zh: str
    en: str
    months: int
    verification: str
    before: date
    rows: int | None


def months_before(day: date, months: int) -> date:
    """The day so many months earlier; the last of the month where that month is shorter.

    >>> months_before(date(2026, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def retention_report(database: Database, rules: Rulebook, as_of: date) -> list[RetentionStatus]:
    """Every kind of record with how much of it is past its time.

    Raises:
        RuleNotInForce: there was no such rule on that day.
    """
    with database.reading() as con:
        return list(_statuses(con, rules, as_of))


def _statuses(con: Connection, rules: Rulebook, as_of: date) -> Iterator[RetentionStatus]:
    for rule_id, count_statement in _COUNT_BY_RULE.items():
        rule = rules.rule(rule_id)
        entry = rules.entry(rule_id, as_of=as_of)
        kept_since = months_before(as_of, entry.value)
        rows = (
            None
            if count_statement is None
            else int(con.scalar(count_statement(format_moment(day_begins(kept_since)))) or 0)
        )
        yield RetentionStatus(
            rule_id, rule.name_zh, rule.name_en, entry.value, entry.verification, kept_since, rows
        )


def _count_entries(moment: str) -> Select[int]:
    # 网络安全法 第二十三条第三项: logs are kept for six months at least; what is older is only
    # counted, for chain entries cannot go.
    return select(func.count()).select_from(activity).where(activity.c.recorded_at < moment)


def _count_snapshots(moment: str) -> Select[int]:
    """Answers of old nights; those of the run that answers now are never among them."""
    current_run = select(current.c.run)
    old_runs = select(runs.c.run).where(
        runs.c.published_at < moment, runs.c.run.not_in(current_run)
    )
    return select(func.count()).select_from(snapshots).where(snapshots.c.run.in_(old_runs))


def _count_messages(moment: str) -> Select[int]:
    return select(func.count()).select_from(outbox).where(outbox.c.delivered_at < moment)


def _count_changes(moment: str) -> Select[int]:
    joined_tables = changes.join(activity, activity.c.seq == changes.c.activity)
    return select(func.count()).select_from(joined_tables).where(activity.c.recorded_at < moment)


def _count_idempotency_keys(moment: str) -> Select[int]:
    joined_tables = idempotency.join(activity, activity.c.seq == idempotency.c.activity)
    return select(func.count()).select_from(joined_tables).where(activity.c.recorded_at < moment)


#: what is counted under each rule; None: kept by the district, not here
_COUNT_BY_RULE = {
    "retention.activity_months": _count_entries,
    "retention.snapshot_months": _count_snapshots,
    "retention.outbox_months": _count_messages,
    CHANGES_RULE: _count_changes,
    "retention.idempotency_months": _count_idempotency_keys,
    # 个人信息保护法 第五十五、五十六条: the report is kept for three years, but by the district
    # and not in the store.
    "retention.impact_assessment_months": None,
}
