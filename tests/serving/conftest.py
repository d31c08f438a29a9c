"""One warehouse and two nights for all; each test has its own copy of the store they are in."""

from __future__ import annotations

import shutil

import pytest

from tests.serving.district import TODAY, Clock, headers, new_key, served, write_nights
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.restoration.candidates import find_restorable
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.store import Store

#: a program that the tests start; it needs Flask, which comes with an extra only
collect_ignore = ["identity_provider.py"]


@pytest.fixture(scope="session")
def nights(tmp_path_factory):
    return write_nights(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="session")
def published(nights):
    """A store file with the night of the first day."""
    file = nights / "first.db"
    with Store.open(str(file), clock=Clock()) as store:
        publish(nights / "2025-03-31", store, actor="night", release=load_release().as_data())
    return file


@pytest.fixture
def file(published, tmp_path):
    return shutil.copy(published, tmp_path / "store.db")


@pytest.fixture(scope="session")
def steady(published, nights):
    """A client for tests that change nothing."""
    file = shutil.copy(published, nights / "steady.db")
    with served(str(file), warehouse=nights / "warehouse") as client:
        yield client


@pytest.fixture
def client(file, nights):
    with served(str(file), warehouse=nights / "warehouse") as client:
        yield client


@pytest.fixture(scope="module")
def records(nights):
    """Records of the warehouse that can be restored today, or once something is done."""
    return find_restorable(nights / "warehouse", Rulebook.load(), TODAY)


@pytest.fixture(scope="module")
def office(published, nights, tmp_path_factory):
    """A client that may file and decide; for all tests that leave the warehouse as it is."""
    file = shutil.copy(published, tmp_path_factory.mktemp("office") / "store.db")
    with served(str(file), warehouse=nights / "warehouse") as client:
        client.headers.update(headers(new_key(client.store, roles=["restoration_officer"])))
        yield client


@pytest.fixture
def own_office(file, nights, tmp_path):
    """The same over a warehouse of its own, to which grants are told."""
    warehouse_copy = shutil.copytree(nights / "warehouse", tmp_path / "warehouse")
    with served(str(file), warehouse=warehouse_copy) as client:
        client.headers.update(headers(new_key(client.store, roles=["restoration_officer"])))
        client.warehouse = warehouse_copy
        yield client
