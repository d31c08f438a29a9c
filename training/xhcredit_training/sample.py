"""Training sample: features known on as-of days, outcomes within the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Store
from xhcredit.engine.compile import compile_features, with_inputs
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadSample
from xhcredit.features.forbidden import violations
from xhcredit.features.registry import features, for_score
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Outcome
from xhcredit_training.dataset import Array, Column, Frame, frame
from xhcredit_training.labels import Followed, follow, outcome_of
from xhcredit_training.visits import Visits, first_visit
from xhcredit_training.weights import Doubt, inverse, propensity

#: columns of the register by which results are shown, never learned from
GROUPS = ("size", "industry", "new_form", "kind", "street")
#: ages in days at which groups begin: under 18 months, 3, 5 and 10 years, older
AGES = (548, 1096, 1826, 3652)


@dataclass(frozen=True)
class Wanted:
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


def grid(store: Store, days: Sequence[date]) -> tuple[Array, Array]:
    """Pairs of all enterprises present on each day: positions in the store, and day numbers.

    Raises:
        BadSample: nobody was present on any of them.
    """
    numbers = [day_number(d) for d in days]
    rows = [store.present(n) for n in numbers]
    if not sum(r.size for r in rows):
        raise BadSample("no enterprise was known on any as-of day; choose later days")
    on = [np.full(r.size, n, np.int32) for r, n in zip(rows, numbers, strict=True)]
    return np.concatenate(rows), np.concatenate(on)


def learned_from(score: str) -> list[Feature]:
    """Features that a score may learn from: declared for it, scored, and lawful.

    Raises:
        BadSample: one of them breaks a ban.
    """
    wanted = for_score(score)
    found = violations(with_inputs([f.id for f in wanted], features()))
    if found:
        raise BadSample(f'score "{score}" would learn from what it may not: {"; ".join(found)}')
    return wanted


def build(
    store: Store,
    rules: Rulebook,
    wanted: Wanted,
    progress: Progress = ignore_progress,
    visits: Visits | None = None,
) -> tuple[Frame, Outcome]:
    """Build the sample of a score; features and outcomes go through the engine's one door.

    Args:
        store: clustered columns of a warehouse.
        rules: the rulebook that defines the outcome.
        wanted: which sample.
        progress: told how far it is.
        visits: draws whose probabilities were logged, if there are any (``visits.logged``).

    Returns:
        The sample, and the outcome that it follows.

    Raises:
        BadSample: nobody is left, or an outcome reaches beyond what is known.
    """
    outcome = outcome_of(rules, wanted.score, as_of=wanted.defined_on)
    rows, days = grid(store, wanted.days)
    rows, days = in_scope(store, rules, wanted, rows, days)
    declared = learned_from(wanted.score)
    progress("features", 0, rows.size)
    compiled = compile_features(with_inputs([f.id for f in declared], features()))
    at = {name: k for k, name in enumerate(compiled.ids)}
    x = compiled.run(store, rows, days)[[at[f.id] for f in declared]]
    progress("features", rows.size, rows.size)
    followed = follow(store, rows, days, outcome)
    drawn = first_visit(visits, rows, days, outcome) if visits else None
    keep, bad, weight, doubt = observed(x, rows, followed, outcome, wanted.weighting, drawn)
    columns = [Column(f.id, f.direction) for f in declared]
    groups = groups_of(store, rows[keep], days[keep])
    if drawn and doubt.method == "logged":
        groups["visited_on"] = drawn[2][keep]
    notes = {
        "score": wanted.score,
        "data_digest": store.digest,
        "weights": doubt.as_data(),
        "pairs": int(rows.size),
    }
    day, ent = days[keep], rows[keep]
    sample = frame(
        columns, x[:, keep], bad, weight=weight, day=day, ent=ent, groups=groups, notes=notes
    )
    return sample, outcome


def in_scope(
    store: Store, rules: Rulebook, wanted: Wanted, rows: Array, days: Array
) -> tuple[Array, Array]:
    """Pairs to which the score applies, by its scope as defined.

    Raises:
        BadSample: it applied to nobody.
    """
    if wanted.score == "general":
        return rows, days
    scopes = rules.scopes(as_of=wanted.defined_on)
    if wanted.score not in scopes:
        raise BadSample(f'"{wanted.score}" has no scope in service on {wanted.defined_on}')
    scope = scopes[wanted.score]
    compiled = compile_features(with_inputs([scope.feature], features()))
    values = compiled.run(store, rows, days)[compiled.ids.index(scope.feature)]
    inside = values >= scope.at_least
    if not inside.any():
        raise BadSample(f'"{wanted.score}" applied to nobody on the as-of days; deliver its tables')
    return rows[inside], days[inside]


def observed(
    x: Array,
    ent: Array,
    followed: Followed,
    outcome: Outcome,
    weighting: str,
    drawn: tuple[Array, Array, Array] | None = None,
) -> tuple[Array, Array, Array, Doubt]:
    """Rows with an observed outcome, their outcomes, weights and weight diagnostics.

    ``drawn``: logged probability of the first visit by draw (NaN if none), what it found, its day.

    Raises:
        BadSample: no such way of weighting, or nobody was inspected.
    """
    if weighting not in ("auto", "logged", "propensity", "none"):
        raise BadSample(f'no weighting "{weighting}"; there are: auto, logged, propensity, none')
    seen = followed.observed
    if not seen.any():
        raise BadSample("nobody was inspected within the horizon; there is no outcome to learn")
    if outcome.observed == "all" or weighting == "none":
        even = int(seen.sum())
        doubt = Doubt("none", even, float(even), 1.0, 0.0, float("nan"))
        return seen, followed.bad[seen], np.ones(even), doubt
    there = ~np.isnan(drawn[0]) if drawn else np.zeros(seen.shape, bool)
    if drawn and (weighting == "logged" or there.sum() > seen.sum() / 2) and there.any():
        weight, doubt = inverse(drawn[0][there], "logged", float("nan"))
        return there, drawn[1][there], weight, doubt
    if weighting == "logged":
        raise BadSample('no draw logged its probability; choose weighting "propensity"')
    chance, predictable = propensity(x, seen, ent)
    weight, doubt = inverse(chance[seen], "propensity", predictable)
    return seen, followed.bad[seen], weight, doubt


def groups_of(store: Store, rows: Array, days: Array) -> dict[str, Array]:
    """Size, industry, form ... and age group of each row, as whole numbers; -1 is not known."""
    register = store.tables["enterprise"]
    told: dict[str, Array] = {}
    for name in GROUPS:
        values: Any = register.get(f"c_{name}")
        if values is not None and np.asarray(values).dtype.kind in "iubf":
            own = np.nan_to_num(np.asarray(values)[rows].astype(float), nan=-1)
            told[name] = own.astype(np.int64)
    since = register.get("c_established_on")
    if since is not None:
        begun = np.asarray(since)[rows].astype(np.int64)
        age = np.searchsorted(AGES, days - begun, side="right")
        told["age"] = np.where((begun >= NEVER) | (begun <= 0), -1, age)
    return told
