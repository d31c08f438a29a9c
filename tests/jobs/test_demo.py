"""The demo lives: every state is there, all of it by officers, and its clock only moves forward."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import text

from xhcredit.alerts import workflow
from xhcredit.draws.verify import IN_DEMO, PublishedFiles, json_of, verify_record
from xhcredit.errors import BadInput, NothingKnown
from xhcredit.jobs.demo import draws
from xhcredit.jobs.demo.accounts import PEOPLE
from xhcredit.jobs.demo.build import make_demo
from xhcredit.jobs.demo.timeline import LAST_NIGHT, NIGHTS
from xhcredit.jobs.demo.tour import tour_of
from xhcredit.restoration.workflow import TRANSITIONS
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.store import Store


@pytest.fixture(scope="module")
def store(demo):
    with Store.open(str(demo.store)) as opened:
        yield opened


@pytest.fixture(scope="module")
def tour(store):
    return tour_of(store)


def states_of(kind):
    reached = {move.to for move in TRANSITIONS[kind].values() if move.to}
    return reached


def test_tiers_move_in_nights_over_half_a_year(tour):
    assert [n["as_of"] for n in tour.nights] == [str(day) for day, _ in NIGHTS]
    assert sum(n["worse"] + n["better"] > 0 for n in tour.nights) >= 5
    assert tour.fallen.tier > tour.fallen.previous_tier


def test_alerts_are_in_every_state(store, tour):
    asleep = [a for a in store.alerts.read_page(AlertQuery(limit=10_000)) if a["snoozed_until"]]

    assert set(tour.alerts) == set(workflow.STATES)
    assert tour.overdue > 0
    assert any(a["snoozed_until"] > str(store.clock.today()) for a in asleep)


def test_applications_and_objections_are_in_every_state(tour):
    assert set(tour.applications) == states_of("restoration")
    assert set(tour.objections) == states_of("objection")


def test_draws_stand_at_every_step(store, tour):
    stands = {d["draw"]: d["state"] for d in tour.draws}
    complete, partly = (store.draws.get(d) for d in (draws.FINISHED, draws.PARTLY))

    assert set(stands.values()) == {"frozen", "seeded", "drawn", "published"}
    assert stands[draws.WAITING] == "frozen"
    assert len(complete["results"]) == complete["steps"][2]["details"]["selected"]
    assert 0 < len(partly["results"]) < partly["steps"][2]["details"]["selected"]
    assert draws.REPEATED in {d["replaces"] for d in tour.draws}
    assert store.draws.get(draws.DRAWN)["replacements"]
    assert tour.joint_draws == [draws.JOINT]
    assert set(tour.checks) == {"open", "closed", "called_off"}


def test_a_candidate_stands_beside_the_champion(tour):
    assert [c["candidate"] for c in tour.candidates] == [1]


def test_every_bureau_with_people_here_sees_something(store, tour):
    bureaus = {p.bureau for p in PEOPLE if p.bureau}

    assert bureaus <= set(tour.bureaus)
    for bureau in bureaus:
        assert store.alerts.read_page(AlertQuery(within=frozenset({bureau}))), bureau
    assert store.views.visible_to("user:zhou", "示例区民政局")
    assert store.subscriptions.list_subscriptions()


def test_the_chain_is_whole_and_its_clock_never_ran_back(store):
    verdict = verify(store.database)

    assert (verdict.whole, verdict.clock_set_back) == (True, 0)
    assert find_faults(store.database) == []
    assert store.clock.today() > LAST_NIGHT


def test_whatever_was_done_is_an_act_of_somebody_of_the_demo(store):
    with store.database.reading() as con:
        actors = Counter(con.scalars(text("SELECT actor FROM activity")))

    assert set(actors) <= {f"user:{p.login}" for p in PEOPLE} | {"night", "setup", "xhcredit"}
    assert {f"user:{login}" for login in ("zhao", "qian", "chen", "sun", "wu", "feng")} < set(
        actors
    )


def test_every_statement_of_a_draw_says_that_it_is_of_a_demo(store):
    for draw in [d["id"] for d in store.draws.list_draws()]:
        assert json_of(store.draws.file(draw, "commitment.json"))["demo"] is True
    record = json_of(store.draws.file(draws.FINISHED, "record.json"))
    joint = json_of(store.joint_draws.record(draws.JOINT))
    published = store.draws.get(draws.FINISHED)["steps"][-1]["details"]

    assert all(
        statement["demo"] is True and "演示" in statement["clock"]
        for statement in (record, joint, published)
    )


def files_of(store, draw):
    named = {n: f"{n}.json" for n in ("commitment", "record")}
    named |= {n: f"{n}.csv" for n in ("frame", "inspectors", "recusals")}
    return PublishedFiles(**{n: store.draws.file(draw, name) for n, name in named.items()})


def test_the_verifier_names_the_demo_first_and_all_holds(store):
    files = files_of(store, draws.FINISHED)
    checks = verify_record(json_of(files.record), files)

    assert checks[0][1:] == IN_DEMO
    assert all(check.holds for check in checks)


def test_a_record_that_hides_the_demo_is_refuted(store):
    files = files_of(store, draws.FINISHED)
    hidden = {k: v for k, v in json_of(files.record).items() if k not in ("demo", "clock")}

    with pytest.raises(Exception, match="the record repeats the commitment"):
        verify_record(hidden, files._replace(record=None))


def test_the_stranger_says_so_too(demo):
    folder = demo.folder / "draw"
    names = ("record.json", "commitment.json", "frame.csv")
    done = subprocess.run(
        [sys.executable, folder / "verify_draw.py", *(folder / n for n in names)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "demo store with a clock of its own" in done.stdout


def test_made_again_it_is_left_as_it_is(demo):
    from tests.demo_store import SAMPLE

    before = demo.store.stat().st_mtime_ns
    again = make_demo(SAMPLE, demo.folder)

    assert again.repeated
    assert demo.store.stat().st_mtime_ns == before


def test_nothing_that_is_no_demo_is_deleted(tmp_path):
    from tests.demo_store import SAMPLE

    (tmp_path / "letters.txt").write_text("mine")

    with pytest.raises(BadInput, match="no demo of this version"):
        make_demo(SAMPLE, tmp_path, rebuild=True)
    with pytest.raises(NothingKnown, match="no sample district"):
        make_demo(tmp_path, tmp_path / "demo")
    assert json.dumps([f.name for f in tmp_path.iterdir()]) == '["letters.txt"]'
