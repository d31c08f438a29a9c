"""Draws over HTTP: the walk of an officer, what is public, what another bureau sees, any input."""

import json
import shutil
from datetime import date

import pytest
import schemathesis
from pydantic import TypeAdapter
from schemathesis import GenerationMode

from tests.jobs.draws.test_draw import PEOPLE, PLAN
from tests.serving.district import CODES, headers, new_key, problem, served
from tests.serving.http.test_fuzz import DRAWS, hold
from tests.serving.visitors import visitor
from xhcredit.draws.published_files import Commitment, DrawRecord
from xhcredit.draws.verify import PublishedFiles, verify_record

SEED = {"value": "1 2 3", "source": PLAN["seed_source"]}


@pytest.fixture
def officer(file, nights, tmp_path):
    """A client of a draw officer of the whole district, over a warehouse that results go into."""
    warehouse_copy = shutil.copytree(nights / "warehouse", tmp_path / "warehouse")
    with served(str(file), warehouse=warehouse_copy) as client:
        client.headers.update(headers(new_key(client.store, ["draw_officer"], bureau="*")))
        yield client


def frozen(client, draw="d1"):
    client.post("/v1/plans", json={"plan": PLAN})
    body = {
        "draw": draw,
        "plan": PLAN["id"],
        "inspectors": PEOPLE,
        "recusals": f"inspector,code,reason\nI1,{CODES[0]},亲属\n",
    }
    return client.post("/v1/draws", json=body)


def test_an_officer_goes_from_plan_to_results_and_anybody_checks_the_record(officer):
    created = frozen(officer)
    assert (created.status_code, created.headers["location"]) == (201, "/v1/draws/d1")
    assert officer.get("/v1/draws/d1").json()["steps"][0]["details"] == {
        "digest": created.json()["commitment"]
    }
    officer.clock.forward(days=1)
    entered = officer.post("/v1/draws/d1/seed", json=SEED)
    assert (entered.status_code, entered.headers["location"]) == (201, "/v1/draws/d1")
    assert entered.json()["value"] == "1 2 3"
    assert officer.post("/v1/draws/d1:run").json()["selected"] > 0
    stranger = {"Authorization": "", "X-Purpose": ""}
    record = officer.get("/v1/public/draws/d1/record.json", headers=stranger).json()
    commitment = officer.get("/v1/public/draws/d1/commitment.json", headers=stranger).content
    frame = officer.get("/v1/draws/d1/frame.csv").content

    assert TypeAdapter(DrawRecord).validate_python(record) == record
    assert TypeAdapter(Commitment).validate_json(commitment) == json.loads(commitment)
    assert all(c.holds for c in verify_record(record, PublishedFiles(commitment, frame)))
    assert "def main" in officer.get("/v1/public/verify_draw.py", headers=stranger).text
    assert '"tier"' not in json.dumps(record)
    first = record["selected"][0]
    away = {"code": first["code"], "inspector": first["inspectors"][0], "reason": "病假"}
    replaced = officer.post("/v1/draws/d1/replacements", json=away)
    assert (replaced.status_code, replaced.headers["location"]) == (201, "/v1/draws/d1")
    assert replaced.json()["attempt"] == 1
    rows = [f"{s['code']},corrected,{date(2025, 3, 2)},,\n" for s in record["selected"]]
    csv = "code,result,inspected_on,item,note\n" + "".join(rows)
    entered = officer.post("/v1/draws/d1/results", json={"csv": csv})
    assert (entered.status_code, entered.headers["location"]) == (201, "/v1/draws/d1")
    assert entered.json() == {"draw": "d1", "entered": len(rows)}
    assert officer.get("/v1/draws/d1/estimate").json()["total"]["violations"] > 0
    draw = officer.get("/v1/draws/d1").json()
    assert (draw["state"], draw["replacements"]) == ("drawn", [replaced.json()])
    assert {r["result"] for r in draw["results"].values()} == {"corrected"}
    [listed] = officer.get("/v1/draws").json()["draws"]
    assert listed["id"] == "d1"
    assert listed["publication"]["state"] == "overdue"  # 20 working days after 2 March 2025
    assert listed["publication"]["due_on"] == "2025-03-28"
    page = visitor(officer, "chen", ("viewer", "示例区税务局")).get("/console/draws?lang=en").text
    assert "2025-03-28" in page
    assert '<span class="tag red">overdue</span>' in page


