"""``python -m tests.mutation [PACKAGE …]``: mutants of the floors that decide, and who kills them.

Without words every package is tried; ``--sample N`` tries N mutants drawn from all of them by
``--seed``.  Results are kept in ``out/mutants`` as they come: what was killed is not tried again,
what survived is tried again as soon as a source or test changes (``--again`` tries everything).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import importlib
import json
import os
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import ceil
from multiprocessing import Pool
from pathlib import Path

import pytest
import yaml
from scipy.stats import beta

from tests.mutation import mutants as source
from tests.mutation.covering import AT_IMPORT, Covering, covering
from tests.mutation.mutants import Mutant, unchanged
from tests.mutation.trial import (
    OURS,
    SURVIVED,
    WITHOUT_EFFECT,
    Ended,
    InPlace,
    Trial,
    Verdict,
    anew,
    forked,
    verdict_of,
)
from tests.walks import ROOT

OUT = ROOT / "out" / "mutants"

#: what is mutated, and the tests that are its own beside its doctests
FLOORS = {
    "xhcredit/tiers": ("tests/tiers",),
    "xhcredit/domain": ("tests/domain",),
    "xhcredit/scores": ("tests/scores",),
    "xhcredit/features/conditions.py": ("tests/features",),
    "training/xhcredit_training/promotion_gates.py": (
        "tests/training/test_gates.py",
        "tests/training/test_gates_by_hand.py",
    ),
    "xhcredit/rules": ("tests/rules",),
    "xhcredit/alerts": ("tests/alerts",),
    "xhcredit/draws": ("tests/draws",),
    "xhcredit/restoration": ("tests/restoration",),
}
EXCLUDED = Path(__file__).with_name("excluded.yaml")
SURVIVORS = Path(__file__).with_name("survivors.yaml")

ENVIRONMENT = {
    "HYPOTHESIS_PROFILE": "mutants",
    # machine code would be that of the original, and no line of it would be seen
    "NUMBA_DISABLE_JIT": "1",
    # these tests need no plugin, and an import anew would load them all each time
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    # tests of full disks, and forks that are ended, would leave compiled modules cut short
    "PYTHONDONTWRITEBYTECODE": "1",
}

#: share of mutants that the tests are to kill, of all as of a sample
GOAL = 0.9
#: outside the interval of a sample lies the share of all once in forty times, on either side
DOUBT = 0.025
#: tests that take longer are not run for a mutant, nor more than so many seconds of tests together
LONGEST, TOGETHER = 2.0, 10.0
#: so many trials are made without any mutant, to see that the tests are then green here too
CONTROLS = 2


def main() -> int:
    """Try mutants and say which survived."""
    options = _arguments()
    os.environ |= ENVIRONMENT
    sys.dont_write_bytecode = True
    begun = time.monotonic()
    floors = {p: FLOORS[p] for p in options.packages or FLOORS}
    mutants = excluding(every_mutant(floors, options.workers))
    if options.sample:
        mutants = source.drawn(mutants, options.sample, options.seed)
    _say(f"{len(mutants)} mutants", begun)
    results = Results(digest(), again=options.again, path=OUT / "results.jsonl")
    open_ = [m for m in mutants if results.verdict(m) is None]
    if open_:
        groups = [[p, *floor_mutants] for p, floor_mutants in floors.items()]
        tests = covering(list(FLOORS), groups, options.workers, OUT / "covering")
        _say(f"{len(tests.seconds)} tests run, {len(tests.failed)} failed", begun)
        for failed in sorted(tests.failed):
            print(f"not green without any mutant, hence not used: {failed}")
        _try(open_, tests, results, options.workers)
    _say("tried", begun)
    return report(mutants, results, sure=options.sure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.mutation")
    parser.add_argument("packages", nargs="*", help="default: all")
    parser.add_argument("--sample", type=int, default=0, help="so many drawn at random, not all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--sure", action="store_true", help="fail only if the share of all is surely below the goal"
    )
    parser.add_argument("--again", action="store_true", help="forget what was tried before")
    return parser.parse_args()


def _say(text: str, begun: float) -> None:
    print(f"[{time.monotonic() - begun:6.1f} s] {text}", flush=True)


def every_mutant(packages: Iterable[str], workers: int) -> list[Mutant]:
    """All mutants of these packages, exclusions among them."""
    paths = [path for package in packages for path in source.sources(package)]
    with Pool(workers) as pool:
        parts = pool.map(partial(source.stored, folder=OUT / "nodes"), paths, chunksize=1)
    return [mutant for part in parts for mutant in part]


def excluding(mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants that no line of ``excluded.yaml`` leaves out."""
    rules = [(e["path"], e["text"]) for e in yaml.safe_load(EXCLUDED.read_text("utf-8"))]
    return [m for m in mutants if not any(m.path == p and t in m.text for p, t in rules)]


