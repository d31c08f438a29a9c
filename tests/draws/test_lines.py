"""Frames in bulk: the same bytes, root, numbers and list as row by row, and nothing let through."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.draws.worlds import code, salt, stratified_frame
from xhcredit.domain.codes import problem_with
from xhcredit.domain.codes_bulk import are_all_valid
from xhcredit.draws.frame import Frame, FrameRow, decoded, frame_in_bulk, frame_of
from xhcredit.draws.frame_file import Lines, lines_in
from xhcredit.draws.selection import draw_stratified
from xhcredit.draws.tickets import bound_ticket
from xhcredit.errors import BadInput, BadPlan

SIZES = {"s01": 300, "s02": 120, "s03": 40, "s04": 1}
RATIOS = {"s01": "0.05", "s02": "0.25", "s03": "0", "s04": "1"}
SMALL = stratified_frame({"s01": 6, "s02": 3}).encoded()


def columns(frame, chance):
    rows = list(frame.rows)
    chance.shuffle(rows)
    return [r.code for r in rows], [r.stratum for r in rows], [r.salt for r in rows]


def test_a_frame_in_bulk_is_that_of_its_rows():
    slow = stratified_frame(SIZES)
    codes, strata, salts = columns(slow, random.Random(5))  # noqa: S311 - a seeded test
    quick, read = frame_in_bulk(codes, strata, salts), decoded(slow.encoded())

    assert isinstance(quick.rows, Lines)
    assert isinstance(read.rows, Lines)
    salt_by_code = dict(zip(codes, salts, strict=True))
    assert {r.code for r in quick.rows} == set(salt_by_code)
    assert sorted(r.salt for r in quick.rows) == sorted(salts)
    assert [(r.code, r.stratum) for r in quick.rows] == [(r.code, r.stratum) for r in slow.rows]
    assert list(read.rows) == list(slow.rows)
    assert read.encoded() == slow.encoded()
    assert read.tree.levels == slow.tree.levels
    assert read.sizes == slow.sizes
    assert read.columns() == slow.columns()
    assert [read.position(r.code) for r in slow.rows] == list(range(len(slow.rows)))
    assert read.position(code(99_999)) == slow.position(code(99_999)) == -1
    assert read.rows[-1] == slow.rows[-1]
    assert read.rows[2:4] == slow.rows[2:4]


@pytest.mark.parametrize("seed", range(20))
def test_the_list_in_bulk_is_that_of_its_rows(seed):
    slow, ticket = stratified_frame(SIZES), bound_ticket(f"种子 {seed}", "r")

    drawn = draw_stratified(decoded(slow.encoded()), RATIOS, ticket)

    assert drawn == draw_stratified(slow, RATIOS, ticket)
    assert len(drawn) >= 46


@given(st.data())
def test_what_passes_in_bulk_passes_row_by_row(data):
    """A byte changed, taken out or put in anywhere: whatever bulk lets through is right."""
    byte_place = data.draw(st.integers(len(b"code,stratum,odds,salt\n"), len(SMALL) - 1))
    byte = bytes([data.draw(st.integers(0, 255) | st.sampled_from(list(b",\n\r0As-")))])
    body = data.draw(
        st.sampled_from(
            [
                SMALL[:byte_place] + byte + SMALL[byte_place + 1 :],
                SMALL[:byte_place] + SMALL[byte_place + 1 :],
                SMALL[:byte_place] + byte + SMALL[byte_place:],
            ]
        )
    )
    lines = lines_in(body[len(b"code,stratum,odds,salt\n") :])
    if lines is None:
        return

    rows = frame_of(FrameRow(*text.decode().split(",")) for text in lines.texts())

    assert rows.encoded() == body
    assert rows.sizes == lines.sizes


@pytest.mark.parametrize("byte", [b"\x80", b"\xff", b"\xe5"])
def test_bytes_that_are_no_text_are_refused_with_their_file(byte):
    with pytest.raises(BadInput, match=r"frame\.csv"):
        decoded(SMALL.replace(b"s01", byte + b"01"))


def test_strata_of_unequal_or_long_names_are_read_too():
    long = [f"s-{n % 3:020}" for n in range(9)]
    codes, salts = [code(n) for n in range(9)], [salt(n) for n in range(9)]
    wide = frame_in_bulk(codes, long, salts)
    uneven = frame_in_bulk(codes, [f"s{n}" for n in range(5, 14)], salts)

    assert isinstance(wide.rows, Lines)
    assert wide.sizes == dict.fromkeys(sorted(set(long)), 3)
    assert not isinstance(uneven.rows, Lines)
    assert decoded(uneven.encoded()).tree.root == uneven.tree.root


def test_columns_that_make_no_frame_are_refused_with_their_reason():
    good = [code(n) for n in range(3)]
    salts = [salt(n) for n in range(3)]
    with pytest.raises(BadPlan, match="twice"):
        frame_in_bulk([good[0], *good[:2]], ["s01"] * 3, salts)
    with pytest.raises(BadPlan, match="never used in a code"):
        frame_in_bulk([good[0][:17] + "?", *good[1:]], ["s01"] * 3, salts)
    with pytest.raises(BadPlan, match="is no id"):
        frame_in_bulk(good, ["S01"] * 3, salts)
    with pytest.raises(BadPlan, match="nobody"):
        frame_in_bulk([], [], [])
    with pytest.raises(BadInput, match=r"row 3, column code: .* comes twice"):
        decoded(SMALL.splitlines(True)[0] + 2 * SMALL.splitlines(True)[1])


@given(st.lists(st.integers(0, 10**8 - 1), min_size=1, max_size=8), st.data())
def test_codes_are_judged_in_bulk_as_one_by_one(numbers, data):
    codes = [code(n) for n in numbers]
    row, letter_place = data.draw(st.integers(0, len(codes) - 1)), data.draw(st.integers(0, 17))
    sign = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ?"))
    codes[row] = codes[row][:letter_place] + sign + codes[row][letter_place + 1 :]
    table = np.frombuffer("".join(codes).encode(), np.uint8).reshape(-1, 18)

    assert are_all_valid(table) == (not any(problem_with(c) for c in codes))
    zeros = np.frombuffer(b"910000000000000000", np.uint8).reshape(1, 18)
    assert not are_all_valid(zeros)


def test_a_frame_knows_no_row_that_it_does_not_hold():
    frame = Frame(lines_in(SMALL.split(b"\n", 1)[1]))

    assert frame.position("") == frame.position("Z") == -1
