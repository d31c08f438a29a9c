"""Scoring model of a night: features, release and the day's rules, compiled together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import rfc8785

from xhcredit import __version__
from xhcredit.engine.columns import Array
from xhcredit.engine.compile import CompiledFeatures, compile_features, with_inputs
from xhcredit.engine.spec import Feature
from xhcredit.engine.valid_until import Moves, moves
from xhcredit.errors import BadDeclaration, BadRule
from xhcredit.features.bans import PUBLISHED_RECORDS
from xhcredit.features.forbidden import violations
from xhcredit.features.registry import features
from xhcredit.ingest.schema import directory_digest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Cap, Cutoffs, Weights
from xhcredit.rules.schemas.common import Scale as ScaleRule
from xhcredit.scores.composite import Pool, ScoredBatch, Scorer, XWeighting
from xhcredit.scores.release import Release, release_problems
from xhcredit.tiers.assign import (
    Policy,
    TierAssignment,
    assign_tiers,
    capped_grades,
    grade_scores,
    policy_on,
)

NATIONAL_GRADE = "national_grade"  #: imported evaluation, shown beside the tier


@dataclass(frozen=True)
class Model:
    """Everything that turns a day's features into scores and tiers."""

    as_of: date
    release: Release
    rules: Rulebook
    policy: Policy
    compiled: CompiledFeatures
    scorer: Scorer
    x_caps: tuple[Cap, ...]
    x_cutoffs: Cutoffs
    feature_digest: str

    @cached_property
    def moves(self) -> dict[str, Moves]:
        """How each feature moves from day to day while nothing happens, by id."""
        return moves(self.compiled.features)

    def score(self, x: Array) -> tuple[ScoredBatch, TierAssignment, dict[str, Array]]:
        """Scores, tiers and X grades (0-3, -1 where the X does not apply) of a feature matrix."""
        ids = self.compiled.ids
        scored = self.scorer.score(x)
        tiers = assign_tiers(x, ids, scored.composite, self.policy)
        return scored, tiers, {name: self._x_grade(x, s) for name, s in scored.x.items()}

    def _x_grade(self, x: Array, score: Array) -> Array:
        grade = capped_grades(
            x, self.compiled.ids, grade_scores(score, self.x_cutoffs), self.x_caps
        )
        return np.where(np.isnan(score), -1, grade).astype(np.int8)

    def pool_weight(self, score: str) -> float:
        """Weight of a score in the pool, before the weights that apply are divided by their sum."""
        pool = self.scorer.pool
        return pool.general if score == "general" else pool.x[score].weight

    def rule_indicators(self) -> list[str]:
        """Ids of the indicators that rules look at: caps, direct assignments, scopes of X."""
        scopes, caps = self.scorer.pool.x.values(), self.x_caps
        scope_indicators = [
            *(a.feature for a in scopes),
            *(c.feature for c in caps),
            NATIONAL_GRADE,
        ]
        return list(dict.fromkeys([*self.policy.features(), *scope_indicators]))

    def all_indicators(self) -> list[str]:
        """Ids of all indicators that a result is made of; what they are made of is left out."""
        return list(dict.fromkeys([*self.release.features(), *self.rule_indicators()]))

    def provenance(self, data_digest: str) -> dict[str, str]:
        """What a result was made from; the same provenance gives the same result."""
        return {
            "as_of": self.as_of.isoformat(),
            "release": self.release.name,
            "release_digest": self.release.digest,
            "rulebook_digest": self.rules.digest,
            "feature_digest": self.feature_digest,
            "directory_digest": directory_digest(),
            "data_digest": data_digest,
            "code_version": code_version(),
        }


