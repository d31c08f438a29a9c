"""Tiers: what each fact does to each score, at each age, and with each pack switched off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from xhcredit.errors import RuleNotInForce
from xhcredit.features.registry import features
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import PackState
from xhcredit.tiers.assign import assign_tiers, policy_on

DAYS = (date(2018, 6, 1), date(2022, 6, 1), date(2026, 3, 1), date(2026, 11, 22))
SCORES = (300.0, 500.0, 600.0, 800.0)
COUNTS = (1.0, 2.0, 3.0, 5.0, 6.0, 7.0)
COVERED = ("is_new_form", "is_small_or_micro", "is_individual")


def assigned(book: Rulebook) -> Iterator[Any]:
    """The tier of everybody on several days, and the position of the rule that gave it."""
    for day in DAYS:
        policy = policy_on(book, day)
        assignment = assign_tiers(*everybody(), policy)
        yield day, assignment.tier.tobytes(), assignment.decided_by.tobytes()


@cache
def everybody() -> tuple[np.ndarray, list[str], np.ndarray]:
    """Enterprises of every score, with one fact at a time, and covered by tolerance or not."""
    ids = list(features())
    rows: list[tuple[float, dict[str, float]]] = [(float(s), {}) for s in range(0, 1001)]
    rows += [(s, {f: n}) for f, s, n in product(ids, SCORES, COUNTS)]
    young = [(flag, float(age)) for flag in COVERED for age in range(0, 900, 5)]
    rows += [(300.0, {flag: 1.0, "age_days": age}) for flag, age in young]
    rows += [(300.0, {"is_new_form": 1.0, "age_days": 9.0, f: 1.0}) for f in ids]
    x = np.zeros((len(ids), len(rows)))
    x[ids.index("age_days")] = 9999.0
    for k, (_, facts) in enumerate(rows):
        for name, value in facts.items():
            x[ids.index(name), k] = value
    return x, ids, np.array([score for score, _ in rows])


def switched_off(book: Rulebook) -> Iterator[Any]:
    """What is left of the rules on tiers with each pack switched off."""
    for pack in book.packs():
        yield pack, _left(without(book, pack))


def without(book: Rulebook, pack: str) -> Rulebook:
    """The rulebook with one pack out of service from its first day on."""
    rule = book.rule(f"packs.{pack}")
    off = PackState(in_service=False, why="x")
    entries = tuple(entry.model_copy(update={"value": off}) for entry in rule.entries)
    return book.replaced(rule.model_copy(update={"entries": entries}))


def _left(book: Rulebook) -> Any:
    try:
        policy = policy_on(book, DAYS[-1])
    except RuleNotInForce:
        return None
    x_caps = book.caps("scores.x_caps", as_of=DAYS[-1])
    return policy.tolerance is not None, policy.deciders, [cap.id for cap in x_caps]
