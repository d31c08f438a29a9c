"""Declaration language of features, as data.

The engine compiles declarations to one kernel (night, training grid, one enterprise online) and to
one SQL statement (the oracle, and "show me the SQL").  What every declaration takes for granted, so
that no author can forget it: an event counts on day ``as_of`` only if it was known by then
(``known_on <= as_of``), had happened (``occurred_on <= as_of``) and was not withdrawn by then
(``withdrawn_on > as_of`` or none); its ending counts only if known by then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from xhcredit.errors import BadDeclaration

Direction = Literal["riskier", "safer", "none"]
Use = Literal["score", "warning", "rule", "display"]
Aggregate = Literal[
    "count", "sum", "min", "max", "mean", "last", "last2", "streak", "distinct", "decayed",
    "days_since", "days_since_first", "attribute", "derived", "neighbours",
]  # fmt: skip

#: aggregates that need a value expression
VALUED = frozenset({"sum", "min", "max", "mean", "last", "last2", "distinct", "decayed", "streak"})


@dataclass(frozen=True)
class Feature:
    """One indicator.

    Args that have a catch:
        dimension: of the general score, or the name of a supervised field (an X).
        unit: ``count``, ``days``, ``yuan``, ``share`` (0-1), ``flag`` (0/1), ``grade``, ``points``.
        direction: which way risk goes as the value grows; ``none`` for what is not scored.
        use: ``score`` may enter a points table; ``rule`` is read by caps, scopes and direct
            assignments only; ``warning`` by alerts only; ``display`` is shown, never computed with.
        missing: in words, what a missing value (or a zero) means.
        where: which events count, over the table's columns and ``age`` (days since it happened),
            ``ended``/``open`` (by what was known), ``duration`` (days it lasted, or has lasted).
        value: what is aggregated; an event whose value is missing is left out.  For ``streak`` the
            condition: how many of the latest events (of those in ``where``) in a row fulfil it.
        window: ``"24m"`` or ``"90d"``: only events with ``age`` smaller than that.
        half_life: days, for ``decayed`` only.
        derive: for ``derived``: an expression over other features.
        relation, of, hub_limit: for ``neighbours``: the sum of feature ``of`` over other
            enterprises that share a node through this kind of relation; nodes with more than
            ``hub_limit`` members (集中登记地, agents) are left out.
    """

    id: str
    zh: str
    en: str
    dimension: str
    unit: str
    direction: Direction
    source: str
    missing: str
    aggregate: Aggregate
    table: str = ""
    value: str = ""
    where: str = ""
    window: str = ""
    half_life: int = 0
    derive: str = ""
    relation: str = ""
    of: str = ""
    hub_limit: int = 50
    use: Use = "score"
    window_days: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "window_days", _days(self.id, self.window))
        _check(self)


def _days(feature: str, window: str) -> int:
    """Length of a window in days; a month is 365.25/12 days, rounded down; 0 means no window.

    >>> _days("x", "24m"), _days("x", "90d"), _days("x", "")
    (730, 90, 0)
    """
    if not window:
        return 0
    match = re.fullmatch(r"(\d+)([md])", window)
    if match is None:
        raise BadDeclaration(f'feature "{feature}": window "{window}"; write it as "24m" or "90d"')
    number, unit = int(match[1]), match[2]
    return number if unit == "d" else int(number * 365.25 / 12)


def _check(f: Feature) -> None:
    """Refuse a declaration whose parts do not fit together."""
    required = {
        "value": f.aggregate in VALUED or f.aggregate == "attribute",
        "half_life": f.aggregate == "decayed",
        "derive": f.aggregate == "derived",
        "relation": f.aggregate == "neighbours",
        "of": f.aggregate == "neighbours",
        "table": f.aggregate not in ("derived", "neighbours"),
    }
    for name, is_required in required.items():
        if bool(getattr(f, name)) != is_required:
            verb = "needs" if is_required else "takes no"
            raise BadDeclaration(f'feature "{f.id}": aggregate "{f.aggregate}" {verb} "{name}"')
    if not re.fullmatch(r"[a-z][a-z0-9_]*", f.id):
        raise BadDeclaration(f'feature "{f.id}": an id is made of a-z, 0-9 and _')
    if f.use == "score" and f.direction == "none":
        raise BadDeclaration(f'feature "{f.id}": a scored feature must be "riskier" or "safer"')
