"""Trust rewarded over HTTP: lists by bureau and day, their pages, their files, who may see them."""

import io

import openpyxl
import pytest

from tests.jobs.draws.test_draw import act
from tests.jobs.draws.test_draw_trust_list import DAY, EVE, write_places
from tests.serving.district import BUREAUS, CODES, headers, new_key, problem, served
from tests.serving.draws import test_draws as base
from tests.serving.draws.test_joint_and_triggered import drawn
from tests.serving.visitors import browser, visitor
from xhcredit.jobs.draws.exempt_chains import chain_list
from xhcredit.jobs.draws.trust_list import trust_list
from xhcredit.rules.rulebook import Rulebook

ENDINGS = ("csv", "xlsx", "pdf")
INTERNAL = ("internal_list.xlsx", "notices.pdf")
NOBODY = {"Authorization": "", "X-Purpose": ""}


officer = base.officer


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return write_places(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="module")
def trusting(places):
    """A draw officer of the whole district in which some are trusted, over two nights."""
    warehouse, address = places
    with served(address, warehouse=warehouse) as client:
        client.headers.update(headers(new_key(client.store, ["draw_officer"], bureau="*")))
        yield client


def rows_of_all_pages(client, **query):
    """All rows of a list, two a page."""
    rows, after = [], ""
    while after is not None:
        page = client.get("/v1/trust-list", params={**query, "limit": 2, "after": after}).json()
        rows, after = rows + page["enterprises"], page["next"]
    assert len(rows) == page["total"]
    return rows


@pytest.mark.parametrize(("kind", "make"), [("remote", trust_list), ("chains", chain_list)])
def test_pages_and_files_tell_what_the_command_tells(trusting, places, kind, make):
    trust_rows = make(trusting.store, places[0], Rulebook.load(), DAY, EVE)
    wanted = {r.code: (r.move, r.reason) for r in trust_rows.itertuples() if r.move}
    query = {"kind": kind, "before": str(EVE)}
    rows = rows_of_all_pages(trusting, **query)

    assert {r["code"]: (r["move"], r["reason"]) for r in rows} == wanted
    assert len(wanted) > 2
    for ending in ("xlsx", "csv"):
        answer = trusting.get(f"/v1/trust-list.{ending}", params=query)
        assert f"{kind}-{DAY}.{ending}" in answer.headers["content-disposition"]
        if ending == "csv":
            listed_codes = [line.split(",")[0] for line in answer.text.splitlines()[2:]]
        else:
            sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
            listed_codes = [row[0] for row in sheet.iter_rows(min_row=3, values_only=True)]
        assert listed_codes == [r["code"] for r in rows]


def test_the_list_says_what_is_quiet_what_the_law_covers_and_who_was_told_of_it(trusting):
    page = trusting.get("/v1/trust-list").json()
    assert (page["as_of"], page["before"]) == (str(DAY), None)
    assert page["moves"] == {"entered": page["total"], "left": 0, "stays": 0}
    assert all(r["quiet"] == ["disclosure"] for r in page["enterprises"])
    assert any("food" in r["duty"] for r in page["enterprises"])
    only = trusting.get("/v1/trust-list", params={"street": "香樟街道", "move": "left"}).json()
    assert only["enterprises"] == []
    shown_code = page["enterprises"][0]["code"]
    auditor = headers(new_key(trusting.store, ["auditor"]))
    readers = trusting.get(f"/v1/enterprises/{shown_code}/readers", headers=auditor).json()[
        "readers"
    ]
    assert "draw.trust" in {look["action"] for look in readers}


