"""The same over PostgreSQL, whose answers come through threads."""

from tests.serving.district import CODES, UNKNOWN, problem, served
from tests.store.conftest import postgres  # noqa: F401 - a fixture
from xhcredit.jobs.night.publish import publish
from xhcredit.store.store import Store


def test_reads_over_postgresql(postgres, nights):  # noqa: F811 - the fixture
    address = postgres.database()
    with Store.open(address) as store:
        for day in ("2025-03-31", "2025-04-01"):
            publish(nights / day, store, actor="night")
    with served(address, warehouse=nights / "warehouse") as client:
        path = f"/v1/enterprises/{CODES[0]}"
        score = client.get(f"{path}/score")
        batch = client.post("/v1/scores:batch", json={"codes": [*CODES, UNKNOWN]}).json()

        assert score.json()["run"] == 2
        assert client.get(f"{path}/explanation").json()["composite"] == score.json()["composite"]
        assert [r["run"] for r in client.get(f"{path}/history").json()["runs"]] == [2, 1]
        assert (len(batch["scores"]), batch["not_found"]) == (len(CODES), [UNKNOWN])
        assert client.get("/readyz").json()["ready"]
        problem(client.get(f"/v1/enterprises/{UNKNOWN}/score"), 404, "unknown_enterprise")
        first = client.get("/v1/watchlist?limit=15").json()
        second_page = client.get(
            "/v1/watchlist", params={"limit": 15, "after": first["next"]}
        ).json()
        codes_read = [e["code"] for e in (*first["enterprises"], *second_page["enterprises"])]
        assert sorted(codes_read) == CODES
    postgres.drop(address)
