"""Every kind of writer that people and systems cause, to be killed: one act each, told apart."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.store.killed import Steps
from xhcredit.alerts.budget import AlertCandidate
from xhcredit.store.core.transactions import Act
from xhcredit.store.restoration.applications import Filing, Step
from xhcredit.store.store import Store

CLOCK_TIME = datetime(2026, 6, 30, 8, tzinfo=UTC)
DAY = date(2026, 6, 30)


def act(actor: str, action: str, key: str | None = None) -> Act:
    return Act(actor, action, "test", "市监局", key=key)


def person(store: Store, name: str) -> None:
    store.access.add_user(act("admin", "user.add", f"add {name}"), name, name, "hash")
    store.access.grant(act("admin", "user.grant", f"grant {name}"), name, "viewer", "市监局")


def key(store: Store, name: str) -> None:
    whole = store.access.new_key(act("admin", "key.new"), name, "", ["viewer"], CLOCK_TIME)
    revoke = act("admin", "key.revoke", f"revoke {name}")
    store.access.revoke_key(revoke, whole.split("_")[1])


def session(store: Store, name: str) -> None:
    user = store.access.get_user("kept")
    opened = store.sessions.open(act("user:kept", "session.open"), user, "::1", "password")
    session_row = store.sessions.find(opened.cookie)
    assert session_row is not None
    store.sessions.close(act("user:kept", "session.close"), session_row["digest"])


def application(store: Store, name: str) -> None:
    filing = Filing("restoration", "91310115MA1K3CUM7M", "penalty", {"doc_no": name}, "samr", "局")
    filed = store.applications.submit(act("a", "file", f"file {name}"), filing, Step("file", DAY))
    accept = Step("accept", DAY, official="王某", role="科长", reason="材料齐全")
    do = act("b", "step", f"accept {name}")
    store.applications.add_step(do, filed["application"], lambda _: accept)


def alert(store: Store, name: str) -> None:
    candidate = AlertCandidate(
        "tax_arrears",
        "d",
        "finance",
        "enterprise",
        name,
        name,
        "某店",
        "局",
        "街",
        "f",
        "yellow",
        1.0,
        0,
        None,
        {"figures": {}, "events": []},
    )
    old = {"before": "2000-01-01", "reason": "old"}
    store.alerts.record_night(
        act("night", "alerts"), DAY, name, [(candidate, None)], old, {"found": 1}
    )


def subscription(store: Store, name: str) -> None:
    number, _ = store.subscriptions.add(act("a", "add"), name, "https://a.cn/", (), "")
    store.subscriptions.rotate(act("a", "rotate"), number)
    store.subscriptions.end(act("a", "end", f"end {name}"), number)


WRITERS = {w.__name__: w for w in (person, key, session, application, alert, subscription)}


def write_until(address: str, writer: str, name: str, limit: int) -> None:
    """Let one writer write until it is killed."""
    steps = Steps(limit)
    with Store.open(address, clock=lambda: CLOCK_TIME + timedelta(seconds=limit)) as store:
        steps.watch(store)
        WRITERS[writer](store, name)
        steps()
