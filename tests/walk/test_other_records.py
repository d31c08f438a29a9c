"""Every alert, draw, check, application, candidate, rule, run …, and every list and file."""

import pytest

from tests.walk.routes import LEADING, OPEN_HERE, OTHERS, ROUTES, gets
from tests.walk.walker import LANGUAGES, PEOPLE, STRANGER


@pytest.mark.parametrize("route", OTHERS)
def test_every_record_has_its_page_or_answer(walker, route):
    assert walker.walk(OTHERS[route]) == []


GUARDED = [r for r, e in OTHERS.items() if e.permission is not None and r not in OPEN_HERE]


@pytest.mark.parametrize("route", GUARDED)
def test_who_may_not_see_it_is_told_so(walker, route):
    assert walker.refused(OTHERS[route]) == []


def test_no_get_route_is_left_out(walker):
    """Whoever adds a route says in routes.py for which records it is opened."""
    assert set(gets(walker.client.app)) - set(LEADING) == set(ROUTES)


def test_the_district_holds_every_kind_of_record(walker):
    inventory = walker.inventory
    kinds = ("alerts", "draws", "drawn", "joint", "checks", "applications", "candidates", "rules",
             "subscriptions", "listed", "gone")  # fmt: skip

    assert [kind for kind in kinds if not getattr(inventory, kind)] == []
    assert {d["state"] for d in inventory.draws} == {"frozen", "seeded", "drawn", "published"}
    assert {a["kind"] for a in inventory.applications} == {"restoration", "objection"}
    assert len({a["state"] for a in inventory.alerts}) >= 9


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_comes_to_a_page_of_their_own_or_to_the_login(walker, who, language):
    for address in LEADING:
        shown, status = walker.follow(address, who, language)
        assert status == 200, shown
        assert shown.startswith("/console/login") == (who == STRANGER)


@pytest.mark.parametrize("route", OTHERS)
def test_another_bureaus_records_are_as_if_they_were_not(walker, route):
    assert walker.apart(OTHERS[route]) == []


def test_no_link_of_these_pages_leads_nowhere(walker):
    assert walker.links
    assert walker.dead_links() == []
