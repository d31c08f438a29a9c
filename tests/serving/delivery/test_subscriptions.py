"""Who is told, over HTTP: for the security administrator, of their bureaus, secrets once."""

import json

import pytest
from pydantic import TypeAdapter

from tests.serving.district import CLOCK_TIME, CODES, problem, served
from tests.serving.receivers import receiving
from tests.serving.visitors import visitor
from tests.store.nights import night
from xhcredit.domain.webhook_signatures import verify_message
from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy
from xhcredit.jobs.delivery.webhooks import DeliveryPolicy, deliver
from xhcredit.jobs.night.publish import publish
from xhcredit.store.delivery.rows import AlertIssuedMessage, TierChangedMessage

PATH = "/v1/subscriptions"
#: as the description declares them (``webhooks``)
MESSAGES = {
    "tier_changed": TypeAdapter(TierChangedMessage),
    "alert.issued": TypeAdapter(AlertIssuedMessage),
}
HOOK = {"name": "平台", "url": "https://platform.example.cn/hooks", "bureau": ""}


@pytest.fixture
def admin(client):
    return visitor(client, "admin", ("security_admin", ""))


def test_a_system_is_told_of_the_next_night(file, tmp_path):
    local_addresses = AddressPolicy(("127.0.0.0/8",))
    with receiving() as receiver, served(str(file), outward=local_addresses) as client:
        admin = visitor(client, "admin", ("security_admin", ""))
        created = admin.post(PATH, json=HOOK | {"url": receiver.url, "kinds": ["tier_changed"]})
        assert created.status_code == 201
        assert created.headers["location"] == f"{PATH}/{created.json()['number']}"
        secret = created.json()["secret"]
        other = night(tmp_path / "n", "2026-07-01", "AB")
        changed = publish(other, client.store, actor="n").changed
        reports = deliver(client.store, DeliveryPolicy(address_policy=local_addresses))

        assert reports[0].delivered == len(receiver.received) == changed == len(CODES) + 2
        for request in receiver.received:
            verify_message(secret, request.headers, request.body, CLOCK_TIME.timestamp())
            message_type = json.loads(request.body)["type"]
            MESSAGES[message_type].validate_json(request.body, strict=True)
        [row] = admin.get(PATH).json()["subscriptions"]
        assert row["messages"] == {"waiting": 0, "delivered": changed, "dead": 0, "dropped": 0}
        assert admin.get(created.headers["location"]).json() == row
        assert secret not in admin.get(PATH).text + client.log.getvalue()


def test_it_is_ended_rotated_and_told_again(client, admin):
    number = admin.post(PATH, json=HOOK).json()["number"]
    subscription_path = f"{PATH}/{number}"

    assert admin.post(f"{subscription_path}:rotate").json()["secret"].startswith("whsec_")
    assert admin.post(f"{subscription_path}:replay", params={"since": 1}).json()["messages"] == 0
    assert admin.get(f"{subscription_path}/dead-messages").json() == {"messages": [], "next": None}
    for _ in range(2):  # the same key again does nothing
        ended = admin.delete(subscription_path, headers={"Idempotency-Key": "e"}).json()
        assert (ended["number"], bool(ended["ended_at"])) == (number, True)
    problem(admin.delete(subscription_path), 404, "unknown_record")
    problem(admin.post(f"{subscription_path}:rotate"), 404, "unknown_record")
    [row] = admin.get(PATH).json()["subscriptions"]
    assert row["ended_at"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://169.254.169.254/latest", "is inside"),
        ("http://platform.example.cn/", "without HTTPS"),
        ("https://u:p@platform.example.cn/", "a password"),
        ("file:///etc/passwd", "https:// addresses only"),
    ],
)
def test_addresses_inside_are_refused(admin, url, message):
    assert (
        message in problem(admin.post(PATH, json=HOOK | {"url": url}), 400, "bad_input")["detail"]
    )
    assert admin.get(PATH).json()["subscriptions"] == []


def test_an_administrator_of_one_bureau_hands_out_its_messages_only(client, admin):
    mine = visitor(client, "mine", ("security_admin", "示例区民政局"))
    theirs = admin.post(PATH, json=HOOK | {"bureau": "建管委"}).json()["number"]

    for bureau in ("", "*", "建管委"):
        problem(mine.post(PATH, json=HOOK | {"bureau": bureau}), 403, "not_allowed")
    subscription_id = mine.post(PATH, json=HOOK | {"bureau": "民政局"}).json()["number"]
    assert [s["number"] for s in mine.get(PATH).json()["subscriptions"]] == [subscription_id]
    for ask in (
        mine.delete(f"{PATH}/{theirs}"),
        mine.post(f"{PATH}/{theirs}:rotate"),
        mine.post(f"{PATH}/{theirs}:replay"),
        mine.get(f"{PATH}/{theirs}/dead-messages"),
        mine.get(f"{PATH}/99/dead-messages"),
    ):
        problem(ask, 404, "unknown_record")


def test_nobody_else_may(client):
    problem(client.get(PATH), 403, "not_allowed")
    for role in ("system_admin", "auditor", "viewer", "draw_officer"):
        other = visitor(client, role.replace("_", "-"), (role, ""))
        problem(other.get(PATH), 403, "not_allowed")
        problem(other.post(PATH, json=HOOK), 403, "not_allowed")
