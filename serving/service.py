"""What all requests share: the store, who may ask, the journal, the rules, the explainer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO, TypeVar

from fastapi import Request

from serving.explainer import Explainer
from serving.gate import Caller, Keyring, purpose_of, token_of
from serving.journal import Journal
from serving.problems import Refusal
from serving.roles import SCORES
from xhcredit.errors import BadInput
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.store import Store

CHINA = timezone(timedelta(hours=8))
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Settings:
    """What an operator may choose."""

    warehouse: Path | None = None
    release: Path | None = None
    rules: Path | None = None
    body_bytes: int = 1 << 20
    in_flight: int = 256
    explaining: int = 8
    log: TextIO = field(default_factory=lambda: sys.stderr)


@dataclass
class Service:
    """One per process."""

    store: Store
    settings: Settings

    @cached_property
    def keyring(self) -> Keyring:
        """Tells callers by their keys."""
        return Keyring(self.store.access, self.store.writer.clock)

    @cached_property
    def journal(self) -> Journal:
        """Keeps who saw what."""
        return Journal(self.store.record)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rules, with the district's own."""
        return Rulebook.load(self.settings.rules)

    @cached_property
    def explainer(self) -> Explainer:
        """Tells why; asked only where a warehouse is."""
        chosen = self.settings
        if chosen.warehouse is None:
            raise BadInput("no warehouse was named; name one to explain scores")
        return Explainer(
            self.store.reader, chosen.warehouse, self.rulebook, chosen.release, chosen.explaining
        )

    def now(self) -> datetime:
        """The time, as the store tells it."""
        return self.store.writer.clock()

    def today(self) -> date:
        """The day it is in China."""
        return self.now().astimezone(CHINA).date()

    async def quickly(self, work: Callable[..., _Result], *given: Any) -> _Result:
        """Do one indexed look-up: at once in SQLite, where a thread would cost more than it does.

        PostgreSQL may keep us waiting, so it is asked in a thread.
        """
        if self.store.database.is_sqlite:
            return work(*given)
        return await asyncio.to_thread(work, *given)

    async def caller(self, request: Request, permission: str) -> Caller:
        """Who asks, if they may.

        Raises:
            Refusal: no good key, or its roles do not allow this.
        """
        token = token_of(request.headers)
        caller = self.keyring.remembered(token)
        if caller is None:
            caller = await self.quickly(self.keyring.look_up, token)
        request.scope["state"]["actor"] = caller.name
        if permission not in caller.permissions:
            roles = ", ".join(caller.roles) or "no role"
            raise Refusal(
                "not_allowed", f'the key ({roles}) lacks "{permission}"; ask for a role that has it'
            )
        return caller

    async def reader_of_enterprises(self, request: Request) -> tuple[Caller, str]:
        """Who reads enterprises, and why.

        Raises:
            Refusal: no good key, not allowed, or no purpose.
        """
        caller = await self.caller(request, SCORES)
        return caller, purpose_of(request.headers)

    def close(self) -> None:
        """End the threads; they start again when needed.  Who opened the store closes it."""
        for name in ("journal", "explainer"):
            used = self.__dict__.pop(name, None)
            if used is not None:
                used.close()


def service_of(request: Request) -> Service:
    """The service behind a request."""
    service: Service = request.app.state.service
    return service
