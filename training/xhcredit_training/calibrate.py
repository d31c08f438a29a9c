"""Platt calibration on a later period, folded into the points table.

Platt's line (slope and shift of the log-odds) is folded into the points table: a line through a sum
is again a sum, exactly.  An isotonic curve is not, so it is never folded in; it is kept beside the
table as a list of steps, and shows where the line does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit_training.additive_model import Additive
from xhcredit_training.dataset import Dataset
from xhcredit_training.metrics import chance, platt


@dataclass(frozen=True)
class CalibratedModel:
    """A calibrated model; ``steps`` are (risk from, observed rate) of the isotonic curve.

    ``largest_gap``: largest difference between curve and line, over tenths of the rows.
    """

    model: Additive
    slope: float
    shift: float
    steps: tuple[tuple[float, float], ...]
    largest_gap: float


def calibrate(model: Additive, calibration_part: Dataset) -> CalibratedModel:
    """Set a model right on a later period.

    Raises:
        BadSample: the later period has one outcome only, or its risks run against its outcomes.
    """
    risk = model.risk(calibration_part.x, calibration_part.ids)
    slope, shift = platt_line(risk, calibration_part)
    calibrated_model = model.scaled(slope, shift)
    steps, gap = isotonic_curve(
        calibrated_model.risk(calibration_part.x, calibration_part.ids), calibration_part
    )
    return CalibratedModel(calibrated_model, slope, shift, steps, gap)


def platt_line(risk: Array, calibration_part: Dataset) -> tuple[float, float]:
    """Slope and shift that set log-odds right.

    Raises:
        BadSample: one outcome only, or the risks run against the outcomes.
    """
    if np.unique(calibration_part.bad).size < 2:
        raise BadSample("the period for calibration has one outcome only; choose a longer one")
    # Risks that are all the same leave no slope to fit; the shift alone sets their mean right.
    if np.ptp(risk) == 0:
        mean = float(np.average(calibration_part.bad, weights=calibration_part.weight))
        return 1.0, float(np.log(mean / (1 - mean)) - risk[0])
    slope, shift = platt(risk, calibration_part.bad, calibration_part.weight)
    # A negative slope would set the scale right by turning the order round, which is no
    # calibration.
    if slope <= 0:
        raise BadSample(
            f"on the calibration period risks run against outcomes (slope {slope:.3f}); "
            "the model does not hold there: choose another period or fewer indicators"
        )
    return slope, shift


def isotonic_curve(
    risk: Array, calibration_part: Dataset
) -> tuple[tuple[tuple[float, float], ...], float]:
    """Steps of the isotonic curve of outcomes over risk, and its largest gap from the line."""
    isotonic = IsotonicRegression(out_of_bounds="clip")
    rate = isotonic.fit_transform(risk, calibration_part.bad, sample_weight=calibration_part.weight)
    order = np.argsort(risk, kind="stable")
    is_step_start = np.append(True, np.diff(rate[order]) > 0)
    steps = tuple(
        (float(r), float(p))
        for r, p in zip(risk[order][is_step_start], rate[order][is_step_start], strict=True)
    )
    tenths = np.array_split(order, 10)
    gaps = [abs(float((rate - chance(risk))[t].mean())) for t in tenths if t.size]
    return steps, max(gaps)
