"""Hyperparameter search: a small grid, cross-validated by whole enterprises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from xhcredit.errors import BadSample
from xhcredit_training.additive_model import Additive
from xhcredit_training.binning import Fineness
from xhcredit_training.boosted import Boosting, fit_boosted
from xhcredit_training.challenger import FULL, Full, fit_full
from xhcredit_training.dataset import Frame
from xhcredit_training.metrics import auc
from xhcredit_training.models import boosting_for
from xhcredit_training.woe import Card, fit_woe

FOLDS = 3
_Fit = Callable[[Frame], Additive | Full]


@dataclass(frozen=True)
class Trial:
    """One setting and its AUC over folds."""

    parameters: Mapping[str, Any]
    auc: float


def _card(price: float, ridge: float) -> _Fit:
    how = Card(Fineness(price=price), ridge=ridge)
    return lambda sample: fit_woe(sample, how)


def _trees(leaves: int, part: float) -> _Fit:
    """Size of trees, and the part of rows and columns that each of them sees."""
    return lambda s: fit_boosted(
        s, replace(boosting_for(s), leaves=leaves, rows=part, columns=part)
    )


def _full(leaves: int, rate: float) -> _Fit:
    how: Boosting = replace(FULL, leaves=leaves, rate=rate)
    return lambda sample: fit_full(sample, how)


#: model, its maker and the settings tried
GRIDS: Mapping[str, tuple[Callable[..., _Fit], tuple[dict[str, Any], ...]]] = MappingProxyType(
    {
        "woe": (
            _card,
            tuple({"price": p, "ridge": r} for p in (2.0, 4.0, 8.0) for r in (1e-4, 1e-2)),
        ),
        "boosted": (_trees, tuple({"leaves": n, "part": p} for n in (2, 3) for p in (0.4, 1.0))),
        "full": (_full, tuple({"leaves": n, "rate": r} for n in (7, 15) for r in (0.03, 0.06))),
    }
)


def search(kind: str, learn: Frame, tell: Callable[[str, int, int], None]) -> list[Trial]:
    """Try every setting of a model on the learning part; the best first.

    Raises:
        BadSample: the model has nothing to search, or a fold teaches nothing.
    """
    if kind not in GRIDS:
        raise BadSample(f'model "{kind}" has no settings; search one of {", ".join(GRIDS)}')
    make, grid = GRIDS[kind]
    folds = list(StratifiedGroupKFold(FOLDS).split(learn.x.T, learn.bad, learn.ent))
    trials = []
    for number, parameters in enumerate(grid):
        tell("search", number, len(grid))
        risk = np.zeros(len(learn))
        for one, rest in folds:
            part = learn.rows(rest)
            risk[rest] = make(**parameters)(learn.rows(one)).risk(part.x, part.ids)
        trials.append(Trial(parameters, auc(risk, learn.bad, learn.weight)))
    return sorted(trials, key=lambda t: -t.auc)


def best(kind: str, trials: list[Trial]) -> _Fit:
    """How to fit with the settings that did best."""
    return GRIDS[kind][0](**trials[0].parameters)
