"""Do small fines of the whole sample district end after three months, counted from its exports?

Read with ``csv``, not through ingestion, so that each of them is there: withdrawn ones too, and
those of enterprises that were de-registered since.  Left out are rows with a mistyped code, which
is nobody's (three of them).
"""

import csv
from datetime import date
from pathlib import Path

from tests.restoration.test_recount import plus_months
from xhcredit.restoration.assess import assess
from xhcredit.restoration.record import record_from
from xhcredit.rules.rulebook import Rulebook

EXPORTS = Path(__file__).parents[2] / "data" / "sample" / "exports"
BOOK = Rulebook.load()
DAY = date(2026, 6, 30)
FINES = {"罚款": ["fine"], "警告、罚款": ["warning", "fine"]}
HOLDERS = {"个体工商户": "individual", "公司": "organisation", "分支机构": "organisation"}


def rows(name):
    with (EXPORTS / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fines_of_market_supervision(holders):
    """Penalties by ordinary procedure since the standard of 2022 that are nothing but fines."""
    known = {}
    for row in rows("penalties.csv"):
        ours = row["处罚机关"] == "示例区市场监督管理局" and row["处罚程序"] == "普通程序"
        ours &= row["统一社会信用代码"] in holders
        if ours and row["处罚种类"] in FINES and row["处罚决定日期"] >= "2022-07-01":
            known.setdefault((row["统一社会信用代码"], row["处罚决定书文号"]), row)
    return list(known.values())


def told_of(row, holders):
    record = record_from(
        {
            "kind": "penalty",
            "authority": "samr",
            "penalty_kinds": FINES[row["处罚种类"]],
            "decided_on": row["处罚决定日期"],
            "published_on": row["公示日期"],
            "amount_yuan": round(float(row["罚没金额万元"]) * 10_000),
            "pledge": True,
            "duties_done_on": row["履行完毕日期"] or None,
            "holder_kind": HOLDERS.get(holders.get(row["统一社会信用代码"])),
        }
    )
    return record, assess(record, applied_on=max(DAY, record.decided_on), rules=BOOK)


def test_103_of_the_107_fines_of_the_sample_end_after_three_months():
    holders = {row["统一社会信用代码"]: row["主体类型"] for row in rows("register.csv")}
    fine_answers = [told_of(row, holders) for row in fines_of_market_supervision(holders)]
    short = [
        (r, a) for r, a in fine_answers if a.publication_ends_on == plus_months(r.published_on, 3)
    ]

    assert (len(fine_answers), len(short)) == (107, 103)
    assert all(r.amount_yuan <= 50_000 for r, _ in short)
    assert {a.eligible for _, a in short} == {False}  # nothing to apply for, whatever was done
    doubtful = [r for r, a in short if r.holder_kind != "organisation" and r.amount_yuan > 5_000]
    assert len(doubtful) > 5
    assert all(a.needs_lawyer for r, a in short if r in doubtful)
