"""Schemas of rules on credit restoration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from xhcredit.rules.schemas.common import Name, Shape

SeverityName = Literal["minor", "ordinary", "serious"]
PenaltyKind = Literal[
    "warning", "criticism", "fine", "confiscation", "suspension", "licence_revocation",
    "business_restriction", "occupation_ban", "downgrade", "closure", "permit_suspension",
    "detention",
]  # fmt: skip
ProcedureName = Literal["summary", "ordinary"]
RecordKind = Literal["penalty", "abnormal_listing", "serious_listing", "inspection", "food_sample"]
#: negative results of spot checks: of a random inspection (双随机抽查), of food sampling (食品抽检)
SPOT_CHECKS = ("inspection", "food_sample")
Ground = Literal["annual_report", "not_published", "concealment", "unreachable"]
PeriodStart = Literal["decided_on", "published_on"]
Unit = Literal["working_days", "days"]

Months = Annotated[int, Field(ge=0, le=600)]
Days = Annotated[int, Field(ge=0, le=400)]
Yuan = Annotated[int, Field(ge=0, le=10**12)]


class ByClass(Shape):
    """Months of each class; null says that there is no such period."""

    minor: Months | None
    ordinary: Months | None
    serious: Months | None

    def of(self, severity: SeverityName) -> int | None:
        """Months of one class."""
        months: int | None = getattr(self, severity)
        return months


class Minimum(Shape):
    """Publication required before restoration may be applied for (最短公示期).

    ``clock`` is the day from which it runs.  A field of law that stands in ``fields`` has its own
    months, except for records of class minor.
    """

    clock: PeriodStart
    months: ByClass
    fields: dict[Name, Months]

    def of(self, severity: SeverityName, field: str) -> int | None:
        """Months for a record of a class and field."""
        field_months = self.fields.get(field)
        return (
            self.months.of(severity)
            if field_months is None or severity == "minor"
            else field_months
        )


class UnpublishedPenalties(Shape):
    """Which penalties are not published at all (不予公示), so that nothing has to be restored.

    Those of one of ``procedures``, and those of no kind beyond ``only``.  Those of a class that
    stands in ``in_principle`` are published as an exception: only if a day of it is known.
    """

    procedures: tuple[ProcedureName, ...] = ()
    only: tuple[PenaltyKind, ...] = ()
    in_principle: tuple[SeverityName, ...] = ()


class SelfEndingPenalties(Shape):
    """Which publications end by themselves and cannot be ended earlier: nothing to apply for.

    Of penalties of no kind beyond ``only``, and if ``small_fines`` of small fines (较低数额罚款),
    after ``months``; of ``classes`` after the longest publication of the class.
    """

    only: tuple[PenaltyKind, ...] = ()
    small_fines: bool = False
    classes: tuple[SeverityName, ...] = ()
    months: Months | None = None

    @model_validator(mode="after")
    def _months_of_what(self) -> SelfEndingPenalties:
        # Classes end with their own longest publication; months belong to kinds and small fines
        # alone, and without them those would have no end.
        if (self.months is None) == bool(self.only or self.small_fines):
            raise ValueError("months without only or small_fines, or these without; give both")
        return self


class Maximum(Shape):
    """Publication after which a record comes down by itself (最长公示期), counted from ``clock``.

    A ban that lasts longer is published as long as it lasts, if ``bans_prolong``.
    """

    clock: PeriodStart
    months: ByClass
    unpublished: UnpublishedPenalties = UnpublishedPenalties()
    by_itself: SelfEndingPenalties = SelfEndingPenalties()
    bans_prolong: bool


class FineBounds(Shape):
    """Fines of up to so many yuan, the bound included, by who is fined."""

    person_yuan: Yuan
    organisation_yuan: Yuan


class SeverityClasses(Shape):
    """How the class of a record follows from procedure, kinds of penalty and amount.

    Minor: summary procedure, or no kind beyond ``minor_kinds``.  Serious: any of
    ``serious_kinds``, or an amount of at least ``huge_yuan`` (or that of its field in
    ``huge_yuan_by_field``).  Small fines are of the class ``small_fines``, if nothing makes them
    minor or serious anyway; everything else is ordinary.  Only market supervision knows small
    fines; elsewhere the key is left out.
    """

    minor_procedures: tuple[ProcedureName, ...]
    minor_kinds: tuple[PenaltyKind, ...]
    small_fines: SeverityName = "ordinary"
    serious_kinds: tuple[PenaltyKind, ...]
    huge_yuan: Yuan
    huge_yuan_by_field: dict[Name, Yuan]
    listings: dict[
        Literal["abnormal_listing", "serious_listing", "inspection", "food_sample"], SeverityName
    ]


class RequiredCondition(Shape):
    """Whether a condition must be met."""

    required: bool


class NeverEarlyKinds(Shape):
    """Penalties of these kinds cannot be ended early."""

    kinds: tuple[PenaltyKind, ...]


class Correction(Shape):
    """A listing ends once its ground is corrected, after so many months at least."""

    minimum_months: Months


class ListingTerms(Shape):
    """A list: its term, and the months after which early removal may be applied for."""

    term_months: Months
    minimum_months: Months


class SpotChecks(Shape):
    """Negative results of spot checks (抽查检查结果) that can be restored once corrected.

    After so many months at least; and if a penalty followed from the check, ``with_penalty``: the
    result is hidden together with it, not before.
    """

    minimum_months: Months
    with_penalty: bool


class ApplicationBar(Shape):
    """Bar on a new application, in months."""

    months: Months


class Shielding(Shape):
    """Whether a court's approval of a reorganisation shields the record for the time being."""

    shields: bool


class ConflictRule(Shape):
    """Which of two conflicting rules prevails; the answer asks for legal review."""

    prevails: str


class ByAge(ConflictRule):
    """The older or the newer of two rules."""

    prevails: Literal["older", "newer"]


class ByLevel(ConflictRule):
    """The local rule or the national one; in ``fields`` the local one in any case."""

    prevails: Literal["local", "national"]
    fields: tuple[Name, ...] = ()


class ByReading(ConflictRule):
    """The milder or the stricter reading of a word."""

    prevails: Literal["milder", "stricter"]


class Transition(ConflictRule):
    """Of the rules met since the decision: the oldest, the newest or the milder."""

    prevails: Literal["older", "newer", "milder"]


class TimeLimits(Shape):
    """Time limits of the steps of an authority; a step unknown to the law is left out."""

    unit: Unit
    steps: dict[Name, Days]

    @model_validator(mode="after")
    def _some(self) -> TimeLimits:
        if not self.steps:
            raise ValueError("no step; name at least one, such as decide")
        return self
