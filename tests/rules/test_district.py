"""May a district add to the rulebook without rewriting it?"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.files import entry, rules, switch, text, write
from xhcredit.errors import BadRule
from xhcredit.rules.district import refuse_rewriting, with_district
from xhcredit.rules.loader import SHIPPED
from xhcredit.rules.rulebook import Rulebook

OLD = entry()
NEW = entry("2021-01-01", "7")


@pytest.fixture
def shipped(tmp_path):
    return rules(tmp_path / "shipped", text(OLD))


def test_a_district_may_add_entries_after_the_shipped_ones(shipped, tmp_path):
    merged = with_district(shipped, write(tmp_path / "own", text(OLD, NEW)))

    assert [e.value for e in merged["query.years"].entries] == [5, 7]


def test_a_district_may_add_a_rule_and_confirm_one(shipped, tmp_path):
    own = tmp_path / "own"
    confirmed = text(OLD, status="reviewed", extra="reviewed_on: 2026-12-01\n")
    write(own, confirmed)
    write(own, text(rule_id="query.months"), "query/months.yaml")

    merged = with_district(shipped, own)

    assert list(merged) == ["packs.core", "query.months", "query.years"]
    assert merged["query.years"].is_confirmed


REWRITES = {
    "value changed": (text(entry(value="6"), NEW), "entries[0]: the shipped entry of 2020-01-01"),
    "source changed": (
        text(OLD.replace("第1条", "第2条")),
        "entries[0]: the shipped entry of 2020-01-01 is changed or lacking; copy all shipped",
    ),
    "entry lacking": (text(NEW), "entries[0]: the shipped entry of 2020-01-01 is changed or"),
    "entry before": (
        text(entry("2019-01-01", "4"), OLD),
        "entries[0]: the shipped entry of 2020-01-01 is changed or lacking",
    ),
    "unit changed": (
        text(OLD).replace("unit: years", "unit: months"),
        'unit: "months", where the shipped rule has "years"; keep it; another meaning needs',
    ),
    "day changed": (
        text(OLD).replace("selected_by: as_of", "selected_by: applied_on"),
        'selected_by: "applied_on", where the shipped rule has "as_of"; keep it',
    ),
    "pack changed": (
        text(OLD, pack="other"),
        'pack: "other", where the shipped rule has "core"; keep it',
    ),
}


@pytest.mark.parametrize(("content", "message"), REWRITES.values(), ids=REWRITES)
def test_a_district_may_not_rewrite_a_shipped_rule(shipped, tmp_path, content, message):
    own = write(tmp_path / "own", content)

    with pytest.raises(BadRule, match=re.escape(f"own/query/years.yaml: {message}")):
        with_district(shipped, own)


@pytest.mark.slow
@given(kept=st.integers(0, 4), added=st.integers(0, 3))
def test_only_what_begins_with_all_old_entries_extends(kept, added):
    """Append-only: every prefix may grow, and nothing may shrink."""
    base = Rulebook.load().rule("scope.x_food")
    first = base.entries[0]
    entries = tuple(
        first.model_copy(update={"effective_from": first.effective_from.replace(year=2018 + i)})
        for i in range(8)
    )
    old = base.model_copy(update={"entries": entries[:4]})
    new = base.model_copy(update={"entries": entries[:kept] + entries[4 : 4 + added]})

    if kept == 4:
        refuse_rewriting(old, new, "f.yaml")
    else:
        with pytest.raises(BadRule, match="is changed or lacking"):
            refuse_rewriting(old, new, "f.yaml")


def test_a_district_takes_a_shipped_pack_out_of_service(tmp_path):
    """As the comment in the shipped file says: copy it, add an entry."""
    stop = entry("2026-12-01", "{in_service: false, why: 市级通知暂停}", mark="V2")
    shipped = (SHIPPED / "packs" / "x_construction.yaml").read_text(encoding="utf-8")
    own = write(tmp_path / "own", shipped + stop, "packs/x_construction.yaml")

    rulebook = Rulebook.load(own)

    first, last = (e.effective_from for e in rulebook.rule("packs.x_construction").entries)
    assert rulebook.in_service("x_construction", first)
    assert not rulebook.in_service("x_construction", last)
    assert "x_construction" not in rulebook.scopes(as_of=last)
    assert rulebook.digest != Rulebook.load().digest


def test_a_district_adds_an_x_by_files_alone(tmp_path):
    own = write(tmp_path / "own", switch("x_fire"), "packs/x_fire.yaml")
    scope = entry(value="{feature: fire_sites_open, at_least: 1, mode: internal_reference}")
    write(own, text(scope, rule_id="scope.x_fire", pack="x_fire"), "scope/x_fire.yaml")

    rulebook = Rulebook.load(own)

    assert "x_fire" in rulebook.scopes(
        as_of=rulebook.rule("scope.x_fire").entries[0].effective_from
    )
