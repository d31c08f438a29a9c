"""Webhook signatures (Standard Webhooks), for sender and receiver.

Three headers go with a message: ``webhook-id`` (the same however often it is sent),
``webhook-timestamp`` (seconds, of the sending) and ``webhook-signature`` (``v1,…``, several apart
by spaces while a secret is being changed).  Source: Standard Webhooks 1.0.0, github.com/
standard-webhooks.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping

from xhcredit.errors import BadInput

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300  #: how far the clocks of both ends may lie apart; older is a replay


def signature_headers(
    secrets: Iterable[str], event: str, seconds: int, body: bytes
) -> dict[str, str]:
    """Signature headers of a webhook message, one signature per secret.

    >>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    >>> event, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
    >>> signature_headers([secret], event, 1614265330, body)["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signatures = [_signature(secret, event, str(seconds), body) for secret in secrets]
    return {
        "webhook-id": event,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }


def verify_message(secret: str, headers: Mapping[str, str], body: bytes, now_seconds: float) -> str:
    """Verify a webhook signature and return the event id, for deduplication.

    Args:
        secret: as it was shown when the subscription was made.
        headers: those of the request; names in lower case.
        body: as it was received, to the byte.
        now_seconds: seconds since 1970.

    Raises:
        BadInput: it was not signed by this secret, or too long ago.
    """
    event, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(now_seconds - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadInput("the message is older or newer than is taken here; answer 400")
    expected = _signature(secret, event, timestamp, body)
    signatures = headers.get("webhook-signature", "").split()
    if not any(
        # In constant time, so that a forger learns nothing from how long a refusal takes.
        hmac.compare_digest(expected.encode(), signature.encode())
        for signature in signatures
    ):
        raise BadInput("the message is not signed by the secret of this subscription; answer 401")
    return event


def _signature(secret: str, event: str, seconds: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise BadInput(f"the secret is no {PREFIX}…; give it as it was shown") from None
    # Id and moment are signed with the body (Standard Webhooks): else an old message could be
    # sent again under a new id.
    signed_content = f"{event}.{seconds}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed_content, hashlib.sha256)).decode()}"
