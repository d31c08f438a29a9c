"""Other systems are told: each message at least once, signed, in order, and not for ever."""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from tests.serving.district import CLOCK_TIME, Clock
from tests.serving.receivers import receiving
from tests.store.nights import code, night
from xhcredit.domain.webhook_signatures import verify_message
from xhcredit.errors import BadInput, UnknownRecord, WrongState
from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy
from xhcredit.jobs.delivery.webhooks import DeliveryPolicy, deliver
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.tables import outbox
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

ACT = Act("admin", "subscription.new", "test")
LOOPBACK_ONLY = AddressPolicy(("127.0.0.0/8",))
PLAN = DeliveryPolicy(
    attempts=3, first_pause=timedelta(seconds=10), timeout_seconds=5, address_policy=LOOPBACK_ONLY
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(address, clock):
    with Store.open(address, clock=clock) as opened:
        yield opened


def change(store, tmp_path, *tiers):
    """Publish nights, one letter per enterprise."""
    for letters in tiers:
        day = f"2026-07-{len(store.reader.runs()) + 1:02}"
        publish(night(tmp_path / day, day, letters), store, actor="night")


def say(store, *rows):
    """Put messages of another kind into the outbox."""

    def work(tx):
        for row in rows:
            whole = {"kind": "alert.issued", "run": 0, "previous_run": 0, "code": ""} | row
            tx.con.execute(insert(outbox), whole | {"activity": tx.seq})

    store.act(Act("a", "alert.act", "test"), work)


def codes_and_tiers(receiver):
    """What came in, as (code, tier)."""
    bodies = [json.loads(r.body)["data"] for r in receiver.received]
    return [(b["code"], b.get("tier")) for b in bodies]


def states(store, number=1):
    return store.deliveries.counts().get(number, {})


def test_a_message_arrives_signed_and_once(store, tmp_path, clock):
    with receiving() as receiver:
        _, secret = store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        change(store, tmp_path, "ABCD", "BBCC")
        first, again = deliver(store, PLAN), deliver(store, PLAN)

    assert codes_and_tiers(receiver) == [(code(0), "B"), (code(3), "C")]
    assert ([t.delivered for t in first], [t.delivered for t in again]) == ([2], [0])
    [first_request, _] = receiver.received
    assert (
        verify_message(secret, first_request.headers, first_request.body, clock().timestamp())
        == first_request.headers["webhook-id"]
    )
    assert json.loads(first_request.body) == {
        "type": "tier_changed",
        "timestamp": "2026-06-30T08:00:00.000000Z",
        "data": {
            "code": code(0),
            "bureau": None,
            "tier": "B",
            "previous_tier": "A",
            "run": 2,
            "previous_run": 1,
        },
    }
    assert store.outbox.waiting() == []
    assert verify(store.database).whole
    assert find_faults(store.database) == []


def test_an_idle_pass_writes_nothing(store, tmp_path):
    store.subscriptions.add(ACT, "平台", "http://127.0.0.1:9/x", (), "")
    entries = verify(store.database).entries
    deliver(store, PLAN)

    assert verify(store.database).entries == entries


def test_a_receiver_is_told_its_kinds_and_its_bureau_only(store):
    with receiving() as receiver:
        add = store.subscriptions.add
        for name, kinds, bureau in (("k", ["alert.issued"], ""), ("b", [], "民政局")):
            add(ACT, name, f"{receiver.url}/{name}", kinds, bureau)
        say(store, {"code": "1"}, {"code": "2", "bureau": "民政局", "payload": '{"alert":7}'})
        say(store, {"code": "3", "kind": "draw.published", "bureau": "应急局"})
        deliver(store, PLAN)

    paths_and_codes = [(r.path[-1], json.loads(r.body)["data"]["code"]) for r in receiver.received]
    assert sorted(paths_and_codes) == [("b", "2"), ("k", "1"), ("k", "2")]
    assert json.loads(receiver.received[-1].body)["data"]["alert"] == 7
    assert store.outbox.waiting() == []


def test_failures_are_tried_again_later_and_given_up_in_the_end(store, tmp_path, clock):
    with receiving(lambda _: (500, {})) as receiver:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        change(store, tmp_path, "AB", "BB")
        rests = []
        for _ in range(5):
            deliver(store, PLAN)
            rests.append(len(receiver.received))
            clock.forward(seconds=10)
        receiver.answer = lambda _: (200, {})

        assert rests == [1, 2, 2, 3, 3]
        assert states(store) == {"dead": 1}
        [dead] = store.deliveries.dead_messages(1)
        assert (dead["code"], dead["attempts"], dead["answer"]) == (code(0), 3, "HTTP 500")
        assert store.deliveries.replay(ACT, 1) == 1
        deliver(store, PLAN)
    assert states(store) == {"delivered": 1}
    names = {r.headers["webhook-id"] for r in receiver.received}
    assert len(names) == 1


def test_messages_of_one_enterprise_stay_in_order_and_others_do_not_wait(store, tmp_path, clock):
    failing = {code(0)}

    def answer(request):
        return (500 if json.loads(request.body)["data"]["code"] in failing else 200), {}

    with receiving(answer) as receiver:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        change(store, tmp_path, "AA", "BB")
        deliver(store, PLAN)
        change(store, tmp_path, "CC")
        deliver(store, PLAN)
        failing.clear()
        clock.forward(seconds=10)
        deliver(store, PLAN)

    assert codes_and_tiers(receiver) == [
        (code(0), "B"),
        (code(1), "B"),
        (code(1), "C"),
        (code(0), "B"),
        (code(0), "C"),
    ]


def test_a_receiver_that_fails_again_and_again_is_left_alone(store, clock):
    with receiving(lambda _: (503, {"retry-after": "100"})) as receiver:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        say(store, *({"code": str(n)} for n in range(10)))
        [first] = deliver(store, PLAN)

        assert (first.stopped, first.waiting, len(receiver.received)) == ("failing", 3, 3)
        clock.forward(seconds=99)
        deliver(store, PLAN)
        bodies = [json.loads(r.body)["data"]["code"] for r in receiver.received]
        assert bodies == ["0", "1", "2", "3", "4", "5"], "who asked for 100 s was given them"


@pytest.mark.parametrize(
    "retry_after", ["Fri, 31 Dec 9" + "9" * 20 + " 23:59:59 GMT", "soon", "-1"]
)
def test_a_rest_that_nobody_can_read_is_none(store, retry_after):
    with receiving(lambda _: (503, {"retry-after": retry_after})) as receiver:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        say(store, {"code": "1"})
        [report] = deliver(store, PLAN)

    assert (report.waiting, report.last_answer) == (1, "HTTP 503")


def test_gone_ends_the_subscription(store):
    with receiving(lambda _: (410, {})) as receiver:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        say(store, {"code": "1"}, {"code": "2"})
        [report] = deliver(store, PLAN)
        assert report.stopped == "gone"
        assert deliver(store, PLAN) == []

    assert states(store) == {"dropped": 2}
    assert len(receiver.received) == 1


@pytest.mark.parametrize("answer", [(301, {"location": "http://127.0.0.1/"}), (404, {})])
def test_only_2xx_is_an_arrival_and_nothing_is_followed(store, answer):
    with receiving(lambda _: answer) as receiver:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        say(store, {"code": "1"})
        deliver(store, PLAN)

    assert states(store) == {"waiting": 1}
    assert len(receiver.received) == 1


def test_two_secrets_sign_for_a_day(store, clock):
    with receiving() as receiver:
        _, old = store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        new = store.subscriptions.rotate(ACT, 1)
        for hours in (0, 25):
            clock.forward(hours=hours)
            say(store, {"code": "1"})
            deliver(store, PLAN)

    first, second = receiver.received
    for secret in (old, new):
        verify_message(secret, first.headers, first.body, CLOCK_TIME.timestamp())
    verify_message(new, second.headers, second.body, clock().timestamp())
    with pytest.raises(BadInput, match="not signed by the secret"):
        verify_message(old, second.headers, second.body, clock().timestamp())
    with pytest.raises(BadInput, match="older or newer"):
        verify_message(new, second.headers, second.body, CLOCK_TIME.timestamp())


def test_everything_since_a_message_can_be_sent_again(store):
    say(store, {"code": "1"}, {"code": "2"})
    with receiving() as receiver:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        say(store, {"code": "3"})
        deliver(store, PLAN)
        assert [c for c, _ in codes_and_tiers(receiver)] == ["3"]
        assert store.deliveries.replay(ACT, 1, since=2) == 2
        deliver(store, PLAN)

    assert [c for c, _ in codes_and_tiers(receiver)] == ["3", "2", "3"]
    with pytest.raises(UnknownRecord, match="no subscription 7"):
        store.deliveries.replay(ACT, 7)


def test_secrets_are_told_once_and_kept_under_no_key(store):
    with pytest.raises(BadInput, match="ask without idempotency key"):
        store.subscriptions.add(Act("a", "b", "c", key="k"), "n", "https://a.cn", (), "")
    _, secret = store.subscriptions.add(ACT, "n", "https://a.cn", (), "")

    assert secret not in repr(store.subscriptions.list_subscriptions(include_ended=True))
    with store.database.reading() as con:
        assert secret not in repr(con.execute(text("SELECT payload FROM activity")).all())


def test_two_deliverers_do_not_work_at_once(store, address):
    with Store.open(address) as other:
        with store.database.delivering() as alone:
            assert alone
            with pytest.raises(WrongState, match="another deliverer"):
                deliver(other, PLAN)
        assert deliver(other, PLAN) == []


def test_the_night_is_published_while_a_receiver_lets_us_wait(store, tmp_path):
    is_asked, over = threading.Event(), threading.Event()

    def answer(_):
        is_asked.set()
        over.wait(30)
        return 204, {}

    with receiving(answer) as receiver, ThreadPoolExecutor(1) as pool:
        store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        say(store, {"code": "1"})
        going = pool.submit(deliver, store, replace(PLAN, timeout_seconds=30))
        assert is_asked.wait(30)
        change(store, tmp_path, "AB", "BB")
        assert not going.done()
        over.set()
        [report] = going.result()

    assert report.delivered == 1
    assert store.reader.current_run()["run"] == 2


def test_an_answer_that_never_ends_is_not_waited_for(store):
    """Bytes that drip would outlive any limit on a single read."""
    over = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def drip():
            wire, _ = server.accept()
            with wire, suppress(ConnectionError):
                wire.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.05):
                    wire.sendall(b"X: x\r\n")

        dripping = threading.Thread(target=drip)
        dripping.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        store.subscriptions.add(ACT, "平台", url, (), "")
        say(store, {"code": "1"})
        [report] = deliver(store, replace(PLAN, timeout_seconds=0.5))
        over.set()
        dripping.join()

    assert (report.waiting, report.last_answer) == (1, "no answer in 0.5 s")
