"""Login sessions: random cookie, time-outs, and protection against CSRF.

The cookie is HttpOnly and SameSite=Strict.  A request that changes something must besides carry the
session's token (header ``X-CSRF-Token`` or form field ``csrf``) and come from our own pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.access import PasswordRules, SessionLimits
from xhcredit.store.access.accounts_and_keys import actor_of
from xhcredit.store.access.rows import SessionRow
from xhcredit.store.access.sessions import Sessions
from xhcredit.store.core.hash_chain import format_moment, parse_moment
from xhcredit_serving.auth.authentication import Caller, no_key_refusal

#: being in use is noted this often: each note is a commit
SEEN_INTERVAL = timedelta(seconds=60)


@dataclass(frozen=True)
class LoginSession:
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
class LoginRules:
    """The rules of a day: time-outs, and how long a password is good."""

    sessions: SessionLimits
    passwords: PasswordRules


def login_rules(rulebook: Rulebook, day: date) -> LoginRules:
    """The rules of a day."""
    return LoginRules(
        rulebook.value("access.sessions", SessionLimits, as_of=day),
        rulebook.value("access.passwords", PasswordRules, as_of=day),
    )


def find_session(
    sessions: Sessions, cookie: str, moment: datetime, rules: LoginRules
) -> LoginSession:
    """Login session of a cookie.

    Raises:
        Refusal: nobody, or the session is over.
    """
    row = sessions.find(cookie)
    if row is None:
        raise no_key_refusal("you are not logged in, or no longer; log in again")
    last_seen_at, opened_at = parse_moment(row["seen_at"]), parse_moment(row["opened_at"])
    if moment - last_seen_at >= SEEN_INTERVAL:
        idle_until = moment + timedelta(minutes=rules.sessions.idle_minutes)
    else:
        idle_until = last_seen_at + timedelta(minutes=rules.sessions.idle_minutes)
    # From the opening, however much it is used: a stolen cookie cannot be kept alive for ever.
    ends_at = opened_at + timedelta(hours=rules.sessions.hours)
    if moment >= ends_at or moment - last_seen_at >= timedelta(minutes=rules.sessions.idle_minutes):
        raise no_key_refusal("the session is over; log in again")
    if moment - last_seen_at >= SEEN_INTERVAL:
        sessions.mark_seen(row["digest"], moment)
    caller = Caller(actor_of(row["login"]), row["grants"], format_moment(ends_at), row["digest"])
    password_due = must_change(row, moment, rules.passwords)
    return LoginSession(
        caller,
        login=row["login"],
        name=row["name"],
        csrf=row["csrf"],
        how=row["how"],
        must_change=password_due,
        has_totp=row["has_totp"],
        opened_at=row["opened_at"],
        idle_until=format_moment(min(idle_until, ends_at)),
        ends_at=format_moment(ends_at),
    )


def must_change(row: SessionRow, moment: datetime, rules: PasswordRules) -> bool:
    """Whether a new password is due: the first one, or one that is too old."""
    if row["how"] in ("oidc", "demo"):  # whose passwords are not kept here
        return False
    password_set_at = row["password_at"]
    is_too_old = password_set_at is None or moment - parse_moment(password_set_at) >= timedelta(
        days=rules.days
    )
    return bool(row["must_change"]) or is_too_old


def is_secure(request: Request, public: str) -> bool:
    """Whether the browser reaches us over HTTPS, itself or up to a gateway."""
    return (public or str(request.url)).startswith("https://")


def cookie_name(is_https: bool) -> str:
    """The cookie; over HTTPS a name that browsers take from this very host only."""
    return "__Host-xhcredit" if is_https else "xhcredit"


def set_session_cookie(response: Response, cookie_value: str, is_https: bool) -> None:
    """Set the session cookie; an empty value deletes it."""
    max_age = None if cookie_value else 0
    response.set_cookie(
        cookie_name(is_https),
        cookie_value,
        max_age=max_age,
        httponly=True,
        samesite="strict",
        secure=is_https,
    )
