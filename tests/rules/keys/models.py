"""Models: what counts as bad afterwards, which gates open, which alarms are raised."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from xhcredit_training import alarms, promotion_gates
from xhcredit_training.dataset import Column, Dataset, make_dataset
from xhcredit_training.labels import newest_known, observe_outcomes, outcome_of

from tests.rules.keys.alarm_world import TODAY, small_world
from tests.training.samples import known
from xhcredit.engine.columns import Array
from xhcredit.errors import WrongState
from xhcredit.jobs.models.promotion import shadow_requirements
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Gates, LeakLimits
from xhcredit.scores.release import load_release
from xhcredit.store.models.candidate_state import refuse_unshadowed
from xhcredit.store.retention import retention_report
from xhcredit.store.store import Store

DAY = date(2026, 11, 30)


def followed(book: Rulebook, rule_id: str) -> Iterator[Any]:
    """What became of everybody within the horizon, and of whom that could become known."""
    store = small_world().event_columns
    outcome = outcome_of(book, rule_id.removeprefix("outcomes."), as_of=TODAY)
    rows = np.tile(np.arange(len(store)), 8)
    days = newest_known(store) - 1100 + 50 * (np.arange(rows.size) // len(store))
    observed_outcomes = observe_outcomes(store, rows, days, outcome)
    yield observed_outcomes.bad.tolist(), observed_outcomes.observed.tolist()


def judged(book: Rulebook) -> Iterator[Any]:
    """Which gates are open for candidates that are bad in one respect, and what groups suffer."""
    champion = _evaluation()
    for worse in ({"slope": 0.5}, {"slope": 1.5}, {"shift": 1.0}, {"psi": 0.3}, {"noise": 1.0}):
        verdicts = promotion_gates.judge(_evaluation(**worse), champion, book, DAY)
        yield worse, [verdict.open for verdict in verdicts]


def harmed(book: Rulebook) -> Iterator[Any]:
    """Which groups are surely worse off, and by which harm."""
    limits = book.serving("promotion.gates", Gates, as_of=DAY)
    for worse in ({"accuse": 2.0}, {"harm": 6.0}):
        worse_groups = promotion_gates.worse_off(_evaluation(**worse), _evaluation(), limits)
        yield [line.partition(" (")[0].rstrip("0123456789.,-–[]() ") for line in worse_groups]


@cache
def _evaluation(
    noise: float = 0.0,
    slope: float = 1.0,
    shift: float = 0.0,
    psi: float = 0.0,
    harm: float = 0.0,
    accuse: float = 0.0,
) -> promotion_gates.Evaluation:
    """A candidate with more noise, a wrong slope or level, drift, or one group ordered badly
    (``harm``) or told as riskier than it is (``accuse``).
    """
    rng = np.random.default_rng(3)
    size = 400
    risk = rng.normal(-1, 1.5, size)
    bad = (rng.random(size) < 1 / (1 + np.exp(-risk))).astype(float)
    group = rng.choice(3, size, p=[0.6, 0.3, 0.1])
    risk_scores = risk + noise * rng.normal(0, 2, size) + shift
    risk_scores = risk_scores + np.where(group == 1, accuse + harm * rng.normal(0, 2, size), 0.0)
    rows = {
        "risk": risk_scores,
        "bad": bad,
        "weight": np.ones(size),
        "day": np.zeros(size),
        "ent": np.arange(size),
        "group_size": group,
    }
    metrics = {"calibration_slope": slope, "psi_worst_month": psi}
    return promotion_gates.Evaluation(load_release(), rows, metrics)


def alarmed(book: Rulebook) -> Iterator[Any]:
    """Which alarms samples with a leak or a drift raise."""
    limits = book.serving("promotion.leak_limits", LeakLimits, as_of=DAY)
    learned, later = known(600, 1), known(600, 2, rate=-1.0)
    for raised_alarms in (
        alarms.too_good_indicators(learned, limits),
        alarms.identifier_alarms(learned, limits, {"number": learned.x[1]}),
        alarms.own_row_leaks(learned, later, limits),
        alarms.random_gap_alarms(_seasonal(), _by_month, limits, 17600),
        alarms.year_rate_alarms(_seasonal(), limits),
        alarms.drift_alarms(learned, known(600, 3).rows(later.x[1] > 0), limits),
    ):
        yield [(alarm.code, alarm.about) for alarm in raised_alarms]


@cache
def _seasonal() -> Dataset:
    """Outcomes that depend on the month only."""
    rng = np.random.default_rng(5)
    day = np.sort(rng.integers(17000, 18000, 900))
    often = np.where(np.arange(40) < 12, 1.0, 0.25)  # the later years have few
    rate = (rng.random(40) * often)[(day - 17000) // 30]
    bad = rng.random(900) < rate
    return make_dataset(
        [Column("noise")], rng.normal(size=(1, 900)), bad, day=day, ent=np.arange(900)
    )


def _by_month(part: Dataset) -> Callable[[Dataset], Array]:
    """A model that has learned the months by heart."""
    rate = {m: part.bad[part.day // 30 == m].mean() for m in np.unique(part.day // 30)}
    return lambda later_rows: np.array([rate.get(m, 0.5) for m in later_rows.day // 30])


def shadowed(book: Rulebook) -> Iterator[Any]:
    """Whether a candidate may be switched after so many nights of shadow, so long ago."""
    nights, since = shadow_requirements(book, DAY)
    for count in range(40):
        for ago in (1, 30, 31, 32, 60, 300):
            yield _may_switch(count, ago, nights, since)


def _may_switch(count: int, ago: int, nights: int, since: str) -> bool:
    days = [(DAY - timedelta(days=ago + n)).isoformat() for n in range(count)]
    steps = [{"act": "shadow", "details": {"as_of": day, "champion": "c"}} for day in days]
    try:
        refuse_unshadowed({"id": 1, "steps": steps}, "c", nights, since)
    except WrongState:
        return False
    return True


def retained(book: Rulebook) -> Iterator[Any]:
    """Before which day each kind of record may be removed."""
    for retained_kind in retention_report(_store().database, book, DAY):
        yield retained_kind.rule, retained_kind.before


@cache
def _store() -> Store:
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Store.open(str(Path(folder.name) / "store.db"))
