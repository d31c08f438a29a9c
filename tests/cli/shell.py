"""The real program, run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

from xhcredit.cli.main import run

#: a terminal of fixed width without colours
TERMINAL = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}


@dataclass(frozen=True)
class Outcome:
    """What the program printed, and its exit code."""

    out: str
    err: str
    exit_code: int

    @property
    def json(self) -> Any:
        """Standard output as JSON; nothing else may stand in it."""
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """Standard output without the breaks of lines and boxes, to look for words in it."""
        return " ".join(self.out.translate(str.maketrans("│┃", "  ")).split())


def xhcredit(*words: object, machine: Mapping[str, str] | None = None) -> Outcome:
    """Run ``xhcredit`` with these words; ``machine`` is added to its environment."""
    command = [sys.executable, "-m", "xhcredit.cli.main", *map(str, words)]
    around = os.environ | TERMINAL | (machine or {})
    ran = subprocess.run(command, capture_output=True, check=False, env=around)
    return Outcome(ran.stdout.decode("utf-8"), ran.stderr.decode("utf-8"), ran.returncode)


def inside(*words: object) -> Outcome:
    """The same without a process of its own: many refusals in little time."""
    printed, errors_text = StringIO(), StringIO()
    with (
        redirect_stdout(printed),
        redirect_stderr(errors_text),
        _as_argv("xhcredit", *map(str, words)),
    ):
        try:
            run()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Outcome(printed.getvalue(), errors_text.getvalue(), code)


@contextmanager
def _as_argv(*words: str) -> Iterator[None]:
    before, sys.argv = sys.argv, list(words)
    try:
        yield
    finally:
        sys.argv = before
