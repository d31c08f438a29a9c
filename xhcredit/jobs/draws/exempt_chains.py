"""Food chains whose new shops are exempt from the on-site check before licensing
(免于门店现场核查).

The headquarters must have passed a review; tier and record keep it on the list or end it.  The
exemption is of the licence's check alone: supervision after it, and coverage by law, stay.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from xhcredit.domain.calendar import add_months
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.documents.spreadsheets import Column
from xhcredit.jobs.draws.trust_list_changes import ListSheet, list_with_changes, write_list
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import ChainTerms
from xhcredit.store.store import Store

_KNOWN_SQL = "known_on <= $day AND (withdrawn_on IS NULL OR withdrawn_on > $day)"
#: the last review of every headquarters, whether it still deals in food, its last food blemish
_REVIEWS_SQL = f"""
WITH review AS (
  SELECT code, arg_max(chain_review, occurred_on) AS review, max(occurred_on) AS reviewed_on,
    bool_or(ended_on IS NULL OR ended_on > $day OR ended_known_on > $day) AS trades
  FROM food_business
  WHERE {_KNOWN_SQL} AND occurred_on <= $day AND chain_review IS NOT NULL
  GROUP BY code
), blemish AS (
  SELECT code, max(occurred_on) AS last FROM (
    SELECT code, occurred_on FROM inspection WHERE {_KNOWN_SQL} AND failed AND field = 'food'
    UNION ALL SELECT code, occurred_on FROM penalty WHERE {_KNOWN_SQL} AND field = 'food'
  ) GROUP BY code
)
SELECT code, review, reviewed_on, trades, last FROM review LEFT JOIN blemish USING (code)
"""
COLUMNS = (
    ("code", Column("统一社会信用代码 code", 22)),
    ("name", Column("名称 name", 36)),
    ("street", Column("街镇 street", 14)),
    ("move", Column("变动 move", 14)),
    ("reviewed_on", Column("评审日期 reviewed on", 14)),
    ("reason", Column("理由 reason", 60)),
)


def chain_exemptions(
    night: pd.DataFrame, warehouse: Path, rules: Rulebook, as_of: date
) -> pd.DataFrame:
    """Which reviewed headquarters are exempt on a day, and why the others are not.

    Args:
        night: ``code`` and ``tier`` as published, and whatever else.
        warehouse: where food profiles, inspections and penalties are.
        rules: the rulebook.
        as_of: the day; only what was known by then counts.

    Returns:
        ``night`` with ``listed``, ``reason`` (both languages) and ``reviewed_on`` (day as text;
        empty: never reviewed).
    """
    law = rules.serving("draws.chain", ChainTerms, as_of=as_of)
    opened_warehouse = Warehouse(warehouse)
    with opened_warehouse.reading(), duckdb.connect() as con:
        create_views(con, opened_warehouse)
        reviews = con.execute(_REVIEWS_SQL, {"day": as_of}).df()
    table = night.merge(reviews, on="code", how="left")
    clean_since = pd.Timestamp(add_months(as_of, -law.months))
    has_low_tier, has_clean_record = table["tier"].isin(law.tiers), ~(table["last"] > clean_since)
    has_passed, was_reviewed = table["review"].isin(law.reviews), table["review"].notna()
    still_trades = table["trades"].eq(True)
    reason = pd.Series("未经总部评审 never reviewed as headquarters", index=table.index)
    reason[was_reviewed & ~has_passed] = "总部评审未通过 the review was not passed"
    reason[has_passed & ~has_low_tier] = (
        "评审通过，但等级不符 passed, but the tier is not low enough"
    )
    reason[has_passed & has_low_tier & ~has_clean_record] = (
        "评审通过，但近期有食品问题记录 passed, but a food record lately"
    )
    reason[has_passed & has_low_tier & has_clean_record] = (
        "评审通过且守信 passed, low risk and a clean food record"
    )
    reason[has_passed & ~still_trades] = (
        "评审通过，但已停止食品经营 passed, but its food business has ended"
    )
    is_listed = has_passed & still_trades & has_low_tier & has_clean_record
    day = table["reviewed_on"].dt.strftime("%Y-%m-%d").fillna("")
    exemptions = table.assign(listed=is_listed, reason=reason, reviewed_on=day)
    return exemptions.drop(columns=["review", "trades", "last"])


def chain_list(
    store: Store, warehouse: Path, rules: Rulebook, as_of: date, earlier_day: date | None = None
) -> pd.DataFrame:
    """As ``trust_list``: everybody of the night, whether exempt, and how that changed.

    Raises:
        UnknownRecord: no night of one of the days was published.
        RuleNotInForce: there was no such exemption on that day.
    """
    return list_with_changes(
        store, lambda night, day: chain_exemptions(night, warehouse, rules, day), as_of, earlier_day
    )


def chain_sheet(as_of: date) -> ListSheet:
    """How the list of a day is written; internal, with reasons."""
    title = (
        f"连锁食品经营企业总部免于门店现场核查清单（内部） {as_of}；事中事后检查照常 "
        "inspections after licensing go on"
    )
    return ListSheet("chain_list", title, COLUMNS)


def write_chain_list(table: pd.DataFrame, as_of: date, out: Path) -> list[Path]:
    """Write who is exempt, and who is no longer, as spreadsheet and CSV; internal, with reasons."""
    return write_list(table, chain_sheet(as_of), out)
