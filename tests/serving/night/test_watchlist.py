"""The watchlist: filtered, sorted, paged, exported, and only what is the caller's bureau's."""

import csv
import io

import openpyxl
import pytest
from xhcredit_serving.night.watchlist import MAX_PDF_ROWS, MAX_SHEET_ROWS, _refuse_too_many

from tests.serving.district import BUREAUS, CODES, STREETS, headers, new_key, problem
from tests.serving.enterprise.test_scores import read_acts
from xhcredit.domain.spreadsheet_safety import neutral
from xhcredit.errors import BadInput
from xhcredit.jobs.night.publish import publish

LIST = "/v1/watchlist"


@pytest.fixture(scope="module")
def rows(steady):
    return steady.get(LIST).json()["enterprises"]


def asked_of(value):
    """The name of a case: the filters."""
    return "-".join(value) if isinstance(value, dict) else ""


def listed(client, **query):
    answer = client.get(LIST, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_row_tells_who_it_is_and_what_moved(steady, rows):
    first = {row["code"]: row for row in rows}[CODES[0]]

    assert (first["bureau"], first["street"]) == (BUREAUS[0], STREETS[0])
    assert first["name"]
    assert first["previous_tier"] == ""
    assert first["composite"] == steady.get(f"/v1/enterprises/{CODES[0]}/score").json()["composite"]
    assert [r["composite"] for r in rows] == sorted(r["composite"] for r in rows)


FILTERS = [
    ({"tier": ["D", "C"]}, lambda r: r["tier"] in "CD"),
    ({"street": STREETS[:2]}, lambda r: r["street"] in STREETS[:2]),
    ({"bureau": BUREAUS[0]}, lambda r: r["bureau"] == BUREAUS[0]),
    ({"kind": "company"}, lambda r: r["kind"] == "company"),
    ({"size": "micro"}, lambda r: r["size"] == "micro"),
    ({"field": "x_food"}, lambda r: "x_food" in r["x"]),
    (
        {"field": ["x_food", "x_construction"]},
        lambda r: {"x_food", "x_construction"} <= set(r["x"]),
    ),
    ({"lowest": 500, "highest": 600}, lambda r: 500 <= r["composite"] <= 600),
    ({"moved": "new"}, lambda r: True),
    ({"moved": "worse"}, lambda r: False),
    ({"text": CODES[3][:16].lower()}, lambda r: r["code"].startswith(CODES[3][:16])),
    ({"text": "t1"}, lambda r: "t1" in r["name"]),
    ({"text": "100%_"}, lambda r: False),
    ({"tier": "A", "street": STREETS[0]}, lambda r: (r["tier"], r["street"]) == ("A", STREETS[0])),
]


@pytest.mark.parametrize(("query", "fits"), FILTERS, ids=asked_of)
def test_a_filter_gives_all_that_fit_and_counts_them(steady, rows, query, fits):
    list_page = listed(steady, **query)

    assert [r["code"] for r in list_page["enterprises"]] == [r["code"] for r in rows if fits(r)]
    assert list_page["total"] == len(list_page["enterprises"])


@pytest.mark.parametrize("sort", ["composite", "-composite", "code", "-code", "moved", "-moved"])
def test_pages_of_every_order_join_to_the_whole(client, rows, nights, sort):
    publish(nights / "2025-04-01", client.store, actor="night")
    whole = listed(client, sort=sort)["enterprises"]
    codes_read, cursor = [], None
    while True:
        page = listed(client, sort=sort, limit=3, **({"after": cursor} if cursor else {}))
        codes_read += page["enterprises"]
        cursor = page["next"]
        assert page["total"] == len(CODES)
        if cursor is None:
            break
    key = sort.removeprefix("-")

    assert codes_read == whole
    assert [(r[key], r["code"]) for r in whole] == sorted(
        ((r[key], r["code"]) for r in whole), reverse=sort.startswith("-")
    )


def test_a_page_stays_in_the_run_of_the_first_one(client, nights):
    first = listed(client, limit=3)
    publish(nights / "2025-04-01", client.store, actor="night")
    second = listed(client, limit=3, after=first["next"])

    assert (second["run"], listed(client)["run"]) == (1, 2)


def test_a_cursor_of_another_question_is_refused(steady):
    cursor = listed(steady, limit=3)["next"]

    for other_query in ({"tier": "A"}, {"sort": "code"}, {"street": STREETS[0]}):
        problem(steady.get(LIST, params={"after": cursor, **other_query}), 400, "bad_input")
    problem(steady.get(LIST, params={"after": "xyz"}), 400, "bad_input")


def test_an_officer_of_one_bureau_sees_what_belongs_to_it_and_nothing_else(client, rows):
    bureau_codes = [r["code"] for r in rows if r["bureau"] == BUREAUS[0]]
    foreign = next(c for c in CODES if c not in bureau_codes)
    client.headers.update(headers(new_key(client.store, bureau=BUREAUS[0])))
    unknown = client.get(f"/v1/enterprises/{foreign}/score")
    batch = client.post("/v1/scores:batch", json={"codes": CODES}).json()

    assert [r["code"] for r in listed(client)["enterprises"]] == bureau_codes
    assert listed(client)["total"] == len(bureau_codes)
    assert listed(client, bureau=BUREAUS[1])["total"] == 0
    assert client.get(f"/v1/enterprises/{bureau_codes[0]}/score").status_code == 200
    assert sorted(s["code"] for s in batch["scores"]) == sorted(bureau_codes)
    assert foreign in batch["not_found"]
    assert "is not in the run of" in problem(unknown, 404, "unknown_enterprise")["detail"]
    for path in ("history", "explanation", "file"):
        answer = client.get(f"/v1/enterprises/{foreign}/{path}")
        problem(answer, 404, "unknown_enterprise")
    answer = client.post("/v1/scores:what-if", json={"code": foreign})
    problem(answer, 404, "unknown_enterprise")
    assert client.get(f"{LIST}.csv").text.count("\r\n") == len(bureau_codes) + 2


def test_a_file_holds_exactly_what_is_filtered(steady):
    query = {"tier": ["C", "D"], "sort": "-composite"}
    list_page = listed(steady, **query)
    as_csv = steady.get(f"{LIST}.csv", params=query)
    as_sheet = steady.get(f"{LIST}.xlsx", params=query)
    table = list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(as_sheet.content)).active

    codes = [r["code"] for r in list_page["enterprises"]]
    assert [line[0] for line in table[2:]] == codes
    assert [cell.value for cell in sheet["A"][2:]] == codes
    assert "tier=C,D" in table[0][0]
    assert "不得公开" in table[0][0]
    assert 'filename="watchlist-run1.xlsx"' in as_sheet.headers["content-disposition"]


