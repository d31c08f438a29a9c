"""Scores, tiers, tolerance, scopes, packs: one release on the rules of several days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from xhcredit.errors import RuleNotInForce
from xhcredit.features.registry import features
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

DAYS = (date(2018, 6, 1), date(2022, 6, 1), date(2026, 3, 1), date(2026, 11, 22))


def score(book: Rulebook) -> Iterator[Any]:
    """Scores, tiers, who decided, and grades of X of made-up enterprises on several days."""
    for day in DAYS:
        model = model_on(book, load_release(), day)
        scored, tiers, grades = model.score(_enterprises(model))
        yield day, np.round(scored.composite, 6).tolist()
        yield [model.policy.deciders[k] for k in tiers.decided_by], tiers.tier.tolist()
        yield {name: grade.tolist() for name, grade in grades.items()}


def _enterprises(model: Model) -> np.ndarray:
    """A matrix in which every feature has every value from missing to 7, and many ages.

    In its second half nearly all features are 0, so that the safest scores occur as well.
    """
    ids = model.compiled.ids
    return np.stack([_column(name) for name in ids])


@cache
def _column(name: str) -> np.ndarray:
    rng = np.random.default_rng(sum(name.encode()))
    size = 400
    if name == "age_days":
        return rng.integers(0, 1500, 2 * size).astype(float)
    often = [np.nan, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 7.0]
    values = np.append(rng.choice(often, size), rng.choice([0.0] * 60 + [1.0, 2.0], size))
    return np.minimum(values, 1.0) if features()[name].unit == "flag" else values


def in_service(book: Rulebook) -> Iterator[Any]:
    """Which packs, X, caps and direct assignments serve on a day: the kill switch."""
    for day in DAYS:
        for pack in book.packs():
            try:
                yield pack, book.in_service(pack, day)
            except RuleNotInForce:
                yield pack, None
        yield sorted(book.scopes(as_of=day))
        for rule in book.rules.values():
            yield (
                rule.id,
                [
                    pack_rule.in_service
                    for pack_rule in book.in_force(day)
                    if pack_rule.rule == rule
                ],
            )
