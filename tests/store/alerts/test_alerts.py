"""Alerts in the store: a night all or nothing, one officer wins, nothing changes afterwards."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from xhcredit.alerts.budget import AlertCandidate
from xhcredit.alerts.workflow import AlertAction
from xhcredit.errors import BadInput, KeyReused, TwoPersons, UnknownRecord, WrongState
from xhcredit.jobs.alerts.follow_up import AlertContext, perform_on_alerts, precision_table
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.outbox import webhook_body
from xhcredit.store.core.transactions import Act
from xhcredit.store.delivery.rows import AlertIssuedMessage

DAY = date(2026, 6, 30)
BOOK = Rulebook.load()
LATEST = date(2100, 12, 31)  #: the calendar of working days ends here
NOTHING = {"before": "2000-01-01", "reason": "old"}


def act(key=None, actor="a", **payload):
    return Act(actor, "alert.act", "预警核查", "市监局", payload, key)


def candidate(n, colour="yellow", fact="f", bureau="市监局", trigger="tax_arrears"):
    return AlertCandidate(
        trigger,
        "d",
        "finance",
        "enterprise",
        f"c{n}",
        f"c{n}",
        "某店",
        bureau,
        "甲街道",
        fact,
        colour,
        1.0,
        0,
        None,
        {"figures": {"n": n}, "events": []},
    )


def night(store, *new, on=DAY, inputs="i", expired=NOTHING):
    pairs = [(c, None) for c in new]
    return store.alerts.record_night(act(), on, inputs, pairs, expired, {"found": len(new)})


DETAILS = {
    "issue": {"owner": "张三"},
    "verify": {"verdict": "true", "evidence": "照片"},
    "dispose": {"measure": "remind"},
    "feed_back": {"result": "已改"},
}


def go(store, numbers, *names, who="a", key=None, within=None, on=DAY, **details):
    for name in names:
        doing = AlertAction(name, on, who, "核查", {**DETAILS.get(name, {}), **details})
        alert_act = act(key, who, act=name, numbers=numbers)
        outcome = perform_on_alerts(AlertContext(store, BOOK, within), alert_act, numbers, doing)
    return outcome


def test_a_night_is_kept_whole_and_the_same_night_again_does_nothing(store):
    first = night(store, candidate(1), candidate(2, "red"))
    again = night(store, candidate(1), candidate(2), candidate(3))

    assert (first["raised"], first["repeated"]) == (2, False)
    assert again == first | {"repeated": True}
    assert [r["subject"] for r in store.alerts.read_page(AlertQuery())] == ["c2", "c1"]
    other = night(store, candidate(1), candidate(1, fact="g"), inputs="j")
    assert other["raised"] == 1
    assert verify(store.database).whole


def test_a_night_that_dies_in_the_middle_leaves_nothing(store):
    broken = candidate(2)
    object.__setattr__(broken, "strength", object())
    with pytest.raises(Exception, match=r"(?i)bind|adapt|supported|type"):
        night(store, candidate(1), broken)

    assert store.alerts.read_page(AlertQuery()) == []
    assert store.alerts.night_report(DAY, "i") is None
    assert night(store, candidate(1))["raised"] == 1


def test_the_whole_loop_is_kept_with_who_and_why_and_told_to_others(store):
    night(store, candidate(1))
    outcome = go(store, [1], "screen", "issue", "verify", "dispose", "feed_back", "close")

    assert outcome[0]["state"] == "closed"
    alert = store.alerts.get(1)
    assert [s["act"] for s in alert["steps"]][:3] == ["detect", "screen", "issue"]
    assert alert["steps"][2]["details"]["departments"] == ["市场监督管理局", "税务局", "人民法院"]
    [message] = store.outbox.waiting()
    assert message["kind"] == "alert.issued"
    body = webhook_body(message | {"recorded_at": "2026-06-30T08:00:00.000000Z"})
    assert TypeAdapter(AlertIssuedMessage).validate_json(body, strict=True)["data"]["alert"] == 1
    assert verify(store.database).whole
    assert find_faults(store.database) == []


def test_of_two_officers_at_once_one_wins(store):
    night(store, candidate(1))

    def decide(name):
        try:
            return go(store, [1], name)[0]["state"]
        except WrongState as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        decisions = sorted(pool.map(decide, ["screen", "screen"]), key=len)
    assert decisions[0] == "screened"
    assert "it is screened; now possible" in decisions[1]
    assert len(store.alerts.get(1)["steps"]) == 2


def test_many_at_once_are_all_or_none(store):
    night(store, candidate(1), candidate(2), candidate(3))
    go(store, [2], "screen")

    with pytest.raises(WrongState, match="it is screened"):
        go(store, [1, 2, 3], "screen")
    assert [r["state"] for r in store.alerts.read_page(AlertQuery())] == [
        "detected",
        "screened",
        "detected",
    ]
    assert len(go(store, [1, 3], "screen")) == 2
    for wrong in ([], [1, 1], list(range(201))):
        with pytest.raises(BadInput, match="give 1 to 200 different ones"):
            go(store, wrong, "screen")


def test_two_persons_and_the_same_key_again(store):
    night(store, candidate(1, "orange"))
    first = go(store, [1], "screen", key="k")
    assert go(store, [1], "screen", key="k") == first
    with pytest.raises(KeyReused, match="was used for another request"):
        go(store, [1], "dismiss", key="k")
    with pytest.raises(TwoPersons, match="somebody else"):
        go(store, [1], "issue")
    assert go(store, [1], "issue", who="b")[0]["state"] == "issued"


def test_an_alert_of_another_bureau_is_not_there(store):
    night(store, candidate(1), candidate(2, bureau="民政局"), candidate(3, bureau=""))
    within = frozenset({"市监局"})

    assert [r["id"] for r in store.alerts.read_page(AlertQuery(within=within))] == [1]
    assert store.alerts.read_page(AlertQuery(within=frozenset())) == []
    for number in (2, 3, 99):
        with pytest.raises(UnknownRecord, match=f"there is no alert {number}"):
            go(store, [number], "screen", within=within)


def test_lists_are_filtered_and_paged(store):
    night(store, candidate(1), candidate(2, "red"), candidate(3, trigger="debtor_often"))
    go(store, [1], "screen", "issue")

    def ids(**query):
        return [r["id"] for r in store.alerts.read_page(AlertQuery(**query))]

    assert ids(states=frozenset({"detected"})) == [3, 2]
    assert ids(colours=frozenset({"red"})) == [2]
    assert ids(triggers=frozenset({"debtor_often"})) == [3]
    assert (ids(owner="张三"), ids(owner="x")) == ([1], [])
    assert (ids(overdue_on="2026-07-15"), ids(overdue_on="2026-07-14")) == ([1], [])
    assert (ids(limit=2), ids(before=2)) == ([3, 2], [1])
    go(store, [3], "snooze", until="2026-07-05")
    assert ids(awake_on="2026-07-05") == [2, 1]
    assert ids(awake_on="2026-07-06") == [3, 2, 1]
    go(store, [3], "screen", "issue", on=LATEST)
    assert (ids(due_unknown=True), ids(overdue_on="2026-07-15")) == ([3], [1])


def test_merging_names_one_about_the_same_subject_that_goes_on(store):
    night(store, candidate(1), candidate(1, fact="g"), candidate(2))
    for into, words in ((1, "no other one"), (3, "no other one")):
        with pytest.raises(BadInput, match=words):
            go(store, [1], "merge", into=into)
    go(store, [2], "dismiss")
    with pytest.raises(WrongState, match="alert 2 is dismissed"):
        go(store, [1], "merge", into=2)


def test_what_nobody_issued_expires_by_itself_and_issued_ones_do_not(store):
    night(store, candidate(1), candidate(2), candidate(3))
    go(store, [2], "screen", "issue")
    go(store, [3], "snooze", until="2026-07-10")
    later = {"before": "2026-07-01", "reason": "60 days"}

    assert night(store, on=date(2026, 7, 5), inputs="j", expired=later)["expired"] == 1
    assert [r["state"] for r in store.alerts.read_page(AlertQuery())] == [
        "detected",
        "issued",
        "expired",
    ]


def test_precision_counts_the_latest_verdicts(store):
    night(store, *(candidate(n) for n in range(1, 4)))
    go(store, [1, 2, 3], "screen", "issue")
    go(store, [1], "verify")
    go(store, [2, 3], "verify", verdict="false")
    row = {r["trigger"]: r for r in precision_table(AlertContext(store, BOOK), DAY)}["tax_arrears"]

    assert (row["alerts"], row["true"], row["false"]) == (3, 1, 2)
    assert row["lowest"] < row["precision"] < row["highest"]
    elsewhere = precision_table(AlertContext(store, BOOK, frozenset({"民政局"})), DAY)
    assert {r["alerts"] for r in elsewhere} == {0}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE alerts SET name = 'x'",
        "DELETE FROM alerts",
        "UPDATE alert_steps SET state = 'closed'",
        "DELETE FROM alert_steps",
        "UPDATE alert_nights SET report = '{}'",
        "DELETE FROM alert_nights",
        "UPDATE alert_proofs SET report = '{}'",
        "DELETE FROM alert_proofs",
        "INSERT INTO alert_steps SELECT alert, 9, act, actor, done_on, reason, details, state, "
        "colour, owner, due_on, snoozed_until, activity FROM alert_steps",
    ],
)
def test_the_database_itself_refuses(store, sql):
    night(store, candidate(1))
    store.alerts.save_backtests(act(), DAY, "d", [{"trigger": "t", "numbers": "n"}])
    with pytest.raises(DBAPIError, match="append-only"), store.database.writing() as con:
        con.execute(text(sql))
