"""The clock of the shell: every command asks it, none asks the machine."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import date

import typer

from xhcredit.domain.clock import Clock

_OF_COMMAND: ContextVar[Clock] = ContextVar("clock of the command")


def shell_clock() -> Clock:
    """The clock of the command that runs: the one of its demo store, else the machine's."""
    return _OF_COMMAND.get(Clock())


def bring_clock(context: typer.Context, clock: Clock) -> None:
    """Let a command read another clock until it ends."""
    before = _OF_COMMAND.set(clock)
    context.call_on_close(lambda: _OF_COMMAND.reset(before))


def today() -> date:
    """The day in China on which the command runs."""
    return shell_clock().today()
