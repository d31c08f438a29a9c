"""Scores over HTTP: ready bytes, tags, one run per answer, every read recorded."""

import json
import threading
from urllib.parse import quote

import pytest
from pydantic import TypeAdapter
from sqlalchemy import select
from xhcredit_serving.enterprise.schemas import ScoreBatch

from tests.serving.district import (
    CODES,
    PURPOSE,
    UNKNOWN,
    WRONG,
    problem,
    right_code,
    served,
)
from xhcredit.domain.codes import check_digit
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import verify
from xhcredit.store.core.tables import activity
from xhcredit.store.core.transactions import Act
from xhcredit.store.night.rows import PublishedScore

SCORE = f"/v1/enterprises/{CODES[0]}/score"


def publish_second(client, nights):
    return publish(nights / "2025-04-01", client.store, actor="night").run


def read_acts(client):
    """What the activity chain says of reads."""
    wanted = select(activity).where(activity.c.action.like("enterprise.%"))
    with client.store.database.reading() as con:
        activity_rows = con.execute(wanted.order_by(activity.c.seq)).mappings().all()
    return [{**row, "payload": json.loads(row["payload"])} for row in activity_rows]


def test_a_score_is_the_published_bytes(client):
    answer = client.get(SCORE)

    published = client.store.reader.current_answer(CODES[0])
    assert (answer.status_code, answer.content) == (200, published.body)
    assert answer.headers["etag"] == f'"{published.etag}"'
    assert answer.json()["run"] == 1 == int(answer.headers["x-run"])
    assert answer.json()["mark"].startswith("内部参考")


@pytest.mark.parametrize("form", ["{}", 'W/{}, "other"', '"x", {}', "*"])
def test_who_has_the_bytes_is_told_so(steady, form):
    tag = steady.get(SCORE).headers["etag"]
    answer = steady.get(SCORE, headers={"If-None-Match": form.format(tag)})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag


def test_a_new_night_has_new_tags(client, nights):
    tag = client.get(SCORE).headers["etag"]
    publish_second(client, nights)
    answer = client.get(SCORE, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.json()["run"]) == (200, 2)


def test_a_code_may_be_typed_in_full_width_and_lower_case(steady):
    typed = CODES[0].lower().translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"})

    assert steady.get(f"/v1/enterprises/{quote(typed)}/score").json()["code"] == CODES[0]


@pytest.mark.parametrize("what", ["score", "history", "explanation"])
def test_an_unknown_enterprise_is_a_problem(client, what):
    body = problem(client.get(f"/v1/enterprises/{UNKNOWN}/{what}"), 404, "unknown_enterprise")

    assert body["title"] == "未找到该企业"
    assert UNKNOWN in body["detail"]


@pytest.mark.parametrize("what", ["score", "history", "explanation"])
def test_a_wrong_check_digit_is_named(client, what):
    body = problem(client.get(f"/v1/enterprises/{WRONG}/{what}"), 400, "bad_code")

    should = check_digit(WRONG)
    assert f"check digit is '{WRONG[17]}' but should be '{should}'" in body["detail"]
    assert body["errors"][0]["field"] == "code"


def test_every_read_says_who_what_when_and_why(client):
    client.get(SCORE)
    client.get(f"/v1/enterprises/{UNKNOWN}/score")
    client.get(f"/v1/enterprises/{CODES[1]}/history")
    first, unknown, history = read_acts(client)

    assert first["actor"].startswith("key:")
    assert (first["bureau"], first["purpose"]) == ("", PURPOSE)
    assert (first["action"], first["payload"]) == ("enterprise.score", {"code": CODES[0], "run": 1})
    assert unknown["payload"] == {"code": UNKNOWN, "run": None}
    assert history["payload"] == {"code": CODES[1], "runs": [1]}
    assert verify(client.store.database).whole


def test_a_purpose_may_be_utf_8_or_percent_encoded(client):
    for sent in (quote("专项检查").encode(), "专项检查".encode()):
        client.get(SCORE, headers={"X-Purpose": sent})

    assert [act["purpose"] for act in read_acts(client)] == ["专项检查"] * 2


def test_history_tells_the_latest_run_first(client, nights):
    publish_second(client, nights)
    score_history = client.get(f"/v1/enterprises/{CODES[0]}/history").json()

    assert [(r["run"], r["as_of"]) for r in score_history["runs"]] == [
        (2, "2025-04-01"),
        (1, "2025-03-31"),
    ]
    assert score_history["runs"][0]["tier"] == client.get(SCORE).json()["tier"]


