"""Odds of strata by hand, and what their file says of them."""

from fractions import Fraction

import pytest

from xhcredit.draws.strata import Kind, Odds, decimal, odds_of, stratum_ids, stratum_rows

RATIOS = {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.5"}


def kind(tier="D", past=(), *, street="漕河泾", duty=False, paused=False):
    return Kind(tier, street, duty, paused, past)


def test_all_are_drawn_where_coverage_falls_due_even_in_a_pause_and_else_nobody_in_a_pause():
    assert odds_of(kind(duty=True), RATIOS) == Odds("0.5", "1")
    assert odds_of(kind(duty=True, paused=True), RATIOS) == Odds("0.5", "1")
    assert odds_of(kind(paused=True), RATIOS) == Odds("0.5", "0")
    assert odds_of(kind("A", paused=True), RATIOS) == Odds("0.03", "0")


@pytest.mark.parametrize(
    ("past", "h"),
    [
        ((), "0.5"),
        (("0.25",), "0.666666666666"),  # 0.5 / (1 - 0.25)
        (("0.5",), "1"),  # half were drawn, the other half now: exactly one in all
        (("0.1", "0.5"), "1"),  # the oldest round is let go, its pause does not fit
        (("0.5", "0.1"), "0.555555555555"),  # 0.5 / (1 - 0.1)
        (("0.2", "0.3"), "1"),  # 0.5 / (1 - 0.5), the rates add up to one and fit
        (("1",), "0.5"),  # whoever was drawn for certain cannot pause
    ],
)
def test_odds_are_renewed_among_those_whom_the_rounds_before_did_not_draw(past, h):
    assert odds_of(kind(past=past), RATIOS) == Odds("0.5", h)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(1), "1"),
        (Fraction(2, 3), "0.666666666666"),  # cut, not rounded
        (Fraction(1, 10**12), "0.000000000001"),
        (Fraction(1, 10**13), "0"),
        (Fraction(5, 4), "1.25"),
    ],
)
def test_odds_have_twelve_digits_and_no_zeros_behind(value, text):
    assert decimal(value) == text


def test_ids_of_strata_are_numbered_in_an_order_that_only_the_salt_knows():
    kinds = [kind(tier, street=street) for tier in "ABCD" for street in ("漕河泾", "虹梅")]
    ids = stratum_ids([*kinds, *kinds], "salt")

    assert set(ids) == set(kinds)
    assert list(ids.values()) == [f"s{n:02d}" for n in range(1, 9)]
    assert list(stratum_ids(kinds, "salt")) == list(ids)
    assert list(stratum_ids(kinds[::-1], "salt")) == list(ids)
    assert list(stratum_ids(kinds, "other")) != list(ids)
    # whoever freezes the frame again with its salt has the very same ids
    assert [(k.tier, k.street) for k in ids][:3] == [("A", "虹梅"), ("B", "漕河泾"), ("B", "虹梅")]


def test_a_hundred_strata_have_three_digits():
    kinds = [kind(street=str(n)) for n in range(100)]

    assert list(stratum_ids(kinds, "salt").values())[::99] == ["s001", "s100"]
    assert list(stratum_ids(kinds[:99], "salt").values())[::98] == ["s01", "s99"]


def test_the_internal_file_says_all_of_a_stratum_in_the_order_of_ids():
    first, second = kind("A", ("0.03", "0.1"), duty=True), kind(paused=True)
    odds = {first: Odds("0.03", "1"), second: Odds("0.5", "0")}

    assert stratum_rows({second: "s02", first: "s01"}, odds, ["food", "general"]) == [
        {
            "id": "s01",
            "tier": "A",
            "field": "food;general",
            "street": "漕河泾",
            "duty": True,
            "paused": False,
            "past": ["0.03", "0.1"],
            "pi": "0.03",
            "h": "1",
        },
        {
            "id": "s02",
            "tier": "D",
            "field": "food;general",
            "street": "漕河泾",
            "duty": False,
            "paused": True,
            "past": [],
            "pi": "0.5",
            "h": "0",
        },
    ]
