"""一企一档: all that is known on a day with source; what ceased to count is shown to nobody."""

import shutil

import pytest

from tests.serving.district import CODES, DAYS, problem, served
from tests.serving.enterprise.test_scores import read_acts
from xhcredit.engine.one_enterprise import day_number
from xhcredit.ingest.schema import directory
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows

FILE = f"/v1/enterprises/{CODES[0]}/file"


@pytest.fixture(scope="module")
def client(published, nights):
    """One for all: reading changes nothing but the journal."""
    file = shutil.copy(published, nights / "files.db")
    with served(str(file), warehouse=nights / "warehouse") as client:
        yield client


@pytest.fixture(scope="module")
def rows(nights):
    return open_rows(nights / "warehouse", open_event_columns(nights / "warehouse"))


def test_the_rows_are_those_of_the_clustered_store(rows):
    """Every event stands where the offsets say, and nothing is left out."""
    store = rows.event_columns
    for name, table in directory().items():
        rows_by_enterprise = [rows.rows_of(name, row) for row in range(len(store))]
        if table.kind == "register":
            assert all(len(part) == 1 for part in rows_by_enterprise)
            continue
        days = [day_number(e["known_on"]) for part in rows_by_enterprise for e in part]
        assert len(days) == store.tables[name]["known"].shape[0]
        offsets = store.tables[name]["offsets"]
        for row, part in enumerate(rows_by_enterprise):
            known_days = store.tables[name]["known"][offsets[row] : offsets[row + 1]]
            assert sorted(day_number(e["known_on"]) for e in part) == sorted(known_days)


def test_a_file_tells_register_events_rules_relations_and_history(client):
    enterprise_file = client.get(FILE).json()
    score = client.get(f"/v1/enterprises/{CODES[0]}/score").json()

    assert (enterprise_file["run"], enterprise_file["as_of"]) == (1, DAYS[0].isoformat())
    assert (enterprise_file["result"]["composite"], enterprise_file["result"]["tier"]) == (
        score["composite"],
        score["tier"],
    )
    assert {f["column"] for f in enterprise_file["register"]["facts"]} >= {
        "name",
        "bureau",
        "street",
    }
    assert enterprise_file["events"]
    for event in enterprise_file["events"]:
        assert event["source_file"] == "test.csv"
        assert event["known_on"] <= enterprise_file["as_of"]
        assert all(f["zh"] and f["en"] for f in event["facts"])
    assert any(event["indicators"] for event in enterprise_file["events"])
    assert {r["id"].split(".")[1] for r in enterprise_file["rules"]} == {"caps", "direct"}
    assert [h["run"] for h in enterprise_file["history"]] == [1]


def test_relations_name_others_and_never_the_hash_or_the_enterprise_itself(client):
    files = {code: client.get(f"/v1/enterprises/{code}/file").json() for code in CODES}
    related = [
        (code, r) for code, enterprise_file in files.items() for r in enterprise_file["relations"]
    ]

    assert any(r["neighbours"] for _, r in related)
    for code, relation in related:
        others = {n["code"] for n in relation["neighbours"]}
        assert relation["count"] >= len(others)
        assert code not in others
        assert set(relation) == {"kind", "zh", "since", "known_on", "count", "neighbours"}
        back = {n["code"] for o in others for r in files[o]["relations"] for n in r["neighbours"]}
        assert not others or code in back
    assert all(
        f["column"] != "node" for t in files.values() for e in t["events"] for f in e["facts"]
    )


def test_what_is_withdrawn_is_not_shown_even_of_an_earlier_day(client, rows):
    """A record that was restored later must not be shown as it stood before."""
    today = client.clock.now.date()
    gone = [
        (rows.event_columns.codes[row].decode(), name, e)
        for row in range(len(rows.event_columns))
        for name, table in directory().items()
        if table.kind == "event"
        for e in rows.rows_of(name, row)
        if e["withdrawn_on"] and DAYS[0] < e["withdrawn_on"] <= today and e["known_on"] <= DAYS[0]
    ]
    code, name, event = gone[0]
    shown = client.get(f"/v1/enterprises/{code}/file").json()["events"]
    explained = client.get(f"/v1/enterprises/{code}/explanation").json()["events"]
    day = event["occurred_on"]
    same = [e for e in shown if (e["table"], e["occurred_on"]) == (name, str(day))]
    remaining_rows = [
        e for e in rows.rows_of(name, rows.event_columns.row(code)) if e["occurred_on"] == day
    ]
    act = next(a for a in reversed(read_acts(client)) if a["action"] == "enterprise.file")

    assert len(same) == len([e for e in remaining_rows if not e["withdrawn_on"]])
    assert not any(e["withdrawn_on"] and e["withdrawn_on"] <= str(today) for e in shown)
    assert not any(r["reason"] == "withdrawn" for e in explained for r in e["why_none"])
    assert act["payload"]["hidden"] > 0


def test_a_file_of_an_earlier_day_holds_no_later_fact(client):
    early = client.get(FILE, params={"as_of": "2024-01-31"}).json()
    late = client.get(FILE).json()

    assert early["as_of"] == "2024-01-31"
    assert all(e["known_on"] <= "2024-01-31" for e in early["events"])
    assert len(early["events"]) < len(late["events"])


@pytest.mark.parametrize("day", ["2027-01-01", "1900-01-01"])
def test_a_day_that_cannot_be_is_refused(client, day):
    problem(client.get(FILE, params={"as_of": day}), 400, "bad_input")


def test_a_day_before_it_was_known_says_so(client):
    answer = client.get(FILE, params={"as_of": "2022-06-30"})

    assert answer.status_code == 404, answer.text


def test_file_and_explain_say_the_same_of_every_event(client):
    """Which indicators read it, and if none does, why."""
    for code in CODES:
        file_events = client.get(f"/v1/enterprises/{code}/file").json()["events"]
        explained = client.get(f"/v1/enterprises/{code}/explanation").json()["events"]
        names = ("table", "occurred_on", "counts", "indicators", "why_none")
        assert [[e[n] for n in names] for e in file_events] == [
            [e[n] for n in names] for e in explained
        ]
        for event in file_events:
            assert event["counts"] == any(i["enters"] for i in event["indicators"])
            assert event["counts"] != bool(event["why_none"])
