"""Joint draws and triggered checks over HTTP, and whom they are for."""

from tests.jobs.draws.test_draw import PLAN
from tests.serving.district import TRIGGERED_CHECK, headers, new_key, problem
from tests.serving.draws import test_draws as base
from tests.serving.draws.test_draws import PEOPLE, SEED

officer = base.officer
STRANGER = {"Authorization": "", "X-Purpose": ""}


def drawn(client, draw, bureau, value):
    client.post("/v1/plans", json={"plan": PLAN | {"id": f"p-{draw}", "bureau": bureau}})
    body = {
        "draw": draw,
        "plan": f"p-{draw}",
        "inspectors": PEOPLE,
        "recusals": "inspector,code,reason\n",
    }
    assert client.post("/v1/draws", json=body).status_code == 201
    client.clock.forward(days=1)
    client.post(f"/v1/draws/{draw}/seed", json=SEED | {"value": value})
    assert client.post(f"/v1/draws/{draw}:run").status_code == 200


def test_draws_of_two_bureaus_become_one_and_anybody_reads_the_record(officer):
    drawn(officer, "d1", "示例区税务局", "1")
    drawn(officer, "d2", "示例区生态环境局", "2")
    joint_body = {"joint": "j1", "draws": ["d1", "d2"]}
    alone = headers(new_key(officer.store, ["draw_officer"], bureau="示例区生态环境局"))
    problem(officer.post("/v1/joint-draws", json=joint_body, headers=alone), 404, "unknown_record")
    answer = officer.post("/v1/joint-draws", json=joint_body)
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/joint-draws/j1")
    summary = answer.json()
    assert summary["inspections"] - summary["visits"] == summary["saved"]
    record = officer.get("/v1/public/joint-draws/j1/joint.json", headers=STRANGER).json()
    assert record["visits"] == len(record["selected"])
    assert '"tier"' not in str(record)
    joint_draw = officer.get(answer.headers["location"], headers=alone).json()
    assert joint_draw == record | {"digest": summary["digest"]}
    stranger = headers(new_key(officer.store, ["viewer"], bureau="税务局"))
    problem(officer.get("/v1/joint-draws/j1", headers=stranger), 404, "unknown_record")
    for key, many in ((alone, 1), (new_key(officer.store, ["viewer"], bureau="税务局"), 0)):
        request_headers = key if isinstance(key, dict) else headers(key)
        joint_draws = officer.get("/v1/joint-draws", headers=request_headers).json()["joint_draws"]
        assert len(joint_draws) == many
    problem(officer.post("/v1/joint-draws", json=joint_body | {"joint": "j2"}), 409, "wrong_state")
    problem(officer.get("/v1/public/joint-draws/j2/joint.json"), 404, "unknown_record")


def test_a_check_is_opened_counted_and_closed_by_whom_it_concerns(officer):
    opened = officer.post("/v1/triggered-checks", json=TRIGGERED_CHECK)
    assert opened.status_code == 201
    assert opened.json() == {"check": "ts-1", "state": "open", "counts": False}
    location = opened.headers["location"]
    assert officer.get(location).json()["steps"][0]["state"] == "open"
    other = headers(new_key(officer.store, ["draw_officer"], bureau="示例区生态环境局"))
    check_result = {"result": "corrected", "inspected_on": str(officer.clock.now.date())}
    for path, body in (
        ("/v1/triggered-checks", TRIGGERED_CHECK | {"id": "ts-2"}),
        ("/v1/triggered-checks/ts-1/results", check_result),
        ("/v1/triggered-checks/ts-1:cancel", {"reason": "x"}),
    ):
        problem(officer.post(path, json=body, headers=other), 404, "unknown_record")
    problem(officer.get(location, headers=other), 404, "unknown_record")
    assert officer.get("/v1/triggered-checks", headers=other).json()["checks"] == []
    closed = officer.post("/v1/triggered-checks/ts-1/results", json=check_result)
    assert (closed.status_code, closed.headers["location"]) == (201, location)
    assert closed.json() == {"check": "ts-1", "state": "closed"}
    assert officer.get(location).json()["result"] == "corrected"
    checks = officer.get("/v1/triggered-checks").json()
    assert checks["counted"] == [
        {"source": "complaint", "checks": 1, "open": 0, "counting": 0, "failed": 1}
    ]
    silent = {k: v for k, v in officer.headers.items() if k.lower() != "x-purpose"}
    officer.headers.clear()
    problem(officer.get("/v1/triggered-checks", headers=silent), 400, "purpose_missing")


def test_a_check_is_called_off_and_lists_of_checks_come_in_pages(officer):
    checks = [f"ts-{number}" for number in range(3)]
    for check in checks:
        officer.post("/v1/triggered-checks", json=TRIGGERED_CHECK | {"id": check})
    cancelled = officer.post("/v1/triggered-checks/ts-0:cancel", json={"reason": "投诉人撤回"})
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "called_off")
    last_step = officer.get("/v1/triggered-checks/ts-0").json()["steps"][-1]
    assert (last_step["state"], last_step["reason"]) == ("called_off", "投诉人撤回")
    listed_ids, after = [], ""
    while after is not None:
        page = officer.get("/v1/triggered-checks", params={"limit": 2, "after": after}).json()
        assert [c["checks"] for c in page["counted"]] == [3]  # of all pages
        listed_ids += [c["id"] for c in page["checks"]]
        after = page["next"]
    assert listed_ids == checks[::-1]
