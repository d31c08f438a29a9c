"""Login sessions: random cookie, time-outs, and protection against CSRF.

The cookie is HttpOnly and SameSite=Strict.  A request that changes something must besides carry the
session's token (header ``X-CSRF-Token`` or form field ``csrf``) and come from our own pages.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.access import PasswordRules, SessionLimits
from xhcredit.store.access.accounts_and_keys import actor_of
from xhcredit.store.access.sessions import Sessions
from xhcredit.store.core.hash_chain import moment_of, written
from xhcredit_serving.auth.authentication import Caller, no_key
from xhcredit_serving.http.problems import Refusal

#: being in use is noted this often: each note is a commit
NOTED = timedelta(seconds=60)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Visit:
    """Login session: caller, CSRF token and time-outs."""

    caller: Caller
    login: str
    name: str
    csrf: str
    how: str  #: password, totp (both), oidc, or demo (in a demo store only)
    must_change: bool  #: until there is a new password, nothing else can be done
    has_totp: bool
    opened_at: str
    idle_until: str
    ends_at: str


@dataclass(frozen=True)
class Limits:
    """The rules of a day: time-outs, and how long a password is good."""

    sessions: SessionLimits
    passwords: PasswordRules


def visit_limits(book: Rulebook, day: date) -> Limits:
    """The rules of a day."""
    return Limits(
        book.value("access.sessions", SessionLimits, as_of=day),
        book.value("access.passwords", PasswordRules, as_of=day),
    )


def visit_of(sessions: Sessions, cookie: str, now: datetime, limits: Limits) -> Visit:
    """Login session of a cookie.

    Raises:
        Refusal: nobody, or the session is over.
    """
    row = sessions.find(cookie)
    if row is None:
        raise no_key("you are not logged in, or no longer; log in again")
    seen, opened = moment_of(row["seen_at"]), moment_of(row["opened_at"])
    if now - seen >= NOTED:
        idle = now + timedelta(minutes=limits.sessions.idle_minutes)
    else:
        idle = seen + timedelta(minutes=limits.sessions.idle_minutes)
    ends = opened + timedelta(hours=limits.sessions.hours)
    if now >= ends or now - seen >= timedelta(minutes=limits.sessions.idle_minutes):
        raise no_key("the session is over; log in again")
    if now - seen >= NOTED:
        sessions.seen(row["digest"], now)
    caller = Caller(actor_of(row["login"]), row["grants"], written(ends), row["digest"])
    kept = {k: row[k] for k in ("login", "name", "csrf", "how", "has_totp", "opened_at")}
    due = must_change(row, now, limits.passwords)
    return Visit(
        caller, must_change=due, idle_until=written(min(idle, ends)), ends_at=written(ends), **kept
    )


def must_change(row: dict[str, Any], now: datetime, rules: PasswordRules) -> bool:
    """Whether a new password is due: the first one, or one that is too old."""
    if row["how"] in ("oidc", "demo"):  # whose passwords are not kept here
        return False
    made = row["password_at"]
    old = made is None or now - moment_of(made) >= timedelta(days=rules.days)
    return bool(row["must_change"]) or old


def is_secure(request: Request, public: str) -> bool:
    """Whether the browser reaches us over HTTPS, itself or up to a gateway."""
    return (public or str(request.url)).startswith("https://")


def cookie_name(secure: bool) -> str:
    """The cookie; over HTTPS a name that browsers take from this very host only."""
    return "__Host-xhcredit" if secure else "xhcredit"


def give_cookie(response: Response, value: str, secure: bool) -> None:
    """Set the session cookie; an empty value deletes it."""
    age = None if value else 0
    response.set_cookie(
        cookie_name(secure), value, max_age=age, httponly=True, samesite="strict", secure=secure
    )


async def refuse_forgery(request: Request, csrf: str, public: str) -> None:
    """Refuse a change that another site may have sent in the visitor's name.

    Raises:
        Refusal: without the session's token, or from a foreign page.
    """
    if request.method in _SAFE:
        return
    refuse_foreign(request, public)
    sent = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get("csrf")
        sent = field if isinstance(field, str) else None
    if sent is None or not hmac.compare_digest(sent.encode(), csrf.encode()):
        raise Refusal(
            "foreign_page",
            "the session's token is missing or wrong; send it as X-CSRF-Token (see /v1/session)",
        )


def refuse_foreign(request: Request, public: str) -> None:
    """CSRF: refuse a request from another site (Sec-Fetch-Site, Origin).

    Raises:
        Refusal: it does.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = urlsplit(public).netloc or request.headers.get("host", "")
    foreign = origin is not None and urlsplit(origin).netloc != own
    if foreign or site not in (None, "same-origin", "none"):
        raise Refusal("foreign_page", "the request comes from another site; use our own pages")
