"""Rows of estimates from a draw: prevalence with intervals, designs compared, the score's quality.

Shares are in [0, 1]; intervals are of 95 %.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row

#: what estimates are grouped by
Grouping = Literal["tier", "field", "street"]


@closed_row
class ViolationTotal(TypedDict):
    """Horvitz-Thompson total of violations; ``in_pause`` enterprises could not be drawn."""

    violations: Annotated[float, Field(examples=[41.5])]
    standard_error: Annotated[float, Field(examples=[9.2])]
    method: str
    in_pause: int


@closed_row
class PrevalenceEstimate(TypedDict):
    """Violations in a part of the frame; the last four are None where nobody was visited."""

    enterprises: int
    visits: int
    violations_found: int
    rate: float | None
    low: float | None
    high: float | None
    total: float | None


@closed_row
class GroupEstimate(PrevalenceEstimate):
    """The same of one group: a tier, a field or a street."""

    group: str


#: estimate, and both ends of its interval
Interval = tuple[float, float, float]


@closed_row
class DesignComparison(TypedDict):
    """Violations by way of choosing, for the same number of visits.

    ``uniform`` and ``highest_first`` are estimates with their interval, None where nobody who
    would have been taken was visited; so are ``gain`` and ``price``, the differences to
    ``violations_found``.
    """

    visits: int
    violations_found: int
    uniform: Interval | None
    highest_first: Interval | None
    price: float | None
    gain: float | None


@closed_row
class FigureWithInterval(TypedDict):
    """A figure with its standard error and interval."""

    value: float
    error: float
    low: float
    high: float


@closed_row
class ScoreQuality(TypedDict):
    """The score's quality over visits, weighted by the inverse of their odds.

    ``auc`` is None while all visits ended alike; ``observed_over_promised`` where the score
    promises no probability.
    """

    auc: FigureWithInterval | None
    visits: int
    observed_over_promised: FigureWithInterval | None


@closed_row
class DrawEstimate(TypedDict):
    """Estimates for all enterprises of a frame; None for what needs a score, without one."""

    design: Literal["stratified", "individual"]
    drawn: int
    without_result: int
    total: ViolationTotal
    whole: PrevalenceEstimate
    groups: dict[Grouping, list[GroupEstimate]]
    comparison: DesignComparison | None
    score: ScoreQuality | None


class BurdenShare(TypedDict):
    """A group's share of the enterprises and of the visits."""

    enterprises: float
    visits: float


class BurdenBars(TypedDict):
    """Bars of a plot: how many enterprises were visited so often."""

    visits: list[int]
    enterprises: list[int]


class BurdenReport(TypedDict):
    """Visits per enterprise over a period; ``by_count[k]`` were visited exactly k times."""

    enterprises: int
    visits: int
    by_count: tuple[int, ...]
    repeats: int
    most: int
    over_cap: int
    shares: dict[str, BurdenShare]
    plot: BurdenBars


class ExplorationReport(TypedDict):
    """Cost and use of visits to trusted tiers; see ``draws.burden.Exploration``."""

    trusted: list[str]
    visits: int
    violations_found: int
    cost: float
    hidden: float
    error: float
