"""Demo store over HTTP: loopback only, with a choice of demo accounts.

A store is a demo store or is not; nothing that stands here opens any other one.
"""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xhcredit.domain.clock import beijing_time
from xhcredit.errors import BadInput, StoreUnavailable
from xhcredit.jobs.demo.accounts import PERSON_BY_LOGIN, Person
from xhcredit.store.store import Store
from xhcredit_serving.auth.oidc import Provider
from xhcredit_serving.http.problems import Refusal, refusal_response

#: how many sessions one person of the demo may have: who looks may have several windows open
MAX_SESSIONS = 20
#: what a gateway adds to a request from elsewhere
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
              "via")  # fmt: skip
HEADER = b"x-xhcredit-demo"


def refuse_real(store: Store, where: str) -> None:
    """Refuse to show a store as a demo that was not made as one.

    Raises:
        BadInput: it is a real store.
    """
    if not store.is_demo:
        raise BadInput(
            f'the store in "{where}" is no demo store, and none becomes one later; make a demo '
            "(make demo), or serve it with --store"
        )


def refuse_exposed(host: str, public: str, provider: Provider | None) -> None:
    """Refuse to show a demo to other computers.

    Raises:
        BadInput: the address is not this computer's own, or it would be reached from outside.
    """
    if not is_loopback(host):
        raise BadInput(
            f'a demo store is shown on this computer only, not on "{host}"; leave --host away'
        )
    if public or provider is not None:
        raise BadInput(
            "a demo store has no address for others and no identity provider; leave --public and "
            "--oidc away"
        )


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this computer itself.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class LoopbackOnly:
    """Middleware that lets only loopback requests through to a demo store."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        """Wrap ``app``, which serves ``store``."""
        self._app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; each answer names the demo's clock."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock = _clock_of(self._store).encode()

        async def send_with_clock(message: Message) -> None:
            if message["type"] == "http.response.start":
                clock_header = (HEADER, b"demo store, own clock: " + clock + b" +08:00")
                message = {**message, "headers": [*message.get("headers", ()), clock_header]}
            await send(message)

        refusal_reason = _reason_not_local(scope)
        if refusal_reason:
            await refusal_response("demo", Refusal("not_allowed", refusal_reason))(
                scope, receive, send_with_clock
            )
            return
        await self._app(scope, receive, send_with_clock)


def _reason_not_local(scope: Scope) -> str:
    """Why a request is not one of this computer's own; empty if it is."""
    headers, client = Headers(scope=scope), (scope.get("client") or ("",))[0]
    if not is_loopback(client):
        return "a demo store answers this computer only"
    # Behind a gateway every client is this computer: loopback proves nothing there.
    if any(name in headers for name in _FORWARDED):
        return "a demo store answers no gateway: it is shown on this computer only"
    # DNS rebinding: a foreign name that points here would let a web page in without login.
    if not is_loopback(_name_in(headers.get("host", ""))):
        return "a demo store is reached as 127.0.0.1 or localhost only"
    return ""


def _name_in(host: str) -> str:
    """Host name without its port; an IPv6 address is in brackets."""
    return host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def demo_people(store: Store) -> list[Person]:
    """Demo accounts to choose on the login page; none in a real store."""
    if not store.is_demo:
        return []
    open_accounts = {row["login"] for row in store.access.list_users() if not row["disabled_at"]}
    return [person for login, person in PERSON_BY_LOGIN.items() if login in open_accounts]


def banner_of(store: Store) -> dict[str, object] | None:
    """Demo banner of every page; None in a real store."""
    return {"clock": _clock_of(store)} if store.is_demo else None


def _clock_of(store: Store) -> str:
    """Demo clock as text; a dash while its database does not answer."""
    try:
        return beijing_time(store.clock.moment())
    except StoreUnavailable:
        return "-"
