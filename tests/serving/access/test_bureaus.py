"""Every operation asks who is there and for which bureau; a new one that forgets fails here.

The operations are those of the description, with requests made from it, so none has to be listed.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from xhcredit_serving.auth.permissions import ROLES

from tests.serving.district import BUREAUS, CODES, UNKNOWN, headers, new_key, problem, served
from tests.serving.visitors import again, browser, person
from xhcredit.store.access.accounts_and_keys import ADMINISTRATORS

#: operations that everybody may call, by decision: to log in, and to check a public draw
PUBLIC = {"log_in", "download_verify_draw_py"}
PUBLIC |= {f"download_{name}_json" for name in ("commitment", "joint", "record")}
PUBLIC |= {f"download_public_list_{ending}" for ending in ("csv", "xlsx", "pdf")}
#: what is asked of everybody's own account; roles do not matter
OWN_ACCOUNT = {
    "get_session",
    "log_out",
    "change_password",
    "enrol_totp",
    "confirm_totp",
    "remove_totp",
}
KNOWN = {"code": CODES[0], "run": 1, "rule_id": "scores.scale", "login": "zhang"}
#: roles of those who work with enterprises, all in one hand
OFFICER = sorted(set(ROLES) - ADMINISTRATORS)
FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def district(published, nights, tmp_path_factory):
    """A service with everything that it can have."""
    file = tmp_path_factory.mktemp("bureaus") / "store.db"
    file.write_bytes(published.read_bytes())
    with served(str(file), warehouse=nights / "warehouse") as client:
        person(client, "zhang", ("viewer", BUREAUS[0]))
        del client.headers["Authorization"]
        yield client


def operations_of(client):
    """The operations of the description, by id."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    operations = [operation_outcome.ok() for operation_outcome in schema.get_all_operations()]
    return {op.definition.raw["operationId"]: op for op in operations}


@pytest.fixture(scope="module")
def operations(district):
    described_operations = operations_of(district)
    assert len(described_operations) > 20
    return described_operations


def answers(client, operation):
    """What a visitor is answered to a few requests that fit the description."""
    responses = []

    @FEW
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case):
        path = operation.path
        for name, value in (case.path_parameters or {}).items():
            path = path.replace(f"{{{name}}}", str(KNOWN.get(name, value)))
        body = case.body if isinstance(case.body, dict | list) else None
        query = dict(case.query or {})
        responses.append(client.request(operation.method.upper(), path, json=body, params=query))

    ask()
    return responses


def open_doors(client, operations, refused, but):
    """Operations that answer this visitor something else than a refusal."""
    for name, operation in operations.items():
        if name not in but:
            statuses = {answer.status_code for answer in answers(client, operation)}
            if refused not in statuses or not statuses <= {refused, 422}:
                yield name, statuses


def test_without_key_and_session_nothing_is_told(district, operations):
    assert list(open_doors(browser(district), operations, 401, PUBLIC)) == []


def test_without_a_role_nothing_is_told(district, operations):
    keyed, session = browser(district), browser(district)
    keyed.headers.update(headers(new_key(district.store, [], bureau="")))
    person(district, "nothing")
    again(district, session, "nothing")

    assert list(open_doors(keyed, operations, 403, PUBLIC | OWN_ACCOUNT)) == []
    assert list(open_doors(session, operations, 403, PUBLIC | OWN_ACCOUNT)) == []


def test_a_planted_operation_that_asks_nobody_is_found(tmp_path):
    with served(str(tmp_path / "new.db")) as client:
        client.app.add_api_route(
            "/v1/forgotten", lambda: CODES, operation_id="forgotten", methods=["GET"]
        )
        names = ("forgotten", "list_runs")
        planted = {k: op for k, op in operations_of(client).items() if k in names}
        nobody = browser(client)

        assert list(open_doors(nobody, planted, 401, PUBLIC)) == [("forgotten", {200})]
        assert list(named(nobody, planted, PUBLIC)) == ["forgotten"]


@pytest.mark.parametrize("bureau", ["别局", BUREAUS[0][:-1], "%", "_", "' OR '1'='1"])
def test_another_bureaus_enterprise_is_as_good_as_unknown(district, bureau):
    other = browser(district)
    other.headers.update(headers(new_key(district.store, OFFICER, bureau=bureau)))
    batch = {"codes": [*CODES, UNKNOWN]}

    for part in ("score", "history", "explanation", "file"):
        theirs = other.get(f"/v1/enterprises/{CODES[0]}/{part}")
        nobodys = other.get(f"/v1/enterprises/{UNKNOWN}/{part}")
        assert problem(theirs, 404, "unknown_enterprise")["detail"] == problem(
            nobodys, 404, "unknown_enterprise"
        )["detail"].replace(UNKNOWN, CODES[0])
    batch_answer = other.post("/v1/scores:batch", json=batch).json()
    assert (batch_answer["scores"], batch_answer["not_found"]) == ([], batch["codes"])
    assert other.get("/v1/watchlist").json()["enterprises"] == []
    assert other.get("/v1/watchlist", params={"bureau": BUREAUS[0]}).json()["enterprises"] == []


def named(client, operations, but):
    """Operations that name an enterprise that was not asked for, or tell of one that was."""
    for name, operation in operations.items():
        for answer in answers(client, operation) if name not in but else ():
            request_text = f"{answer.request.url}{answer.request.content.decode()}"
            names_other = any(code in answer.text and code not in request_text for code in CODES)
            if names_other or (CODES[0] in str(answer.request.url) and answer.is_success):
                yield name
                break


def test_no_operation_names_another_bureaus_enterprise(district, operations):
    """Whatever the operation: who belongs to no bureau here is told of no enterprise."""
    keyed, session = browser(district), browser(district)
    keyed.headers.update(headers(new_key(district.store, OFFICER, bureau="别局")))
    person(district, "stranger", *((role, "别局") for role in OFFICER))
    again(district, session, "stranger")

    assert list(named(keyed, operations, PUBLIC | OWN_ACCOUNT)) == []
    assert list(named(session, operations, PUBLIC | OWN_ACCOUNT)) == []


def seen_with(client, bureau):
    """Codes and bureaus in the watchlist of a viewer of a bureau; and codes in a batch."""
    key_holder = browser(client)
    key_holder.headers.update(headers(new_key(client.store, ["viewer"], bureau=bureau)))
    rows = key_holder.get("/v1/watchlist?limit=500").json()["enterprises"]
    batch = key_holder.post("/v1/scores:batch", json={"codes": CODES}).json()["scores"]
    assert {row["code"] for row in batch} == {row["code"] for row in rows}
    return {row["code"]: row["bureau"] for row in rows}


def test_each_bureau_sees_its_own_and_the_district_sees_all(district):
    all_rows = seen_with(district, "")
    for bureau in filter(None, BUREAUS):
        bureau_rows = {code: b for code, b in all_rows.items() if b == bureau}
        assert bureau_rows
        assert seen_with(district, bureau) == bureau_rows

    assert all_rows.keys() == set(CODES)
    assert "" in all_rows.values()  # of no bureau: the whole district's only
    assert seen_with(district, "*") == all_rows


def test_grants_for_several_bureaus_add_up(district):
    person(district, "both", ("viewer", BUREAUS[0]), ("inspector", BUREAUS[1]))
    visitor_browser = browser(district)
    again(district, visitor_browser, "both")
    rows = visitor_browser.get("/v1/watchlist?limit=500").json()["enterprises"]

    assert {row["bureau"] for row in rows} == set(BUREAUS[:2])
