"""The clock of the shell: every command asks it, none asks the machine."""

from __future__ import annotations

from datetime import date

import click

from xhcredit.domain.clock import Clock


def shell_clock() -> Clock:
    """The clock of the command that runs: the one it was started with, else the machine's."""
    context = click.get_current_context(silent=True)
    brought = context.find_object(Clock) if context else None
    return brought or Clock()


def today() -> date:
    """The day in China on which the command runs."""
    return shell_clock().today()
