"""Two runs on the same rows: every figure of both, and the interval of their difference."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from xhcredit.engine.columns import Array
from xhcredit.errors import BadInput
from xhcredit_training.bootstrap import Estimate, difference
from xhcredit_training.metrics import METRICS


def judged_rows(folder: Path) -> dict[str, np.ndarray]:
    """Risk, outcome, weight, day and enterprise of the rows that a run was judged on.

    Raises:
        BadInput: the folder holds none.
    """
    try:
        table = pq.read_table(folder / "judged.parquet")
    except OSError as error:
        raise BadInput(f'"{folder}" holds no judged rows: {error}; fit the run again') from None
    return {name: table.column(name).to_numpy() for name in table.column_names}


def side_by_side(run_a: Path, run_b: Path) -> dict[str, tuple[float, float, Estimate]]:
    """Figures of both runs, and of ``run_a`` less ``run_b`` with its interval.

    Raises:
        BadInput: they were judged on different rows, so that their figures cannot be compared.
    """
    rows_a, rows_b = judged_rows(run_a), judged_rows(run_b)
    is_same_rows = all(
        np.array_equal(rows_a[name], rows_b[name]) for name in ("ent", "day", "bad", "weight")
    )
    if not is_same_rows:
        raise BadInput(
            f'"{run_a.name}" and "{run_b.name}" were judged on different rows; fit both on one '
            "sample with the same --judge-from"
        )
    return compare_figures(rows_a, rows_b)


def compare_figures(
    a: Mapping[str, Array], b: Mapping[str, Array]
) -> dict[str, tuple[float, float, Estimate]]:
    """Figures of two models on the same rows, and of ``a`` less ``b`` with its interval."""
    figures = {}
    for name, metric in METRICS.items():
        figure_pair = [metric(run["risk"], run["bad"], run["weight"]) for run in (a, b)]
        gap = difference(metric, a["risk"], b["risk"], a["bad"], a["weight"], a["ent"])
        figures[name] = (figure_pair[0], figure_pair[1], gap)
    return figures
