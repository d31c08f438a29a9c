"""Time-based split: learning, calibration and judging parts with a gap of one horizon.

Between two parts lies a gap as long as the outcome's horizon: what a row learns from happened up to
so many days after its as-of day, and must have happened before the next part begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit_training.dataset import Dataset

_EPOCH = date(1970, 1, 1)


def day_of(number: int) -> date:
    """The day of a day number."""
    return _EPOCH + timedelta(days=int(number))


@dataclass(frozen=True)
class Split:
    """Parts of a sample in order of time; ``horizon`` is how many days an outcome may take."""

    learning_part: Dataset
    calibration_part: Dataset
    judging_part: Dataset
    horizon: int


def split_by_time(
    sample: Dataset, horizon: int, *, judge_from: date, calibrate_from: date
) -> Split:
    """Return a checked split; rows whose outcome reaches into the next part are left out.

    Args:
        sample: rows with as-of days.
        horizon: days an outcome may take.
        calibrate_from, judge_from: first as-of days of the two later parts.

    Raises:
        BadSample: a part is empty or has one outcome only; the message says which days there are.
    """
    days = sample.day
    calibrate_number, judge_number = (int((d - _EPOCH).days) for d in (calibrate_from, judge_from))
    if calibrate_number >= judge_number:
        raise BadSample(
            f"calibration from {calibrate_from}, judging from {judge_from}; put the later day last"
        )
    split = Split(
        # A gap of one horizon: what the last learning row foretells must have happened before
        # calibration begins.
        sample.rows(days + horizon < calibrate_number),
        sample.rows((days >= calibrate_number) & (days + horizon < judge_number)),
        sample.rows(days >= judge_number),
        horizon,
    )
    check_split(split, sample)
    return split


def check_split(split: Split, sample: Dataset) -> None:
    """Refuse a split that would deceive.

    Raises:
        BadSample: a part is empty, lacks an outcome, or sees what happened in a later part.
    """
    parts = {
        "learning": split.learning_part,
        "calibration": split.calibration_part,
        "judging": split.judging_part,
    }
    span = f"as-of days run from {day_of(sample.day.min())} to {day_of(sample.day.max())}"
    for name, part in parts.items():
        if len(part) == 0:
            raise BadSample(
                f"no row is left for {name}: {span}, outcomes take {split.horizon} days; "
                "choose other days or a longer history"
            )
        if np.unique(part.bad).size < 2:
            raise BadSample(f"the part for {name} has one outcome only: {span}; choose other days")
    ordered = list(parts.items())
    for (name, earlier), (later_name, later) in pairwise(ordered):
        # The last outcome of a part may fall on the first day of the next, which has seen it then.
        if int(earlier.day.max()) + split.horizon >= int(later.day.min()):
            raise BadSample(
                f"outcomes of {name} reach to {day_of(int(earlier.day.max()) + split.horizon)}, "
                f"{later_name} begins on {day_of(later.day.min())}; leave a gap of the horizon"
            )


def split_days(sample: Dataset, horizon: int) -> tuple[date, date]:
    """First days of calibration and judging: of what two gaps leave, half is learned from, a
    quarter calibrates and a quarter is judged.

    Raises:
        BadSample: the as-of days span less than two horizons.
    """
    days = np.unique(sample.day).astype(np.int64)
    usable = int(days[-1] - days[0]) - 2 * horizon
    calibrate_number = _first_after(days, days[0] + usable // 2 + horizon)
    judge_number = (
        None
        if calibrate_number is None
        else _first_after(days, calibrate_number + usable // 4 + horizon)
    )
    if usable <= 0 or calibrate_number is None or judge_number is None:
        raise BadSample(
            f"as-of days run from {day_of(days[0])} to {day_of(days[-1])}; learning, calibrating "
            f"and judging with gaps of {horizon} days needs more than {2 * horizon} days"
        )
    return day_of(calibrate_number), day_of(judge_number)


def _first_after(days: Array, day: int) -> int | None:
    later = days[days > day]
    return int(later[0]) if later.size else None
