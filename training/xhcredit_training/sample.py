"""Training sample: features known on as-of days, outcomes within the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.compile import compile_features, with_inputs
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadSample
from xhcredit.features.forbidden import violations
from xhcredit.features.registry import features, features_for_score
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Outcome
from xhcredit_training.dataset import Column, Dataset, make_dataset
from xhcredit_training.labels import ObservedOutcomes, observe_outcomes, outcome_of
from xhcredit_training.visits import Visits, first_visit
from xhcredit_training.weights import WeightDiagnostics, inverse_weights, propensity

#: columns of the register by which results are shown, never learned from
GROUPS = ("size", "industry", "new_form", "kind", "street")
#: ages in days at which groups begin: under 18 months, 3, 5 and 10 years, older
AGES = (548, 1096, 1826, 3652)


@dataclass(frozen=True)
class SampleSpec:
    """Sample specification: score, as-of days, day whose rules define the outcome.

    ``weighting``: ``logged`` takes only visits by draws whose probability was logged;
    ``propensity`` estimates it; ``none`` counts each inspected row once; ``auto`` is ``logged``
    where most inspected rows have one, else ``propensity``.
    """

    score: str
    days: tuple[date, ...]
    defined_on: date
    weighting: str = "auto"


def quarter_ends(first: date, last: date) -> tuple[date, ...]:
    """The last days of the quarters between two days.

    >>> quarter_ends(date(2024, 1, 1), date(2024, 7, 1))
    (datetime.date(2024, 3, 31), datetime.date(2024, 6, 30))
    """
    ends = ((3, 31), (6, 30), (9, 30), (12, 31))
    days = (date(y, m, d) for y in range(first.year, last.year + 1) for m, d in ends)
    return tuple(d for d in days if first <= d <= last)


def pair_grid(event_columns: EventColumns, days: Sequence[date]) -> tuple[Array, Array]:
    """Pairs of all enterprises present on each day: positions in the store, and day numbers.

    Raises:
        BadSample: nobody was present on any of them.
    """
    day_numbers = [day_number(d) for d in days]
    rows = [event_columns.present(n) for n in day_numbers]
    if not sum(r.size for r in rows):
        raise BadSample("no enterprise was known on any as-of day; choose later days")
    day_columns = [np.full(r.size, n, np.int32) for r, n in zip(rows, day_numbers, strict=True)]
    return np.concatenate(rows), np.concatenate(day_columns)


def learnable_features(score: str, rules: Rulebook) -> list[Feature]:
    """Features that a score may learn from: declared for it, scored, and lawful.

    Raises:
        BadSample: one of them breaks a ban.
    """
    score_features = features_for_score(score, rules)
    broken_bans = violations(with_inputs([f.id for f in score_features], features(rules)))
    if broken_bans:
        raise BadSample(
            f'score "{score}" would learn from what it may not: {"; ".join(broken_bans)}'
        )
    return score_features


def build_sample(
    event_columns: EventColumns,
    rules: Rulebook,
    sample_spec: SampleSpec,
    progress: Progress = ignore_progress,
    visits: Visits | None = None,
) -> tuple[Dataset, Outcome]:
    """Build the sample of a score; features and outcomes go through the engine's one door.

    Args:
        event_columns: clustered columns of a warehouse.
        rules: the rulebook that defines the outcome.
        sample_spec: which sample.
        progress: told how far it is.
        visits: draws whose probabilities were logged, if there are any (``visits.logged``).

    Returns:
        The sample, and the outcome that it follows.

    Raises:
        BadSample: nobody is left, or an outcome reaches beyond what is known.
    """
    outcome = outcome_of(rules, sample_spec.score, as_of=sample_spec.defined_on)
    rows, days = pair_grid(event_columns, sample_spec.days)
    rows, days = pairs_in_scope(event_columns, rules, sample_spec, rows, days)
    declared = learnable_features(sample_spec.score, rules)
    progress("features", 0, rows.size)
    compiled = compile_features(with_inputs([f.id for f in declared], features(rules)))
    row_by_id = {name: k for k, name in enumerate(compiled.ids)}
    x = compiled.run(event_columns, rows, days)[[row_by_id[f.id] for f in declared]]
    progress("features", rows.size, rows.size)
    observed_outcomes = observe_outcomes(event_columns, rows, days, outcome)
    first_visits = first_visit(visits, rows, days, outcome) if visits else None
    row_mask, bad, weight, diagnostics = observed_rows(
        x, rows, observed_outcomes, outcome, sample_spec.weighting, first_visits
    )
    columns = [Column(f.id, f.direction) for f in declared]
    groups = groups_of(event_columns, rows[row_mask], days[row_mask])
    if first_visits and diagnostics.method == "logged":
        groups["visited_on"] = first_visits[2][row_mask]
    notes = {
        "score": sample_spec.score,
        "data_digest": event_columns.digest,
        "weights": diagnostics.as_data(),
        "pairs": int(rows.size),
    }
    day, ent = days[row_mask], rows[row_mask]
    sample = make_dataset(
        columns, x[:, row_mask], bad, weight=weight, day=day, ent=ent, groups=groups, notes=notes
    )
    return sample, outcome


def pairs_in_scope(
    event_columns: EventColumns, rules: Rulebook, sample_spec: SampleSpec, rows: Array, days: Array
) -> tuple[Array, Array]:
    """Pairs to which the score applies, by its scope as defined.

    Raises:
        BadSample: it applied to nobody.
    """
    if sample_spec.score == "general":
        return rows, days
    scopes = rules.scopes(as_of=sample_spec.defined_on)
    if sample_spec.score not in scopes:
        raise BadSample(
            f'"{sample_spec.score}" has no scope in service on {sample_spec.defined_on}'
        )
    scope = scopes[sample_spec.score]
    compiled = compile_features(with_inputs([scope.feature], features(rules)))
    scope_values = compiled.run(event_columns, rows, days)[compiled.ids.index(scope.feature)]
    is_in_scope = scope_values >= scope.at_least
    if not is_in_scope.any():
        raise BadSample(
            f'"{sample_spec.score}" applied to nobody on the as-of days; deliver its tables'
        )
    return rows[is_in_scope], days[is_in_scope]


def observed_rows(
    x: Array,
    ent: Array,
    observed_outcomes: ObservedOutcomes,
    outcome: Outcome,
    weighting: str,
    visits: tuple[Array, Array, Array] | None = None,
) -> tuple[Array, Array, Array, WeightDiagnostics]:
    """Rows with an observed outcome, their outcomes, weights and weight diagnostics.

    ``visits``: logged probability of the first visit by draw (NaN if none), what it found, its day.

    Raises:
        BadSample: no such way of weighting, or nobody was inspected.
    """
    if weighting not in ("auto", "logged", "propensity", "none"):
        raise BadSample(f'no weighting "{weighting}"; there are: auto, logged, propensity, none')
    is_observed = observed_outcomes.observed
    if not is_observed.any():
        raise BadSample("nobody was inspected within the horizon; there is no outcome to learn")
    # Where everybody was inspected, everybody stands for one: there is no chance to estimate.
    is_whole = weighting == "auto" and bool(is_observed.all())
    if outcome.observed == "all" or weighting == "none" or is_whole:
        row_count = int(is_observed.sum())
        diagnostics = WeightDiagnostics("none", row_count, float(row_count), 1.0, 0.0, float("nan"))
        return is_observed, observed_outcomes.bad[is_observed], np.ones(row_count), diagnostics
    has_visit = ~np.isnan(visits[0]) if visits else np.zeros(is_observed.shape, bool)
    if (
        visits
        and (weighting == "logged" or has_visit.sum() > is_observed.sum() / 2)
        and has_visit.any()
    ):
        weight, diagnostics = inverse_weights(visits[0][has_visit], "logged", float("nan"))
        return has_visit, visits[1][has_visit], weight, diagnostics
    if weighting == "logged":
        raise BadSample('no draw logged its probability; choose weighting "propensity"')
    # The last resort: an estimated chance rests on the belief that nothing unseen decided who
    # was visited.
    visit_probability, predictable = propensity(x, is_observed, ent)
    weight, diagnostics = inverse_weights(visit_probability[is_observed], "propensity", predictable)
    return is_observed, observed_outcomes.bad[is_observed], weight, diagnostics


def groups_of(event_columns: EventColumns, rows: Array, days: Array) -> dict[str, Array]:
    """Size, industry, form ... and age group of each row, as whole numbers; -1 is not known."""
    register = event_columns.tables["enterprise"]
    groups: dict[str, Array] = {}
    for name in GROUPS:
        values = register.get(f"c_{name}")
        if values is not None and np.asarray(values).dtype.kind in "iubf":
            group_codes = np.nan_to_num(np.asarray(values)[rows].astype(float), nan=-1)
            groups[name] = group_codes.astype(np.int64)
    established_days = register.get("c_established_on")
    if established_days is not None:
        established_day = np.asarray(established_days)[rows].astype(np.int64)
        age = np.searchsorted(AGES, days - established_day, side="right")
        groups["age"] = np.where((established_day >= NEVER) | (established_day <= 0), -1, age)
    return groups
