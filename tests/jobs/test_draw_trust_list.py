"""Who is checked remotely first: tier and record of the day, moves between days, law before."""

import csv
from datetime import date

import pandas as pd
import pytest

from tests.jobs import test_draw as base
from tests.jobs.test_draw import BOOK, DAY
from xhcredit.errors import UnknownRecord
from xhcredit.jobs import draw_trust_list as trust

nights, store = base.nights, base.store


def test_the_list_has_a_reason_for_everybody_and_spares_no_coverage_by_law(store, nights):
    found = trust.trust_list(store, nights / "warehouse", BOOK, DAY)

    assert found["reason"].notna().all()
    assert not (found["listed"] & (found["tier"] != "A")).any()
    assert set(found.loc[found["listed"], "move"]) <= {trust.ENTERED}
    food = found["fields"].str.contains(";x_food;", regex=False)
    assert food.any()
    assert found.loc[food, "duty"].str.contains("food").all()
    assert (found.loc[~found["listed"], "quiet"] == "").all()
    with pytest.raises(UnknownRecord, match="no run of 2024-01-01"):
        trust.trust_list(store, nights / "warehouse", BOOK, DAY, date(2024, 1, 1))


def world(monkeypatch, by_day):
    """Lists of two days, as they would be made."""
    tables = {
        day: pd.DataFrame({
            "code": list("abcd"), "name": ["=1+1", "b", "c", None], "street": "s",
            "tier": "A", "fields": [";x_general;", ";x_food;", ";x_general;", ";x_general;"],
            "listed": [code in listed for code in "abcd"], "reason": "理由",
        })
        for day, listed in by_day.items()
    }  # fmt: skip
    monkeypatch.setattr(trust, "_listed", lambda store, warehouse, rules, day: tables[day])


def test_entries_and_exits_are_told_and_cells_are_harmless(monkeypatch, tmp_path):
    day, eve = date(2025, 3, 31), date(2025, 3, 30)
    world(monkeypatch, {day: "ab", eve: "bc"})
    found = trust.trust_list(None, None, BOOK, day, eve)

    assert found["move"].tolist() == ["entered", "stays", "left", ""]
    assert found["quiet"].tolist() == ["disclosure", "disclosure", "", ""]
    files = trust.write_trust_list(found, day, tmp_path)
    rows = list(csv.reader(files[1].read_text("utf-8-sig").splitlines()))
    assert [r[0] for r in rows[2:]] == ["a", "b", "c"]
    assert rows[2][1] == "'=1+1"
    assert [r[3][:2] for r in rows[2:]] == ["新进", "在列", "退出"]


def test_an_item_of_a_field_covered_by_law_is_never_quiet(monkeypatch):
    table = pd.DataFrame({"fields": [";x_food;", ";x_general;"], "listed": [True, True]})
    monkeypatch.setattr(type(BOOK), "serving", _with_food(type(BOOK).serving))
    found = trust._with_items(table, BOOK, DAY)
    assert found["quiet"].tolist() == ["", "food_operation"]


def _with_food(serving):
    def answer(self, rule, shape, **given):
        if rule == "draws.quiet":
            return shape(items=("food_operation",))
        return serving(self, rule, shape, **given)

    return answer
