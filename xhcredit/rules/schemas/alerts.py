"""Schemas of early-warning rules: triggers, budget, flow, routing, white lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter, model_validator

from xhcredit.rules.schemas.common import Name, Shape, Text, refuse_no_day

Colour = Literal["blue", "yellow", "orange", "red"]
Days = Annotated[int, Field(ge=0, le=3660)]
Window = Annotated[int, Field(ge=1, le=3660)]
PositiveCount = Annotated[int, Field(ge=1, le=10**6)]
Part = Annotated[float, Field(gt=0, lt=1)]
AllowedValues = Annotated[tuple[Name | Text | bool, ...], Field(min_length=1)]
Measure = Literal["remind", "guide", "rectify", "triggered_check", "file_case", "transfer", "none"]


class Events(Shape):
    """Events of a canonical table: columns in ``where`` have one of the values named, and those in
    ``unless`` have none of them (a missing value is none of them).
    """

    table: Name
    where: dict[Name, AllowedValues] = Field(default_factory=dict)
    unless: dict[Name, AllowedValues] = Field(default_factory=dict)


class Trigger(Shape):
    """Fields common to all triggers.

    ``family`` groups triggers for routing and for the false discovery rate; ``quiet_days`` is how
    long the same trigger is silent about the same subject after an alert, unless it got worse.
    """

    kind: str
    family: Name
    colour: Colour
    quiet_days: Days


class EventHappens(Trigger):
    """An event of the last ``days`` (by the day on which it became known)."""

    kind: Literal["event"]
    events: Events
    days: Days


class CountReaches(Trigger):
    """``at_least`` events within ``days``; ``worse_from`` of them raise the colour by one."""

    kind: Literal["count"]
    events: Events
    days: Days
    at_least: PositiveCount
    worse_from: PositiveCount | None = None


class Spike(Trigger):
    """More events within ``days`` than own and peers' history of ``baseline_days`` explain.

    At least ``at_least`` events, ``ratio`` times the own rate, and unlikely by both tests at the
    false discovery rate of the family.
    """

    kind: Literal["spike"]
    events: Events
    days: Window
    baseline_days: Window
    at_least: PositiveCount
    ratio: Annotated[float, Field(ge=1, le=100)]
    by: Literal["enterprise", "street_industry"] = "enterprise"


class TierFalls(Trigger):
    """The tier fell by ``steps`` or more against the night before, into one of ``into``."""

    kind: Literal["tier_falls"]
    steps: PositiveCount
    into: Annotated[tuple[Literal["B", "C", "D"], ...], Field(min_length=1)]


class DeadlinePasses(Trigger):
    """An open event whose ``column`` says until when: ``stages`` days before it (0: the day after).

    ``past_days`` is how long a passed deadline is still told of.
    """

    kind: Literal["deadline"]
    events: Events
    column: Name
    stages: tuple[Days, ...]
    past_days: Days


class StaysOpen(Trigger):
    """An event that was not ended for more than ``days``, up to ``until_days``."""

    kind: Literal["open"]
    events: Events
    days: Days
    until_days: Days


class NothingHeard(Trigger):
    """No event for ``days`` of somebody who has a ``member`` event that was not ended."""

    kind: Literal["lapsed"]
    events: Events
    member: Events
    member_days: Days
    days: Days


class Worsens(Trigger):
    """The last value of an ordered ``column`` is worse (later in its list) than the one before."""

    kind: Literal["worsens"]
    events: Events
    column: Name
    days: Days
    steps: PositiveCount


class RatioOff(Trigger):
    """``part``/``whole`` of the last report is beyond a bound, or fell by a share since the last.

    Exactly one of ``above``, ``below``, ``fell_by``.
    """

    kind: Literal["ratio"]
    events: Events
    part: Name
    whole: Name
    days: Days
    above: float | None = None
    below: float | None = None
    fell_by: Part | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> RatioOff:
        bounds = [b for b in (self.above, self.below, self.fell_by) if b is not None]
        if len(bounds) != 1:
            raise ValueError(f"{len(bounds)} bounds; give one of above, below, fell_by")
        return self


class NotFiled(Trigger):
    """No yearly ``events`` for the year before, ``days_before`` its last day ``month``-``day``."""

    kind: Literal["not_filed"]
    events: Events
    year: Name
    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    days_before: Days

    @model_validator(mode="after")
    def _is_a_day(self) -> NotFiled:
        refuse_no_day(self.month, self.day)
        return self


class Related(Trigger):
    """Who shares a node of ``through`` had an event that became known in the last ``days``."""

    kind: Literal["related"]
    events: Events
    through: Annotated[tuple[Name, ...], Field(min_length=1)]
    days: Days
    hub_above: PositiveCount


class ClusterGrows(Trigger):
    """A node of ``through`` with ``at_least`` members, or ``growth`` new ones within ``days``."""

    kind: Literal["cluster"]
    through: Annotated[tuple[Name, ...], Field(min_length=1)]
    at_least: PositiveCount
    growth: PositiveCount
    days: Days


_KINDS = (
    EventHappens
    | CountReaches
    | Spike
    | TierFalls
    | DeadlinePasses
    | StaysOpen
    | NothingHeard
    | Worsens
    | RatioOff
    | NotFiled
    | Related
    | ClusterGrows
)
TRIGGER: TypeAdapter[object] = TypeAdapter(Annotated[_KINDS, Field(discriminator="kind")])


class Budget(Shape):
    """How many alerts an officer can follow up in a week; ``never_held`` colours are not capped."""

    per_officer_and_week: PositiveCount
    officers: dict[Text, PositiveCount]
    officers_elsewhere: PositiveCount
    never_held: tuple[Colour, ...]


class Discovery(Shape):
    """The false discovery rate that tests of a night are held to, per family of triggers."""

    rate: Part


class Flow(Shape):
    """Terms of the workflow: working days per colour, two-person colours, expiry and snoozing."""

    COLOURS: ClassVar[tuple[Colour, ...]] = ("blue", "yellow", "orange", "red")
    due_working_days: dict[Colour, PositiveCount]
    two_persons: tuple[Colour, ...]
    expires_days: PositiveCount
    snooze_days: PositiveCount
    snooze_times: PositiveCount

    @model_validator(mode="after")
    def _every_colour(self) -> Flow:
        missing_colours = [c for c in self.COLOURS if c not in self.due_working_days]
        if missing_colours:
            raise ValueError(
                f'no term for "{missing_colours[0]}"; name every colour in due_working_days'
            )
        return self


Departments = tuple[Text, ...]


class Routing(Shape):
    """Which departments are told of an alert of a family (防范联动), and from which colour on."""

    departments: dict[Name, Departments]
    from_colour: Colour

    @property
    def part_keys(self) -> tuple[str, ...]:
        """The families as parts are called, ``x_<family>``."""
        return tuple(f"x_{family}" for family in self.departments)

    def joined(self, parts: Mapping[str, Departments]) -> Routing:
        """This routing with the departments of each field (``x_<field>``), its family."""
        added = {name.removeprefix("x_"): departments for name, departments in parts.items()}
        return self.model_copy(update={"departments": {**self.departments, **added}})


class WhiteList(Shape):
    """White list: nodes of concentrated registration, and groups of enterprises."""

    nodes: tuple[Text, ...]
    codes: tuple[Text, ...]


class Proving(Shape):
    """How a trigger is tried before it is switched on: months back, a night every ``step_days``,
    outcomes within ``horizon_days``; a trial is good for ``valid_days``.
    """

    months: PositiveCount
    step_days: PositiveCount
    horizon_days: PositiveCount
    valid_days: PositiveCount
    confidence: Part
    outcomes: Annotated[tuple[Events, ...], Field(min_length=1)]

    @property
    def days(self) -> int:
        """How far back in days, a month as 365.25/12 days as in feature windows."""
        return int(self.months * 365.25 / 12)


class Retirement(Shape):
    """Terms on which a trigger of low precision is proposed for retirement."""

    verified_at_least: PositiveCount
    precision_surely_below: Part
    confidence: Part


class Picture(Shape):
    """How much of a relation cluster is shown: nodes at most, and which are hubs."""

    through: Annotated[tuple[Name, ...], Field(min_length=1)]
    nodes_at_most: PositiveCount
    hub_above: PositiveCount