def test_history_comes_in_pages_that_say_the_same(client, nights):
    publish_second(client, nights)
    path = f"/v1/enterprises/{CODES[0]}/history"
    whole = client.get(path).json()
    first = client.get(path, params={"limit": 1}).json()
    second = client.get(path, params={"limit": 1, "after": first["next"]}).json()

    assert first["runs"] + second["runs"] == whole["runs"]
    assert (second["next"], whole["next"]) == (None, None)
    assert read_acts(client)[-1]["payload"]["runs"] == [1]
    problem(client.get(path, params={"after": "eA"}), 400, "bad_input")


def test_every_stored_answer_is_as_described(client, nights):
    publish_second(client, nights)
    answer = TypeAdapter(PublishedScore)
    bodies = [row["body"] for code in CODES for row in client.store.reader.history(code)]
    batch = client.post("/v1/scores:batch", json={"codes": CODES}).content

    assert len(bodies) == len(CODES) * 2
    for body in bodies:
        answer.validate_json(body, strict=True)
        assert set(json.loads(body)) == set(PublishedScore.__annotations__)
    assert len(TypeAdapter(ScoreBatch).validate_json(batch, strict=True)["scores"]) == len(CODES)


def test_a_batch_is_answered_from_one_run(client):
    codes = [CODES[3], UNKNOWN, CODES[1], CODES[3]]
    batch = client.post("/v1/scores:batch", json={"codes": codes}).json()

    assert [s["code"] for s in batch["scores"]] == [CODES[3], CODES[1]]
    assert (batch["run"], batch["not_found"]) == (1, [UNKNOWN])
    assert read_acts(client)[-1]["payload"]["codes"] == [CODES[3], UNKNOWN, CODES[1]]


def test_a_batch_of_strangers_is_answered_too(client):
    batch = client.post("/v1/scores:batch", json={"codes": [UNKNOWN]}).json()

    assert batch == {"run": 1, "scores": [], "not_found": [UNKNOWN]}


def test_a_batch_tells_all_wrong_codes_at_once(client):
    batch_body = {"codes": [CODES[0], WRONG, CODES[0], "x"]}
    body = problem(client.post("/v1/scores:batch", json=batch_body), 400, "bad_code")

    assert [e["field"] for e in body["errors"]] == ["codes.1", "codes.3"]


def test_a_batch_takes_ten_thousand_codes_and_not_one_more(client):
    many = [right_code(n) for n in range(10_001)]
    full = client.post("/v1/scores:batch", json={"codes": many[:10_000]})
    over = client.post("/v1/scores:batch", json={"codes": many})

    assert len(full.json()["scores"]) == len(CODES)
    assert "10000" in problem(over, 422, "wrong_request")["detail"]


def test_an_explanation_agrees_with_the_score(client):
    explanation = client.get(f"/v1/enterprises/{CODES[2]}/explanation").json()
    score = client.get(f"/v1/enterprises/{CODES[2]}/score").json()

    assert {k: explanation[k] for k in ("run", "composite", "tier", "decided_by")} == {
        k: score[k] for k in ("run", "composite", "tier", "decided_by")
    }
    assert explanation["scores"][0]["indicators"]
    assert {e["source_file"] for e in explanation["events"]} == {"test.csv"}


def test_where_no_warehouse_is_nothing_is_explained(file):
    with served(str(file)) as client:
        problem(client.get(f"/v1/enterprises/{CODES[0]}/explanation"), 404, "not_found")
        assert not any(
            "explanation" in path for path in client.get("/openapi.json").json()["paths"]
        )


def test_before_the_first_night_there_is_no_score(tmp_path):
    with served(str(tmp_path / "new.db")) as client:
        problem(client.get(SCORE), 404, "unknown_record")
        problem(client.post("/v1/scores:batch", json={"codes": CODES}), 404, "unknown_record")


def test_while_the_run_is_switched_no_answer_is_mixed(client, nights):
    publish_second(client, nights)
    expected = {run: published(client, run) for run in (1, 2)}
    done = threading.Event()

    def switch():
        for n in range(30):
            client.store.snapshots.switch(Act("night", "run.switch", "test"), 1 + n % 2)
        done.set()

    switching = threading.Thread(target=switch)
    switching.start()
    runs = set()
    while not done.is_set():
        batch = client.post("/v1/scores:batch", json={"codes": CODES}).json()
        assert {s["code"]: s for s in batch["scores"]} == expected[batch["run"]]
        score = client.get(SCORE).json()
        assert score == expected[score["run"]][CODES[0]]
        runs |= {batch["run"], score["run"]}
    switching.join()

    assert runs == {1, 2}


def published(client, run):
    """Answers of a run by code, read while it is the one that answers."""
    client.store.snapshots.switch(Act("night", "run.switch", "test"), run)
    batch = client.post("/v1/scores:batch", json={"codes": CODES}).json()
    assert batch["run"] == run
    return {s["code"]: s for s in batch["scores"]}
