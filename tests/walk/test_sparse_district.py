"""Another district on its first night: one street, no bureau, empty columns, nothing yet drawn."""

import pytest

from tests.walk.routes import ROUTES


@pytest.mark.parametrize("route", ROUTES)
def test_every_record_has_its_page_or_answer(sparse_walker, route):
    assert sparse_walker.walk(ROUTES[route]) == []
