"""Codes of the sample: sound by both standards, and nobody's."""

import numpy as np
import pytest

from data.sample.world import codes
from xhcredit.domain.codes import UnifiedCode


def make(*numbers: int, prefix: bytes = b"91", lettered: bool = False) -> list[str]:
    count = len(numbers)
    codes_made = codes.make(
        np.array(numbers), np.array([prefix] * count), np.array([lettered] * count)
    )
    return codes_made.to_pylist()


@pytest.mark.parametrize("prefix", [b"91", b"92", b"52", b"93"])
@pytest.mark.parametrize("lettered", [False, True])
def test_two_independent_implementations_find_the_codes_sound(prefix, lettered):
    for code in make(*range(1, 400), prefix=prefix, lettered=lettered):
        assert UnifiedCode(code).area == codes.AREA


def test_no_two_enterprises_share_a_code():
    numbers = np.arange(1, 300_000)
    prefix, lettered = np.full(len(numbers), b"91"), numbers % 2 == 0

    assert len(numbers) == len(set(codes.make(numbers, prefix, lettered).to_pylist()))


def test_a_published_code_passes():
    assert codes.valid(["91310115MA1K3CUM7M"]).all()


@pytest.mark.parametrize("place", range(8, 18))
def test_one_wrong_character_is_noticed(place):
    code = make(12345)[0]
    other = "7" if code[place] != "7" else "8"

    assert not codes.valid([code[:place] + other + code[place + 1 :]]).any()
