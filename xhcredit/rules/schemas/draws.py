"""Schemas of rules on inspection plans and draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, RootModel, model_validator

from xhcredit.rules.schemas.common import Name, Shape, Text, TierName, XName, refuse_no_day

PositiveCount = Annotated[int, Field(ge=1, le=10**6)]
Rate = Annotated[str, Field(pattern=r"^(0(\.[0-9]{1,12})?|1(\.0{1,12})?)$")]


class RatioBounds(Shape):
    """Lowest and highest share of a tier that may be drawn in one round, as decimal texts."""

    at_least: Rate
    at_most: Rate

    @model_validator(mode="after")
    def _ordered(self) -> RatioBounds:
        if float(self.at_least) > float(self.at_most):
            raise ValueError(f"{self.at_least} is above {self.at_most}; swap them")
        return self


class Ratios(Shape):
    """Bounds by tier; a riskier tier may never be drawn with lower odds than a safer one."""

    A: RatioBounds
    B: RatioBounds
    C: RatioBounds
    D: RatioBounds


class PlanTerms(Shape):
    """Until when plans are published, and how many inspectors visit at least."""

    annual_month: Annotated[int, Field(ge=1, le=12)]
    annual_day: Annotated[int, Field(ge=1, le=31)]
    special_months: PositiveCount
    places: Annotated[int, Field(ge=2, le=10)]

    @model_validator(mode="after")
    def _is_a_day(self) -> PlanTerms:
        refuse_no_day(self.annual_month, self.annual_day)
        return self


class Item(Shape):
    """An inspection item of the base: its field, and what the lead inspector must hold."""

    zh: Text
    en: Text
    field: Name
    qualification: Name


class Items(RootModel[dict[Name, Item]]):
    """The base of inspection items; what is not in it must not be inspected."""

    @property
    def part_keys(self) -> tuple[str, ...]:
        """Ids of the items, none of which may stand in two places."""
        return tuple(self.root)

    def joined(self, parts: Mapping[str, Items]) -> Items:
        """These items with those of each field (``Items`` by ``x_<field>``) after them."""
        return Items(self.root | {i: item for p in parts.values() for i, item in p.root.items()})


class CoverageDuty(Shape):
    """Coverage by law: every enterprise in the X is inspected once in these months.

    Only an inspection of the ``field`` in one of ``forms`` meets it; with ``all_points`` only one
    that covered the whole checklist (an inspection that does not say how much it covered does
    not).  Strata in which the duty falls due are drawn whole.
    """

    x: XName
    field: Name
    months: PositiveCount
    forms: Annotated[tuple[Name, ...], Field(min_length=1)]
    all_points: bool


class InspectionCap(Shape):
    """How often a calendar year one enterprise may be inspected in a field.

    ``most`` holds for one department at one level, ``most_in_all`` for all departments and
    levels together; inspections in ``forms`` count toward both.  ``warn_in_all`` inspections of
    any form, exempt ones included, are worth a warning, though they bar nobody.
    """

    most: PositiveCount
    most_in_all: PositiveCount
    forms: Annotated[tuple[Name, ...], Field(min_length=1)]
    warn_in_all: PositiveCount

    @model_validator(mode="after")
    def _ordered(self) -> InspectionCap:
        if self.most > self.most_in_all:
            raise ValueError(
                f"most {self.most} of one department is above most_in_all {self.most_in_all}; "
                "correct one"
            )
        return self


CapsByField = dict[Name, InspectionCap]


class InspectionCaps(Shape):
    """Yearly caps by field; ``own_level`` is the level at which the district's bureaus act."""

    own_level: Name
    fields: CapsByField

    @property
    def part_keys(self) -> tuple[str, ...]:
        """The fields, none of which may be capped in two places."""
        return tuple(self.fields)

    def joined(self, parts: Mapping[str, CapsByField]) -> InspectionCaps:
        """These caps with those of each field (caps by field, by ``x_<field>``)."""
        added = {field: cap for part in parts.values() for field, cap in part.items()}
        return self.model_copy(update={"fields": {**self.fields, **added}})


class Exclusions(Shape):
    """Exclusions from a frame: registration statuses, recent inspections by higher bureaus.

    A higher bureau is one whose name begins with one of ``higher_agencies``.
    """

    statuses: Annotated[tuple[Name, ...], Field(min_length=1)]
    higher_agencies: Annotated[tuple[Text, ...], Field(min_length=1)]
    higher_months: PositiveCount
    pending_form: Name
    pending_result: Name


class Publication(Shape):
    """Within how many working days after the last visit results are published."""

    working_days: PositiveCount


class TrustTerms(Shape):
    """Trust list of remote checks first (无感监管): tiers, and months of a clean record.

    ``months`` without a failed inspection and without a penalty.
    """

    tiers: Annotated[tuple[TierName, ...], Field(min_length=1)]
    months: PositiveCount


class ChainTerms(TrustTerms):
    """Which headquarters of food chains are exempt from a check on site of each new shop.

    ``reviews`` are results of the review; ``tiers`` and ``months`` as for the list of remote
    checks, of food inspections and penalties alone.
    """

    reviews: Annotated[tuple[Name, ...], Field(min_length=1)]


class CheckSource(Shape):
    """A source of triggered checks; whether it counts toward a cap follows from its form."""

    zh: Text
    en: Text
    form: Name


class CheckSources(RootModel[dict[Name, CheckSource]]):
    """Sources of checks that are triggered instead of drawn."""


class RemoteCheckItems(Shape):
    """Items checked remotely only for enterprises on the trust list, unless there is a lead."""

    items: Annotated[tuple[Name, ...], Field(min_length=1)]
