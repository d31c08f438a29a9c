"""Applications and objections from the shell: filed, dealt with, decided, told, taken back."""

from __future__ import annotations

from datetime import date

import pyarrow.parquet as pq
import pytest

from tests.cli.shell import inside
from tests.jobs.restoration.test_restoration_grants import deliver, penalty, row
from tests.serving.district import CODES
from xhcredit.jobs.restoration.nightly_update import barred_in, write_restorable
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.audit import verify
from xhcredit.store.store import Store

CODE, OTHER = CODES[:2]
KEY = ("--key", "doc_no=一号")
PROOF = ("--fact", "duties_done_on=2026-05-20", "--fact", "pledge=true")
OFFICER = ("--official", "王某", "--role", "信用科科长", "--reason", "材料齐全")


@pytest.fixture
def places(tmp_path):
    """A warehouse with one penalty of two enterprises, and an empty store."""
    return _places(tmp_path)


@pytest.fixture(scope="module")
def filed_once(tmp_path_factory):
    """The same with one application filed; for what changes nothing."""
    places = _places(tmp_path_factory.mktemp("filed"))
    answer_of("apply", CODE, *KEY, *PROOF, places=places)
    return places


def _places(tmp_path):
    register = [
        {"code": code, "known_on": date(2024, 1, 1), "name": "某公司", "kind": "company"}
        for code in (CODE, OTHER)
    ]
    rows = [penalty(code, ended_on=None, ended_known_on=None) for code in (CODE, OTHER)]
    deliver(tmp_path / "warehouse", rows, date(2026, 1, 10), register=register)
    return "--warehouse", tmp_path / "warehouse", "--store", tmp_path / "store.db"


def answer_of(*words, on="2026-06-10", places):
    """What a command answers as JSON; it must succeed."""
    outcome = inside("restoration", *words, "--on", on, "--json", *places)
    assert outcome.exit_code == 0, outcome.err
    return outcome.json


def listed(*words, places):
    outcome = inside("restoration", *words, "--json", *places[2:])
    assert outcome.exit_code == 0, outcome.err
    return outcome.json


def test_the_whole_walk_from_filing_to_effects(places):
    assert answer_of("apply", CODE, *KEY, *PROOF, places=places) == {
        "application": 1,
        "step": 1,
        "state": "filed",
    }
    [filed] = listed("applications", 1, "--on", "2026-06-10", places=places)
    assert filed["steps"][0]["details"]["assessment"]["eligible"] is True
    assert answer_of("accept", 1, *OFFICER, on="2026-06-11", places=places)["state"] == "accepted"
    decided = answer_of("decide", 1, "--grant", *OFFICER, on="2026-06-12", places=places)
    assert decided["state"] == "granted"

    outcome = inside("restoration", "grants", "--json", *places)
    assert (outcome.json["written"], outcome.json["unknown"]) == (1, [])
    assert row(places[1], CODE)[1] == "restored"
    assert row(places[1], OTHER)[1] is None
    platforms = ("--platform", "信用中国（上海）")
    assert answer_of("publish", 1, *OFFICER, *platforms, on="2026-06-15", places=places)[
        "state"
    ] == ("published")
    people = inside("restoration", "applications", 1, "--on", "2026-06-15", *places[2:])
    assert "王某 信用科科长" in people.words
    with Store.open(str(places[3])) as store:
        assert verify(store.database).whole


def test_returned_filed_again_and_refused(places):
    answer_of("apply", CODE, *KEY, places=places)
    answer_of("return", 1, *OFFICER, places=places)
    answer_of("refile", 1, *PROOF, on="2026-06-12", places=places)
    answer_of("accept", 1, *OFFICER, on="2026-06-12", places=places)
    refused = answer_of(
        "decide", 1, "--refuse", *OFFICER, "--false-materials", on="2026-06-15", places=places
    )
    assert refused["state"] == "refused"

    assert inside("restoration", "grants", "--json", *places).json["written"] == 0
    answer_of("apply", CODE, *KEY, *PROOF, on="2026-06-16", places=places)
    [barred] = listed("applications", 2, places=places)
    assert barred["steps"][0]["details"]["assessment"]["unmet"] == [
        "restoration.ndrc.false_materials"
    ]


