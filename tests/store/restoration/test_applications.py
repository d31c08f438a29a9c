"""Applications: steps in order only, one officer wins, nothing changes, nobody is nameless."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from xhcredit.errors import BadInput, KeyReused, UnknownRecord, WrongState, XhcreditError
from xhcredit.restoration.workflow import TRANSITIONS, next_state
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.transactions import Act
from xhcredit.store.restoration.applications import Filing, Revocation, Step

CODE = "91310115MA1K3CUM7M"
FILED = date(2026, 8, 10)
FILING = Filing("restoration", CODE, "penalty", {"doc_no": "沪徐〔2026〕1号"}, "samr", "市监局")
OBJECTION = Filing("objection", CODE, "penalty", {"doc_no": "沪徐〔2026〕1号"}, "samr", "市监局")
OFFICER = {"official": "王某", "role": "信用科科长", "reason": "材料齐全"}


def act(key=None, **payload):
    return Act("key:1", "restoration.step", "信用修复", "市监局", payload, key)


def file(store, filing=FILING, **details):
    return store.applications.submit(act(), filing, Step("file", FILED, details=details))[
        "application"
    ]


def go(store, number, *names, on=FILED):
    for name in names:
        step = Step(name, on, **OFFICER)
        application = store.applications.add_step(act(step=name), number, lambda _, s=step: s)
    return application


WALKS = [
    (FILING, ["accept", "grant", "publish"], "published"),
    (FILING, ["accept", "grant", "publish", "revoke", "resume"], "resumed"),
    (FILING, ["accept", "grant", "revoke"], "revoked"),
    (FILING, ["accept", "grant", "publish", "revoke"], "revoked"),
    (FILING, ["return", "refile", "accept", "classify", "refuse"], "refused"),
    (FILING, ["classify", "accept", "withdraw"], "withdrawn"),
    (OBJECTION, ["mark", "forward", "uphold"], "upheld"),
    (OBJECTION, ["mark", "reject"], "rejected"),
]


@pytest.mark.parametrize(("filing", "names", "state"), WALKS)
def test_steps_in_order_are_kept_with_who_and_why(store, filing, names, state):
    number = file(store, filing, assessment={"eligible": True})
    assert go(store, number, *names) == {
        "application": number,
        "step": len(names) + 1,
        "state": state,
    }

    application = store.applications.get(number)
    assert (application["state"], application["key"]) == (state, dict(filing.key))
    assert [s["act"] for s in application["steps"]] == ["file", *names]
    assert application["steps"][0]["details"] == {"assessment": {"eligible": True}}
    assert {s["official"] for s in application["steps"][1:]} == {"王某"}
    assert verify(store.database).whole


@pytest.mark.parametrize("kind", list(TRANSITIONS))
def test_every_other_order_is_refused_and_says_what_is_possible(kind):
    states = {m.to for m in TRANSITIONS[kind].values() if m.to}
    for state in sorted(states):
        for name, move in TRANSITIONS[kind].items():
            if name != "file" and state not in move.states:
                with pytest.raises(WrongState, match=f"it is {state}; now possible: "):
                    next_state(kind, state, name)


def test_a_step_that_nobody_knows_is_refused():
    with pytest.raises(
        BadInput, match='unknown step "bless" of restoration; choose one of: accept'
    ):
        next_state("restoration", "filed", "bless")


def test_of_two_officers_at_once_one_wins(store):
    number = file(store)
    go(store, number, "accept")

    def decide(name):
        try:
            return go(store, number, name)["state"]
        except WrongState as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        decisions = sorted(pool.map(decide, ["grant", "refuse"]), key=len)
    assert decisions[0] in ("granted", "refused")
    assert f"it is {decisions[0]}" in decisions[1]
    assert len(store.applications.get(number)["steps"]) == 3


def test_the_same_key_again_does_nothing_and_gives_the_same_answer(store):
    number = file(store)
    step = Step("accept", FILED, **OFFICER)
    first = store.applications.add_step(act("k", n=1), number, lambda _: step)

    assert store.applications.add_step(act("k", n=1), number, lambda _: step) == first
    assert len(store.applications.get(number)["steps"]) == 2
    with pytest.raises(KeyReused, match="was used for another request"):
        store.applications.add_step(act("k", n=2), number, lambda _: step)


def test_a_record_has_one_application_under_way(store):
    number = file(store)
    with pytest.raises(WrongState, match=f"application {number} about the same record is filed"):
        file(store)
    assert file(store, OBJECTION) == number + 1

    go(store, number, "accept", "refuse")
    again = file(store)
    go(store, again, "accept", "grant", "publish")
    with pytest.raises(WrongState, match=f"application {again} about the same record is published"):
        file(store)


@pytest.mark.parametrize("lacking", ["official", "role", "reason"])
def test_an_official_has_a_name_an_office_and_a_reason(store, lacking):
    number = file(store)
    step = Step("accept", FILED, **(OFFICER | {lacking: " "}))

    with pytest.raises(BadInput, match=f'"accept" without {lacking}; say who decides and why'):
        store.applications.add_step(act(), number, lambda _: step)


def test_no_step_is_before_the_last_one(store):
    number = file(store)

    with pytest.raises(BadInput, match="2026-08-09 is before the last step of 2026-08-10"):
        go(store, number, "accept", on=date(2026, 8, 9))


def test_who_is_not_there_is_told(store):
    with pytest.raises(UnknownRecord, match="no application 7"):
        store.applications.get(7)
    with pytest.raises(UnknownRecord, match="no application 7"):
        go(store, 7, "accept")


def test_grants_name_the_record_the_day_and_why(store):
    number, other = file(store), file(store, OBJECTION)
    assert store.applications.grants() == []
    go(store, number, "accept", "grant", on=date(2026, 8, 12))
    go(store, other, "mark", "uphold", on=date(2026, 8, 13))

    grants = store.applications.grants()
    assert [(g.application, g.granted_on, g.why) for g in grants] == [
        (number, date(2026, 8, 12), "restored"),
        (other, date(2026, 8, 13), "objection"),
    ]
    assert grants[0].key == FILING.key


def test_false_materials_are_remembered(store):
    number = file(store)
    go(store, number, "accept")
    assert store.applications.false_materials_on(CODE) is None
    step = Step("refuse", FILED, **OFFICER, details={"false_materials": True})
    store.applications.add_step(act(), number, lambda _: step)

    assert store.applications.false_materials_on(CODE) == FILED


@pytest.mark.parametrize("revoke_ground", ["false_materials", "broken_pledge"])
def test_a_revoked_restoration_is_no_grant_and_bars_the_enterprise(store, revoke_ground):
    number = file(store)
    go(store, number, "accept", "grant")
    step = Step("revoke", date(2026, 9, 1), **OFFICER, details={revoke_ground: True})
    store.applications.add_step(act(), number, lambda _: step)

    assert store.applications.grants() == []
    assert store.applications.revocations() == [
        Revocation(number, CODE, "penalty", dict(FILING.key), date(2026, 9, 1))
    ]
    assert store.applications.false_materials_on(CODE) == date(2026, 9, 1)
    assert file(store) == number + 1  # may be asked for again; the answer tells the bar


def test_a_page_is_filtered_by_state_bureau_and_code(store):
    numbers = [
        file(
            store, Filing("restoration", CODE, "penalty", {"doc_no": str(n)}, "samr", f"局{n % 2}")
        )
        for n in range(5)
    ]
    go(store, numbers[3], "accept")
    page = store.applications.list_page

    def ids(**filters):
        return [a["id"] for a in page("restoration", **filters)]

    assert ids() == numbers[::-1]
    assert ids(limit=2) == [5, 4]
    assert ids(limit=2, before_id=4) == [3, 2]
    assert ids(states=frozenset({"accepted"})) == [4]
    assert ids(bureaus=frozenset({"局1"})) == [4, 2]
    assert ids(bureaus=frozenset()) == ids(code="x") == page("objection") == []


FORBIDDEN = [
    "UPDATE applications SET code = 'x'",
    "DELETE FROM applications",
    "UPDATE application_steps SET reason = 'x'",
    "DELETE FROM application_steps",
    "INSERT INTO application_steps SELECT application, 9, act, state, done_on, official, role, "
    "reason, details, activity FROM application_steps",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_database_itself_refuses_to_change_what_was_done(store, sql):
    file(store)

    with pytest.raises(DBAPIError, match="append-only"), store.database.writing() as con:
        con.execute(text(sql))
    assert find_faults(store.database) == []


def test_what_is_refused_leaves_nothing_behind(store):
    number = file(store)

    def fail(_):
        raise XhcreditError("no; do not")

    with pytest.raises(XhcreditError, match="no; do not"):
        store.applications.add_step(act(), number, fail)
    assert len(store.applications.get(number)["steps"]) == 1
    assert verify(store.database).entries == 2
