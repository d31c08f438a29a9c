"""Service shared by all requests: store, callers, read log, rules, explainer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TextIO, TypeVar

from fastapi import Request

from xhcredit.domain.log import json_lines
from xhcredit.errors import BadInput
from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy
from xhcredit.rules.official_names import official_bureau
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.store import Store
from xhcredit_serving.auth.authentication import (
    WHOLE_DISTRICT,
    Caller,
    Keyring,
    purpose_of,
    refuse_without,
    token_of,
)
from xhcredit_serving.auth.csrf import refuse_forgery
from xhcredit_serving.auth.login import Logins
from xhcredit_serving.auth.oidc import Provider
from xhcredit_serving.auth.passwords import Passwords
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.auth.sessions import (
    LoginSession,
    cookie_name,
    find_session,
    is_secure,
    login_rules,
)
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.http.read_log import Journal
from xhcredit_serving.live.champion import Champions
from xhcredit_serving.live.explainer import Explainer
from xhcredit_serving.supervisor import Supervisor

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Settings:
    """Settings of the operator."""

    warehouse: Path | None = None
    release: Path | None = None
    rules: Path | None = None
    body_bytes: int = 1 << 20
    body_seconds: float = 20.0  #: from the head of a request to the end of its body
    in_flight: int = 256
    explaining: int = 8
    oidc: Provider | None = None
    outward: AddressPolicy = field(default_factory=AddressPolicy)  #: where messages may be sent
    public: str = ""  #: how browsers reach it (https://…), if through a gateway
    log: TextIO = field(default_factory=lambda: sys.stderr)
    warm: bool = False  #: make what pages need before anybody asks


@dataclass
class Service:
    """One per process."""

    store: Store
    settings: Settings
    supervisor: Supervisor

    @cached_property
    def keyring(self) -> Keyring:
        """Authenticates callers by API key."""
        return Keyring(self.store.access, self.store.writer.clock)

    @cached_property
    def journal(self) -> Journal:
        """Read log: audits reads of enterprises."""
        return Journal(self.store.record, self.supervisor)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rules, with the district's own."""
        return load_rulebook(self.settings.rules)

    def official_bureau(self, text: str) -> str:
        """Official name of a bureau; what means the whole district stays as it is.

        Raises:
            BadInput: the district's list has no such bureau; the nearest is named.
        """
        if text.strip() in WHOLE_DISTRICT:
            return text.strip()
        return official_bureau(self.rulebook, text, self.today())

    @cached_property
    def passwords(self) -> Passwords:
        """Hashes and compares passwords."""
        return Passwords()

    @property
    def logins(self) -> Logins:
        """Password login with lockout."""
        return Logins(self.store, self.rulebook, self.passwords)

    @cached_property
    def verify_lock(self) -> asyncio.Lock:
        """The chain is walked by one at a time: it takes seconds of a processor."""
        return asyncio.Lock()

    @cached_property
    def explainer(self) -> Explainer:
        """Explainer of scores; only where a warehouse is."""
        settings = self.settings
        if settings.warehouse is None:
            raise BadInput("no warehouse was named; name one to explain scores")
        log = json_lines(settings.log).info
        champions = Champions(
            self.store.reader, settings.warehouse, self.rulebook, settings.release, log
        )
        return Explainer(champions, settings.explaining)

    def log_event(self, event: str, **fields: object) -> None:
        """Write a line into the log."""
        json_lines(self.settings.log).info(event, **fields)

    def start_background_tasks(self) -> None:
        """Start background tasks; the one that follows the live model needs a warehouse."""
        if self.settings.warehouse is not None:
            self.supervisor.start("live_model", self._follow_champion)

    async def _follow_champion(self, report_success: Callable[[], None]) -> None:
        await self.explainer.champions.follow(report_success)  # also what loads it first is watched

    @cached_property
    def export_lock(self) -> asyncio.Lock:
        """One export is written at a time."""
        return asyncio.Lock()

    def moment(self) -> datetime:
        """Current moment of the store's clock."""
        return self.store.clock.moment()

    def today(self) -> date:
        """The day it is in China."""
        return self.store.clock.today()

    async def run_lookup(self, lookup: Callable[..., _Result], *arguments: object) -> _Result:
        """Do one indexed look-up: at once in SQLite, where a thread would cost more than it does.

        PostgreSQL may keep us waiting, so it is asked in a thread.
        """
        if self.store.database.is_sqlite:
            return lookup(*arguments)
        return await asyncio.to_thread(lookup, *arguments)

    async def caller(self, request: Request, permission: str) -> Caller:
        """Authenticated caller by key or session, with a permission for some bureau; see ``may``.

        Raises:
            Refusal: no good key and no session, a forged request, or no role that allows this.
        """
        caller = await self._identify(request)
        request.scope["state"]["actor"] = caller.name
        refuse_without(caller, permission)
        return caller

    async def person(self, request: Request, permission: str) -> Caller:
        """Authenticated caller by session only, with a permission; no API key will do.

        Raises:
            Refusal: as ``caller``, or it is a key.
        """
        caller = await self.caller(request, permission)
        if not caller.session:
            raise Refusal("not_allowed", "a key cannot do this; log in as a person: /v1/session")
        return caller

    async def _identify(self, request: Request) -> Caller:
        # A key goes before a session: a system that happens to send cookies is asked for no
        # CSRF token.
        if "authorization" not in request.headers and self._cookie_name(request) in request.cookies:
            return (await self.login_session(request)).caller
        token = token_of(request.headers)
        caller = self.keyring.cached_caller(token)
        if caller is None:
            caller = await self.run_lookup(self.keyring.look_up, token)
        return caller

    async def login_session(self, request: Request, *, settled: bool = True) -> LoginSession:
        """Login session of a request; a write must carry its CSRF token.

        Args:
            request: what was asked.
            settled: refuse who has to choose a new password first.

        Raises:
            Refusal: nobody is, the session is over, a forged request, or a password is due.
        """
        cookie = request.cookies.get(self._cookie_name(request), "")
        rules = login_rules(self.rulebook, self.today())
        session = await self.run_lookup(
            find_session, self.store.sessions, cookie, self.moment(), rules
        )
        request.scope["state"]["actor"] = session.caller.name
        await refuse_forgery(request, session.csrf, self.settings.public)
        if settled and session.must_change:
            raise Refusal("password_due", "choose a new password first: /v1/account/password")
        return session

    def _cookie_name(self, request: Request) -> str:
        return cookie_name(is_secure(request, self.settings.public))

    async def reader_of_enterprises(self, request: Request) -> tuple[Caller, str]:
        """Caller who reads enterprises, and the purpose.

        Raises:
            Refusal: no good key, not allowed, or no purpose.
        """
        caller = await self.caller(request, SCORES)
        return caller, purpose_of(request.headers)

    def close(self) -> None:
        """End the threads; they start again when needed.  The opener of the store closes it."""
        for name in ("journal", "explainer", "passwords"):
            resource = self.__dict__.pop(name, None)
            if resource is not None:
                resource.close()


def service_of(request: Request) -> Service:
    """The service behind a request."""
    service: Service = request.app.state.service
    return service


def warehouse_of(service: Service) -> Path:
    """Where events are; the addresses that need it are there only if it was named."""
    assert service.settings.warehouse is not None  # noqa: S101 - see serving/xhcredit_serving/app.py
    return service.settings.warehouse
