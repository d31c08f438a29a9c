"""Which tests run which line, and how long each test takes: one run under coverage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

from tests.walks import ROOT

#: what covers a line before any test runs: imports, and what test modules make at import
AT_IMPORT = ""


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
        data = self.cov.get_data()
        lines = {
            Path(file).relative_to(ROOT).as_posix(): {
                str(line): sorted(tests) for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        return {"lines": lines, "seconds": self.seconds, "failed": sorted(self.failed)}


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


def covering(paths: Sequence[str], groups: Sequence[Sequence[str]], workers: int) -> Covering:
    """Run groups of test files or folders, each in a process of its own, and note what they run."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        outs = [Path(folder) / f"{k}.json" for k in range(len(groups))]
        list(pool.map(lambda one: _recorded(paths, *one), zip(groups, outs, strict=True)))
        return _joined([json.loads(out.read_text()) for out in outs])


def _recorded(paths: Sequence[str], tests: Sequence[str], out: Path) -> None:
    words = [sys.executable, "-m", "tests.mutation.covering", str(out), *tests]
    given = "\n".join(paths)
    ran = subprocess.run(words, input=given, text=True, cwd=ROOT, capture_output=True, check=False)
    if not out.exists() or ran.returncode:
        raise RuntimeError(f"tests did not run under coverage:\n{ran.stdout}\n{ran.stderr}")


def _joined(parts: Sequence[dict[str, dict[str, dict[str, list[str]]]]]) -> Covering:
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for part in parts:
        for path, by_line in part["lines"].items():
            for line, tests in by_line.items():
                lines[path][int(line)].update(tests)
    return Covering(
        {p: {n: frozenset(t) for n, t in by.items()} for p, by in lines.items()},
        {t: s for part in parts for t, s in part["seconds"].items()},  # type: ignore[misc]
        frozenset(t for part in parts for t in part["failed"]),
    )


def main() -> None:
    """Record one group: ``… tests.mutation.covering OUT TEST…``, source files on standard input."""
    out, *tests = sys.argv[1:]
    recorder = Recorder(sys.stdin.read().split())
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-m", "not slow"]
    pytest.main([*options, *tests], plugins=[recorder])
    Path(out).write_text(json.dumps(recorder.written()), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # nothing of the tests is to be put away


if __name__ == "__main__":
    main()