def test_steps_out_of_their_order_are_refused_in_words(officer):
    frozen(officer)
    problem(officer.post("/v1/draws/d1:run"), 404, "unknown_record")
    problem(frozen(officer), 409, "wrong_state")
    officer.clock.forward(days=1)
    officer.post("/v1/draws/d1/seed", json=SEED)
    problem(officer.post("/v1/draws/d1/seed", json=SEED | {"value": "7"}), 409, "wrong_state")
    problem(officer.get("/v1/public/draws/d1/record.json"), 404, "unknown_record")


def test_the_same_key_freezes_once(officer):
    officer.headers["Idempotency-Key"] = "freeze-1"
    officer.post("/v1/plans", json={"plan": PLAN}, headers={"Idempotency-Key": "plan-1"})
    body = {
        "draw": "d1",
        "plan": PLAN["id"],
        "inspectors": PEOPLE,
        "recusals": "inspector,code,reason\n",
    }
    answers = [officer.post("/v1/draws", json=body).json() for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert len(officer.get("/v1/draws").json()["draws"]) == 1


@pytest.mark.parametrize("design", ["stratified", "individual"])
def test_estimates_and_draws_answer_for_either_design_and_in_pages(officer, design):
    pauses = {"stratified": 3, "individual": 1}
    for draw in ("d1", "d2"):
        plan = PLAN | {"id": f"p-{draw}", "design": design, "pause_rounds": pauses[design]}
        assert officer.post("/v1/plans", json={"plan": plan}).status_code == 201
        body = {"draw": draw, "plan": plan["id"], "inspectors": PEOPLE, "round": "r1"}
        body["recusals"] = "inspector,code,reason\n"
        assert officer.post("/v1/draws", json=body).status_code == 201
    officer.clock.forward(days=1)
    officer.post("/v1/draws/d1/seed", json=SEED)
    officer.post("/v1/draws/d1:run")
    selected = officer.get("/v1/public/draws/d1/record.json").json()["selected"]
    csv = "code,result,inspected_on,item,note,completeness\n" + "".join(
        f"{s['code']},{'no_problem' if n % 2 else 'corrected'},2025-03-02,,,\n"
        for n, s in enumerate(selected)
    )
    officer.post("/v1/draws/d1/results", json={"csv": csv})
    estimate = officer.get("/v1/draws/d1/estimate").json()
    assert (estimate["design"], estimate["without_result"]) == (design, 0)
    assert estimate["whole"]["violations_found"] == sum(
        1 for n in range(len(selected)) if not n % 2
    )
    first = officer.get("/v1/draws?limit=1").json()
    second = officer.get("/v1/draws", params={"limit": 1, "after": first["next"]}).json()
    assert [d["id"] for page in (first, second) for d in page["draws"]] == ["d2", "d1"]
    assert second["next"] is None
    plans = officer.get("/v1/plans?limit=1").json()
    problem(officer.get("/v1/draws", params={"after": plans["next"]}), 400, "bad_input")


def test_a_draw_of_another_bureau_is_as_if_it_were_not_there(officer):
    frozen(officer)
    other = new_key(officer.store, ["draw_officer"], bureau="示例区生态环境局")
    theirs = headers(other)
    for method, path, body in (
        ("GET", "/v1/draws/d1", None),
        ("GET", "/v1/draws/d1/frame.csv", None),
        ("GET", "/v1/draws/d1/estimate", None),
        ("POST", "/v1/draws/d1/seed", SEED),
        ("POST", "/v1/draws/d1:run", None),
    ):
        problem(officer.request(method, path, json=body, headers=theirs), 404, "unknown_record")
    assert officer.get("/v1/draws", headers=theirs).json()["draws"] == []


@pytest.fixture(scope="module")
def described(steady):
    schema = schemathesis.openapi.from_asgi("/openapi.json", steady.app)
    operations = (operation_outcome.ok() for operation_outcome in schema.get_all_operations())
    return {op.definition.raw["operationId"]: op for op in operations}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda m: m.value)
@pytest.mark.parametrize("name", [name for name in DRAWS if name != "download_verify_draw_py"])
def test_every_answer_is_as_described(described, steady, name, mode):
    key = headers(new_key(steady.store, ["draw_officer"], bureau="*"), purpose=None)
    hold(described, name, mode, 25, key)
