"""The official form of a score: a table of points, readable, JSON, with a digest.

A score is ``base`` plus the points of one row per indicator: a bin, or the Missing, Special or
Unseen row.  Nothing is defaulted silently.  Points stand for log-odds: ``points_to_double_odds``
more double the odds of being good, on every score alike (Siddiqi, Credit Risk Scorecards).
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from xhcredit.errors import BadDeclaration

_Points = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
#: a value of an indicator, or a place on the scale: no bin begins at infinity, none at NaN
_Value = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Name = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scale(_Frozen):
    """What points mean: ``anchor_points`` stand for odds ``anchor_odds`` to 1 of being good."""

    anchor_points: _Value
    anchor_odds: _Positive
    points_to_double_odds: _Positive
    lowest: _Value = 0.0
    highest: _Value = 1000.0

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError(f"the scale ends at {self.highest} and begins at {self.lowest}")
        return self

    def log_odds(self, points: float) -> float:
        """Natural log of the odds of being good that a score stands for.

        >>> Scale(anchor_points=600, anchor_odds=20, points_to_double_odds=50).log_odds(650) \\
        ...     == math.log(40)
        True
        """
        doublings = (points - self.anchor_points) / self.points_to_double_odds
        return math.log(self.anchor_odds) + doublings * math.log(2)

    def points(self, log_odds: float) -> float:
        """The score that stands for natural log-odds of being good, before clamping."""
        doublings = (log_odds - math.log(self.anchor_odds)) / math.log(2)
        return self.anchor_points + doublings * self.points_to_double_odds

    def clamp(self, points: float) -> float:
        """Keep a score on the scale."""
        return min(max(points, self.lowest), self.highest)


class Special(_Frozen):
    """A value that stands for itself and falls into no bin (a code such as -9)."""

    value: _Value
    points: _Points


class Indicator(_Frozen):
    """The rows of one indicator.

    ``cuts`` ascend; a value falls into bin ``number of cuts <= value``, so ``points`` has one more
    entry than ``cuts``.  ``missing`` are the points of a missing value.  A value outside
    ``seen_range`` (lowest and highest value ever seen, if stated) gets ``unseen``.
    """

    feature: _Name
    cuts: tuple[_Value, ...]
    points: tuple[_Points, ...]
    missing: _Points
    special: tuple[Special, ...] = ()
    seen_range: tuple[_Value, _Value] | None = None
    unseen: _Points | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.points) != len(self.cuts) + 1:
            problem = (
                f'indicator "{self.feature}": {len(self.cuts)} cuts, {len(self.points)} points'
            )
            raise ValueError(f"{problem}; points need one entry more than cuts")
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError(
                f'indicator "{self.feature}": cuts {self.cuts} do not ascend; sort them'
            )
        if (self.seen_range is None) != (self.unseen is None):
            raise ValueError(
                f'indicator "{self.feature}": state "seen_range" and "unseen" together'
            )
        if self.seen_range and self.seen_range[0] > self.seen_range[1]:
            raise ValueError(
                f'indicator "{self.feature}": "seen_range" {self.seen_range} does not ascend'
            )
        # The first of two rows would win silently, and who reads the table would not see which.
        values = [special.value for special in self.special]
        repeated = {value for value in values if values.count(value) > 1}
        if repeated:
            raise ValueError(
                f'indicator "{self.feature}": the special value {min(repeated):g} stands twice; '
                "keep the row whose points count"
            )
        return self

    def points_of(self, value: float) -> float:
        """Points of one value; NaN is missing."""
        if value != value:
            return self.missing
        # Before the bins and the range: a code such as -9 is no small value.
        for special in self.special:
            if value == special.value:
                return special.points
        if (
            self.seen_range
            and self.unseen is not None
            and not self.seen_range[0] <= value <= self.seen_range[1]
        ):
            return self.unseen
        return self.points[bisect_right(self.cuts, value)]

    @property
    def best(self) -> float:
        """Most points that can be had; a missing value is no achievement and does not count."""
        return max(self.points)


class PointsTable(_Frozen):
    """One score: general, or one X."""

    score: _Name
    name_zh: str
    name_en: str
    made_by: str
    note: str = ""
    scale: Scale
    base: _Points
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [i.feature for i in self.indicators]
        repeated = {n for n in names if names.count(n) > 1}
        if repeated:
            raise ValueError(f'indicator "{min(repeated)}" stands twice; join its rows')
        return self

    @property
    def features(self) -> list[str]:
        """Ids of the features that the score reads, in order."""
        return [i.feature for i in self.indicators]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON of the table."""
        # Canonical JSON (RFC 8785): the digest names what the table says, whatever spacing or
        # key order its file has.
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()

    def raw(self, values: Mapping[str, float]) -> float:
        """Sum of points before clamping, added in the declared order."""
        total = self.base
        for indicator in self.indicators:
            total += indicator.points_of(values[indicator.feature])
        return total

    def score_of(self, values: Mapping[str, float]) -> float:
        """Score of one enterprise from its features by id; NaN is missing."""
        return self.scale.clamp(self.raw(values))

    def lost(self, values: Mapping[str, float]) -> dict[str, float]:
        """Points lost: short of the best attainable, by indicator; explains the score exactly."""
        return {i.feature: i.best - i.points_of(values[i.feature]) for i in self.indicators}

    def save(self, path: Path) -> None:
        """Write the table as JSON that people can read."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def points_table(raw: object, source_name: str) -> PointsTable:
    """Return a points table from parsed JSON.

    Raises:
        BadDeclaration: its parts do not fit; the message names ``source_name`` and the place.
    """
    try:
        return PointsTable.model_validate(raw)
    except ValidationError as error:
        problem_text = "; ".join(f"{_place(e['loc'])}: {e['msg']}" for e in error.errors())
        raise BadDeclaration(f"{source_name}: {problem_text}") from None


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc) or "table"
