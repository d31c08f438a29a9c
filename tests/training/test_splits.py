"""Splits by time check themselves; what a later part knows never reaches an earlier one."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xhcredit_training.dataset import Column, make_dataset
from xhcredit_training.split import Split, check_split, split_by_time, split_days

from xhcredit.errors import BadSample


def rows(days):
    size = len(days)
    return make_dataset([Column("f")], np.zeros((1, size)), np.arange(size) % 2, day=days)


YEARS = rows(np.repeat(np.arange(18000, 20000, 10), 2))


def test_no_outcome_reaches_into_the_next_part():
    split = split_by_time(YEARS, 365, calibrate_from=date(2021, 6, 1), judge_from=date(2023, 1, 1))

    assert split.learning_part.day.max() + 365 < split.calibration_part.day.min()
    assert split.calibration_part.day.max() + 365 < split.judging_part.day.min()


@given(st.integers(1, 900), st.integers(18050, 19900), st.integers(18050, 19900))
def test_whatever_is_asked_a_split_has_its_gaps_or_is_refused(horizon, second_start, other):
    second, third = (
        date.fromordinal(d + date(1970, 1, 1).toordinal()) for d in (second_start, other)
    )
    try:
        split = split_by_time(YEARS, horizon, calibrate_from=second, judge_from=third)
    except BadSample:
        return

    assert split.learning_part.day.max() + horizon < split.calibration_part.day.min()
    assert split.calibration_part.day.max() + horizon < split.judging_part.day.min()


def test_a_split_made_by_hand_that_deceives_is_found():
    cut = YEARS.rows(YEARS.day < 19000), YEARS.rows(YEARS.day >= 19000)
    with pytest.raises(BadSample, match="leave a gap of the horizon"):
        check_split(Split(cut[0], cut[1], YEARS.rows(YEARS.day >= 19900), 365), YEARS)


def test_days_that_leave_nothing_are_refused_with_the_days_there_are():
    with pytest.raises(BadSample, match="as-of days run from 2019-04-14 to 2024-09-24"):
        split_by_time(YEARS, 365, calibrate_from=date(2019, 5, 1), judge_from=date(2023, 1, 1))
    with pytest.raises(BadSample, match="put the later day last"):
        split_by_time(YEARS, 365, calibrate_from=date(2023, 5, 1), judge_from=date(2023, 1, 1))
    with pytest.raises(BadSample, match="needs more than 2000 days"):
        split_days(YEARS, 1000)


def test_the_days_chosen_for_a_sample_can_be_split():
    second, third = split_days(YEARS, 365)

    assert split_by_time(YEARS, 365, calibrate_from=second, judge_from=third)
