"""What is kept has one form, whatever computer wrote it (RFC 8785)."""

from datetime import UTC

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.errors import BadInput
from xhcredit.store.core.hash_chain import canonical, format_moment, parse_moment

plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters())
values = st.recursive(
    plain | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(max_codepoint=255)), plain) | values)
def test_every_value_is_written_as_an_independent_implementation_writes_it(value):
    try:
        expected = rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeError):
        with pytest.raises(BadInput, match="cannot be kept"):
            canonical(value)
    else:
        assert canonical(value) == expected


@pytest.mark.parametrize("value", [{"n": 2**53}, {"t": "\ud800"}, {"x": float("nan")}, {1: 2}])
def test_what_other_languages_read_otherwise_is_refused(value):
    with pytest.raises(BadInput, match="cannot be kept"):
        canonical(value)


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_moments_are_27_characters_in_utc_and_come_back(moment):
    try:
        moment_text = format_moment(moment)
    except OverflowError:  # a zone may lead out of the calendar
        return
    assert len(moment_text) == 27
    assert parse_moment(moment_text) == moment.astimezone(UTC)
