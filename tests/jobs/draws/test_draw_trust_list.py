"""Trust rewarded, over two real nights: who came onto a list, who left it, and why; law before."""

from __future__ import annotations

import csv
from datetime import date

import pandas as pd
import pytest

from tests.engine import world
from tests.jobs.restoration.test_restoration_grants import penalty
from tests.serving.district import BUREAUS, CODES, Clock
from xhcredit.errors import UnknownRecord
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Entry, Warehouse
from xhcredit.jobs.draws import exempt_chains, trust_list
from xhcredit.jobs.draws.trust_rule import trust_table
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.store import Store

BOOK = Rulebook.load()
EVE, DAY = date(2025, 3, 31), date(2025, 4, 30)
CLEAN, AGED, FRESH, FOOD, CLOSED, FAILED, ENDED = CODES[:7]
#: two years before a day between the two nights, and a day between them
LONG_AGO, BETWEEN = date(2023, 4, 10), date(2025, 4, 10)


def fined(code, on, field="general"):
    when = {"occurred_on": on, "known_on": on, "published_on": on}
    ended = {"ended_on": None, "ended_known_on": None}
    return penalty(code, penalty_kinds="fine", field=field, amount_yuan=1000, **when, **ended)


def profile(code, review, **changes):
    usual = {
        "code": code,
        "occurred_on": date(2024, 1, 5),
        "known_on": date(2024, 1, 6),
        "category": "retail",
        "risk_grade": "A",
        "chain_review": review,
    }
    row = usual | changes
    return row | {"event_id": world.event_id(directory()["food_business"], row)}


ROWS = {
    "enterprise": [
        {
            "code": code,
            "known_on": date(2019, 1, 1),
            "kind": "company",
            "bureau": BUREAUS[n % len(BUREAUS)],
            "street": "香樟街道",
            "established_on": date(2012, 1, 1),
            "name": "=1+1" if code == CLEAN else "某公司",
            "deregistered_on": BETWEEN if code == ENDED else None,
        }
        for n, code in enumerate(CODES[:7])
    ],
    "penalty": [
        fined(AGED, LONG_AGO),
        fined(FRESH, BETWEEN),
        fined(FOOD, BETWEEN, "food"),
    ],
    "food_business": [
        profile(CLEAN, "passed"),
        profile(FRESH, "passed"),
        profile(FOOD, "passed"),
        profile(FAILED, "failed"),
        profile(AGED, "passed", occurred_on=BETWEEN, known_on=BETWEEN),
        profile(CLOSED, "passed", ended_on=BETWEEN, ended_known_on=BETWEEN),
    ],
}


