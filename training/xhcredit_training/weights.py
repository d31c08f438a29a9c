"""Inverse probability weights: how many enterprises an inspected one represents.

Where the draw's probability was logged it is used as it is (Horvitz-Thompson).  Where it was not,
the chance is estimated from what was known on the as-of day (a propensity model), each enterprise
by a model that has not seen it.  That rests on the belief that nothing else decided who was
visited; the doubt is reported with every sample.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import lightgbm as lgb
import numpy as np
from sklearn.model_selection import GroupKFold

from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit_training.metrics import auc

#: a smaller chance would let one enterprise stand for more than this many; what is cut is reported
MAX_WEIGHT = 50.0
FOLDS = 5


@dataclass(frozen=True)
class WeightDiagnostics:
    """How far weights can be trusted.

    ``method``: ``logged``, ``propensity`` or ``none``.  ``effective_rows``: rows of equal weight
    that would tell as much (Kish).  ``predictable``: AUC of who was inspected; near 0.5 nobody was
    chosen, near 1 some were never visited.  ``cut_share``: share of rows whose weight was cut.
    """

    method: str
    rows: int
    effective_rows: float
    largest: float
    cut_share: float
    predictable: float

    def as_data(self) -> dict[str, str | float]:
        """As JSON-ready values."""
        return asdict(self)


def inverse_weights(
    probability: Array, method: str, predictable: float
) -> tuple[Array, WeightDiagnostics]:
    """Weights 1/π, cut at ``MAX_WEIGHT``, and their diagnostics.

    Raises:
        BadSample: a probability is not within (0, 1].
    """
    if not ((probability > 0) & (probability <= 1)).all():
        raise BadSample("a logged probability is not within (0, 1]; correct it at its source")
    full_weight = 1 / probability
    # Cutting trades a little bias for much variance; the share cut is reported, so that nobody
    # takes it for Horvitz-Thompson.
    weight = np.minimum(full_weight, MAX_WEIGHT)
    diagnostics = WeightDiagnostics(
        method,
        weight.size,
        float(weight.sum() ** 2 / (weight**2).sum()),
        float(weight.max()),
        float((full_weight > MAX_WEIGHT).mean()),
        predictable,
    )
    return weight, diagnostics


def propensity(x: Array, observed: Array, ent: Array) -> tuple[Array, float]:
    """Chance of having been inspected by row, cross-fitted by enterprise, and how predictable.

    Args:
        x: what was known on the as-of day, indicators by rows.
        observed: whether somebody went there within the horizon.
        ent: whose row it is.

    Raises:
        BadSample: everybody or nobody was inspected, or there are too few enterprises.
    """
    if observed.all() or not observed.any():
        who_was_inspected = "everybody" if observed.all() else "nobody"
        raise BadSample(
            f"{who_was_inspected} was inspected; there is no chance of inspection to estimate"
        )
    if np.unique(ent).size < 2 * FOLDS:
        raise BadSample(f"fewer than {2 * FOLDS} enterprises; a chance cannot be estimated")
    probability = np.full(observed.shape, observed.mean())
    lgb_parameters = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 8, "verbosity": -1,
        "min_data_in_leaf": 100, "lambda_l2": 10.0, "seed": 1, "deterministic": True,
        "force_col_wise": True, "num_threads": 1,
    }  # fmt: skip
    for learning_index, judging_index in GroupKFold(FOLDS).split(x.T, groups=ent):
        if np.unique(observed[learning_index]).size == 2:
            learning_set = lgb.Dataset(x[:, learning_index].T, observed[learning_index].astype(int))
            probability[judging_index] = lgb.train(lgb_parameters, learning_set, 150).predict(
                x[:, judging_index].T
            )
    predictable = auc(probability, observed.astype(int), np.ones(observed.size))
    return np.clip(probability, 1e-6, 1.0), predictable
