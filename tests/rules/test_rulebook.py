"""Which entry counts on a day, what is the digest, and what is in service?"""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.files import START, entry, rules, switch, text, write
from xhcredit.errors import BadRule, RuleNotInForce
from xhcredit.rules.rule import Entry, Rule, Source
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Covers, Cutoffs, Tolerance, Weights

DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))


def rule(*starts: date, repealed=()):
    """A rule whose entries begin on these days."""
    source = Source(title="办法", number="1", article="1", published_on="待核")
    entries = tuple(
        Entry(effective_from=day, verification="V1", source=source, repealed=True)
        if day in repealed
        else Entry(effective_from=day, value=1, verification="V1", source=source)
        for day in starts
    )
    return Rule(
        id="query.years",
        name_zh="年",
        name_en="years",
        unit="years",
        selected_by="as_of",
        status="draft",
        pack="core",
        entries=entries,
    )


def book(folder, content):
    return Rulebook.of(rules(folder, content).values())


@given(starts=st.lists(DAYS, min_size=1, max_size=6, unique=True), day=DAYS)
def test_an_entry_lasts_until_the_next(starts, day):
    """On any day the entry in force is the latest that had begun; before the first, none."""
    begun = [start for start in starts if start <= day]
    dated_rule = rule(*sorted(starts))

    if begun:
        assert dated_rule.on(day).effective_from == max(begun)
    else:
        with pytest.raises(RuleNotInForce, match=f"first day in force is {min(starts)}"):
            dated_rule.on(day)


@given(starts=st.lists(DAYS, min_size=2, max_size=6, unique=True))
def test_the_last_day_of_an_entry_is_the_eve_of_the_next(starts):
    dated_rule = rule(*sorted(starts))

    for before, after in zip(dated_rule.entries, dated_rule.entries[1:], strict=False):
        eve = dated_rule.last_day(before)
        assert eve == after.effective_from - timedelta(days=1)
        assert dated_rule.on(eve) == before
    assert dated_rule.last_day(dated_rule.entries[-1]) is None


def test_a_repealed_rule_names_its_last_day():
    repealed = date(2021, 1, 1)

    with pytest.raises(RuleNotInForce, match="repealed, the last day in force was 2020-12-31; ask"):
        rule(START, repealed, repealed=[repealed]).on(date(2021, 6, 1))


def test_a_rule_in_a_gap_names_the_days_on_both_sides():
    dated_rule = rule(START, date(2021, 1, 1), date(2022, 1, 1), repealed=[date(2021, 1, 1)])

    with pytest.raises(RuleNotInForce, match="was 2020-12-31 and the next day in force is 2022-01"):
        dated_rule.on(date(2021, 6, 1))


def test_a_moment_is_not_a_day():
    with pytest.raises(BadRule, match="ask with a date, without a time"):
        rule(START).on(datetime(2021, 1, 1))  # noqa: DTZ001 -- the very mistake


def test_the_day_is_named_as_the_rule_selects_it(tmp_path):
    rulebook = book(tmp_path, text())

    assert rulebook.entry("query.years", as_of=START).value == 5
    with pytest.raises(
        BadRule, match=r'is selected by "as_of", asked with "applied_on"; ask entry'
    ):
        rulebook.entry("query.years", applied_on=START)
    with pytest.raises(BadRule, match=r'asked with "as_of" and "applied_on"; ask entry'):
        rulebook.entry("query.years", as_of=START, applied_on=START)
    with pytest.raises(BadRule, match=r"asked with no day; ask entry\('query.years', as_of=day\)"):
        rulebook.entry("query.years")


def test_an_unknown_rule_suggests_the_nearest(tmp_path):
    with pytest.raises(
        BadRule, match=r'no rule "query.year" in the rulebook; did you mean query.y'
    ):
        book(tmp_path, text()).entry("query.year", as_of=START)
    with pytest.raises(BadRule, match=r'no rule "zzzz" in the rulebook; see: xhcredit rules show'):
        book(tmp_path, text()).rule("zzzz")


def test_a_value_comes_in_its_shape_or_not_at_all(tmp_path):
    rulebook = book(tmp_path, text())

    assert rulebook.value("query.years", int, as_of=START) == 5
    with pytest.raises(BadRule, match=r'value of rule "query.years" is a int, not a Cutoffs; ask'):
        rulebook.value("query.years", Cutoffs, as_of=START)


def test_the_digest_does_not_depend_on_the_order_of_keys_or_on_comments(tmp_path):
    ascending_keys = "{A: 600, B: 500, C: 400}"
    other = "{C: 400, A: 600, B: 500}  # 注"
    first, second = (
        Rulebook.of(
            rules(
                tmp_path / str(i),
                text(entry(value=v), rule_id="tiers.cutoffs"),
                "tiers/cutoffs.yaml",
            ).values()
        )
        for i, v in enumerate((ascending_keys, other))
    )

    assert first.digest == second.digest
    assert len(first.digest) == 64


