"""The file and the drawer of every enterprise of the register."""

import pytest

from tests.walk.routes import ENTERPRISES

PAGES = [route for route in ENTERPRISES if route.startswith("/console")]


@pytest.mark.parametrize("route", PAGES)
def test_every_enterprise_has_its_page_in_both_languages(walker, route):
    assert walker.walk(ENTERPRISES[route]) == []


@pytest.mark.parametrize("route", PAGES)
def test_who_may_not_see_it_is_told_so(walker, route):
    assert walker.refused(ENTERPRISES[route]) == []


@pytest.mark.parametrize("route", PAGES)
def test_another_bureaus_records_are_as_if_they_were_not(walker, route):
    assert walker.apart(ENTERPRISES[route]) == []


def test_no_link_of_these_pages_leads_nowhere(walker):
    assert walker.links
    assert walker.dead_links() == []
