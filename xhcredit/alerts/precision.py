"""Precision of triggers from officers' verdicts, with Wilson intervals; proposals of retirement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import scipy

from xhcredit.rules.schemas.alerts import Retirement


@dataclass(frozen=True)
class Precision:
    """Verdicts on the alerts of a trigger; ``precision`` is true / (true + false), with a Wilson
    interval; None while nothing was verified.  What nobody could tell counts for neither.
    """

    trigger: str
    alerts: int
    true: int
    false: int
    cannot_tell: int
    precision: float | None
    lowest: float | None
    highest: float | None
    propose_retirement: bool


def precision_of(
    trigger: str, alerts: int, verdicts: Mapping[str, int], rule: Retirement
) -> Precision:
    """The precision of a trigger; it is proposed for retirement if it is surely too low."""
    true, false = verdicts.get("true", 0), verdicts.get("false", 0)
    unknown = verdicts.get("cannot_tell", 0)
    judged = true + false
    if judged == 0:
        return Precision(trigger, alerts, 0, 0, unknown, None, None, None, False)
    low, high = interval(true, judged, rule.confidence)
    # By the upper end of the interval, and only as a proposal: a few unlucky verdicts retire
    # nothing, and a person decides.
    retire = judged >= rule.verified_at_least and high < rule.precision_surely_below
    return Precision(trigger, alerts, true, false, unknown, true / judged, low, high, retire)


def interval(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share."""
    wilson_interval = scipy.stats.binomtest(successes, trials).proportion_ci(
        confidence, method="wilson"
    )
    return float(wilson_interval.low), float(wilson_interval.high)
