"""What all contestants compute: the features, the points table and the rules of one night.

The general score of the shipped expert release, with six indicators more so that every kind of
aggregate takes part.  X scores are left out here: nobody would write those again by hand for a
benchmark (the full night is measured too, against SQL generated from the same declarations).
"""

from __future__ import annotations

from datetime import date

from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.points import Indicator
from xhcredit.scores.release import Release, load_release

AS_OF = date(2026, 6, 30)  #: day after which the generated district has no events

_FURTHER_INDICATORS = (
    Indicator(feature="last_but_one_inspection_failed", cuts=(1,), points=(4, -4), missing=0),
    Indicator(feature="inspections_failed_in_a_row", cuts=(1, 2), points=(2, -6, -14), missing=0),
    Indicator(
        feature="days_since_last_failed_inspection",
        cuts=(180, 365, 730),
        points=(-12, -6, 0, 4),
        missing=4,
    ),
    Indicator(feature="change_kinds_24m", cuts=(2, 3), points=(0, -4, -10), missing=0),
    Indicator(
        feature="inspection_failed_share_36m",
        cuts=(0.05, 0.1, 0.2),
        points=(4, 0, -6, -12),
        missing=0,
    ),
    Indicator(
        feature="construction_correction_days_24m", cuts=(15, 30), points=(4, -2, -8), missing=0
    ),
)


def release() -> Release:
    """The general table with six indicators more."""
    general = load_release().general
    extended_table = general.model_copy(
        update={"indicators": (*general.indicators, *_FURTHER_INDICATORS)}
    )
    return Release("benchmark", {"general": extended_table})


def model() -> Model:
    """The model that contestants must equal."""
    return model_on(Rulebook.load(), release(), AS_OF)


def full_model() -> Model:
    """The whole night as shipped: general score and every X."""
    return model_on(Rulebook.load(), load_release(), AS_OF)