def test_who_it_is_not_for_is_told_nothing_of_it(trusting):
    bureau_headers = headers(new_key(trusting.store, ["draw_officer"], bureau=BUREAUS[0]))
    rows = trusting.get(f"/v1/trust-list?before={EVE}", headers=bureau_headers).json()[
        "enterprises"
    ]
    all_rows = trusting.get(f"/v1/trust-list?before={EVE}").json()["enterprises"]
    assert rows == [r for r in all_rows if r["bureau"] == BUREAUS[0]]
    assert "" in {r["bureau"] for r in all_rows}
    viewer = headers(new_key(trusting.store, ["viewer"], bureau="*"))
    silent = headers(new_key(trusting.store, ["draw_officer"], bureau="*"), purpose=None)
    for path in ("/v1/trust-list", "/v1/trust-list.csv", "/v1/trust-list.xlsx"):
        problem(trusting.get(path, headers=viewer), 403, "not_allowed")
    fresh = browser(trusting)
    for path in ("/v1/trust-list", "/v1/trust-list.csv", "/v1/trust-list.xlsx"):
        problem(fresh.get(path, headers=silent), 400, "purpose_missing")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"as_of": "2024-01-01"}, 404, "unknown_record"),
        ({"before": "2024-01-01"}, 404, "unknown_record"),
        ({"before": str(DAY)}, 400, "bad_input"),
        ({"after": "abc.2"}, 400, "bad_input"),
        ({"after": "2"}, 400, "bad_input"),
        ({"kind": "../../etc/passwd"}, 422, "wrong_request"),
        ({"as_of": "soon"}, 422, "wrong_request"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(trusting, query, status, code):
    problem(trusting.get("/v1/trust-list", params=query), status, code)


def test_a_cursor_fits_its_own_list_only_and_may_lie_beyond_its_end(trusting):
    after = trusting.get("/v1/trust-list?limit=1").json()["next"]
    problem(trusting.get(f"/v1/trust-list?kind=chains&after={after}"), 400, "bad_input")
    mark = after.split(".")[0]
    beyond = trusting.get(f"/v1/trust-list?after={mark}.{'9' * 15}").json()
    assert (beyond["enterprises"], beyond["next"]) == ([], None)
    problem(trusting.get(f"/v1/trust-list?after={mark}.{'9' * 60}"), 400, "bad_input")


def test_the_public_list_is_for_everybody_once_it_is_published(officer):
    drawn(officer, "d1", "示例区税务局", "1")
    for ending in ENDINGS:
        path = f"/v1/public/draws/d1/public_list.{ending}"
        problem(officer.get(path, headers=NOBODY), 404, "unknown_record")
    other = headers(new_key(officer.store, ["draw_officer"], bureau="示例区生态环境局"))
    problem(officer.post("/v1/draws/d1/publications", headers=other), 404, "unknown_record")
    published = officer.post("/v1/draws/d1/publications")
    assert (published.status_code, published.headers["location"]) == (201, "/v1/draws/d1")
    assert published.json()["draw"] == "d1"
    problem(officer.post("/v1/draws/d1/publications"), 409, "wrong_state")
    first = {}
    for ending in ENDINGS:
        answer = officer.get(f"/v1/public/draws/d1/public_list.{ending}", headers=NOBODY)
        assert answer.status_code == 200
        first[ending] = answer.content
    record = officer.get("/v1/public/draws/d1/record.json", headers=NOBODY).json()
    selected = [s["code"] for s in record["selected"]]
    public_csv = first["csv"].decode("utf-8-sig")
    assert all(code in public_csv for code in selected)
    assert first["pdf"].startswith(b"%PDF")
    assert first["xlsx"].startswith(b"PK")
    again = officer.get("/v1/public/draws/d1/public_list.pdf", headers=NOBODY).content
    assert again == first["pdf"]
    cells = {"code": selected[0], "item": "", "note": ""}
    results = {selected[0]: {"result": "no_problem", "inspected_on": "2026-06-30", **cells}}
    officer.store.draws.enter_results(act("results"), "d1", results)
    later = officer.get("/v1/public/draws/d1/public_list.csv", headers=NOBODY).text
    assert "未发现问题" in later
    assert "未发现问题" not in public_csv
    assert officer.get("/v1/draws/d1").json()["news"] is True
    assert officer.post("/v1/draws/d1/publications").json()["number"] == 2
    again = officer.get("/v1/public/draws/d1/public_list.csv", headers=NOBODY).text
    assert again.index("第2次公示") < again.index("第1次公示")
    assert "第2次公示" not in later
    page = visitor(officer, "sun", ("draw_officer", "示例区税务局")).get(
        "/console/draws/d1?lang=en"
    )
    assert "Publications: <span>2 (" in " ".join(page.text.split())
    assert "Publish again" not in page.text


def test_internal_list_and_notices_are_for_officers_of_the_bureau_and_are_recorded(officer):
    drawn(officer, "d1", "示例区税务局", "1")
    viewer = headers(new_key(officer.store, ["viewer"], bureau="示例区税务局"))
    other = headers(new_key(officer.store, ["draw_officer"], bureau="示例区生态环境局"))
    for name, begins in zip(INTERNAL, (b"PK", b"%PDF"), strict=True):
        path = f"/v1/draws/d1/{name}"
        answer = officer.get(path)
        assert answer.content.startswith(begins)
        assert answer.headers["cache-control"] == "no-store"
        problem(officer.get(path, headers=viewer), 403, "not_allowed")
        problem(officer.get(path, headers=other), 404, "unknown_record")
        problem(officer.get(path, headers=NOBODY), 401, "no_key")
        problem(officer.get(f"/v1/draws/d2/{name}"), 404, "unknown_record")
    selected = officer.get("/v1/public/draws/d1/record.json").json()["selected"]
    auditor = headers(new_key(officer.store, ["auditor"]))
    looks = officer.get(f"/v1/enterprises/{selected[0]['code']}/readers", headers=auditor).json()
    assert [k["action"] for k in looks["readers"]].count("draw.file") == 2
    chen = visitor(officer, "chen", ("draw_officer", "示例区税务局"))
    assert chen.get("/console/draws/d1/files/internal_list.xlsx").content.startswith(b"PK")
    assert "/console/draws/d1/files/notices.pdf" in chen.get("/console/draws/d1?lang=en").text
    for name in ("frame.csv", "%2e%2e", "..%2f..%2fetc%2fpasswd"):
        assert chen.get(f"/console/draws/d1/files/{name}").status_code == 404
    chen.post("/console/draws/d1/publication", data={"csrf": chen.headers["X-CSRF-Token"]})
    assert officer.get("/v1/draws/d1").json()["state"] == "published"
    liu = visitor(officer, "liu", ("viewer", "示例区税务局"))
    assert "/console/draws/d1/files/notices.pdf" not in liu.get("/console/draws/d1?lang=en").text
    assert not liu.get("/console/draws/d1/files/internal_list.xlsx").content.startswith(b"PK")


STRANGE = (
    "../frame.csv", "..%2Fframe.csv", "%2e%2e/%2e%2e/etc/passwd", "strata.json", "public_list.py",
    "internal_list.xlsx", "notices.pdf", "frame.csv", "public_list.xlsx%00",
)  # fmt: skip


def test_no_other_name_is_a_file_of_the_public(officer):
    drawn(officer, "d1", "示例区税务局", "1")
    officer.post("/v1/draws/d1/publications")
    for name in STRANGE:
        answer = officer.get(f"/v1/public/draws/d1/{name}", headers=NOBODY)
        assert answer.status_code in (401, 404), name
        assert not any(code in answer.text for code in CODES)
