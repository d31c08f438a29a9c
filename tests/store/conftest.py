"""Every test of the store runs on both databases; each gets an empty one of its own."""

from __future__ import annotations

import pytest

from tests.store.postgres import empty_database, running
from xhcredit.store.store import Store


@pytest.fixture(scope="session")
def postgres():
    """The server of this session; the test is left out (in CI: fails) without PostgreSQL."""
    with running() as server:
        if server is None:
            pytest.skip("no PostgreSQL; install it, or set XHC_TEST_PG_URL to one for tests")
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """The address of an empty database."""
    yield from empty_database(request, request.param, tmp_path / "store.db")


@pytest.fixture
def store(address):
    """An open, new store."""
    with Store.open(address) as opened:
        yield opened
