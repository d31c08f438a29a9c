"""Runs, releases, rules, metadata, the watchlist."""

import pytest

from tests.serving.district import CODES, problem
from xhcredit.jobs.night.publish import publish
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import release_of


def publish_second(client, nights):
    return publish(nights / "2025-04-01", client.store, actor="night").run


def test_runs_are_told_page_by_page(client, nights):
    publish_second(client, nights)
    first = client.get("/v1/runs?limit=1").json()
    second = client.get("/v1/runs", params={"limit": 1, "after": first["next"]}).json()

    assert first["current"] == 2
    assert [r["run"] for r in (*first["runs"], *second["runs"])] == [2, 1]
    assert second["next"] is None
    problem(client.get("/v1/runs?after=x"), 400, "bad_input")
    assert client.get("/v1/runs/1").json() == second["runs"][0]
    assert second["runs"][0]["enterprises"] == len(CODES)


def test_the_release_that_scored_a_run_is_kept_whole(client):
    digest = client.get("/v1/runs/1").json()["provenance"]["release_digest"]

    assert digest in [r["digest"] for r in client.get("/v1/releases").json()["releases"]]
    release = client.get(f"/v1/releases/{digest}").json()
    assert release_of(release, "answer").digest == digest
    assert release["release"] == client.get("/v1/runs/1").json()["provenance"]["release"]


def test_rules_have_value_source_and_mark(client):
    rules_of_day = client.get("/v1/rules?as_of=2026-06-30").json()
    first = client.get("/v1/rules?as_of=2026-06-30&limit=100").json()
    query = {"as_of": "2026-06-30", "limit": 1000, "after": first["next"]}
    second = client.get("/v1/rules", params=query).json()
    assert first["rules"] + second["rules"] == rules_of_day["rules"]
    assert rules_of_day["next"] is None
    by_id = {rule["id"]: rule for rule in rules_of_day["rules"]}
    scale = by_id["scores.scale"]

    assert rules_of_day["as_of"] == "2026-06-30"
    assert rules_of_day["digest"] == Rulebook.load().digest
    assert scale["value"]
    assert scale["source"]["title"]
    assert scale["verification"]
    assert scale["confirmed"] is False
    scale_rule = client.get("/v1/rules/scores.scale?as_of=2026-06-30").json()
    assert {k: scale_rule[k] for k in scale} == scale
    assert scale_rule["entries"]


def test_a_rule_is_asked_as_of_today_in_china_unless_told_otherwise(client):
    client.clock.forward(hours=9)  # 2026-06-30 17:00 UTC is July in Shanghai

    assert client.get("/v1/rules").json()["as_of"] == "2026-07-01"


def test_metadata_tells_what_the_key_may_do(client):
    metadata = client.get("/v1/metadata").json()

    assert metadata["current_run"]["run"] == 1
    assert metadata["key"]["bureau"] == ""  # the whole district
    readable = ["alerts", "catalogue", "draws", "enterprises", "models", "restoration"]
    assert metadata["key"]["may"] == sorted(
        [*(f"{n}:read" for n in readable), "enterprises:what-if"]
    )
    assert all(i["zh"] and i["en"] for i in metadata["indicators"])
    penalty = next(t for t in metadata["tables"] if t["table"] == "penalty")
    amount = next(c for c in penalty["columns"] if c["name"] == "amount_yuan")
    assert (penalty["zh"], amount["type"], amount["required"]) == ("行政处罚", "money", False)


def pages(client, **query):
    """All pages of a question."""
    pages_read, cursor = [], None
    while True:
        cursor_query = {"after": cursor} if cursor else {}
        page = client.get("/v1/watchlist", params={"limit": 3, **query, **cursor_query}).json()
        pages_read.append(page)
        cursor = page["next"]
        if cursor is None:
            return pages_read


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
    enterprises = [e for page in pages(steady, sort=sort, tier=tier) for e in page["enterprises"]]

    assert [e["code"] for e in enterprises] == [e["code"] for e in expected]
    assert [e["composite"] for e in enterprises] == [e["composite"] for e in expected]


def test_all_pages_are_of_the_run_of_the_first(client, nights):
    first = client.get("/v1/watchlist?limit=3").json()
    publish_second(client, nights)
    second = client.get("/v1/watchlist", params={"limit": 3, "after": first["next"]}).json()

    assert (first["run"], second["run"]) == (1, 1)
    assert client.get("/v1/watchlist").json()["run"] == 2


def test_a_cursor_of_another_question_is_refused(client):
    cursor = client.get("/v1/watchlist?limit=3").json()["next"]
    answer = client.get("/v1/watchlist", params={"sort": "code", "after": cursor})

    assert "another question" in problem(answer, 400, "bad_input")["detail"]
