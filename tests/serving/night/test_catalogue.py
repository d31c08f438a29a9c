"""Runs, releases, rules, metadata, the watchlist."""

import pytest

from tests.serving.district import CODES, problem
from xhcredit.jobs.night.publish import publish
from xhcredit.rules.rulebook import Rulebook


def publish_second(client, nights):
    return publish(nights / "2025-04-01", client.store, actor="night").run


def test_runs_are_told_page_by_page(client, nights):
    publish_second(client, nights)
    first = client.get("/v1/runs?limit=1").json()
    second = client.get("/v1/runs?limit=1&before=2").json()

    assert first["current"] == 2
    assert [r["run"] for r in (*first["runs"], *second["runs"])] == [2, 1]
    assert client.get("/v1/runs/1").json() == second["runs"][0]
    assert second["runs"][0]["enterprises"] == len(CODES)


def test_the_release_that_scored_a_run_is_kept_whole(client):
    digest = client.get("/v1/runs/1").json()["provenance"]["release_digest"]

    assert digest in [r["digest"] for r in client.get("/v1/releases").json()["releases"]]
    told = client.get(f"/v1/releases/{digest}").json()
    assert told["release"] == client.get("/v1/runs/1").json()["provenance"]["release"]


def test_rules_have_value_source_and_mark(client):
    told = client.get("/v1/rules?as_of=2026-06-30").json()
    by_id = {rule["id"]: rule for rule in told["rules"]}
    scale = by_id["scores.scale"]

    assert told["as_of"] == "2026-06-30"
    assert told["digest"] == Rulebook.load().digest
    assert scale["value"]
    assert scale["source"]["title"]
    assert scale["verification"]
    assert scale["confirmed"] is False
    one = client.get("/v1/rules/scores.scale?as_of=2026-06-30").json()
    assert {k: one[k] for k in scale} == scale
    assert one["entries"]


def test_a_rule_is_asked_as_of_today_in_china_unless_told_otherwise(client):
    client.clock.forward(hours=9)  # 2026-06-30 17:00 UTC is July in Shanghai

    assert client.get("/v1/rules").json()["as_of"] == "2026-07-01"


def test_metadata_tells_what_the_key_may_do(client):
    told = client.get("/v1/metadata").json()

    assert told["current_run"]["run"] == 1
    assert told["key"]["bureau"] == ""  # the whole district
    readable = ["alerts", "catalogue", "draws", "enterprises", "models", "restoration"]
    assert told["key"]["may"] == sorted([*(f"{n}:read" for n in readable), "enterprises:what-if"])
    assert all(i["zh"] and i["en"] for i in told["indicators"])
    penalty = next(t for t in told["tables"] if t["table"] == "penalty")
    amount = next(c for c in penalty["columns"] if c["name"] == "amount_yuan")
    assert (penalty["zh"], amount["type"], amount["required"]) == ("行政处罚", "money", False)


def pages(client, **asked):
    """All pages of a question."""
    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = client.get("/v1/watchlist", params={"limit": 3, **asked, **more}).json()
        found.append(page)
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("sort", ["composite", "-composite", "code", "-code"])
@pytest.mark.parametrize("tier", [["A", "B"], ["D"], ["A", "B", "C", "D"]])
def test_the_watchlist_is_filtered_sorted_and_paged(steady, sort, tier):
    everybody = steady.post("/v1/scores:batch", json={"codes": CODES}).json()["scores"]
    column = sort.removeprefix("-")
    expected = sorted(
        (s for s in everybody if s["tier"] in tier),
        key=lambda s: (s[column], s["code"]),
        reverse=sort.startswith("-"),
    )
    found = [e for page in pages(steady, sort=sort, tier=tier) for e in page["enterprises"]]

    assert [e["code"] for e in found] == [e["code"] for e in expected]
    assert [e["composite"] for e in found] == [e["composite"] for e in expected]


def test_all_pages_are_of_the_run_of_the_first(client, nights):
    first = client.get("/v1/watchlist?limit=3").json()
    publish_second(client, nights)
    second = client.get("/v1/watchlist", params={"limit": 3, "cursor": first["next"]}).json()

    assert (first["run"], second["run"]) == (1, 1)
    assert client.get("/v1/watchlist").json()["run"] == 2


def test_a_cursor_of_another_question_is_refused(client):
    cursor = client.get("/v1/watchlist?limit=3").json()["next"]
    answer = client.get("/v1/watchlist", params={"sort": "code", "cursor": cursor})

    assert "another question" in problem(answer, 400, "bad_input")["detail"]
