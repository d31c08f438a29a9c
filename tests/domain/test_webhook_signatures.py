"""Signed messages: the published example, both ends, and every way in which one is not ours."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from xhcredit.domain.webhook_signatures import TOLERANCE_SECONDS, signature_headers, verify_message
from xhcredit.errors import BadInput

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the example of the specification
OTHER = "whsec_" + base64.b64encode(b"another secret of the test").decode()
EVENT, SENT_AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
MARK = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="  # of the specification


def test_the_example_of_the_specification_has_its_three_headers():
    assert signature_headers([SECRET], EVENT, SENT_AT, BODY) == {
        "webhook-id": EVENT,
        "webhook-timestamp": str(SENT_AT),
        "webhook-signature": MARK,
    }


@given(
    st.binary(min_size=1, max_size=64),
    st.text("abcMSG_019.-", min_size=1, max_size=30),
    st.integers(0, 4_000_000_000),
    st.text(max_size=200).map(str.encode),
)
def test_receivers_with_the_reference_library_count_the_same_signature(key, event, seconds, body):
    """Only its signing is asked: its verifying looks at the clock of the machine."""
    secret = "whsec_" + base64.b64encode(key).decode()
    expected = Webhook(secret).sign(event, datetime.fromtimestamp(seconds, UTC), body.decode())

    assert signature_headers([secret], event, seconds, body)["webhook-signature"] == expected


def test_while_a_secret_is_changed_both_signatures_go_with_the_message():
    headers = signature_headers([OTHER, SECRET], EVENT, SENT_AT, BODY)

    assert headers["webhook-signature"].split(" ")[1] == MARK
    for secret in (OTHER, SECRET):
        assert verify_message(secret, headers, BODY, SENT_AT) == EVENT


@pytest.mark.parametrize("apart", [-300, -1, 0, 1, 300])
def test_clocks_may_lie_five_minutes_apart(apart):
    assert TOLERANCE_SECONDS == 300
    assert (
        verify_message(
            SECRET, signature_headers([SECRET], EVENT, SENT_AT, BODY), BODY, SENT_AT + apart
        )
        == EVENT
    )


@pytest.mark.parametrize("apart", [-301, -300.5, 300.5, 301])
def test_what_is_older_or_newer_is_refused(apart):
    with pytest.raises(BadInput, match=r"^the message is older or newer .*; answer 400$"):
        verify_message(
            SECRET, signature_headers([SECRET], EVENT, SENT_AT, BODY), BODY, SENT_AT + apart
        )


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-signature": ""},
        {"webhook-signature": MARK.replace("v1,", "v2,")},
        {"webhook-signature": MARK[:-2] + "A="},
        {"webhook-timestamp": str(SENT_AT + 1)},
    ],
)
def test_what_was_changed_on_its_way_is_refused(change):
    headers = signature_headers([SECRET], EVENT, SENT_AT, BODY) | change
    with pytest.raises(BadInput, match=r"^the message is not signed by the secret .*; answer 401$"):
        verify_message(SECRET, headers, BODY, SENT_AT)
    with pytest.raises(BadInput, match="not signed by the secret"):
        verify_message(
            SECRET, signature_headers([SECRET], EVENT, SENT_AT, BODY), BODY + b" ", SENT_AT
        )


@pytest.mark.parametrize("gone", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_refuses_the_message(gone):
    headers = signature_headers([SECRET], EVENT, SENT_AT, BODY)
    del headers[gone]
    with pytest.raises(BadInput, match=r"answer 40[01]"):
        verify_message(SECRET, headers, BODY, SENT_AT)


@pytest.mark.parametrize("moment", ["", "-5", "16e8", "１６"])
def test_a_moment_that_is_no_number_of_seconds_is_refused(moment):
    headers = signature_headers([SECRET], EVENT, SENT_AT, BODY) | {"webhook-timestamp": moment}
    with pytest.raises(BadInput, match=r"answer 40[01]"):
        verify_message(SECRET, headers, BODY, SENT_AT)


def test_a_secret_may_stand_without_its_prefix_but_must_be_base64():
    assert (
        signature_headers([SECRET.removeprefix("whsec_")], EVENT, SENT_AT, BODY)[
            "webhook-signature"
        ]
        == MARK
    )
    with pytest.raises(BadInput, match=r"^the secret is no whsec_…; give it as it was shown$"):
        signature_headers(["whsec_!"], EVENT, SENT_AT, BODY)
