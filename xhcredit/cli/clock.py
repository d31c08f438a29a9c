"""Clock of the shell: the only source of time for commands."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import date

import typer

from xhcredit.domain.clock import Clock

# Of the context, not of the process: the clock of a demo store must not reach another command.
_OF_COMMAND: ContextVar[Clock] = ContextVar("clock of the command")


def shell_clock() -> Clock:
    """Clock of the running command: that of its demo store, else the system clock."""
    return _OF_COMMAND.get(Clock())


def use_clock(context: typer.Context, clock: Clock) -> None:
    """Replace the clock of a command until it ends."""
    reset_token = _OF_COMMAND.set(clock)
    context.call_on_close(lambda: _OF_COMMAND.reset(reset_token))


def today() -> date:
    """The day in China on which the command runs."""
    return shell_clock().today()
