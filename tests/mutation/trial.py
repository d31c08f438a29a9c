"""Tries mutants: each in a fork of its own, which runs the tests that cover it until one fails.

Most are tried in a process that has already imported everything: new code of a function, or a new
plain constant of a module, replaces the old in place, so that a trial costs little more than its
tests.  What works only at import (classes, default values, what is made of other constants) is
tried in a fork that imports the library anew; so is what survived in place but ran at import.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, FunctionType
from typing import Literal, NamedTuple

import pytest

from tests.mutation.mutants import Mutant, source_with
from tests.walks import ROOT

Verdict = Literal["killed", "survived", "timeout", "uncovered"]

#: modules of the repository: a fork that imports anew forgets them first
OURS = ("xhcredit", "xhcredit_serving", "xhcredit_training", "tests", "conftest")
#: folders of the top level that hold a package, and are none
FOLDERS = ("serving", "training")
QUIET = (
    "-q", "-x", "--tb=no", "-p", "no:cacheprovider",
    # plugins are imported already, and are not tests of ours
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
SURVIVED, KILLED, WITHOUT_EFFECT = 0, 1, 77

#: CPU seconds that every trial has at least; an import anew takes two or three of them
LEAST_LIMIT = 15


@dataclass(frozen=True)
class Trial:
    """A mutant with the tests to run, quickest first, and the CPU seconds they take without it."""

    mutant: Mutant
    tests: tuple[str, ...]
    seconds: float


class Ended(NamedTuple):
    """A trial that ended: exit code of its fork (of a limit, minus the signal), its CPU seconds."""

    trial: Trial
    code: int
    seconds: float


def forked(trials: Sequence[Trial], work: Callable[[Trial], int], workers: int) -> Iterator[Ended]:
    """Do the work for each trial in a fork; yield trials as they end."""
    queue, running = iter(trials), {}
    while True:
        while len(running) < workers and (trial := next(queue, None)) is not None:
            folder = tempfile.mkdtemp(prefix="mutant-")
            pid = os.fork()
            if pid == 0:
                _child(trial, work, folder)
            running[pid] = trial, folder
        if not running:
            return
        pid, status, usage = os.wait4(-1, 0)
        if pid not in running:
            continue
        trial, folder = running.pop(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # whatever its tests started
        shutil.rmtree(folder, ignore_errors=True)
        code = os.waitstatus_to_exitcode(status)
        yield Ended(trial, code, usage.ru_utime + usage.ru_stime)


def _child(trial: Trial, work: Callable[[Trial], int], folder: str) -> None:
    """Run in the fork: limits, no output, and never back into the caller."""
    code = KILLED
    try:
        os.setsid()
        limit = math.ceil(LEAST_LIMIT + 5 * trial.seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        signal.alarm(20 * limit)  # of the clock: what waits for nothing uses no CPU
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        code = work(trial)
    except BaseException:
        code = KILLED
    finally:
        os._exit(code)


class InPlace:
    """A pytest plugin: once tests are collected, tries mutants instead of running the tests."""

    def __init__(
        self,
        trials: Sequence[Trial],
        workers: int,
        judged: Callable[[Ended], None],
    ) -> None:
        self.trials, self.workers, self.judged = trials, workers, judged
        self.error: Exception | None = None  #: pytest tells nobody what a plugin raised

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try every mutant in a fork of this process."""
        items = {item.nodeid: item for item in session.items}

        def work(trial: Trial) -> int:
            if not swapped(trial.mutant, functions):
                return WITHOUT_EFFECT
            chosen = [items[t] for t in trial.tests if t in items]
            for item, following in zip(chosen, [*chosen[1:], None], strict=True):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    return KILLED
            return SURVIVED

        functions = _functions({trial.mutant.path for trial in self.trials})
        gc.collect()
        gc.freeze()  # what lies still is shared by all forks
        try:
            for ended in forked(self.trials, work, self.workers):
                self.judged(ended)
        except Exception as error:
            self.error = error
        return True


