"""Schemas of rules on login: lockout, sessions, passwords."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from xhcredit.rules.schemas.common import Shape

Some = Annotated[int, Field(ge=1, le=10**6)]


class Lockout(Shape):
    """Account lockout: failures until it, its minutes, failures allowed per network address."""

    failures: Some
    minutes: Some
    address_failures: Some


class SessionLimits(Shape):
    """Session limits: idle minutes, hours in all, concurrent sessions."""

    idle_minutes: Some
    hours: Some
    at_once: Some


class PasswordRules(Shape):
    """Password rules: length in characters, kinds of characters, days of validity."""

    length: Annotated[int, Field(ge=8, le=64)]
    kinds: Annotated[int, Field(ge=1, le=4)]
    days: Some
    first_hours: Some
