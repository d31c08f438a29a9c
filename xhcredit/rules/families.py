"""Families of rules: pattern of ids and schema of values, so that a new file needs no code."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pydantic import ConfigDict, TypeAdapter

from xhcredit.rules.consistency import WHOLES
from xhcredit.rules.schemas import access, alerts, calendar, district, draws, restoration, training
from xhcredit.rules.schemas import common as shapes

_STRICT = ConfigDict(strict=True)

#: Pattern of ids and shape of each family; the first that matches counts.
_FAMILIES: tuple[tuple[str, TypeAdapter[object]], ...] = (
    ("packs.*", TypeAdapter(shapes.PackState)),
    ("tiers.cutoffs", TypeAdapter(shapes.Cutoffs)),
    ("tiers.direct", TypeAdapter(shapes.Directs)),
    ("tiers.caps", TypeAdapter(shapes.Caps)),
    ("tiers.caps.x_*", TypeAdapter(shapes.Caps)),
    ("scores.x_caps", TypeAdapter(shapes.Caps)),
    ("scores.x_grades", TypeAdapter(shapes.Cutoffs)),
    ("scores.weights", TypeAdapter(shapes.Weights)),
    ("scores.weights.x_*", TypeAdapter(shapes.Share, config=_STRICT)),
    ("scores.scale", TypeAdapter(shapes.Scale)),
    ("tolerance.period.x_*", TypeAdapter(shapes.FeatureNames, config=_STRICT)),
    ("tolerance.*", TypeAdapter(shapes.Tolerance)),
    ("scope.x_*", TypeAdapter(shapes.Scope)),
    ("query.*", TypeAdapter(shapes.Count, config=_STRICT)),
    ("features.*", TypeAdapter(shapes.Count, config=_STRICT)),
    ("retention.*", TypeAdapter(shapes.Count, config=_STRICT)),
    ("restoration.conflicts.holder_kind", TypeAdapter(restoration.ByReading)),
    ("restoration.conflicts.never_early", TypeAdapter(restoration.ByAge)),
    ("restoration.conflicts.samr_clock", TypeAdapter(restoration.ByAge)),
    ("restoration.conflicts.shanghai", TypeAdapter(restoration.ByLevel)),
    ("restoration.conflicts.transition", TypeAdapter(restoration.Transition)),
    ("restoration.*.severity", TypeAdapter(restoration.SeverityClasses)),
    ("restoration.*.minimum_publication", TypeAdapter(restoration.Minimum)),
    ("restoration.*.maximum_publication", TypeAdapter(restoration.Maximum)),
    ("restoration.*.duties_done", TypeAdapter(restoration.RequiredCondition)),
    ("restoration.*.pledge", TypeAdapter(restoration.RequiredCondition)),
    ("restoration.*.harm_removed", TypeAdapter(restoration.RequiredCondition)),
    ("restoration.*.no_same_kind", TypeAdapter(restoration.RequiredCondition)),
    ("restoration.*.not_listed", TypeAdapter(restoration.RequiredCondition)),
    ("restoration.*.small_fine", TypeAdapter(restoration.FineBounds)),
    ("restoration.*.summary_procedure", TypeAdapter(restoration.FineBounds)),
    ("restoration.*.never_early", TypeAdapter(restoration.NeverEarlyKinds)),
    ("restoration.*.abnormal_list", TypeAdapter(restoration.Correction)),
    ("restoration.*.serious_list", TypeAdapter(restoration.ListingTerms)),
    ("restoration.*.spot_check", TypeAdapter(restoration.SpotChecks)),
    ("restoration.*.false_materials", TypeAdapter(restoration.ApplicationBar)),
    ("restoration.*.reorganisation", TypeAdapter(restoration.Shielding)),
    ("restoration.*.time_limits", TypeAdapter(restoration.TimeLimits)),
    ("restoration.*.takedown", TypeAdapter(restoration.TimeLimits)),
    ("restoration.*.objection", TypeAdapter(restoration.TimeLimits)),
    ("access.lockout", TypeAdapter(access.Lockout)),
    ("access.sessions", TypeAdapter(access.SessionLimits)),
    ("access.passwords", TypeAdapter(access.PasswordRules)),
    ("alerts.triggers.*", alerts.TRIGGER),
    ("alerts.budget", TypeAdapter(alerts.Budget)),
    ("alerts.discovery", TypeAdapter(alerts.Discovery)),
    ("alerts.flow", TypeAdapter(alerts.Flow)),
    ("alerts.routing", TypeAdapter(alerts.Routing)),
    ("alerts.routing.x_*", TypeAdapter(alerts.Departments, config=_STRICT)),
    ("alerts.white_list", TypeAdapter(alerts.WhiteList)),
    ("alerts.proving", TypeAdapter(alerts.Proving)),
    ("alerts.retirement", TypeAdapter(alerts.Retirement)),
    ("alerts.picture", TypeAdapter(alerts.Picture)),
    ("calendar.statutory_days", TypeAdapter(calendar.Holidays)),
    ("calendar.notice_due", TypeAdapter(calendar.YearlyDay)),
    ("calendar.years.y*", TypeAdapter(calendar.YearOff)),
    ("district.*", TypeAdapter(district.OfficialNames)),
    ("draws.ratios", TypeAdapter(draws.Ratios)),
    ("draws.plan", TypeAdapter(draws.PlanTerms)),
    ("draws.items", TypeAdapter(draws.Items)),
    ("draws.items.x_*", TypeAdapter(draws.Items)),
    ("draws.coverage.*", TypeAdapter(draws.CoverageDuty)),
    ("draws.caps", TypeAdapter(draws.InspectionCaps)),
    ("draws.caps.x_*", TypeAdapter(draws.CapsByField, config=_STRICT)),
    ("draws.exclusions", TypeAdapter(draws.Exclusions)),
    ("draws.publication", TypeAdapter(draws.Publication)),
    ("draws.trust", TypeAdapter(draws.TrustTerms)),
    ("draws.quiet", TypeAdapter(draws.RemoteCheckItems)),
    ("draws.chain", TypeAdapter(draws.ChainTerms)),
    ("draws.triggered", TypeAdapter(draws.CheckSources)),
    ("outcomes.*", TypeAdapter(training.Outcome)),
    ("promotion.leak_limits", TypeAdapter(training.LeakLimits)),
    ("promotion.gates", TypeAdapter(training.Gates)),
    ("promotion.shadow", TypeAdapter(training.ShadowTerms)),
)

#: Families to which a district may add rules of its own.  Every other rule is read by its id alone,
#: so that a new id would be read by nobody.
OPEN = (
    "packs.*", "scope.x_*", "outcomes.x_*", "alerts.triggers.*", "draws.coverage.*",
    "calendar.years.y*", *(f"{whole}.x_*" for whole in WHOLES),
)  # fmt: skip


#: The district's own lists: what is shipped is the sample district's, and a district's file takes
#: its place as a whole, for no past decision rests on the names of another district.
REPLACED = ("district.bureaus", "district.streets")


def is_open(rule_id: str) -> bool:
    """Whether a rule of this id is read without its id being written in the code."""
    return any(fnmatchcase(rule_id, pattern) for pattern in OPEN)


def families() -> tuple[str, ...]:
    """The patterns of rule ids for which a shape is declared."""
    return tuple(pattern for pattern, _ in _FAMILIES)


def shape_of(rule_id: str) -> TypeAdapter[object] | None:
    """The shape of the values of a rule, or None if its id belongs to no family."""
    return next((shape for pattern, shape in _FAMILIES if fnmatchcase(rule_id, pattern)), None)
