"""Every error is told in one form, with a status, a Chinese title, and what to do."""

import json
import re

import pytest
from starlette.testclient import TestClient
from xhcredit_serving.app import create_app
from xhcredit_serving.http import problems
from xhcredit_serving.http.problem_catalogue import HTTP, LIBRARY
from xhcredit_serving.service import Settings

from tests.serving.district import CODES, logged, problem
from tests.walks import error_classes, python_files
from xhcredit.errors import StoreUnavailable


@pytest.mark.parametrize("kind", error_classes(), ids=lambda k: k.__name__)
def test_every_error_has_a_status_and_a_title_in_chinese(kind):
    status_and_title = LIBRARY[kind]

    assert 400 <= status_and_title.status < 600
    assert re.search(r"[一-鿿]", status_and_title.zh)
    assert re.search(r"[一-鿿].*。$", status_and_title.do_zh)
    assert status_and_title.en
    assert status_and_title.do_en.endswith(".")
    response = problems.error_response("12345678", kind("what was found; what to do"))
    assert response.status_code == status_and_title.status
    assert ("what was found" in response.body.decode()) == (status_and_title.status < 500)
    assert ("retry-after" in response.headers) == (status_and_title.status == 503)


@pytest.mark.parametrize("code", HTTP)
def test_what_exists_only_over_http_says_what_to_do_in_both_languages(code):
    problem_texts = HTTP[code]

    assert re.search(r"[一-鿿].*。$", problem_texts.do_zh)
    body = json.loads(problems.refusal_response("12345678", problems.Refusal(code, "found")).body)
    assert (body["advice"], body["advice_en"]) == (problem_texts.do_zh, problem_texts.do_en)


def test_no_code_is_told_for_two_kinds():
    ours = {kind.code for kind in error_classes()}

    assert not ours & set(HTTP)


def test_nothing_else_builds_error_bodies():
    others = [f for f in python_files("serving") if f.name != "problems.py"]
    telling = [
        f.name for f in others if '"application/problem+json' in f.read_text(encoding="utf-8")
    ]

    assert telling == []


def test_our_own_mistake_is_told_by_a_number_only(client):
    @client.app.get("/broken")
    async def broken():
        raise RuntimeError("secret words of the exception")

    answer = client.get("/broken", headers={"X-Request-ID": "gateway-0001"})

    body = problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert body["instance"].endswith("gateway-0001")
    incident = next(line for line in logged(client) if line["event"] == "incident")
    assert incident["request_id"] == "gateway-0001"
    assert "secret words" in incident["exception"]


def test_a_store_that_is_away_is_told_as_such(client):
    @client.app.get("/away")
    async def away():
        raise StoreUnavailable("the database says: no route to db-7.internal")

    answer = client.get("/away")

    problem(answer, 503, "store_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert "db-7" not in answer.text
    assert "db-7" in logged(client)[-1]["error"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/docs/../main.py", 404, "not_found"),
        ("GET", "/docs/..%2fmain.py", 404, "not_found"),
        ("DELETE", "/v1/runs", 405, "method_not_allowed"),
        ("POST", f"/v1/enterprises/{CODES[0]}/score", 405, "method_not_allowed"),
        ("GET", "/v1/runs/0", 422, "wrong_request"),
        ("GET", "/v1/runs/x", 422, "wrong_request"),
        ("GET", "/v1/runs/9", 404, "unknown_record"),
        ("GET", "/v1/runs?limit=1001", 422, "wrong_request"),
        ("GET", "/v1/rules/no.such", 404, "unknown_record"),
        ("GET", "/v1/rules/scores.scale?as_of=1990-01-01", 404, "rule_not_in_force"),
        ("GET", "/v1/rules?as_of=yesterday", 422, "wrong_request"),
        ("GET", f"/v1/releases/{'0' * 64}", 404, "unknown_record"),
        ("GET", "/v1/watchlist?after=x", 400, "bad_input"),
        ("GET", "/v1/watchlist?tier=E", 422, "wrong_request"),
    ],
)
def test_refusals(steady, method, path, status, code):
    problem(steady.request(method, path), status, code)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b'{"codes": []}', b'{"codes": [1]}', b""])
def test_a_body_that_is_not_as_declared_is_refused(steady, body):
    kind = {"Content-Type": "application/json"}
    answer = steady.post("/v1/scores:batch", content=body, headers=kind)

    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code, "wrong_request" if answer.status_code == 422 else "refused")


def test_a_body_beyond_one_megabyte_is_refused(steady):
    whole = b'{"codes": ["' + b"9" * (1 << 20) + b'"]}'
    pieces = (whole[i : i + 4096] for i in range(0, len(whole), 4096))  # sent without a length
    kind = {"Content-Type": "application/json"}

    for sent in (whole, pieces):
        answer = steady.post("/v1/scores:batch", content=sent, headers=kind)
        problem(answer, 413, "too_large")


def test_a_busy_service_says_so(client):
    app = create_app(client.store, Settings(in_flight=0, log=client.log))
    with TestClient(app) as busy:
        answer = busy.get("/v1/runs")

        problem(answer, 503, "overloaded")
        assert answer.headers["retry-after"] == "1"
        assert busy.get("/healthz").json() == {"alive": True}


def test_requests_are_numbered(client):
    answer = client.get("/healthz", headers={"X-Request-ID": "gateway-0001"})
    evil = client.get("/healthz", headers={"X-Request-ID": 'x"\t<script>'})

    assert answer.headers["x-request-id"] == "gateway-0001"
    assert re.fullmatch("[0-9a-f]{16}", evil.headers["x-request-id"])
    assert [line["request_id"] for line in logged(client)] == [
        "gateway-0001",
        evil.headers["x-request-id"],
    ]
