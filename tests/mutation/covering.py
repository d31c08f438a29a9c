"""Which tests run which line, and how long each test takes: one run under coverage."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutation.mutants import sources
from tests.walks import ROOT

#: what covers a line before any test runs: imports, and what test modules make at import
AT_IMPORT = ""

_THIS_FILE = Path(__file__).relative_to(ROOT).as_posix()


class Recorder:
    """A pytest plugin: the lines that each test runs, and its CPU seconds, fixtures included."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.cov = coverage.Coverage(
            data_file=None, include=[str(ROOT / p) for p in paths], config_file=False
        )
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.cov.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note the lines of one test, and its CPU seconds, which others cannot bend."""
        self.cov.switch_context(item.nodeid)
        begun = time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - begun
        self.cov.switch_context(AT_IMPORT)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what is not green without any mutant, and what was left out."""
        if not report.passed:
            self.failed.add(report.nodeid)

    def written(self) -> dict[str, object]:
        """Everything noted, ready for JSON."""
        self.cov.stop()
        coverage_data = self.cov.get_data()
        tests = {test: number for number, test in enumerate([AT_IMPORT, *self.seconds])}
        lines = {
            Path(file).relative_to(ROOT).as_posix(): {
                line: [tests[test] for test in covers]
                for line, covers in coverage_data.contexts_by_lineno(file).items()
            }
            for file in coverage_data.measured_files()
        }
        failed = sorted(self.failed)
        return {"tests": list(tests), "lines": lines, "seconds": self.seconds, "failed": failed}


@dataclass(frozen=True)
class Covering:
    """Tests by file and line, and seconds by test."""

    lines: dict[str, dict[int, frozenset[str]]]
    seconds: dict[str, float]
    failed: frozenset[str]

    def of_lines(self, path: str, first: int, last: int) -> set[str]:
        """Tests that run a line of a file between two lines (``AT_IMPORT`` may be among them)."""
        lines = self.lines.get(path, {})
        return {t for n in range(first, last + 1) for t in lines.get(n, ())}

    def of_file(self, path: str) -> set[str]:
        """Tests that run any line of a file."""
        return {t for tests in self.lines.get(path, {}).values() for t in tests}


def covering(
    packages: Sequence[str], groups: Sequence[Sequence[str]], workers: int, cache: Path
) -> Covering:
    """Which of the groups' tests run which lines of the packages, from the cache where it is there.

    A group is a list of test files or folders and runs in a process of its own.  What it covers is
    stored in the folder ``cache`` under the content of the sources and of its tests.
    """
    cache.mkdir(parents=True, exist_ok=True)
    library = content([*packages, _THIS_FILE])
    paths = [path for package in packages for path in sources(package)]
    outputs = [cache / f"{content(group, library)}.json" for group in groups]
    missing = [(g, out) for g, out in zip(groups, outputs, strict=True) if not out.exists()]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda pair: _record(paths, *pair), missing))
    return _joined([json.loads(out.read_text("utf-8")) for out in outputs])


def content(paths: Iterable[str], before: str = "") -> str:
    """SHA-256 over the files at and below these paths, their names included."""
    digest = hashlib.sha256(before.encode())
    places = [ROOT / path for path in paths]
    files = {f for p in places for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file()}
    for file in sorted(f for f in files if f.suffix != ".pyc"):
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _record(paths: Sequence[str], tests: Sequence[str], out: Path) -> None:
    partial = out.with_suffix(f".{os.getpid()}")  # a run that is ended leaves nothing to be read
    command = [sys.executable, "-m", "tests.mutation.covering", str(partial), *tests]
    ran = subprocess.run(
        command, input="\n".join(paths), text=True, cwd=ROOT, capture_output=True, check=False
    )
    if not partial.exists() or ran.returncode:
        raise RuntimeError(f"tests did not run under coverage:\n{ran.stdout}\n{ran.stderr}")
    partial.replace(out)


def _joined(parts: Sequence[dict[str, Any]]) -> Covering:
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for part in parts:
        for path, by_line in part["lines"].items():
            for line, tests in by_line.items():
                lines[path][int(line)].update(part["tests"][number] for number in tests)
    return Covering(
        {p: {n: frozenset(t) for n, t in by.items()} for p, by in lines.items()},
        {t: s for part in parts for t, s in part["seconds"].items()},
        frozenset(t for part in parts for t in part["failed"]),
    )


def main() -> None:
    """Record one group: ``… tests.mutation.covering OUT TEST…``, source files on standard input."""
    out, *tests = sys.argv[1:]
    recorder = Recorder(sys.stdin.read().split())
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-m", "not slow"]
    code = pytest.main([*options, *tests], plugins=[recorder])
    sys.stdout.flush()
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        os._exit(code)  # what could not be collected covers nothing
    Path(out).write_text(json.dumps(recorder.written()), encoding="utf-8")
    os._exit(0)  # nothing of the tests is to be put away


if __name__ == "__main__":
    main()