def write_places(folder):
    """The warehouse; and the address of a store in which both nights were published."""
    extra = "'test.csv' AS source_file, 2 AS source_row"
    selects = {name: f"SELECT *, {extra} FROM {name}" for name in ("penalty", "food_business")}
    selects["enterprise"] = f"SELECT *, 0 AS event_id, {extra} FROM enterprise"
    entry = Entry("", "test.csv", "trust", "test", "test", {})
    Warehouse(folder / "warehouse").commit(world.connect(ROWS), selects, entry)
    with Store.open(str(folder / "store.db"), clock=Clock()) as store:
        for day in (EVE, DAY):
            out = folder / f"{day}"
            run_night(folder / "warehouse", out, model_on(BOOK, load_release(), day))
            publish(out, store, actor="night")
    return folder / "warehouse", str(folder / "store.db")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The warehouse, and the store in which both nights were published."""
    warehouse, address = write_places(tmp_path_factory.mktemp("trust"))
    with Store.open(address, clock=Clock()) as store:
        yield warehouse, store


def moves(trust_rows):
    return dict(zip(trust_rows["code"], trust_rows["move"], strict=True))


def reasons(trust_rows):
    return dict(zip(trust_rows["code"], trust_rows["reason"].str.split(" ").str[0], strict=True))


def test_entries_and_exits_follow_from_what_was_known_on_the_two_days(places):
    warehouse, store = places
    trust_rows = trust_list.trust_list(store, warehouse, BOOK, DAY, EVE)

    assert moves(trust_rows) == {
        CLEAN: "stays",
        AGED: "entered",
        FRESH: "left",
        FOOD: "left",
        CLOSED: "stays",
        FAILED: "stays",
        ENDED: "left",
    }
    assert reasons(trust_rows)[FRESH] == "等级不符"
    assert reasons(trust_rows)[ENDED].startswith("不在当日名册")
    assert trust_rows["reason"].notna().all()
    assert not (trust_rows["listed"] & (trust_rows["tier"] != "A")).any()
    assert (trust_rows.loc[~trust_rows["listed"], "quiet"] == "").all()
    alone = trust_list.trust_list(store, warehouse, BOOK, EVE)
    assert set(alone.loc[alone["listed"], "move"]) == {"entered"}
    same_tier = pd.DataFrame({"code": [AGED, CLEAN], "tier": "A"})
    for day, why in ((EVE, "近期有问题记录"), (DAY, "低风险且记录清白")):
        assert reasons(trust_table(same_tier, warehouse, BOOK, day))[AGED] == why
    with pytest.raises(UnknownRecord, match="no run of 2024-01-01"):
        trust_list.trust_list(store, warehouse, BOOK, DAY, date(2024, 1, 1))


def test_the_files_hold_who_is_or_was_on_the_list_and_harmless_cells(places, tmp_path):
    warehouse, store = places
    trust_rows = trust_list.trust_list(store, warehouse, BOOK, DAY, EVE)
    sheet, plain = trust_list.write_trust_list(trust_rows, DAY, tmp_path)

    rows = list(csv.reader(plain.read_text("utf-8-sig").splitlines()))[2:]
    row_by_code = {row[0]: row for row in rows}
    assert row_by_code[CLEAN][1] == "'=1+1"
    assert {code: row[3].split(" ")[0] for code, row in row_by_code.items()} == {
        CLEAN: "在列",
        AGED: "新进",
        FRESH: "退出",
        FOOD: "退出",
        CLOSED: "在列",
        FAILED: "在列",
        ENDED: "退出",
    }
    assert sheet.stat().st_size > 0


def test_coverage_by_law_goes_before_quiet_items(places):
    warehouse, store = places
    trust_rows = trust_list.trust_list(store, warehouse, BOOK, DAY).set_index("code")
    assert trust_rows.loc[CLEAN, "duty"] == "food"
    assert trust_rows.loc[CLEAN, "quiet"] == "disclosure"

    table = pd.DataFrame({"fields": [";x_food;", ";x_general;"], "listed": [True, True]})
    items = {"food_operation": "food", "disclosure": "general"}
    rows_with_items = trust_list.with_items(table, items, trust_list.duties_on(BOOK, DAY))
    assert rows_with_items["quiet"].tolist() == ["disclosure", "food_operation;disclosure"]
    assert rows_with_items["duty"].tolist() == ["food", ""]
    assert trust_list.duties_on(BOOK, date(2018, 1, 1)) == {}


def test_a_food_chain_is_exempt_while_reviewed_trusted_and_clean(places, tmp_path):
    warehouse, store = places
    chain_rows = exempt_chains.chain_list(store, warehouse, BOOK, DAY, EVE)

    assert moves(chain_rows) == {
        CLEAN: "stays",
        AGED: "entered",
        FRESH: "stays",
        FOOD: "left",
        CLOSED: "left",
        FAILED: "",
    }
    assert reasons(chain_rows) == {
        CLEAN: "评审通过且守信",
        AGED: "评审通过且守信",
        FRESH: "评审通过且守信",
        FOOD: "评审通过，但近期有食品问题记录",
        CLOSED: "评审通过，但已停止食品经营",
        FAILED: "总部评审未通过",
    }
    _, plain = exempt_chains.write_chain_list(chain_rows, DAY, tmp_path)
    rows = list(csv.reader(plain.read_text("utf-8-sig").splitlines()))[2:]
    assert sorted(row[0] for row in rows) == sorted([CLEAN, AGED, FRESH, FOOD, CLOSED])
    assert {row[4] for row in rows} == {"2024-01-05", "2025-04-10"}


def test_a_tier_that_is_too_low_ends_the_exemption(places):
    warehouse, _ = places
    night = pd.DataFrame({"code": [CLEAN, FRESH], "tier": ["D", "B"]})
    exemptions = exempt_chains.chain_exemptions(night, warehouse, BOOK, EVE)

    assert exemptions["listed"].tolist() == [False, True]
    assert exemptions["reason"].str.startswith("评审通过，但等级不符").tolist() == [True, False]
