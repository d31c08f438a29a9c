"""Schemas of rules on training and promotion of models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from xhcredit.rules.schemas.common import Name, Shape

Months = Annotated[int, Field(ge=1, le=60)]
Part = Annotated[float, Field(ge=0, le=1)]


class Outcome(Shape):
    """What a score foretells: any of ``events`` within ``horizon_months`` after the as-of day.

    ``observed``: ``all`` if such events become known of everybody; ``inspected`` if only where
    somebody went, in one of ``fields``, so that rows are weighted by the inverse of the draw's
    logged probability.
    """

    horizon_months: Months
    events: Annotated[tuple[Name, ...], Field(min_length=1)]
    observed: Literal["all", "inspected"]
    fields: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _fields_fit(self) -> Outcome:
        if (self.observed == "inspected") != bool(self.fields):
            problem = f"observed {self.observed} with fields {list(self.fields)}"
            raise ValueError(f'{problem}; name fields if, and only if, observed is "inspected"')
        return self

    @property
    def horizon_days(self) -> int:
        """The horizon in days, a month as 365.25/12 days as in feature windows."""
        return int(self.horizon_months * 365.25 / 12)


class LeakLimits(Shape):
    """When an alarm is raised: see ``xhcredit_training.alarms``."""

    single_auc_above: Part
    identifier_auc_above: Part
    own_rows_gap_above: Part
    random_gap_above: Part
    year_rate_ratio_above: Annotated[float, Field(gt=1, le=100)]
    year_psi_above: Annotated[float, Field(gt=0, le=10)]


class Gates(Shape):
    """Promotion checks of a candidate against the champion (``xhcredit_training.promotion_gates``).

    ``auc_loss_below``: how far the interval of the AUC's difference may reach below 0.
    ``slope_from`` to ``slope_to``: calibration slope; ``rate_ratio_below``: predicted over
    observed, either way.  ``group_*``: how much worse any group may surely be off;
    ``group_least``: cases of either outcome from which a group is judged.
    """

    auc_loss_below: Part
    slope_from: Annotated[float, Field(gt=0, le=1)]
    slope_to: Annotated[float, Field(ge=1, le=10)]
    rate_ratio_below: Annotated[float, Field(gt=1, le=10)]
    month_psi_below: Annotated[float, Field(gt=0, le=10)]
    group_auc_loss_below: Part
    group_false_alarms_below: Part
    group_least: Annotated[int, Field(ge=1, le=10_000)]
    visited_share: Annotated[float, Field(gt=0, lt=1)]


class ShadowTerms(Shape):
    """How long candidate and champion score side by side before the switch.

    ``least_days``: different as-of days in shadow; ``within_days``: only those so many days
    before the switch count.
    """

    least_days: Annotated[int, Field(ge=1, le=366)]
    within_days: Annotated[int, Field(ge=1, le=366)]
