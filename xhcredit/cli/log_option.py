"""``--log`` option: event log of commands as JSON lines."""

from __future__ import annotations

import io
import os
import sys
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Annotated, TextIO

import typer

from xhcredit.domain.clock import stopwatch
from xhcredit.domain.disk import disk_error, not_writable
from xhcredit.domain.log import event, events_to, failure, json_lines
from xhcredit.errors import XhcreditError

_STDERR = "-"
Log = Annotated[
    str,
    typer.Option(
        metavar="FILE|-",
        envvar="XHCREDIT_LOG",
        help="Add JSON lines to this file (-: standard error) that tell what was done, how much "
        "and how long; no persons, no enterprises.  [default: nothing is written]",
    ),
]


class CommandLog:
    """Event log of one command, with its first and last event; inactive until ``begin``."""

    def __init__(self) -> None:
        self._open, self._elapsed, self._command = ExitStack(), stopwatch(), ""

    def begin(self, target: str, command: str) -> None:
        """Write the first event to a file, to which others may be adding, or to standard error.

        Raises:
            NotWritable, DiskFull: not a line can be written there.
        """
        try:
            stream = sys.stderr if target == _STDERR else self._file(target)
            logger = json_lines(stream, command=command, process=os.getpid())
            logger.info("command.started")
        except OSError as error:
            reason = error.strerror or ""
            error_with_path = OSError(
                error.errno, reason, target
            )  # who writes is not told into which file
            raise disk_error(error_with_path) or not_writable(target, reason) from None
        self._open.enter_context(events_to(logger))

    def _file(self, target: str) -> TextIO:
        # without a buffer: each line is one write, whole among the lines of other programs
        file = io.TextIOWrapper(io.FileIO(target, "a"), encoding="utf-8", write_through=True)
        self._open.callback(_close, file)
        return file

    def __enter__(self) -> CommandLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # `--help` and `--version` end with SystemExit 0 as well; nothing failed there.
        if error is None or (isinstance(error, SystemExit) and not error.code):
            event("command.finished", seconds=self._elapsed())
        else:
            fields = _failure_fields(error)
            event("command.failed", level="error", **fields, seconds=self._elapsed())
        self._open.close()


def _failure_fields(error: BaseException) -> dict[str, object]:
    """Log fields of a failed command: exit code and error; usage errors have no error field."""
    if not isinstance(error, SystemExit):
        return {"exit_code": 1, **failure(error)}
    # The exit was raised while the error was handled, so that the error is its context.
    cause = error.__context__
    is_known_error = isinstance(cause, XhcreditError) or (cause and disk_error(cause))
    return {"exit_code": error.code, **(failure(cause) if cause and is_known_error else {})}


def _close(file: TextIO) -> None:
    with suppress(OSError):  # what was written is there; a full disk takes no more
        file.close()
