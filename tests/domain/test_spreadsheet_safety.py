"""Texts that a spreadsheet program would run go behind an apostrophe; all others stay."""

import pytest

from xhcredit.domain.spreadsheet_safety import neutral


@pytest.mark.parametrize("sign", list("=+-@\t\r\n＝＋－＠"))
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u3000", " \u3000 "])
def test_a_formula_is_made_harmless_whatever_blanks_stand_before_it(sign, before):
    cell = f"{before}{sign}1"

    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "A 类", "1-1", "a=b", " x", " ", -1, 0, 1.5, None, True])
def test_what_is_no_formula_stays_as_it_is(cell):
    assert neutral(cell) is cell
