"""FastAPI dependencies of endpoints: service, store, caller, purpose, idempotency key, act.

An endpoint names what it needs by type; the order of its parameters is the order of refusals:
who is there (401, 403) before why it is asked (400), and both before the body (422).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from fastapi import Depends, Header, Request

from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store
from xhcredit_serving.auth.authentication import Caller, idempotency_key_of, purpose_of
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.http.examples import PURPOSE_WORDS
from xhcredit_serving.service import Service, service_of

_HEADER_LENGTH = {"minLength": 1, "maxLength": 200}


# Coroutines all: FastAPI sends a plain function to a thread, which costs more than what it does.
async def _service(request: Request) -> Service:
    return service_of(request)


async def _store(request: Request) -> Store:
    return service_of(request).store


async def _rulebook(request: Request) -> Rulebook:
    return service_of(request).rulebook


ServiceDep = Annotated[Service, Depends(_service)]
StoreDep = Annotated[Store, Depends(_store)]
RulebookDep = Annotated[Rulebook, Depends(_rulebook)]


# The headers below are declared for the description alone; their bytes are read from the request,
# since only that still tells UTF-8 from Latin-1.
async def _purpose(
    request: Request,
    _: Annotated[
        str,
        Header(alias="X-Purpose", description=PURPOSE_WORDS, json_schema_extra=_HEADER_LENGTH),
    ] = "",
) -> str:
    return purpose_of(request.headers)


async def _idempotency_key(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="幂等键：重试不会重复办理 / the same request again does nothing",
            json_schema_extra=_HEADER_LENGTH,
        ),
    ] = None,
) -> str | None:
    return idempotency_key_of(request.headers)


async def csrf_token(
    _: Annotated[
        str,
        Header(
            alias="X-CSRF-Token",
            description="会话令牌，见 /v1/session / the session's token",
            json_schema_extra=_HEADER_LENGTH,
        ),
    ] = "",
) -> None:
    """Describe the header; the session's check compares it (``refuse_forgery``)."""


CsrfToken = Annotated[None, Depends(csrf_token)]


#: purpose of access, from ``X-Purpose``; 400 without one
Purpose = Annotated[str, Depends(_purpose)]
#: key under which a retried write does nothing again; None if there is none
IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]


# One function per permission, so that a request that needs the caller twice is asked once.
@cache
def caller_with(permission: str) -> Callable[[Request], Awaitable[Caller]]:
    """Dependency: the caller, by key or session, who has a permission for some bureau."""

    async def caller(request: Request) -> Caller:
        return await service_of(request).caller(request, permission)

    return caller


@cache
def person_with(permission: str) -> Callable[..., Awaitable[Caller]]:
    """Dependency: a person's session with a permission; no API key will do."""

    async def person(request: Request) -> Caller:
        return await service_of(request).person(request, permission)

    return person


@dataclass(frozen=True)
class Reading:
    """Who reads what is recorded, or makes a secret that is shown once, and why."""

    caller: Caller
    purpose: str

    def act(self, action: str, **payload: object) -> Act:
        """The act, for the activity chain."""
        return self.caller.act(action, self.purpose, **payload)


@dataclass(frozen=True)
class Writing:
    """Who changes something, why, and under which idempotency key."""

    caller: Caller
    purpose: str
    key: str | None

    def act(self, action: str, request_body: object, **payload: object) -> Act:
        """The act of the write.

        Args:
            action: what is done, in the words of the activity chain (``draw.seed``).
            request_body: whole; the same key with another body is refused.
            payload: what the chain tells of it.
        """
        caller = self.caller
        return Act(
            caller.name, action, self.purpose, caller.bureau, payload, self.key, request_body
        )


# Below, a dependency with a variable of its maker stands as a default: an annotation, which is read
# as text, would look for it among the names of the module.
def reading_with(permission: str) -> Callable[..., Awaitable[Reading]]:
    """Dependency: a recorded read by a caller with a permission."""

    authenticated = Depends(caller_with(permission))

    async def reading(*, caller: Caller = authenticated, purpose: Purpose) -> Reading:
        return Reading(caller, purpose)

    return reading


def writing_with(permission: str) -> Callable[..., Awaitable[Writing]]:
    """Dependency: a write by a caller with a permission, key or person."""

    authenticated = Depends(caller_with(permission))

    async def writing(
        *,
        caller: Caller = authenticated,
        purpose: Purpose,
        key: IdempotencyKey,
    ) -> Writing:
        return Writing(caller, purpose, key)

    return writing


def written_by_person_with(permission: str) -> Callable[..., Awaitable[Writing]]:
    """Dependency: a write by a person's session with a permission."""

    authenticated = Depends(person_with(permission))

    async def writing(
        *,
        caller: Caller = authenticated,
        purpose: Purpose,
        _: CsrfToken,
        key: IdempotencyKey,
    ) -> Writing:
        return Writing(caller, purpose, key)

    return writing


def secret_made_by_person_with(permission: str) -> Callable[..., Awaitable[Reading]]:
    """Dependency: a person who makes a secret that is shown once.

    No idempotency key: what is stored under it would be the secret.
    """

    authenticated = Depends(person_with(permission))

    async def making(
        *,
        caller: Caller = authenticated,
        purpose: Purpose,
        _: CsrfToken,
    ) -> Reading:
        return Reading(caller, purpose)

    return making


#: security administrators: who reads accounts, keys and subscriptions, changes them, makes secrets
Administrator = Annotated[Caller, Depends(person_with(ACCOUNTS))]
AdministratorChange = Annotated[Writing, Depends(written_by_person_with(ACCOUNTS))]
SecretMaker = Annotated[Reading, Depends(secret_made_by_person_with(ACCOUNTS))]