def test_a_revoked_restoration_counts_again_and_bars_the_enterprise(places):
    answer_of("apply", CODE, *KEY, *PROOF, places=places)
    answer_of("accept", 1, *OFFICER, places=places)
    answer_of("decide", 1, "--grant", *OFFICER, places=places)
    inside("restoration", "grants", *places)
    assert row(places[1], CODE)[1] == "restored"

    bare = inside("restoration", "revoke", 1, *OFFICER, "--on", "2026-06-20", *places)
    assert bare.exit_code == 12
    assert "say false_materials or broken_pledge" in bare.err
    revoked = answer_of("revoke", 1, *OFFICER, "--false-materials", on="2026-06-20", places=places)
    assert revoked["state"] == "revoked"

    outcome = inside("restoration", "grants", *places)
    assert "counting again, for their restoration was revoked: 1" in outcome.words
    assert row(places[1], CODE)[:2] == (None, None)
    answer_of("apply", CODE, *KEY, *PROOF, on="2026-11-20", places=places)
    untold = inside("restoration", "resume", 1, *OFFICER, "--on", "2026-06-22", *places)
    assert (untold.exit_code, untold.out) == (12, "")
    assert '"resume" without platforms' in untold.err
    resumed = answer_of(
        "resume", 1, *OFFICER, "--platform", "信用中国", on="2026-06-22", places=places
    )
    assert resumed["state"] == "resumed"
    [again] = listed("applications", 2, places=places)
    answer = again["steps"][0]["details"]["assessment"]
    assert (answer["eligible"], answer["unmet"]) == (False, ["restoration.ndrc.false_materials"])
    # barred till 2029-06-20; by then the publication has ended by itself
    assert "2029年6月20日" in str(answer["conditions"])
    assert proposed(places, store=False) == [CODE, OTHER]
    assert proposed(places) == [OTHER]
    assert proposed(places, on="2026-06-19") == [CODE, OTHER]  # nobody knew then


def proposed(places, on="2026-11-20", *, store=True):
    """Whose records the list of a day proposes, and the list beside the night."""
    store_option = places[3] if store else ""
    list_ = inside(
        "restoration", "list", "--as-of", on, "--json", *places[:2], "--store", store_option
    )
    out = places[1].parent / f"{on}{bool(store_option)}"
    rules, day = Rulebook.load(), date.fromisoformat(on)
    barred = barred_in(f"{store_option}")
    beside = write_restorable(places[1], rules, day, out, barred=barred)
    codes = sorted(row["code"] for row in list_.json)
    assert sorted(pq.read_table(beside.table)["code"].to_pylist()) == codes
    again = write_restorable(places[1], rules, day, out, barred=barred)
    assert again.repeated
    other = write_restorable(places[1], rules, day, out, barred={**barred, "x": day})
    assert not other.repeated
    return codes


def test_an_objection_goes_its_way_and_overdue_is_told(places):
    filed = answer_of("objection", "file", CODE, *KEY, "--reason", "不是本企业", places=places)
    assert filed["state"] == "filed"
    late = ("objection", "list", "--overdue", "--on")
    assert listed(*late, "2026-06-11", places=places) == []
    assert [o["application"] for o in listed(*late, "2026-06-12", places=places)] == [1]
    for act, state in (("mark", "marked"), ("forward", "forwarded"), ("uphold", "upheld")):
        assert (
            answer_of("objection", act, 1, *OFFICER, on="2026-06-12", places=places)["state"]
            == state
        )

    assert inside("restoration", "grants", "--json", *places).json["written"] == 1
    assert row(places[1], CODE)[1] == "objection"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("apply", OTHER, "--key", "doc_no=九号"), 23, "check its key"),
        (("apply", CODE, *KEY, "--applicant", OTHER), 25, "let the holder apply"),
        (("apply", CODE, *KEY, "--fact", "colour=red"), 12, "cannot be proved by papers"),
        (("apply", CODE, *KEY, "--on", "2199-12-31"), 12, "has not come"),
        (("apply", CODE, *KEY), 26, "application 1 about the same record is filed"),
        (("accept", 1), 12, "say who decides and why"),
        (("publish", 1, *OFFICER, "--platform", "信用中国"), 26, "now possible: accept"),
        (("accept", 7, *OFFICER), 23, "there is no application 7"),
        (("objection", "mark", 1, *OFFICER), 12, "use the commands for it"),
        (("applications", "--state", "asleep"), 12, 'unknown state "asleep"'),
        (("objection", "list", 1), 12, "use the commands for it"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(filed_once, words, code, message):
    answer = inside("restoration", *words, *places_for(words, filed_once))

    assert (answer.exit_code, answer.out) == (code, "")
    assert message in answer.err
    with Store.open(str(filed_once[3])) as store:
        assert [len(a["steps"]) for a in store.applications.list_page("restoration")] == [1]


def places_for(words, places):
    return places[2:] if words[0] == "applications" or "list" in words else places
