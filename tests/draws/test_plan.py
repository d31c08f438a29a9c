"""Which plans may be filed: both sides of each bound, and the words of each refusal."""

from datetime import date

import pytest

from xhcredit.draws.plan import read_plan
from xhcredit.errors import BadPlan
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Items

BOOK = Rulebook.load()
FILED = date(2026, 3, 1)
#: items of two fields, whose leads hold different qualifications
PLAN = {
    "id": "p-2026", "bureau": "市场监管局", "title": "综合抽查", "kind": "annual",
    "period": {"first": "2026-04-01", "last": "2026-12-31"}, "fields": ["general"],
    "items": ["disclosure"], "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.5"},
    "places": 2, "qualification": "general", "pause_rounds": 3, "published_on": "2026-03-01",
    "filed_no": "1号", "seed_source": "体彩 2026-04-02", "seed_due": "2026-04-02",
}  # fmt: skip


def read(**changed):
    return read_plan(PLAN | changed, BOOK, FILED)


def refusal(**changed):
    with pytest.raises(BadPlan, match=r"^\S.* .+$") as caught:
        read(**changed)
    return str(caught.value)


def ratios(**changed):
    return PLAN["ratios"] | changed


def test_a_lawful_plan_is_read_with_its_defaults():
    plan = read()

    assert plan.by_tier == PLAN["ratios"]
    assert (plan.design, plan.calibrated, plan.by_street, plan.spare_trusted) == (
        "stratified",
        False,
        False,
        False,
    )
    assert (plan.scope.x, plan.scope.streets, plan.scope.kinds) == (None, (), ())
    assert "round_months" not in plan.model_dump()
    assert read(round_months=1).model_dump()["round_months"] == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"id": "P 2026"}, "id: String should match"),
        ({"id": "a" * 65}, "id: String should match"),
        ({"bureau": ""}, "bureau: String should have at least 1 character"),
        ({"bureau": "局" * 201}, "bureau: String should have at most"),
        ({"title": "一\n二"}, "title: String should match"),
        ({"fields": []}, "fields: Tuple should have at least 1 item"),
        ({"items": []}, "items: Tuple should have at least 1 item"),
        ({"kind": "monthly"}, "kind: Input should be 'annual' or 'special'"),
        ({"design": "other"}, "design: Input should be 'stratified' or 'individual'"),
        ({"pause_rounds": 0}, "pause_rounds: Input should be greater than or equal to 1"),
        ({"round_months": 0}, "round_months: Input should be greater than or equal to 1"),
        ({"more": 1}, "more: Extra inputs are not permitted"),
        ({"period": {"first": "2026-04-01"}}, "period.last: Field required"),
        ({"scope": {"town": "x"}}, "scope.town: Extra inputs"),
        ({"ratios": ratios(E="0.1")}, "ratios.E.[key]: Input should be 'A', 'B', 'C' or 'D'"),
        ({"ratios": ratios(A="3 %")}, "ratios.A: String should match"),
        ({"ratios": ratios(D="1.1")}, "ratios.D: String should match"),
        ({"ratios": ratios(D="0.1234567890123")}, "ratios.D: String should match"),
    ],
)
def test_a_plan_of_another_form_is_refused_with_the_place_and_an_example(changed, words):
    message = refusal(**changed)

    assert message.startswith(words)
    assert message.endswith("; see data/sample/draw/plan.yaml")


def test_ids_may_have_64_characters_and_begin_with_a_digit():
    assert read(id="0" + "a" * 63).id == "0" + "a" * 63