def digest() -> str:
    """SHA-256 over sources and tests: a survivor of other tests is tried again."""
    digester = hashlib.sha256()
    source_paths = {path for package in FLOORS for path in source.sources(package)}
    tests = {path for folders in FLOORS.values() for f in folders for path in source.sources(f)}
    for path in sorted(source_paths | tests):
        digester.update((ROOT / path).read_bytes())
    return digester.hexdigest()


class Results:
    """Verdicts by mutant, kept in a file line by line."""

    def __init__(self, state: str, *, again: bool, path: Path) -> None:
        self.state, self.path = state, path
        self.known: dict[str, tuple[Verdict, str]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if again:
            path.unlink(missing_ok=True)
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                trial = json.loads(line)
                self.known[trial["key"]] = trial["verdict"], trial["state"]

    def verdict(self, mutant: Mutant) -> Verdict | None:
        """What came of a mutant, if that still holds."""
        verdict, state = self.known.get(mutant.key, (None, ""))
        return verdict if verdict in ("killed", "timeout") or state == self.state else None

    def note(self, mutant: Mutant, verdict: Verdict, seconds: float = 0.0) -> None:
        """Keep a verdict, and the CPU seconds it took."""
        self.known[mutant.key] = verdict, self.state
        line = {
            "key": mutant.key,
            "verdict": verdict,
            "state": self.state,
            "seconds": round(seconds, 2),
            "mutant": str(mutant),
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _try(mutants: Sequence[Mutant], tests: Covering, results: Results, workers: int) -> None:
    """First in place; what has no effect there, or survived but ran at import too, anew."""
    trials = {m: chosen(m, tests) for m in mutants}
    for mutant, trial in trials.items():
        if not trial.tests:
            results.note(mutant, "uncovered")
    ready = [t for t in trials.values() if t.tests]
    in_place = sorted(ready, key=lambda t: t.seconds)

    pid = os.fork()
    if pid == 0:
        _in_place(in_place, tests, results, workers)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError("trials in place ended early; see above")
    again = Results(results.state, again=False, path=results.path)
    results.known = again.known
    later = [t for t in in_place if results.verdict(t.mutant) is None]
    preload({t.split("::")[0] for trial in later for t in trial.tests})
    for ended in forked([*controls(later), *later], anew, workers):
        if not is_control(ended):
            results.note(ended.trial.mutant, verdict_of(ended.code), ended.seconds)


def controls(trials: Sequence[Trial]) -> list[Trial]:
    """The sources as they are, with the tests of the longest trials: these must survive."""
    longest = sorted(trials, key=lambda t: (t.mutant.at_import, -t.seconds))[:CONTROLS]
    return [replace(trial, mutant=unchanged(trial.mutant)) for trial in longest]


def is_control(ended: Ended) -> bool:
    """Whether a trial was one without a mutant.

    Raises:
        RuntimeError: it did not survive, so what is killed says nothing.
    """
    if ended.trial.mutant != unchanged(ended.trial.mutant):
        return False
    if ended.code not in (SURVIVED, WITHOUT_EFFECT):
        tests = ended.trial.tests
        raise RuntimeError(
            f"killed without a mutant (exit code {ended.code}) by one of {len(tests)} tests, the "
            f"last of them {tests[-1]}"
        )
    return True


def _in_place(trials: Sequence[Trial], tests: Covering, results: Results, workers: int) -> None:
    """In a fork: collect the tests once, try all, and end."""

    def judged(ended: Ended) -> None:
        if is_control(ended):
            return
        mutant, verdict = ended.trial.mutant, verdict_of(ended.code)
        at_import = mutant.at_import or ran_at_import(mutant, tests)
        anew_too = verdict == "survived" and at_import
        if ended.code != WITHOUT_EFFECT and not anew_too:
            results.note(mutant, verdict, ended.seconds)

    files = sorted({t.split("::")[0] for trial in trials for t in trial.tests})
    code = 1
    try:
        if files:
            plugin = InPlace([*controls(trials), *trials], workers, judged)
            pytest.main(["-q", "-s", "--tb=no", "-p", "no:cacheprovider", *files], plugins=[plugin])
            print()
            if plugin.error:
                raise plugin.error
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        os._exit(code)


def preload(tests: Iterable[str]) -> None:
    """Import what the library and these tests import that is not ours: every fork has it then."""
    paths = [path for package in ("xhcredit", "training") for path in source.sources(package)]
    names = {name for path in {*paths, *tests} for name in _imported((ROOT / path).read_bytes())}
    for name in sorted(n for n in names if n.split(".")[0] not in OURS):
        with contextlib.suppress(ImportError):  # an extra that is not installed
            importlib.import_module(name)


def _imported(source_: bytes) -> Iterator[str]:
    """Names of the modules that a file imports at its top level."""
    for node in ast.parse(source_).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def ran_at_import(mutant: Mutant, tests: Covering) -> bool:
    """Whether test modules ran the mutant's lines while they were imported."""
    return AT_IMPORT in tests.of_lines(mutant.path, mutant.line, mutant.last_line)


def chosen(mutant: Mutant, tests: Covering) -> Trial:
    """The tests to try a mutant with: those that run its lines, quickest first."""
    covers = tests.of_lines(mutant.path, mutant.line, mutant.last_line)
    if mutant.at_import or AT_IMPORT in covers:
        covers |= tests.of_file(mutant.path) | _tests_of_package(mutant, tests)
    quick = sorted(
        (seconds, test)
        for test in covers - tests.failed - {AT_IMPORT}
        if (seconds := tests.seconds.get(test, 0.0)) <= LONGEST
    )
    picked, total = [], 0.0
    for seconds, test in quick:
        if total + seconds > TOGETHER and picked:
            break
        picked.append(test)
        total += seconds
    return Trial(mutant, tuple(picked), total)


def _tests_of_package(mutant: Mutant, tests: Covering) -> set[str]:
    folders = [t for p, floor in FLOORS.items() if mutant.path.startswith(p) for t in (p, *floor)]
    return {test for test in tests.seconds if test.startswith(tuple(folders))}


def report(mutants: Sequence[Mutant], results: Results, *, sure: bool = False) -> int:
    """Print survivors and shares by package; 1 if too few were killed, or ``sure``ly too few."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    reasons = {named(s): s["why"] for s in yaml.safe_load(SURVIVORS.read_text("utf-8"))}
    for mutant in sorted(mutants, key=lambda m: (m.path, m.line)):
        package = next(p for p in FLOORS if mutant.path.startswith(p))
        verdict = results.verdict(mutant) or "untried"
        counts[package][verdict] += 1
        if verdict not in ("killed", "timeout"):
            parts = {n: getattr(mutant, n) for n in ("path", "function", "before", "after")}
            why = reasons.get(named(parts))
            print(f"{verdict}: {mutant}" + (f"  ({why})" if why else ""))
    for package, count in counts.items():
        _show_share(package, count)
    total = sum(counts.values(), Counter())
    _show_share("all", total)
    killed, count = total["killed"] + total["timeout"], total.total()
    print(f"at least {least(count)} of {count} must be killed")
    return int(too_few(killed, count, sure=sure))


def named(survivor: Mapping[str, str]) -> tuple[str, ...]:
    """What names a survivor in ``survivors.yaml``, blanks and line breaks aside."""
    return tuple(" ".join(survivor[n].split()) for n in ("path", "function", "before", "after"))


def least(count: int) -> int:
    """Fewest of so many mutants that must be killed."""
    return ceil(Fraction(str(GOAL)) * count)


def share_killed(killed: int, count: int) -> tuple[float, float]:
    """Interval of the share of all of which a sample was drawn (Clopper and Pearson)."""
    low = beta.ppf(DOUBT, killed, count - killed + 1) if killed else 0.0
    high = beta.ppf(1 - DOUBT, killed + 1, count - killed) if killed < count else 1.0
    return float(low), float(high)


def too_few(killed: int, count: int, *, sure: bool) -> bool:
    """Whether the goal is missed; ``sure``: by the whole interval, so that no luck decides."""
    return share_killed(killed, count)[1] < GOAL if sure else killed < least(count)


def _show_share(name: str, count: Counter[str]) -> None:
    killed, total = count["killed"] + count["timeout"], count.total()
    low, high = share_killed(killed, total)
    others = ", ".join(f"{n} {v}" for v, n in sorted(count.items()) if v not in ("killed",))
    print(
        f"{name}: {total} mutants, {killed} killed = {killed / max(total, 1):.1%}"
        f" (as a sample {low:.1%}–{high:.1%}); {others or 'none left'}"
    )


if __name__ == "__main__":
    sys.exit(main())
