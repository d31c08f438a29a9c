"""Every answer of the API about every enterprise of the register."""

import pytest

from tests.walk.routes import ENTERPRISES

ANSWERS = [route for route in ENTERPRISES if not route.startswith("/console")]


@pytest.mark.parametrize("route", ANSWERS)
def test_every_enterprise_has_its_answer(walker, route):
    assert walker.walk(ENTERPRISES[route]) == []


@pytest.mark.parametrize("route", ANSWERS)
def test_who_may_not_read_it_is_told_so(walker, route):
    assert walker.refused(ENTERPRISES[route]) == []


@pytest.mark.parametrize("route", ANSWERS)
def test_another_bureaus_records_are_as_if_they_were_not(walker, route):
    assert walker.apart(ENTERPRISES[route]) == []
