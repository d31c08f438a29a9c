"""Schemas of rules on login: lockout, sessions, passwords."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from xhcredit.rules.schemas.common import Shape

PositiveCount = Annotated[int, Field(ge=1, le=10**6)]


class Lockout(Shape):
    """Account lockout: failures until it, its minutes, failures allowed per network address."""

    failures: PositiveCount
    minutes: PositiveCount
    address_failures: PositiveCount


class SessionLimits(Shape):
    """Session limits: idle minutes, hours in all, concurrent sessions."""

    idle_minutes: PositiveCount
    hours: PositiveCount
    at_once: PositiveCount


class PasswordRules(Shape):
    """Password rules: length in characters, kinds of characters, days of validity."""

    length: Annotated[int, Field(ge=8, le=64)]
    kinds: Annotated[int, Field(ge=1, le=4)]
    days: PositiveCount
    first_hours: PositiveCount
