"""Factories of feature declarations: the common parts of one table said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xhcredit.engine.spec import Aggregate, Feature

#: a share is drawn towards this rate, as if so many earlier inspections had shown it
PRIOR_SHARE = "0.05"
PRIOR_SIZE = "20"

#: parts of a feature that is never scored and has no better or worse
DISPLAY_ONLY: dict[str, Any] = {"use": "display", "direction": "none"}
RULES_ONLY: dict[str, Any] = {"use": "rule", "direction": "none"}
WARNING_USE: dict[str, Any] = {"use": "warning"}
_FLAG: dict[str, Any] = {"unit": "flag"}
SAFER: dict[str, Any] = {"direction": "safer"}


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

    def feature(self, id_: str, zh: str, en: str, aggregate: Aggregate, **parts: Any) -> Feature:
        """Declare a feature with any aggregate; missing stands where nothing is known."""
        own_where = parts.pop("where", "")
        defaults: dict[str, Any] = {
            "dimension": self.dimension,
            "source": self.source,
            "missing": f"缺失 missing = {self.none}",
            "direction": "riskier",
            "where": " and ".join(f"({w})" for w in (self.where, own_where) if w),
            "table": self.table,
        }
        return Feature(id=id_, zh=zh, en=en, aggregate=aggregate, **(defaults | parts))

    def _zero(self, id_: str, zh: str, en: str, aggregate: Aggregate, **parts: Any) -> Feature:
        """Declare a feature that is 0 where nothing is known."""
        defaults: dict[str, Any] = {"unit": "count", "missing": f"0 = {self.none}"}
        return self.feature(id_, zh, en, aggregate, **(defaults | parts))

    def count(self, id_: str, zh: str, en: str, where: str = "", **parts: Any) -> Feature:
        """How many events."""
        return self._zero(id_, zh, en, "count", where=where, **parts)

    def counts(
        self,
        id_: str,
        zh: str,
        en: str,
        windows: Sequence[str],
        where: str = "",
        **parts: Any,
    ) -> tuple[Feature, ...]:
        """How many events, once per window; the window is added to id and names."""
        return tuple(
            self.count(
                f"{id_}_{w}",
                f"{last_months(w)[0]}{zh}",
                f"{en}, {last_months(w)[1]}",
                where,
                window=w,
                **parts,
            )
            for w in windows
        )

    def yuan(self, id_: str, zh: str, en: str, value: str, **parts: Any) -> Feature:
        """Sum of money."""
        return self._zero(id_, zh, en, "sum", value=value, unit="yuan", **parts)

    def distinct(self, id_: str, zh: str, en: str, value: str, **parts: Any) -> Feature:
        """How many different values of a category."""
        return self._zero(id_, zh, en, "distinct", value=value, **parts)

    def in_a_row(self, id_: str, zh: str, en: str, value: str, **parts: Any) -> Feature:
        """How many of the latest events in a row fulfil a condition."""
        return self._zero(id_, zh, en, "streak", value=value, **parts)

    def decayed(self, id_: str, zh: str, en: str, half_life: int, **parts: Any) -> Feature:
        """How many events, each weighing half as much after ``half_life`` days."""
        defaults: dict[str, Any] = {"value": "1", "window": "60m"}
        return self._zero(id_, zh, en, "decayed", half_life=half_life, **(defaults | parts))

    def last(self, id_: str, zh: str, en: str, value: str, **parts: Any) -> Feature:
        """Value of the latest event."""
        return self.feature(id_, zh, en, "last", value=value, **(_FLAG | parts))

    def days_since(self, id_: str, zh: str, en: str, **parts: Any) -> Feature:
        """Days since the latest event; the longer ago the safer, unless said otherwise."""
        defaults: dict[str, Any] = {"unit": "days", "direction": "safer"}
        return self.feature(id_, zh, en, "days_since", **(defaults | parts))

    def attribute(self, id_: str, zh: str, en: str, value: str, **parts: Any) -> Feature:
        """A value of the register."""
        return self.feature(id_, zh, en, "attribute", value=value, **(_FLAG | parts))


def derived_feature(id_: str, zh: str, en: str, formula: str, **parts: Any) -> Feature:
    """Declare a feature made of others."""
    defaults: dict[str, Any] = {"unit": "share", "direction": "riskier", "derive": formula}
    return Feature(id=id_, zh=zh, en=en, aggregate="derived", **(defaults | parts))


def smoothed_share(
    id_: str,
    zh: str,
    en: str,
    part: str,
    whole: str,
    size: str = PRIOR_SIZE,
    **parts: Any,
) -> Feature:
    """Declare ``part / whole``, drawn towards 5 % so that one bad day of two is not 50 %."""
    defaults: dict[str, Any] = {
        "missing": f"{whole} = 0 时为 {PRIOR_SHARE} (nothing known: the prior rate)"
    }
    # The mean of a beta posterior: as if so many earlier inspections had shown the prior rate.
    formula = f"({part} + {PRIOR_SHARE} * {size}) / ({whole} + {size})"
    return derived_feature(id_, zh, en, formula, **(defaults | parts))


def neighbour_feature(id_: str, zh: str, en: str, relation: str, of: str, **parts: Any) -> Feature:
    """Declare the sum of a feature over others that share a node; a lead, never a fault."""
    defaults: dict[str, Any] = {
        "dimension": "relation",
        "unit": "count",
        "direction": "riskier",
        "missing": "0 = 无已知关联主体 no related enterprise known",
        "use": "warning",
    }
    return Feature(
        id=id_, zh=zh, en=en, aggregate="neighbours", relation=relation, of=of, **(defaults | parts)
    )
