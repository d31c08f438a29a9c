"""The risk tier A-D: dated cut-offs, tolerance, caps, direct assignments, in that order.

The tier is an internal reference for placing supervision resources, not a credit evaluation of
the enterprise, and never public (国市监信发〔2022〕6号).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.errors import RuleNotInForce
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Cap, Cutoffs, Direct, FeatureCondition, Tolerance

TierName = Literal["A", "B", "C", "D"]
TIERS: tuple[TierName, ...] = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Policy:
    """Tier rules of one day."""

    cutoffs: Cutoffs
    tolerance: Tolerance | None
    caps: tuple[Cap, ...]
    directs: tuple[Direct, ...]

    @cached_property
    def deciders(self) -> tuple[str, ...]:
        """The words for ``TierAssignment.decided_by``: which rule the tier comes from."""
        named = [f"tiers.caps.{c.id}" for c in self.caps]
        named += [f"tiers.direct.{d.id}" for d in self.directs]
        return ("tiers.cutoffs", "tolerance.period", *named)

    def features(self) -> list[str]:
        """Ids of the features that the day's rules read."""
        conditions: list[FeatureCondition] = [*self.caps, *self.directs]
        names = [c.feature for c in conditions]
        if self.tolerance is not None:
            names += ["age_days", *self.tolerance.covers.features, *self.tolerance.never]
        return list(dict.fromkeys(names))


@dataclass(frozen=True)
class TierAssignment:
    """Tiers of a batch: 0-3 for A-D, and the position in ``Policy.deciders`` of the decider."""

    tier: Array
    decided_by: Array


def policy_on(rules: Rulebook, day: date) -> Policy:
    """Return the rules about tiers of a day.

    Raises:
        RuleNotInForce: there were no cut-offs, caps or direct assignments on that day.
    """
    return Policy(
        cutoffs=rules.serving("tiers.cutoffs", Cutoffs, as_of=day),
        tolerance=_tolerance(rules, day),
        caps=rules.caps("tiers.caps", as_of=day),
        directs=rules.directs(as_of=day),
    )


def _tolerance(rules: Rulebook, day: date) -> Tolerance | None:
    """The tolerance period of a day; none before the policy, or out of service."""
    try:
        period = rules.value("tolerance.period", Tolerance, as_of=day)
    except RuleNotInForce:
        return None
    return period if rules.in_service(rules.rule("tolerance.period").pack, day) else None


def grade_scores(score: Array, cutoffs: Cutoffs) -> Array:
    """Grade 0-3 of each score; a missing score has grade 0 and must be masked by the caller."""
    below = [score < bound for bound in (cutoffs.A, cutoffs.B, cutoffs.C)]
    return np.asarray(np.sum(below, axis=0), np.int8)


def _is_tolerated(x: Array, row_by_id: Mapping[str, int], t: Tolerance) -> Array:
    """Mask of enterprises inside the tolerance period without a fact that it never covers."""
    covered = np.zeros(x.shape[1], bool)
    for name in t.covers.features:
        covered |= x[row_by_id[name]] >= 1
    for name in t.never:
        covered &= ~(x[row_by_id[name]] >= 1)
    age = x[row_by_id["age_days"]]
    return np.asarray(covered & (age >= 0) & (age < t.days))


def assign_tiers(x: Array, ids: Sequence[str], composite: Array, policy: Policy) -> TierAssignment:
    """Assign tiers to a batch.

    Args:
        x: feature matrix (features by enterprises, missing is NaN) with rows ``ids``; must hold
            all of ``policy.features()``.
        composite: composite score of each enterprise.
        policy: the day's rules.

    Tolerance lifts only what the score alone decided; caps and direct assignments come after it,
    so a fact that caps is never excused.  Of several direct assignments the worst tier counts.
    """
    # NaN is below no bound, so a missing score would become grade A.
    if np.isnan(composite).any():
        raise ValueError("a composite score is missing; nobody may get a tier from that")
    row_by_id = {name: k for k, name in enumerate(ids)}
    tier = grade_scores(composite, policy.cutoffs)
    decided_by = np.zeros(tier.shape, np.int16)
    if policy.tolerance is not None:
        # 上海市优化营商环境条例 art 60 and 行政处罚法 art 33 ask for leniency in slight
        # matters: the period lifts the score's tier only, and none of the facts in "never".
        floor = TIERS.index(policy.tolerance.no_worse_than)
        is_lifted = _is_tolerated(x, row_by_id, policy.tolerance) & (tier > floor)
        tier[is_lifted], decided_by[is_lifted] = floor, 1
    for k, cap in enumerate(policy.caps):
        bound = TIERS.index(cap.no_better_than)
        # NaN is never at least anything: an unknown fact caps nobody.
        is_capped = (x[row_by_id[cap.feature]] >= cap.at_least) & (tier < bound)
        tier[is_capped], decided_by[is_capped] = bound, 2 + k
    worst = np.full(tier.shape, -1)
    for k, direct in enumerate(policy.directs):
        tier_index = TIERS.index(direct.tier)
        # Kept apart from the tier until the end: compared with it, a direct assignment could
        # never be better than the score, which the rule does not say.
        hit = (x[row_by_id[direct.feature]] >= direct.at_least) & (tier_index > worst)
        worst[hit], decided_by[hit] = tier_index, 2 + len(policy.caps) + k
    return TierAssignment(np.where(worst >= 0, worst, tier).astype(np.int8), decided_by)


def capped_grades(x: Array, ids: Sequence[str], grade: Array, caps: Sequence[Cap]) -> Array:
    """Grades of an X after the caps that hold for every X (general D forbids A)."""
    row_by_id = {name: k for k, name in enumerate(ids)}
    out = grade.copy()
    for cap in caps:
        is_capped = x[row_by_id[cap.feature]] >= cap.at_least
        # 国办发〔2026〕8号 (V3): a D in the general evaluation forbids A in every industry
        # evaluation; worse grades stay as they are.
        out[is_capped] = np.maximum(out[is_capped], TIERS.index(cap.no_better_than))
    return out
