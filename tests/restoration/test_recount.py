"""Are the days of the cases counted rightly?  Counted again by plain arithmetic, nothing of ours.

Nothing is imported from the program but the reader of case files' text (YAML); months, holidays and
swapped days stand here as the Civil Code and the State Council's notices have them.
"""

import re
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent.parent / "cases" / "restoration"
CASES = [
    (file.stem, case)
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
    if "count" in case
]
DAY = r"(\d{4}-\d{2}-\d{2})"
#: first and last day off, by the notices for 2025 and 2026 (国办发明电)
OFF = [
    ("2025-01-01", "2025-01-01"), ("2025-01-28", "2025-02-04"), ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"), ("2025-05-31", "2025-06-02"), ("2025-10-01", "2025-10-08"),
    ("2026-01-01", "2026-01-03"), ("2026-02-15", "2026-02-23"), ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"), ("2026-06-19", "2026-06-21"), ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
]  # fmt: skip
WORKED_WEEKENDS = {
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04",
    "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
}  # fmt: skip


def plus_months(day, months):
    """To the day of the same number, or the last of a shorter month (民法典第202条)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def plus_working_days(day, count):
    """The day itself is not counted."""
    assert day.year in (2025, 2026)
    while count:
        day += timedelta(days=1)
        count -= is_worked(day.isoformat())
    return day


def is_worked(text):
    if text in WORKED_WEEKENDS:
        return True
    weekend = date.fromisoformat(text).weekday() >= 5
    return not weekend and not any(first <= text <= last for first, last in OFF)


def counted(line):
    """The day that a line of ``count`` comes to, and the day that it says."""
    if parsed := re.fullmatch(rf"{DAY} \+ (\d+) (months|working days) = {DAY}", line):
        start, count, unit, end = parsed.groups()
        plus = plus_months if unit == "months" else plus_working_days
        return plus(date.fromisoformat(start), int(count)), date.fromisoformat(end)
    parsed = re.fullmatch(rf"later of {DAY} and {DAY} = {DAY}", line)
    assert parsed, f"not understood: {line}"
    first_day, other, end = map(date.fromisoformat, parsed.groups())
    return max(first_day, other), end


def days_of(case):
    """Every day that a case expects."""
    expect = case["expect"]
    named = [expect.get("earliest_on"), expect.get("publication_ends_on")]
    return {day for day in [*named, *expect.get("deadlines", {}).values()] if day}


@pytest.mark.parametrize(("file", "case"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_a_case_counts_its_days_as_the_civil_code_does(file, case):
    counted_days = [counted(line) for line in case["count"]]
    stated = {day for key, day in case["record"].items() if key.endswith("_on")}

    assert [stated_day for _, stated_day in counted_days] == [right for right, _ in counted_days]
    assert days_of(case) <= {right for right, _ in counted_days} | stated


def test_enough_cases_quote_their_sentence_and_show_their_count():
    assert len(CASES) >= 40
    assert [case["name"] for _, case in CASES if len(case.get("quote", "")) < 5] == []


def test_the_count_starts_from_days_of_the_record():
    for _, case in CASES:
        known = {str(day) for key, day in case["record"].items() if key.endswith("_on")}
        known |= {str(case["applied_on"]), "2025-12-25", "2026-04-01"}
        for line in case["count"]:
            starts = re.findall(DAY, line)[:-1]
            assert set(starts) <= known, (case["name"], line)
            known.add(re.findall(DAY, line)[-1])
