"""Two runs on the same rows: every figure of both, and the interval of their difference."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from xhcredit.errors import BadInput
from xhcredit_training.bootstrap import Told, difference
from xhcredit_training.dataset import Array
from xhcredit_training.metrics import METRICS


def judged(folder: Path) -> dict[str, np.ndarray]:
    """Risk, outcome, weight, day and enterprise of the rows that a run was judged on.

    Raises:
        BadInput: the folder holds none.
    """
    try:
        table = pq.read_table(folder / "judged.parquet")
    except OSError as error:
        raise BadInput(f'"{folder}" holds no judged rows: {error}; fit the run again') from None
    return {name: table.column(name).to_numpy() for name in table.column_names}


def side_by_side(one: Path, other: Path) -> dict[str, tuple[float, float, Told]]:
    """Figures of both runs, and of ``one`` less ``other`` with its interval.

    Raises:
        BadInput: they were judged on different rows, so that their figures cannot be compared.
    """
    a, b = judged(one), judged(other)
    same = all(np.array_equal(a[name], b[name]) for name in ("ent", "day", "bad", "weight"))
    if not same:
        raise BadInput(
            f'"{one.name}" and "{other.name}" were judged on different rows; fit both on one '
            "sample with the same --judge-from"
        )
    return compared(a, b)


def compared(
    a: Mapping[str, Array], b: Mapping[str, Array]
) -> dict[str, tuple[float, float, Told]]:
    """Figures of two models on the same rows, and of ``a`` less ``b`` with its interval."""
    told = {}
    for name, metric in METRICS.items():
        values = [metric(run["risk"], run["bad"], run["weight"]) for run in (a, b)]
        gap = difference(metric, a["risk"], b["risk"], a["bad"], a["weight"], a["ent"])
        told[name] = (values[0], values[1], gap)
    return told
