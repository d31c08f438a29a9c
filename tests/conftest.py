"""What all tests share: repeatable searches, real data if it is there, and no silent skips."""

import ast
import functools
import os
from pathlib import Path
from threading import RLock

import pytest
from hypothesis import Phase, settings
from xdist.scheduler import LoadScopeScheduling

from tests.demo_store import demo  # noqa: F401 - a fixture for all tests

settings.register_profile("ci", max_examples=40, derandomize=True, deadline=None)
settings.register_profile("night", max_examples=2000, deadline=None)
settings.register_profile(  # a mutant is killed by any example; nobody reads the smallest
    "mutants",
    parent=settings.get_profile("ci"),
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
    database=None,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

NO_REAL_DATA = "the real data sets are not here"
ROOT = Path(__file__).parent.parent


def _one_at_a_time(parse):
    """``ast.parse``, for one thread at a time: Python before 3.12 mixes them up (gh-106905).

    Hypothesis parses sources of tests while pytest rewrites what a server's thread imports late.
    """
    turn = RLock()

    @functools.wraps(parse)
    def parsed(*words, **named):
        with turn:
            return parse(*words, **named)

    return parsed


ast.parse = _one_at_a_time(ast.parse)


class ByFile(LoadScopeScheduling):
    """Tests of one file run in one process, and those of the browser share one server.

    ``--dist loadgroup`` would do, but groups nothing under pytest 9.2 (pytest-xdist issue 1386).
    """

    def _split_scope(self, nodeid):
        return "browser" if nodeid.startswith("tests/browser/") else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out tests by file."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def real_data():
    """Folder of the real data sets (they are not shipped); the test is left out without it."""
    folder = Path(os.environ.get("XHCREDIT_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{NO_REAL_DATA}; set XHCREDIT_REAL_DATA to the folder that holds beijing/")
    return folder


def pytest_terminal_summary(terminalreporter):
    """Say last what was left out and how to get it."""
    left_out = terminalreporter.stats.get("skipped", [])
    if not left_out:
        return
    terminalreporter.section("left out", sep="-")
    for reason in sorted(
        {str(r.longrepr[2] if isinstance(r.longrepr, tuple) else r.longrepr) for r in left_out}
    ):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))


def pytest_sessionfinish(session):
    """Where nothing may be left out (CI), a skip fails the run.

    Real data sets may not be shipped, so a place that does not have them is told, not failed.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    left_out = reporter.stats.get("skipped", []) if reporter else []
    unexcused = [r for r in left_out if NO_REAL_DATA not in str(r.longrepr)]
    if os.environ.get("XHCREDIT_NO_SKIP") and unexcused:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
