"""Outcomes of a score: declared like features, read one horizon after the as-of day.

An outcome within 12 months after day ``t`` is the count of its events over a window of 12 months,
read on the day ``t`` + 12 months by the very same kernel: what had not become known by then, or was
withdrawn by then, does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from xhcredit.engine.columns import Store
from xhcredit.engine.compile import compile_features
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadRule, BadSample
from xhcredit.features.conditions import ADVERSE, CONCLUSIVE, FAILED
from xhcredit.ingest.schema import table
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Outcome
from xhcredit_training.dataset import Array

#: kinds of event that a rule may name: table and which of its rows
EVENTS = {
    "adverse_penalty": ("penalty", ADVERSE),
    "serious_listing": ("serious_listing", ""),
    "dishonest_debtor": ("judicial", "kind == 'dishonest_debtor'"),
    "abnormal_listing": ("abnormal_listing", ""),
    "failed_inspection": ("inspection", FAILED),
}


@dataclass(frozen=True)
class Followed:
    """Outcomes of pairs of enterprise and day.

    ``bad``: 1 if an event happened.  ``observed``: whether it could have become known.
    """

    bad: Array
    observed: Array


def outcome_of(rules: Rulebook, score: str, *, as_of: date) -> Outcome:
    """The outcome of a score, as defined on a day.

    Raises:
        BadRule: no outcome is defined for this score, or it names an unknown event or field.
        RuleNotInForce: it was not yet defined on that day, or its pack was out of service.
    """
    outcome = rules.serving(f"outcomes.{score}", Outcome, as_of=as_of)
    unknown = [e for e in outcome.events if e not in EVENTS]
    fields = table("inspection").column("field").value_ids
    unknown += [f for f in outcome.fields if f not in fields]
    if unknown:
        raise BadRule(
            f'rule "outcomes.{score}" names "{unknown[0]}"; events: {", ".join(EVENTS)}; fields: '
            f"{', '.join(fields)}"
        )
    return outcome


def _counted(id_: str, name: str, where: str, days: int) -> Feature:
    """An outcome as a declaration; never a feature of a score."""
    return Feature(
        id=id_,
        zh="结果",
        en="outcome",
        dimension="supervision",
        unit="count",
        direction="none",
        source="rules outcomes.*",
        missing="0",
        aggregate="count",
        table=name,
        use="display",
        where=where,
        window=f"{days}d",
    )


def _declared(outcome: Outcome) -> list[Feature]:
    days, any_of = outcome.horizon_days, _any_field(outcome.fields)
    found = []
    for name in outcome.events:
        kind, where = EVENTS[name]
        narrowed = any_of if kind == "inspection" else ""
        found.append(_counted(f"event_{name}", kind, _both(where, narrowed), days))
    if outcome.observed == "inspected":
        found.append(_counted("inspected", "inspection", _both(CONCLUSIVE, any_of), days))
    return found


def _any_field(fields: Sequence[str]) -> str:
    return " or ".join(f"field == '{f}'" for f in fields)


def _both(one: str, other: str) -> str:
    return " and ".join(f"({w})" for w in (one, other) if w)


def follow(store: Store, rows: Array, days: Array, outcome: Outcome) -> Followed:
    """Outcome of each pair within the horizon.

    Args:
        store: clustered columns; must reach a horizon beyond the last day.
        rows: positions in the store.
        days: as-of day numbers, one per row.
        outcome: what counts.

    Raises:
        BadSample: facts of the last days' horizons are not yet known.
    """
    until = int(days.max()) + outcome.horizon_days
    newest = newest_known(store)
    if until > newest:
        short = until - newest
        raise BadSample(
            f"the outcome of the last as-of day is known {short} days after the newest fact; end "
            f"the grid {short} days earlier"
        )
    compiled = compile_features(_declared(outcome))
    found = compiled.run(store, rows, days + outcome.horizon_days)
    by_id = dict(zip(compiled.ids, found, strict=True))
    bad = sum(by_id[f"event_{name}"] for name in outcome.events)
    everybody = np.ones(rows.shape, bool)
    seen = by_id["inspected"] > 0 if "inspected" in by_id else everybody
    return Followed((bad > 0).astype(np.int8), seen)


def newest_known(store: Store) -> int:
    """Day number of the newest fact in the store."""
    tables = [a["known"] for a in store.tables.values() if "known" in a and a["known"].size]
    return max((int(k.max()) for k in tables), default=0)