CHANGES = {
    "value": ("value: 5", "value: 6"),
    "day": ("effective_from: 2020-01-01", "effective_from: 2020-01-02"),
    "source": ("第1条", "第2条"),
    "mark": ("V1", "V2"),
    "name": ("年限", "期限"),
    "status": ("status: draft", "status: reviewed\nreviewed_on: 2026-01-01"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_changes_the_digest(tmp_path, change):
    before = book(tmp_path / "a", text())
    after = book(tmp_path / "b", text().replace(*change))

    assert before.digest != after.digest


def test_nothing_in_a_rulebook_can_be_changed(tmp_path):
    rulebook = book(tmp_path, text())

    with pytest.raises(TypeError, match="does not support item assignment"):
        rulebook.rules["query.years"] = None
    with pytest.raises(ValueError, match="frozen"):
        rulebook.rule("query.years").entries[0].value = 6


OFF = entry("2026-08-10", "{in_service: false, why: 上级叫停}")
ON = entry(value="{in_service: true, why: 在用}")


def with_x_food(folder, *, off=OFF):
    """A rulebook with an X, its scope, and a cap of its pack beside one of the rule's pack."""
    rules(folder, switch("x_food", ON, off), "packs/x_food.yaml")
    scope = entry(value="{feature: f, at_least: 1}")
    rules(folder, text(scope, rule_id="scope.x_food", pack="x_food"), "scope/x_food.yaml")
    general = "{id: a, feature: f, at_least: 1, no_better_than: B, zh: 甲, en: a}"
    food = "{id: b, feature: f, at_least: 1, no_better_than: C, zh: 乙, en: b, pack: x_food}"
    caps = text(entry(value=f"[{general}, {food}]"), rule_id="tiers.caps")
    return Rulebook.of(rules(folder, caps, "tiers/caps.yaml").values())


def test_the_switch_takes_a_pack_out_of_service_from_its_day_on(tmp_path):
    rulebook = with_x_food(tmp_path)
    eve, day = date(2026, 8, 9), date(2026, 8, 10)

    assert rulebook.packs() == ("core", "x_food")
    assert rulebook.in_service("x_food", eve)
    assert not rulebook.in_service("x_food", day)
    assert list(rulebook.scopes(as_of=eve)) == ["x_food"]
    assert rulebook.scopes(as_of=day) == {}
    assert [cap.id for cap in rulebook.caps("tiers.caps", as_of=eve)] == ["a", "b"]
    assert [cap.id for cap in rulebook.caps("tiers.caps", as_of=day)] == ["a"]
    marked = {pack_rule.rule.id: pack_rule.in_service for pack_rule in rulebook.in_force(day)}
    assert marked["scope.x_food"] is False
    assert marked["tiers.caps"] is True


def test_a_list_rule_of_a_pack_out_of_service_has_no_items(tmp_path):
    item = "{id: a, feature: f, at_least: 1, tier: D, article: 第1条, zh: 甲, en: a}"
    direct = text(entry(value=f"[{item}]"), rule_id="tiers.direct")
    write(tmp_path, switch("core", ON, OFF), "packs/core.yaml")
    rulebook = Rulebook.of(rules(tmp_path, direct, "tiers/direct.yaml").values())

    assert [direct.id for direct in rulebook.directs(as_of=date(2026, 8, 9))] == ["a"]
    assert rulebook.directs(as_of=date(2026, 8, 10)) == ()


def test_a_pack_that_does_not_exist_yet_is_not_in_service(tmp_path):
    late = entry("2021-01-01", "{in_service: true, why: 在用}")
    rulebook = book(write(tmp_path, switch("core", late), "packs/core.yaml"), text())

    assert [pack_rule.in_service for pack_rule in rulebook.in_force(START)] == [False]
    with pytest.raises(RuleNotInForce, match="first day in force is 2021-01-01"):
        rulebook.in_service("core", START)


def test_a_pack_without_a_switch_is_refused(tmp_path):
    with pytest.raises(BadRule, match=r'rule "query.years": pack "ghost" has no switch; add the'):
        book(tmp_path, text(pack="ghost"))


def test_an_x_with_a_weight_but_no_scope_is_refused(tmp_path):
    weights = text(entry(value="{general: 0.6, x_food: 0.4}"), rule_id="scores.weights")

    with pytest.raises(BadRule, match=r'"x_food" has a weight but no scope; add the rule'):
        Rulebook.of(rules(tmp_path, weights, "scores/weights.yaml").values())


def test_weights_of_the_scores_that_apply_sum_to_one():
    weights = Weights.model_validate({"general": 0.6, "x_food": 0.4, "x_elderly_care": 0.2})

    assert weights.shares([]) == {"general": 1.0}
    shares = weights.shares(["x_food", "x_elderly_care", "x_food"])
    assert shares == pytest.approx({"general": 0.5, "x_food": 1 / 3, "x_elderly_care": 1 / 6})
    with pytest.raises(BadRule, match=r'no weight for "x_fire"; add it to the entry'):
        weights.shares(["x_fire"])


@given(score=st.integers(0, 1000))
def test_a_higher_score_is_never_a_worse_grade(score):
    cutoffs = Cutoffs(A=650, B=550, C=450)

    assert cutoffs.grade(score + 1) <= cutoffs.grade(score)


def test_a_tolerance_period_says_its_days_and_the_flags_that_open_it():
    covers = Covers(new_form=True, sizes=("small", "micro"), kinds=())
    period = Tolerance(months_from_establishment=12, covers=covers, no_worse_than="B", never=())

    assert period.days == 365
    assert period.covers.features == ("is_new_form", "is_small_or_micro")
