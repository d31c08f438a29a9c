"""Trust list of remote checks first (无感监管对象清单): entries, exits and reasons.

Made from what was published and known on two days, so the same days give the same list for ever.
Statutory coverage goes before: an item of a field that the law covers in full for an enterprise
is never among its quiet items (无事不扰), and the list names those fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from xhcredit.jobs.documents.spreadsheets import Column
from xhcredit.jobs.draws.trust_list_changes import ListSheet, list_with_changes, write_list
from xhcredit.jobs.draws.trust_rule import trust_table
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import CoverageDuty, Items, RemoteCheckItems
from xhcredit.store.store import Store

COLUMNS = (
    ("code", Column("统一社会信用代码 code", 22)),
    ("name", Column("名称 name", 36)),
    ("street", Column("街镇 street", 14)),
    ("move", Column("变动 move", 14)),
    ("reason", Column("理由 reason", 44)),
    ("quiet", Column("无事不扰事项 quiet items", 30)),
    ("duty", Column("法定全覆盖领域 fields covered by law", 30)),
)


def trust_list(
    store: Store, warehouse: Path, rules: Rulebook, as_of: date, earlier_day: date | None = None
) -> pd.DataFrame:
    """Everybody of the run of a day: whether on the list, and how that changed.

    Args:
        store: where the nights are published.
        warehouse: where events are.
        rules: the rulebook.
        as_of: the day.
        earlier_day: an earlier day to compare with; None takes the list as new.

    Returns:
        ``code``, ``name``, ``street``, ``tier``, ``listed``, ``move``, ``reason`` (of the day),
        ``quiet`` (items) and ``duty`` (fields covered in full), both joined by ``;``.

    Raises:
        UnknownRecord: no night of one of the days was published.
    """

    def trust_rule(night: pd.DataFrame, day: date) -> pd.DataFrame:
        trust_rows = trust_table(night, warehouse, rules, day)
        return night.merge(trust_rows[["code", "listed", "reason"]], on="code", how="left")

    table = list_with_changes(store, trust_rule, as_of, earlier_day)
    return with_items(table, quiet_items(rules, as_of), duties_on(rules, as_of))


def with_items(
    table: pd.DataFrame, items: Mapping[str, str], duties: Mapping[str, CoverageDuty]
) -> pd.DataFrame:
    """Add which items are quiet for whom, and which fields the law covers in full.

    Args:
        table: ``fields`` (X packs between semicolons) and ``listed``.
        items: quiet items and the field of each.
        duties: coverage by law; it goes before.
    """
    duty, quiet = pd.Series("", index=table.index), pd.Series("", index=table.index)
    for field in sorted({d.field for d in duties.values()}):
        duty[_covered(table, duties.values(), field)] += f"{field};"
    for item, field in items.items():
        # 全覆盖 goes before: 优化营商环境条例 第五十四条, 民营经济促进法 第五十二条.
        is_quiet = table["listed"] & ~_covered(table, duties.values(), field)
        quiet[is_quiet] += f"{item};"
    return table.assign(quiet=quiet.str.rstrip(";"), duty=duty.str.rstrip(";"))


def quiet_items(rules: Rulebook, as_of: date) -> Mapping[str, str]:
    """Items for which nobody on the list is visited without a lead, with the field of each."""
    items_by_id = rules.serving("draws.items", Items, as_of=as_of).root
    quiet = rules.serving("draws.quiet", RemoteCheckItems, as_of=as_of).items
    return {item: items_by_id[item].field for item in quiet}


def duties_on(rules: Rulebook, as_of: date) -> Mapping[str, CoverageDuty]:
    """Coverage by law on a day; empty before there was any."""
    return rules.serving_family("draws.coverage.", CoverageDuty, as_of=as_of)


def _covered(table: pd.DataFrame, duties: Iterable[CoverageDuty], field: str) -> pd.Series[bool]:
    """To whom a field's coverage by law applies."""
    is_covered = pd.Series(False, index=table.index)
    for duty in duties:
        if duty.field == field:
            is_covered |= table["fields"].str.contains(f";{duty.x};", regex=False)
    return is_covered


def trust_sheet(as_of: date) -> ListSheet:
    """How the list of a day is written; internal, with reasons."""
    title = f"无感监管对象清单（内部） {as_of}；法定全覆盖检查优先 statutory coverage goes before"
    return ListSheet("trust_list", title, COLUMNS)


def write_trust_list(table: pd.DataFrame, as_of: date, out: Path) -> list[Path]:
    """Write who is on the list, and who left it, as spreadsheet and CSV; internal, with reasons."""
    return write_list(table, trust_sheet(as_of), out)
