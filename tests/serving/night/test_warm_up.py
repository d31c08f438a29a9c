"""Who comes first does not wait: what pages need is made before anybody asks."""

import asyncio
import shutil

import pytest
from xhcredit_serving.warm_up import warm_up

from tests.cli.shell import xhcredit
from tests.serving.district import CODES, DAYS, headers, new_key, served
from xhcredit.store.store import Store


@pytest.fixture
def alone(nights, tmp_path):
    """A warehouse of its own with its night, published by the program; then the parts are gone."""
    warehouse = shutil.copytree(nights / "warehouse", tmp_path / "warehouse")
    night, store = nights / f"{DAYS[0]}", tmp_path / "store.db"
    Store.open(str(store)).close()
    outcome = xhcredit("publish", night, "--store", store, "--warehouse", warehouse, "--json")
    assert outcome.exit_code == 0, outcome.err
    return warehouse, str(store)


def test_a_published_night_leaves_nothing_to_be_sorted_by_the_first_visitor(alone):
    warehouse, store = alone
    (warehouse / "parts").rename(warehouse / "elsewhere")
    with served(store, warehouse=warehouse) as client:
        for code in CODES:
            assert client.get(f"/v1/enterprises/{code}/file").status_code == 200
            assert client.get(f"/v1/enterprises/{code}/explanation").status_code == 200


def test_lists_are_made_before_they_are_asked_for(alone):
    warehouse, store = alone
    with served(store, warehouse=warehouse) as client:
        service = client.app.state.service
        asyncio.run(warm_up(service, client.app.state.restorable))
        (warehouse / "parts").rename(warehouse / "elsewhere")
        client.headers.update(headers(new_key(client.store, roles=["restoration_officer"])))
        response = client.get("/v1/restoration/restorable-records")

    assert response.status_code == 200
    assert response.json()["total"] > 0