def _functions(paths: Collection[str]) -> dict[tuple[str, str], list[FunctionType]]:
    """Every function of these files that was made by now, by file and qualified name."""
    files = {str(ROOT / path): path for path in paths}
    functions: dict[tuple[str, str], list[FunctionType]] = defaultdict(list)
    for tracked in gc.get_objects():
        if type(tracked) is FunctionType and tracked.__code__.co_filename in files:
            code = tracked.__code__
            functions[files[code.co_filename], code.co_qualname].append(tracked)
    return functions


def swapped(mutant: Mutant, functions: Mapping[tuple[str, str], list[FunctionType]]) -> bool:
    """Put a mutant into what is imported; False if nothing of it changed.

    A function gets the new code, whoever refers to it; a constant of a module is exchanged there
    and wherever it was imported to by name.
    """
    module = compile(source_with(mutant), str(ROOT / mutant.path), "exec", dont_inherit=True)
    if mutant.at_import:
        return _constants(mutant, module)
    [new] = [c for c in _codes(module) if c.co_qualname == mutant.function][-1:] or [None]
    fit = [
        f
        for f in functions.get((mutant.path, mutant.function), ())
        if new is not None and f.__code__.co_freevars == new.co_freevars
    ]
    for function in fit:
        function.__code__ = new  # type: ignore[assignment]
    return bool(fit)


def _constants(mutant: Mutant, module: CodeType) -> bool:
    """Exchange plain values at the level of a module; what does not even run is a kill."""
    name = module_name(mutant.path)
    original, space = vars(sys.modules[name]), {"__name__": name, "__file__": module.co_filename}
    exec(module, space)  # noqa: S102 - our own source with one change
    changed = {
        key: (value, space[key])
        for key, value in original.items()
        if _plain(value) and key in space and repr(value) != repr(space[key])
    }
    for other in [m for n, m in sys.modules.items() if n.split(".")[0] in OURS]:
        for key, (old, new) in changed.items():
            if vars(other).get(key) is old:
                vars(other)[key] = new
    return bool(changed)


def _plain(value: object) -> bool:
    """Whether a value is made of built-in types alone: then a new one is as good as the old."""
    if isinstance(value, dict):
        return type(value) is dict and all(_plain(p) for kv in value.items() for p in kv)
    if isinstance(value, tuple | list | set | frozenset):
        return type(value).__module__ == "builtins" and all(map(_plain, value))
    return type(value) in (str, bytes, int, float, bool, type(None))


def module_name(path: str) -> str:
    """The name under which a file is imported."""
    parts = path.removesuffix(".py").split("/")
    parts = parts[1:] if parts[0] in FOLDERS else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class _Changed(MetaPathFinder, SourceFileLoader):
    """Finds one module, and loads it with the mutant in it."""

    def __init__(self, mutant: Mutant) -> None:
        SourceFileLoader.__init__(self, module_name(mutant.path), str(ROOT / mutant.path))
        self.source = source_with(mutant)

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """The module's spec; None for every other module."""
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self.path, loader=self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Go before pytest's own finder, which reads files that are named as tests from disk."""
        sys.meta_path.remove(self)
        sys.meta_path.insert(0, self)

    def get_code(self, fullname: str) -> CodeType:
        """The mutated module's code."""
        return compile(self.source, self.path, "exec", dont_inherit=True)  # type: ignore[no-any-return]


def anew(trial: Trial) -> int:
    """Import the library with the mutant and run the tests; the process has no pytest running."""
    for name in [n for n in sys.modules if n.split(".")[0] in OURS]:
        if not name.startswith("tests.mutation") and name not in ("tests", "tests.walks"):
            del sys.modules[name]
    changed = _Changed(trial.mutant)
    sys.meta_path.insert(0, changed)
    code = int(pytest.main([*QUIET, *trial.tests], plugins=[changed]))
    return SURVIVED if code == pytest.ExitCode.OK else KILLED


def verdict_of(code: int) -> Verdict:
    """What a fork's exit code means."""
    if code in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
        return "timeout"
    return "survived" if code == SURVIVED else "killed"
