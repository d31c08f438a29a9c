"""What may rules about logging in look like?"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from xhcredit.rules.schemas.common import Shape

Some = Annotated[int, Field(ge=1, le=10**6)]


class Lockout(Shape):
    """After how many failures is an account locked, for how long; how many may one address have?"""

    failures: Some
    minutes: Some
    address_failures: Some


class SessionLimits(Shape):
    """When is somebody logged out, and how often may they be logged in at once?"""

    idle_minutes: Some
    hours: Some
    at_once: Some


class PasswordRules(Shape):
    """What must a password be: length in characters, kinds of characters, for how many days?"""

    length: Annotated[int, Field(ge=8, le=64)]
    kinds: Annotated[int, Field(ge=1, le=4)]
    days: Some
    first_hours: Some