@pytest.mark.parametrize(
    ("tier", "at_least", "below", "at_most", "above"),
    [
        ("A", "0.001", "0.0009", "0.03", "0.0301"),
        ("B", "0.002", "0.0019", "0.1", "0.1001"),
        ("C", "0.005", "0.0049", "0.3", "0.3001"),
        ("D", "0.01", "0.0099", "1", None),
    ],
)
def test_each_tier_has_a_lowest_and_a_highest_ratio(tier, at_least, below, at_most, above):
    """Bounds are those of ``draws.ratios``; the other tiers stand so that the order is kept."""
    low = {t: "0.001" for t in "ABCD"} | {"B": "0.002", "C": "0.005", "D": "0.01"}
    high = {"A": "0.03", "B": "0.1", "C": "0.3", "D": "1"}

    assert read(ratios=low | {tier: at_least})
    assert read(ratios=high | {tier: at_most})
    within = f"is not within {at_least} … {at_most} (draws.ratios)"
    assert refusal(ratios=low | {tier: below}) == (
        f'plan "p-2026": ratio {below} of tier {tier} {within}'
    )
    if above:
        assert refusal(ratios=high | {tier: above}).endswith(
            f"ratio {above} of tier {tier} {within}"
        )


def test_every_tier_needs_a_ratio_and_a_safer_one_none_that_is_higher():
    without = {t: r for t, r in PLAN["ratios"].items() if t not in "BC"}

    assert refusal(ratios=without) == (
        'plan "p-2026": no ratio for tier B, C; give one for each (draws.ratios)'
    )
    assert read(ratios=ratios(B="0.03"))  # equal odds are no higher ones
    for order in (ratios(A="0.03", B="0.02"), ratios(C="0.3", D="0.29")):
        for tier_ratios in (order, dict(reversed(order.items()))):
            assert refusal(ratios=tier_ratios) == (
                'plan "p-2026": a safer tier is drawn with higher odds than a riskier one '
                "(draws.ratios)"
            )


def test_items_must_be_in_the_base_of_the_plans_fields_and_fit_the_lead():
    assert refusal(items=["disclosure", "colour", "taste"]) == (
        'plan "p-2026": item "colour" is not in the item base and must not be inspected '
        "(draws.items)"
    )
    assert refusal(fields=["food"]) == (
        'plan "p-2026": item "disclosure" is of field general, not of the plan\'s fields'
    )
    assert refusal(qualification="food") == (
        'plan "p-2026": the lead needs one of general, not "food" (draws.items)'
    )
    base = BOOK.value("draws.items", Items, as_of=FILED).root
    other = next(i for i, item in base.items() if item.qualification != "general")
    both = {
        "items": ["disclosure", other],
        "fields": ["general", base[other].field],
    }
    lead = base[other].qualification
    assert read(**both, qualification=lead).qualification == lead
    wanted = ", ".join(sorted({"general", lead}))
    assert refusal(**both, qualification="no such").endswith(
        f'one of {wanted}, not "no such" (draws.items)'
    )


def test_individual_odds_know_no_pause():
    assert read(design="individual", pause_rounds=1)
    assert read(design="stratified", pause_rounds=2)
    assert refusal(design="individual", pause_rounds=2) == (
        'plan "p-2026": individual odds are above 0, so nobody can be in a pause; set '
        "pause_rounds to 1, or use the stratified design, in which the paused have strata of "
        "their own"
    )


def test_two_inspectors_go_and_the_period_has_a_day():
    assert read(places=3)
    assert refusal(places=1) == ('plan "p-2026": 1 inspectors per visit; 2 at least (draws.plan)')
    assert read(period={"first": "2026-04-01", "last": "2026-04-01"})
    assert refusal(period={"first": "2026-04-02", "last": "2026-04-01"}) == (
        'plan "p-2026": the period ends 2026-04-01 before it begins 2026-04-02'
    )


@pytest.mark.parametrize(
    ("kind", "first", "due", "late"),
    [
        ("annual", "2026-01-01", "2026-03-31", "2026-04-01"),
        ("annual", "2026-12-01", "2026-03-31", "2026-04-01"),
        ("special", "2026-05-31", "2026-06-30", "2026-07-01"),  # one month: no 31 June
    ],
)
def test_plans_are_published_in_time(kind, first, due, late):
    """Yearly plans by 31 March (优化营商环境条例 art 62), special ones within a month."""
    plan_fields = {"kind": kind, "period": {"first": first, "last": "2026-12-31"}}

    assert read(**plan_fields, published_on=due)
    assert refusal(**plan_fields, published_on=late) == (
        f'plan "p-2026": published on {late}, due by {due} (draws.plan)'
    )
