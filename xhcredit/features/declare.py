"""Factories of feature declarations: the common parts of one table said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from typing_extensions import TypedDict

from xhcredit.engine.spec import Aggregate, Direction, Feature, Use


class CommonParts(TypedDict, total=False):
    """Parts of a ``Feature`` that every factory takes by name."""

    dimension: str
    unit: str
    direction: Direction
    source: str
    missing: str
    window: str
    hub_limit: int
    use: Use


class FilteredParts(CommonParts, total=False):
    """Common parts, and which events count."""

    where: str


class ValuedParts(FilteredParts, total=False):
    """Common parts, which events count, and what is aggregated of them."""

    value: str


class FeatureParts(ValuedParts, total=False):
    """Every part of a ``Feature`` beside its names and its aggregate."""

    table: str
    half_life: int
    derive: str
    relation: str
    of: str


class UnscoredParts(TypedDict):
    """Use and direction of a feature that is never scored."""

    use: Use
    direction: Direction


class UseOnly(TypedDict):
    """The use of a feature."""

    use: Use


class DirectionOnly(TypedDict):
    """Which way risk goes as a feature grows."""

    direction: Direction


class Origin(TypedDict):
    """Dimension and source of derived features."""

    dimension: str
    source: str


#: a share is drawn towards this rate, as if so many earlier inspections had shown it
PRIOR_SHARE = "0.05"
PRIOR_SIZE = "20"

#: parts of a feature that is never scored and has no better or worse
DISPLAY_ONLY: UnscoredParts = {"use": "display", "direction": "none"}
RULES_ONLY: UnscoredParts = {"use": "rule", "direction": "none"}
WARNING_USE: UseOnly = {"use": "warning"}
SAFER: DirectionOnly = {"direction": "safer"}


def last_months(window: str) -> tuple[str, str]:
    """A window in words, Chinese and English.

    >>> last_months("24m")
    ('近24个月', 'last 24 months')
    """
    unit_zh, unit_en = {"m": ("个月", "months"), "d": ("日", "days")}[window[-1]]
    return f"近{window[:-1]}{unit_zh}", f"last {window[:-1]} {unit_en}"


@dataclass(frozen=True)
class FeatureFactory:
    """Makes features of one table.

    ``where`` holds for each of them (a feature's own condition is added to it); ``none`` says in
    words what it means if no such event is known.  Every method takes any other part of a
    ``Feature`` by name.
    """

    table: str
    dimension: str
    source: str
    none: str
    where: str = ""

    def feature(
        self, id_: str, zh: str, en: str, aggregate: Aggregate, **parts: Unpack[FeatureParts]
    ) -> Feature:
        """Declare a feature with any aggregate; missing stands where nothing is known."""
        both_where = (self.where, parts.get("where", ""))
        all_parts: FeatureParts = {
            "dimension": self.dimension,
            "source": self.source,
            "missing": f"缺失 missing = {self.none}",
            "direction": "riskier",
            "table": self.table,
            **parts,
            "where": " and ".join(f"({w})" for w in both_where if w),
        }
        return Feature(id=id_, zh=zh, en=en, aggregate=aggregate, **all_parts)

    def _zero(
        self, id_: str, zh: str, en: str, aggregate: Aggregate, **parts: Unpack[FeatureParts]
    ) -> Feature:
        """Declare a feature that is 0 where nothing is known."""
        all_parts: FeatureParts = {"unit": "count", "missing": f"0 = {self.none}", **parts}
        return self.feature(id_, zh, en, aggregate, **all_parts)

    def count(
        self, id_: str, zh: str, en: str, where: str = "", **parts: Unpack[CommonParts]
    ) -> Feature:
        """How many events."""
        return self._zero(id_, zh, en, "count", where=where, **parts)

    def counts(
        self,
        id_: str,
        zh: str,
        en: str,
        windows: Sequence[str],
        where: str = "",
        **parts: Unpack[CommonParts],
    ) -> tuple[Feature, ...]:
        """How many events, once per window; the window is added to id and names."""
        return tuple(
            self.count(
                f"{id_}_{w}",
                f"{last_months(w)[0]}{zh}",
                f"{en}, {last_months(w)[1]}",
                where,
                **(parts | {"window": w}),
            )
            for w in windows
        )

    def yuan(
        self, id_: str, zh: str, en: str, value: str, **parts: Unpack[FilteredParts]
    ) -> Feature:
        """Sum of money."""
        return self._zero(id_, zh, en, "sum", value=value, **(parts | {"unit": "yuan"}))

    def distinct(
        self, id_: str, zh: str, en: str, value: str, **parts: Unpack[FilteredParts]
    ) -> Feature:
        """How many different values of a category."""
        return self._zero(id_, zh, en, "distinct", value=value, **parts)

    def in_a_row(
        self, id_: str, zh: str, en: str, value: str, **parts: Unpack[FilteredParts]
    ) -> Feature:
        """How many of the latest events in a row fulfil a condition."""
        return self._zero(id_, zh, en, "streak", value=value, **parts)

    def decayed(
        self, id_: str, zh: str, en: str, half_life: int, **parts: Unpack[ValuedParts]
    ) -> Feature:
        """How many events, each weighing half as much after ``half_life`` days."""
        all_parts: ValuedParts = {"value": "1", "window": "60m", **parts}
        return self._zero(id_, zh, en, "decayed", half_life=half_life, **all_parts)

    def last(
        self, id_: str, zh: str, en: str, value: str, **parts: Unpack[FilteredParts]
    ) -> Feature:
        """Value of the latest event."""
        all_parts: FilteredParts = {"unit": "flag", **parts}
        return self.feature(id_, zh, en, "last", value=value, **all_parts)

    def days_since(
        self, id_: str, zh: str, en: str, where: str = "", **parts: Unpack[CommonParts]
    ) -> Feature:
        """Days since the latest event; the longer ago the safer, unless said otherwise."""
        all_parts: CommonParts = {"unit": "days", "direction": "safer", **parts}
        return self.feature(id_, zh, en, "days_since", where=where, **all_parts)

    def attribute(
        self, id_: str, zh: str, en: str, value: str, **parts: Unpack[FilteredParts]
    ) -> Feature:
        """A value of the register."""
        all_parts: FilteredParts = {"unit": "flag", **parts}
        return self.feature(id_, zh, en, "attribute", value=value, **all_parts)


def derived_feature(
    id_: str, zh: str, en: str, formula: str, **parts: Unpack[CommonParts]
) -> Feature:
    """Declare a feature made of others."""
    all_parts: CommonParts = {"unit": "share", "direction": "riskier", **parts}
    return Feature(id=id_, zh=zh, en=en, aggregate="derived", derive=formula, **all_parts)


def smoothed_share(
    id_: str,
    zh: str,
    en: str,
    part: str,
    whole: str,
    size: str = PRIOR_SIZE,
    **parts: Unpack[CommonParts],
) -> Feature:
    """Declare ``part / whole``, drawn towards 5 % so that one bad day of two is not 50 %."""
    all_parts: CommonParts = {
        "missing": f"{whole} = 0 时为 {PRIOR_SHARE} (nothing known: the prior rate)",
        **parts,
    }
    # The mean of a beta posterior: as if so many earlier inspections had shown the prior rate.
    formula = f"({part} + {PRIOR_SHARE} * {size}) / ({whole} + {size})"
    return derived_feature(id_, zh, en, formula, **all_parts)


def neighbour_feature(
    id_: str, zh: str, en: str, relation: str, of: str, **parts: Unpack[CommonParts]
) -> Feature:
    """Declare the sum of a feature over others that share a node; a lead, never a fault."""
    all_parts: CommonParts = {
        "dimension": "relation",
        "unit": "count",
        "direction": "riskier",
        "missing": "0 = 无已知关联主体 no related enterprise known",
        "use": "warning",
        **parts,
    }
    return Feature(
        id=id_, zh=zh, en=en, aggregate="neighbours", relation=relation, of=of, **all_parts
    )
