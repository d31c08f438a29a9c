"""Unified social credit codes: verified examples, and one answer in Python and in SQL."""

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from xhcredit.domain.codes import (
    ALPHABET,
    UnifiedCode,
    check_digit,
    normalised,
    normalised_sql,
    organisation_check_digit,
    problem_sql,
    problem_with,
)
from xhcredit.domain.codes_bulk import are_all_valid
from xhcredit.errors import BadCode

GOOD = ["91310115MA1K3CUM7M", "9135010026017703XW", "91350100M000100Y43"]

stems = st.text(alphabet=ALPHABET, min_size=16, max_size=16).filter(lambda s: set(s[2:]) != {"0"})
noise = st.text(alphabet="0139AIXYZ中ａ９ \t", max_size=20)


def in_sql(expression, values):
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (i BIGINT, code VARCHAR)")
        con.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(values)))
        return [r[0] for r in con.execute(f"SELECT {expression} FROM t ORDER BY i").fetchall()]


def code_from(stem):
    body = stem + organisation_check_digit(stem)
    return body + check_digit(body)


@pytest.mark.parametrize("code", GOOD)
def test_verified_codes_have_no_problem(code):
    assert problem_with(code) is None
    assert str(UnifiedCode(code)) == code


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("91320100250571846X", "check digit is 'X' but should be 'L'"),
        ("91310115MA1K3CUM7MX", "length 19 instead of 18"),
        ("", "length 0 instead of 18"),
        ("9131I115MA1K3CUM7M", "character 'I' at position 5 is never used in a code"),
        ("00000000000000000X", "check digit is 'X' but should be '0'"),
        ("000000000000000000", "a placeholder of zeros"),
    ],
)
def test_a_wrong_code_is_told_what_is_wrong(code, problem):
    assert problem_with(code) == problem


@given(st.text(alphabet=ALPHABET, min_size=17, max_size=17))
def test_the_last_character_is_that_of_an_independent_library(body):
    """The last only: it checks neither the organisation code nor placeholders of zeros."""
    assert check_digit(body) == uscc.calc_check_digit(body)


def test_a_wrong_organisation_code_is_found_behind_a_right_check_digit():
    body = "91310115MA1K3CUM6"
    problem = problem_with(body + check_digit(body))

    assert problem == "organisation code ends in '6' at position 17 but should be '7'"


def test_a_wrong_code_is_no_unified_code():
    with pytest.raises(BadCode, match=r"91310115MA1K3CUM7.*length 17.*business licence"):
        UnifiedCode("91310115MA1K3CUM7")


@settings(max_examples=15, deadline=None)
@given(st.lists(stems, min_size=1, max_size=20), st.lists(noise, max_size=20), st.data())
def test_python_and_sql_find_the_same_problems(good, bad, draws):
    codes = [code_from(stem) for stem in good]
    spoiled = [
        c[:place] + letter + c[place + 1 :]
        for c in codes
        for place in [draws.draw(st.integers(0, 17))]
        for letter in [draws.draw(st.sampled_from(ALPHABET + "IOSVZ"))]
    ]
    everything = [*codes, *spoiled, *bad]

    assert in_sql(problem_sql("code"), everything) == [problem_with(c) for c in everything]
    assert in_sql(normalised_sql("code"), everything) == [normalised(c) for c in everything]


@settings(max_examples=50, deadline=None)
@given(stems, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_a_single_wrong_character_is_always_found(stem, place, letter):
    code = code_from(stem)
    wrong = code[:place] + letter + code[place + 1 :]

    assert (problem_with(wrong) is None) == (wrong == code)


def table_of(codes):
    return np.frombuffer("".join(codes).encode("latin-1"), np.uint8).reshape(-1, 18)


def test_many_codes_are_sound_if_each_is():
    placeholder = "0" * 18
    body = "91310115MA1K3CUM6"
    wrong_organisation = body + check_digit(body)
    lower, foreign = GOOD[0].lower(), GOOD[0][:-1] + "I"

    assert are_all_valid(table_of(GOOD))
    for bad in ("91320100250571846X", placeholder, wrong_organisation, lower, foreign):
        assert problem_with(bad)
        assert not are_all_valid(table_of([GOOD[0], bad, GOOD[1]])), bad
        assert not are_all_valid(table_of([bad]))


@pytest.mark.parametrize("place", range(2, 16))
def test_a_code_with_a_single_digit_among_zeros_is_no_placeholder(place):
    code = code_from("91" + "".join("01"[digit_place == place] for digit_place in range(2, 16)))

    assert problem_with(code) is None
    assert are_all_valid(table_of([code]))


@pytest.mark.parametrize("first", ["91", "11", "Y9"])
def test_a_body_of_zeros_is_a_placeholder_whatever_stands_before_and_behind_it(first):
    code = code_from(first + "0" * 14)
    assert code[17] != "0"

    assert problem_with(code) == "a placeholder of zeros"
    assert not are_all_valid(table_of([code]))


@settings(max_examples=50, deadline=None)
@given(st.lists(stems, min_size=1, max_size=5), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_many_at_once_and_one_at_a_time_agree(good, place, letter):
    codes = [code_from(stem) for stem in good]
    codes[0] = codes[0][:place] + letter + codes[0][place + 1 :]

    assert are_all_valid(table_of(codes)) is all(problem_with(c) is None for c in codes)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("９１ａｂＹ", "91ABY"),
        ("０ＡａＺｚ", "0AAZZ"),
        ("\u3000 x\t\r\n\u00a0\ufeff", "X"),
        ("a b", "A B"),
        ("", ""),
    ],
)
def test_full_width_and_lower_case_letters_are_typed_codes_too(typed, plain):
    assert normalised(typed) == plain
