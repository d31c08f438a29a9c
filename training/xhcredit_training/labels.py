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

from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.compile import compile_features
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadRule, BadSample
from xhcredit.features.conditions import ADVERSE, CONCLUSIVE, FAILED
from xhcredit.ingest.schema import table
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Outcome

#: kinds of event that a rule may name: table and which of its rows
EVENTS = {
    "adverse_penalty": ("penalty", ADVERSE),
    "serious_listing": ("serious_listing", ""),
    "dishonest_debtor": ("judicial", "kind == 'dishonest_debtor'"),
    "abnormal_listing": ("abnormal_listing", ""),
    "failed_inspection": ("inspection", FAILED),
}


@dataclass(frozen=True)
class ObservedOutcomes:
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


def _count_feature(id_: str, name: str, condition: str, days: int) -> Feature:
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
        where=condition,
        window=f"{days}d",
    )


def _outcome_features(outcome: Outcome) -> list[Feature]:
    days, field_condition = outcome.horizon_days, _any_field_condition(outcome.fields)
    outcome_features = []
    for name in outcome.events:
        kind, condition = EVENTS[name]
        extra_condition = field_condition if kind == "inspection" else ""
        outcome_features.append(
            _count_feature(f"event_{name}", kind, _and_conditions(condition, extra_condition), days)
        )
    if outcome.observed == "inspected":
        outcome_features.append(
            _count_feature(
                "inspected", "inspection", _and_conditions(CONCLUSIVE, field_condition), days
            )
        )
    return outcome_features


def _any_field_condition(fields: Sequence[str]) -> str:
    return " or ".join(f"field == '{f}'" for f in fields)


def _and_conditions(first_condition: str, second_condition: str) -> str:
    return " and ".join(
        f"({condition})" for condition in (first_condition, second_condition) if condition
    )


def observe_outcomes(
    event_columns: EventColumns, rows: Array, days: Array, outcome: Outcome
) -> ObservedOutcomes:
    """Outcome of each pair within the horizon.

    Args:
        event_columns: clustered columns; must reach a horizon beyond the last day.
        rows: positions in the store.
        days: as-of day numbers, one per row.
        outcome: what counts.

    Raises:
        BadSample: facts of the last days' horizons are not yet known.
    """
    last_day = int(days.max()) + outcome.horizon_days
    newest = newest_known(event_columns)
    # An outcome that cannot be known yet would read as "good" and teach that everybody improves
    # lately.
    if last_day > newest:
        excess = last_day - newest
        raise BadSample(
            f"the outcome of the last as-of day is known {excess} days after the newest fact; end "
            f"the grid {excess} days earlier"
        )
    compiled = compile_features(_outcome_features(outcome))
    # Read by the kernel as of the end of the horizon: outcomes obey the same point-in-time
    # rules as indicators.
    feature_rows = compiled.run(event_columns, rows, days + outcome.horizon_days)
    by_id = dict(zip(compiled.ids, feature_rows, strict=True))
    bad = sum(by_id[f"event_{name}"] for name in outcome.events)
    all_observed = np.ones(rows.shape, bool)
    is_observed = by_id["inspected"] > 0 if "inspected" in by_id else all_observed
    return ObservedOutcomes((bad > 0).astype(np.int8), is_observed)


def newest_known(event_columns: EventColumns) -> int:
    """Day number of the newest fact in the store."""
    tables = [a["known"] for a in event_columns.tables.values() if "known" in a and a["known"].size]
    return max((int(k.max()) for k in tables), default=0)
