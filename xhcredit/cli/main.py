"""Entry point of the shell: command groups, error messages, one exit code per kind of error."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from xhcredit import __version__
from xhcredit.cli.commands import COMMANDS
from xhcredit.cli.lazy import lazy_commands
from xhcredit.cli.log_option import CommandLog, Log
from xhcredit.cli.output import err
from xhcredit.domain.disk import disk_error
from xhcredit.errors import XhcreditError

INTERRUPTED = 130  #: exit code after Ctrl-C


class Shell(TyperGroup):
    """All commands, none of them imported before it is called."""

    def __init__(self, **settings: Any) -> None:
        """Take what Typer gives to a group, and the commands by name."""
        super().__init__(**{**settings, "commands": lazy_commands(COMMANDS)})


app = typer.Typer(
    cls=Shell,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""
**xhcredit** 1+X 企业信用分级与监管评分 – from departments' events to scores and risk tiers.

Try it on the sample district: `xhcredit demo`. On your own data:

1. `xhcredit ingest SOURCE --mapping FILE` – departments' exports into the warehouse; what
   cannot be used goes to a quarantine file with row, column, what was found, what to do
2. `xhcredit score --as-of 2026-06-30` – 1 + X scores and tiers A–D, as known on that day
3. `xhcredit explain CODE` – why one enterprise has its score, which rule decided, what counts

`xhcredit features list` and `xhcredit rules show` tell what is measured and what the law says.
Exit codes: 0 done, 2 wrong options, 10–40 one per kind of error (the message says what to do).
""",
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"xhcredit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    log: Log = "",
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Take the options that stand before a command."""
    if log:
        context.ensure_object(CommandLog).begin(log, context.invoked_subcommand or "")


def _exit_with_error(error: XhcreditError) -> NoReturn:
    """Print an error message and exit with its code."""
    err.print(f"[bold red]{error.code}[/]: ", end="")
    err.print(str(error), markup=False, highlight=False, soft_wrap=True)
    sys.exit(error.exit_code)


def run() -> None:
    """Run the shell and turn errors that a person can act on into words."""
    with CommandLog() as log:
        _run(log)


def _run(log: CommandLog) -> None:
    try:
        app(obj=log)
    except XhcreditError as error:
        _exit_with_error(error)
    except Exception as error:
        # A full disk shows as the error of whichever library wrote; it is still one the
        # operator can act on.
        disk_failure = disk_error(error)
        if disk_failure is None:
            raise
        _exit_with_error(disk_failure)
    except SystemExit as system_exit:
        if system_exit.code == INTERRUPTED:
            err.print("stopped; nothing half-written is kept")
        raise


if __name__ == "__main__":
    run()
