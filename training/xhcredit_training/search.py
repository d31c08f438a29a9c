"""Hyperparameter search: a small grid, cross-validated by whole enterprises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from xhcredit.errors import BadSample
from xhcredit_training.additive_model import Additive
from xhcredit_training.binning import Fineness
from xhcredit_training.boosted import Boosting, fit_boosted
from xhcredit_training.challenger import CHALLENGER_BOOSTING, Challenger, fit_challenger
from xhcredit_training.dataset import Dataset
from xhcredit_training.metrics import auc
from xhcredit_training.models import boosting_for
from xhcredit_training.woe import WoeSettings, fit_woe

FOLDS = 3
_Fit = Callable[[Dataset], Additive | Challenger]


@dataclass(frozen=True)
class Trial:
    """One setting and its AUC over folds."""

    parameters: Mapping[str, float]
    auc: float


def _woe_fit(price: float, ridge: float) -> _Fit:
    card_settings = WoeSettings(Fineness(price=price), ridge=ridge)
    return lambda sample: fit_woe(sample, card_settings)


def _boosted_fit(leaves: int, share: float) -> _Fit:
    """Size of trees, and the part of rows and columns that each of them sees."""
    return lambda s: fit_boosted(
        s, replace(boosting_for(s), leaves=leaves, rows=share, columns=share)
    )


def _challenger_fit(leaves: int, rate: float) -> _Fit:
    boosting: Boosting = replace(CHALLENGER_BOOSTING, leaves=leaves, rate=rate)
    return lambda sample: fit_challenger(sample, boosting)


#: model, its maker and the settings tried
GRIDS: Mapping[str, tuple[Callable[..., _Fit], tuple[dict[str, float], ...]]] = MappingProxyType(
    {
        "woe": (
            _woe_fit,
            tuple({"price": p, "ridge": r} for p in (2.0, 4.0, 8.0) for r in (1e-4, 1e-2)),
        ),
        "boosted": (
            _boosted_fit,
            tuple({"leaves": n, "part": p} for n in (2, 3) for p in (0.4, 1.0)),
        ),
        "full": (
            _challenger_fit,
            tuple({"leaves": n, "rate": r} for n in (7, 15) for r in (0.03, 0.06)),
        ),
    }
)


def search(
    kind: str, learning_part: Dataset, report_progress: Callable[[str, int, int], None]
) -> list[Trial]:
    """Try every setting of a model on the learning part; the best first.

    Raises:
        BadSample: the model has nothing to search, or a fold teaches nothing.
    """
    if kind not in GRIDS:
        raise BadSample(f'model "{kind}" has no settings; search one of {", ".join(GRIDS)}')
    make_fit, settings = GRIDS[kind]
    folds = list(
        # Grouped by enterprise against leaks, stratified because a rare outcome could be
        # missing from a fold.
        StratifiedGroupKFold(FOLDS).split(learning_part.x.T, learning_part.bad, learning_part.ent)
    )
    trials = []
    for number, parameters in enumerate(settings):
        report_progress("search", number, len(settings))
        risk = np.zeros(len(learning_part))
        for learning_index, judging_index in folds:
            judging_rows = learning_part.rows(judging_index)
            risk[judging_index] = make_fit(**parameters)(learning_part.rows(learning_index)).risk(
                judging_rows.x, judging_rows.ids
            )
        trials.append(Trial(parameters, auc(risk, learning_part.bad, learning_part.weight)))
    return sorted(trials, key=lambda t: -t.auc)


def best_fit(kind: str, trials: list[Trial]) -> _Fit:
    """How to fit with the settings that did best."""
    return GRIDS[kind][0](**trials[0].parameters)
