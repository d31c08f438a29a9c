"""Authentication of callers, permissions per bureau, and purpose of access."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import unquote

from xhcredit.domain.clock import MomentSource
from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.access.accounts_and_keys import Access, digest_of
from xhcredit.store.core.hash_chain import parse_moment
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.permissions import ROLES
from xhcredit_serving.http.problems import Refusal

PURPOSE_LENGTH = 200
KEY_CACHE_TIME = timedelta(seconds=1)  #: a revoked key opens nothing after this time
_MAX_CACHED_KEYS = 10_000


#: a grant for one of these is a grant for the whole district
WHOLE_DISTRICT = frozenset({"", "*"})


@dataclass(frozen=True)
class Caller:
    """Authenticated caller, by API key or session: actor name, and roles per bureau."""

    name: str
    grants: frozenset[tuple[str, str]]  #: (role, bureau)
    expires_at: str
    session: str = ""  #: digest of the session's cookie; empty for a key

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The roles, for whatever bureau."""
        return tuple(sorted({role for role, _ in self.grants}))

    @cached_property
    def bureau(self) -> str:
        """Bureaus of the caller, for the audit log; empty is the whole district."""
        bureaus = sorted({bureau for _, bureau in self.grants})
        return "" if WHOLE_DISTRICT.intersection(bureaus) else "、".join(bureaus)

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Permissions of all roles, for whatever bureau; an unknown role has none."""
        return frozenset().union(*(ROLES.get(role, frozenset()) for role, _ in self.grants))

    def scope(self, permission: str) -> frozenset[str] | None:
        """The bureaus for which a permission is held, to filter a query by.

        Returns:
            None for the whole district: no filter.  Otherwise the bureaus; an empty set is
            nothing at all.
        """
        bureaus = {b for role, b in self.grants if permission in ROLES.get(role, frozenset())}
        return None if WHOLE_DISTRICT & bureaus else frozenset(bureaus)

    def may(self, permission: str, bureau: str | None) -> bool:
        """Whether the caller has a permission for a bureau.

        What belongs to no known bureau (None or empty) is for the whole district's officers only.
        Where this says no, answer as if the thing did not exist: 404, never 403.
        """
        scope = self.scope(permission)
        return scope is None or (bool(bureau) and bureau in scope)

    def act(self, action: str, purpose: str, **payload: object) -> Act:
        """An act of this caller, for the activity chain."""
        try:
            return Act(self.name, action, purpose, self.bureau, payload)
        except BadInput as error:
            raise Refusal("purpose_missing", str(error)) from None

    def act_once(self, key: str | None, action: str, purpose: str, **payload: object) -> Act:
        """An act with an idempotency key (``idempotency_key_of``): the same again does nothing."""
        return replace(self.act(action, purpose, **payload), key=key)


def refuse_without(caller: Caller, permission: str) -> None:
    """Refuse a caller who has a permission for no bureau.

    Raises:
        Refusal: no role allows this.
    """
    if permission not in caller.permissions:
        roles = ", ".join(caller.roles) or "no role"
        raise Refusal(
            "not_allowed", f'you ({roles}) lack "{permission}"; ask for a role that has it'
        )


@dataclass
class Keyring:
    """Authenticates API keys; a good key is looked up once a second at most."""

    access: Access
    clock: MomentSource
    _cached: dict[str, tuple[Caller, datetime, datetime]] = field(default_factory=dict)

    def cached_caller(self, token: str) -> Caller | None:
        """The caller of a key that was looked up just now."""
        # By digest: keys themselves do not stay in memory.
        cache_entry = self._cached.get(digest_of(token))
        if cache_entry is None:
            return None
        caller, cached_at, valid_until = cache_entry
        # With a clock that was set back, a revoked key would be good until it had caught up.
        return caller if cached_at <= self.clock() < valid_until else None

    def look_up(self, token: str) -> Caller:
        """Caller of an API key, looked up in the store.

        Raises:
            Refusal: the key is unknown, expired or revoked.
        """
        moment = self.clock()
        row = self.access.find_key(token, moment)
        if row is None:
            self._cached.pop(digest_of(token), None)
            raise no_key_refusal(
                "the key is unknown, expired or revoked; ask the security administrator"
            )
        granted = frozenset((role, row["bureau"]) for role in row["roles"])
        caller = Caller(f"key:{row['prefix']}", granted, row["expires_at"])
        if len(self._cached) >= _MAX_CACHED_KEYS:
            self._cached.clear()
        valid_until = min(moment + KEY_CACHE_TIME, parse_moment(row["expires_at"]))
        self._cached[digest_of(token)] = caller, moment, valid_until
        return caller


def no_key_refusal(detail: str) -> Refusal:
    """Refusal (401) without a valid key."""
    return Refusal("no_key", detail, WWW_Authenticate="Bearer")


def idempotency_key_of(headers: Mapping[str, str]) -> str | None:
    """The idempotency key of a write; None if there is none.

    Raises:
        BadInput: it cannot be kept.
    """
    key = headers.get("idempotency-key")
    if key is not None and not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise BadInput("Idempotency-Key is not 1 to 200 visible ASCII characters; send a UUID")
    return key


def token_of(headers: Mapping[str, str]) -> str:
    """The key in the request.

    Raises:
        Refusal: there is none.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise no_key_refusal(
            "no key; send it as: Authorization: Bearer xhc_…, or log in: /v1/session"
        )
    return token.strip()


def purpose_of(headers: Mapping[str, str]) -> str:
    """Purpose header ``X-Purpose``: UTF-8, or percent-encoded where a client sends ASCII only.

    Raises:
        Refusal: there is no purpose, or one that cannot be kept.
    """
    # Header values come as Latin-1, whatever bytes the client sent.
    raw = headers.get("x-purpose", "").encode("latin-1", "replace")
    try:
        purpose = unquote(raw.decode("utf-8"), errors="strict").strip()
    except UnicodeDecodeError:
        raise Refusal("purpose_missing", "X-Purpose is no UTF-8; percent-encode it") from None
    if not purpose:
        raise Refusal(
            "purpose_missing",
            "reads of enterprises are recorded with their reason; say why in the header X-Purpose",
        )
    if len(purpose) > PURPOSE_LENGTH or not purpose.isprintable():
        raise Refusal(
            "purpose_missing",
            f"X-Purpose is longer than {PURPOSE_LENGTH} characters or holds control characters; "
            "say it in one short line",
        )
    return purpose


def refuse_hidden(caller: Caller, permission: str, bureau: str) -> None:
    """What belongs to another bureau is as if it were not there.

    Raises:
        UnknownRecord: it does.
    """
    if not caller.may(permission, bureau):
        raise UnknownRecord("there is no such record for your bureau; check its key")
