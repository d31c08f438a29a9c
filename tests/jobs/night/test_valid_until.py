"""Until which day a result stays: never told too late."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.jobs.growing import Growing
from xhcredit.engine.bounds import bounds
from xhcredit.engine.one_enterprise import day_number
from xhcredit.features.declare import derived_feature
from xhcredit.ingest.schema import directory
from xhcredit.jobs.night import reuse
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.jobs.scoring.score_columns import present_rows, score_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

BOOK, RELEASE = Rulebook.load(), load_release()


def _burdened(path: Path) -> Model:
    """Enterprises whose reasons stand still, while age and the share of failures near an edge."""
    world = Growing(path / "w", seed=7, enterprises=0, events=0)
    day = world.day
    codes = [f"91{number:016d}" for number in range(60)]
    rows = {name: [] for name in directory()}
    for number, code in enumerate(codes):
        known = {"code": code, "known_on": day - timedelta(days=1)}
        born = day - timedelta(days=(360, 1080, 3640)[number % 3] - number)
        rows["enterprise"].append(known | {"established_on": born})
        old = known | {"occurred_on": day - timedelta(days=100)}
        for kind in ("dishonest_debtor", *["judgment_debtor"] * 3):
            rows["judicial"].append(old | {"kind": kind})
        rows["tax_arrears"] += [old, old]
        rows["serious_listing"].append(old)
        failed = {"occurred_on": day - timedelta(days=1380 + number), "result": "corrected"}
        rows["inspection"].append(known | failed | {"failed": True})  # at 1,450 days: an edge
    world.write({name: [_keyed(name, r, n) for n, r in enumerate(rs)] for name, rs in rows.items()})
    model = model_on(BOOK, RELEASE, day)
    run_night(path / "w", path / "out", model)
    return model


def _keyed(name: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    """A row with all its key columns filled."""
    t = directory()[name]
    texts = [k for k in t.key if t.column(k).type in ("text", "person") and k not in row]
    return row | {k: f"{number}" for k in texts}


def _random(path: Path) -> Model:
    """Enterprises of every kind of event."""
    world = Growing(path / "w", seed=5, enterprises=150, events=60)
    model = model_on(BOOK, RELEASE, world.day)
    run_night(path / "w", path / "out", model)
    return model


@pytest.fixture(params=[_random, _burdened])
def waiting(request, tmp_path):
    """Folders of a night and its model."""
    return tmp_path, request.param(tmp_path)


def test_a_due_day_is_never_too_late(waiting):
    """Of every enterprise: the row stands still, day by day, until it is due."""
    folder, model = waiting
    store = open_event_columns(folder / "w")
    rows = present_rows(store, model.as_of)
    due = np.load(folder / "out" / reuse.FOLDER / "due.npy")
    first = score_rows(store, model, rows).columns
    late, standing = [], 0
    for ahead in range(1, 80):
        then = model_on(BOOK, RELEASE, model.as_of + timedelta(days=ahead))
        waits = due > day_number(then.as_of)
        standing += int(waits.sum())
        for name, column in score_rows(store, then, rows).columns.items():
            same = (column == first[name]) | (np.isnan(column) & np.isnan(first[name]))
            wrong = waits & ~(same.all(axis=1) if same.ndim > 1 else same)
            late += [(ahead, name, int(n)) for n in np.flatnonzero(wrong)]

    assert late == []
    assert standing > 500
    assert set(model.moves.values()) == {"stands", "elapses", "decays", "derived"}


@pytest.mark.parametrize(
    ("lo", "hi", "formula", "expected"),
    [
        ((1.0, 2.0), (3.0, 4.0), "a / b", (0.25, 2 / 3)),
        ((1.0, 2.0), (-1.0, 1.0), "a / b", (-np.inf, np.inf)),
        ((1.0, 2.0), (0.0, 0.0), "a / b", (np.nan, np.nan)),
        ((-1.0, 2.0), (3.0, 4.0), "a * b - 1", (-5.0, 7.0)),
        ((np.nan, np.nan), (3.0, 4.0), "coalesce(a, b)", (3.0, 4.0)),
        ((-np.inf, np.inf), (3.0, 4.0), "coalesce(a, b)", (-np.inf, np.inf)),
        ((np.nan, np.nan), (3.0, 4.0), "a + b", (np.nan, np.nan)),
        ((1.0, 5.0), (3.0, 4.0), "max(a, b)", (3.0, 5.0)),
        ((1.0, 5.0), (3.0, 4.0), "a > b", (-np.inf, np.inf)),
    ],
)
def test_bounds_of_derived_features(lo, hi, formula, expected):
    """Whatever the inputs do between their bounds, the value stays between these."""
    f = derived_feature("d", "d", "d", formula, dimension="basic", source="s", missing="m")
    known = {"a": tuple(np.array([v]) for v in lo), "b": tuple(np.array([v]) for v in hi)}
    bound_days = [float(v[0]) for v in bounds(f, known)]

    assert bound_days == pytest.approx(expected, nan_ok=True, rel=1e-8)
