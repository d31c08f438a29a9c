"""kill -9 of a deliverer, at every step and while a receiver answers: nothing is lost."""

import json
import os
import signal
from collections import Counter

from tests.serving.receivers import receiving
from tests.store.killed import deliver_all, run
from tests.store.nights import code, night
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

MANY = 60  #: enterprises that change their tier: two groups of messages
ACT = Act("admin", "subscription.new", "test")


def arrivals_of(receiver):
    """How often each message arrived, and in which order those of each enterprise came."""
    names = Counter(r.headers["webhook-id"] for r in receiver.received)
    tiers = {}
    for request in receiver.received:
        event_fields = json.loads(request.body)["data"]
        tiers_received = tiers.setdefault(event_fields["code"], [])
        if event_fields["tier"] not in tiers_received:
            tiers_received.append(event_fields["tier"])
    return names, tiers


def nights(store, tmp_path, *letters):
    for letter in letters:
        day = f"2026-07-{len(store.reader.runs()) + 1:02}"
        publish(night(tmp_path / day, day, letter * MANY), store, actor="night")


def test_whenever_it_is_killed_everything_arrives_in_order(address, tmp_path):
    with Store.open(address) as store, receiving() as receiver:
        for name in ("a", "b"):
            store.subscriptions.add(ACT, name, f"{receiver.url}/{name}", (), "")
        nights(store, tmp_path, "A", "B", "C")
        limit, kills, lived = 0, 0, False
        while not lived:
            limit += 4 if limit < 40 else 45  # the first steps spread, the many that follow send
            lived = run(deliver_all, address, limit)
            kills += not lived
        names, tiers = arrivals_of(receiver)

        assert kills >= 12
        assert len(names) == 2 * MANY
        assert tiers == {code(n): ["B", "C"] for n in range(MANY)}
        assert store.outbox.waiting() == []
        assert verify(store.database).whole
        assert find_faults(store.database) == []


def test_killed_between_the_answer_and_noting_it_the_same_is_sent_again(address, tmp_path):
    killed = []

    def answer(request):
        """Kill who asks, as soon as a message of each group has come in whole."""
        if len(receiver.received) in (3, 30, 60) and len(killed) < 3:
            killed.append(len(receiver.received))
            os.kill(int(address_of_sender(receiver)), signal.SIGKILL)
        return 200, {}

    def address_of_sender(_):
        return (tmp_path / "pid").read_text(encoding="utf-8")

    with Store.open(address) as store, receiving(answer) as receiver:
        store.subscriptions.add(ACT, "a", receiver.url, (), "")
        nights(store, tmp_path, "A", "B")
        for _ in range(4):
            lived = run(deliver_named, address, str(tmp_path / "pid"))
        names, _ = arrivals_of(receiver)

        assert lived
        assert len(killed) == 3
        assert len(names) == MANY
        assert max(names.values()) > 1, "what was not noted came again, under the same name"
        assert store.deliveries.counts() == {1: {"delivered": MANY}}
        assert verify(store.database).whole


def deliver_named(address, file):
    """Tell everybody, after writing down who does it."""
    with open(file, "w", encoding="utf-8") as pid:
        pid.write(str(os.getpid()))
    deliver_all(address, 0)