def test_a_list_in_print_is_a_document(steady):
    query = {"tier": ["C", "D"]}
    response = steady.get(f"{LIST}.pdf", params=query)

    assert response.headers["content-type"] == "application/pdf"
    assert 'filename="watchlist-run1.pdf"' in response.headers["content-disposition"]
    assert response.content.startswith(b"%PDF-")


@pytest.mark.parametrize(("kind", "other"), [("pdf", "take XLSX or CSV"), ("xlsx", "take CSV")])
def test_a_file_of_too_many_rows_is_refused_with_a_way_out(kind, other):
    _refuse_too_many(kind, MAX_PDF_ROWS)
    with pytest.raises(BadInput, match=other):
        _refuse_too_many(kind, MAX_SHEET_ROWS + 1)


def test_a_file_of_values_has_no_limit():
    assert _refuse_too_many("csv", MAX_SHEET_ROWS + 1) is None


def test_an_export_is_recorded_with_its_question(client):
    client.get(f"{LIST}.csv", params={"tier": "D"})
    [act] = read_acts(client)

    assert act["action"] == "enterprise.watchlist_export"
    assert act["payload"]["asked"] == {"tier": ["D"], "sort": "composite"}
    assert act["payload"]["run"] == 1


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_neutralised(cell):
    assert neutral(cell) == f"'{cell}"