def model_on(rules: Rulebook, release: Release, as_of: date) -> Model:
    """Compile a release with the rules of a day.

    Raises:
        BadDeclaration: the release reads a feature that is unknown or must not be scored, or runs
            against a declared direction.
        BadRule: a rule names a feature that does not exist, or the release is on another scale
            than the rule in force.
        RuleNotInForce: a needed rule was not in force on that day.
    """
    feature_by_id = features(rules)
    refuse_release(release, feature_by_id)
    _refuse_scale(rules, release, as_of)
    _refuse_windows(rules, with_inputs(release.features(), feature_by_id), as_of)
    policy = policy_on(rules, as_of)
    x_caps = rules.caps("scores.x_caps", as_of=as_of)
    pool = pool_on(rules, release, as_of)
    rule_features = [
        *policy.features(),
        *(a.feature for a in pool.x.values()),
        *(c.feature for c in x_caps),
    ]
    for name in rule_features:
        if name not in feature_by_id:
            raise BadRule(
                f'a rule in force on {as_of} reads "{name}", which is no feature; correct it'
            )
    feature_ids = list(dict.fromkeys([*release.features(), *rule_features, NATIONAL_GRADE]))
    compiled = _compiled_kernel(tuple(with_inputs(feature_ids, feature_by_id)))
    return Model(
        as_of=as_of,
        release=release,
        rules=rules,
        policy=policy,
        compiled=compiled,
        scorer=Scorer(release, pool, compiled.ids),
        x_caps=x_caps,
        x_cutoffs=rules.serving("scores.x_grades", Cutoffs, as_of=as_of),
        feature_digest=feature_digest(compiled.features),
    )


@cache
def _compiled_kernel(feature_set: tuple[Feature, ...]) -> CompiledFeatures:
    """The compiled kernel of a set of features; one per process and set."""
    return compile_features(feature_set)


@cache
def _violations(used_features: tuple[Feature, ...]) -> tuple[str, ...]:
    """Forbidden uses of features; computed once per process and set."""
    return tuple(violations(used_features))


@cache
def code_version() -> str:
    """Version of the program and a digest of its text: another program may score otherwise."""
    root = Path(__file__).parents[2]
    texts = (f.read_bytes() for f in sorted(root.rglob("*.py")))
    return f"{__version__}+{hashlib.sha256(b''.join(texts)).hexdigest()[:12]}"


def feature_digest(declared_features: Sequence[Feature]) -> str:
    """SHA-256 (hex) over the declarations."""
    return hashlib.sha256(rfc8785.dumps([asdict(f) for f in declared_features])).hexdigest()


def refuse_release(release: Release, feature_by_id: dict[str, Feature]) -> None:
    """Refuse a release that must not score.

    Raises:
        BadDeclaration: with all that speaks against it.
    """
    used_features = with_inputs(
        [f for f in release.features() if f in feature_by_id], feature_by_id
    )
    problems = release_problems(release, feature_by_id, ()) + list(
        _violations(tuple(used_features))
    )
    if problems:
        raise BadDeclaration(f'release "{release.name}" may not score: {"; ".join(problems)}')


def _refuse_scale(rules: Rulebook, release: Release, as_of: date) -> None:
    rule = rules.serving("scores.scale", ScaleRule, as_of=as_of)
    if rule.model_dump() != release.general.scale.model_dump():
        raise BadRule(
            f'release "{release.name}" is on the scale {release.general.scale}, the rule '
            f"scores.scale of {as_of} says {rule}; retrain it on the scale in force"
        )


def _refuse_windows(rules: Rulebook, used_features: Sequence[Feature], as_of: date) -> None:
    """Refuse a scored feature that looks further back than published records may work."""
    # What may no longer be queried or shown (上海市社会信用条例 第三十五条, 总局令第45号) shall
    # not work on in a score: a proposal, no law.
    months = rules.serving("features.adverse_window_max_months", int, as_of=as_of)
    for f in used_features:
        is_bounded = 0 < f.window_days <= months * 365.25 / 12
        in_force_only = "open" in f.where
        if f.table in PUBLISHED_RECORDS and not is_bounded and not in_force_only:
            raise BadRule(
                f'feature "{f.id}" looks back {f.window or "without end"}; on {as_of} the rule '
                f"features.adverse_window_max_months allows {months} months: shorten its window"
            )


def pool_on(rules: Rulebook, release: Release, as_of: date) -> Pool:
    """How the release's scores are pooled on a day: X that exist, are in service, and weigh.

    Raises:
        RuleNotInForce: there were no weights on that day.
    """
    weights = rules.serving("scores.weights", Weights, as_of=as_of)
    scopes = rules.scopes(as_of=as_of)
    x = {
        name: XWeighting(scopes[name].feature, scopes[name].at_least, weights.x[name])
        for name in release.x
        if name in scopes and name in weights.x
    }
    return Pool(weights.general, x)
