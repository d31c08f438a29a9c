"""Inspection plan (年度抽查计划): its schema and its check against the rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xhcredit.domain.calendar import add_months
from xhcredit.draws.numerics import LONGEST_TEXT
from xhcredit.draws.selection import STRATIFIED
from xhcredit.errors import BadPlan
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Item, Items, PlanTerms, Ratios

Id = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00-\x1f]*$")]
Rate = Annotated[str, Field(pattern=r"^(0(\.[0-9]{1,12})?|1(\.0{1,12})?)$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(_Part):
    """From the first to the last day, both included."""

    first: date
    last: date


class Scope(_Part):
    """Enterprises to be drawn from; a field left out does not narrow the scope."""

    x: str | None = None
    streets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Plan(_Part):
    """A plan as it is filed; ``ratios`` are long-run shares of a tier per round, decimal texts.

    ``spare_trusted`` leaves out who is checked remotely first (无感监管); then nothing is
    learned of them.  ``pause_rounds`` is T: nobody is drawn twice within T rounds of the plan.
    ``round_months`` is the length of a round: with it, inspections from before the plan's first
    draw put into a pause as well; without, the plan begins with nobody in a pause.
    ``qualification`` is what the lead inspector holds, ``published_on`` the day of publication.
    """

    id: Id
    bureau: Text
    title: Text
    kind: Literal["annual", "special"]
    period: Period
    fields: Annotated[tuple[str, ...], Field(min_length=1)]
    items: Annotated[tuple[str, ...], Field(min_length=1)]
    scope: Scope = Scope()
    ratios: dict[Literal["A", "B", "C", "D"], Rate]
    design: Literal["stratified", "individual"] = "stratified"
    calibrated: bool = False
    by_street: bool = False
    spare_trusted: bool = False
    places: int
    qualification: Text
    pause_rounds: Annotated[int, Field(ge=1)]
    round_months: Annotated[int | None, Field(ge=1, exclude_if=lambda v: v is None)] = None
    published_on: date
    filed_no: Text
    seed_source: Text
    seed_due: date

    @property
    def by_tier(self) -> dict[str, str]:
        """Long-run ratio of each tier."""
        return {str(tier): ratio for tier, ratio in self.ratios.items()}


def read_plan(document: Mapping[str, object], rules: Rulebook, day: date) -> Plan:
    """Read a plan and check it against the rules of the day on which it is filed.

    Raises:
        BadPlan: with what is wrong, and the rule that says so.
    """
    try:
        plan = Plan.model_validate(dict(document))
    except ValidationError as error:
        first = error.errors()[0]
        location = ".".join(map(str, first["loc"])) or "the plan"
        raise BadPlan(f"{location}: {first['msg']}; see data/sample/draw/plan.yaml") from None
    for problem in (
        _ratios(plan, rules.serving("draws.ratios", Ratios, as_of=day)),
        _items(plan, rules.serving("draws.items", Items, as_of=day).root),
        _terms(plan, rules.serving("draws.plan", PlanTerms, as_of=day)),
    ):
        if problem:
            raise BadPlan(f'plan "{plan.id}": {problem}')
    return plan


def _ratios(plan: Plan, bounds: Ratios) -> str:
    missing = [t for t in type(bounds).model_fields if t not in plan.ratios]
    if missing:
        return f"no ratio for tier {', '.join(missing)}; give one for each (draws.ratios)"
    for tier, ratio in plan.ratios.items():
        bound = getattr(bounds, tier)
        if not float(bound.at_least) <= float(ratio) <= float(bound.at_most):
            within = f"{bound.at_least} … {bound.at_most}"
            return f"ratio {ratio} of tier {tier} is not within {within} (draws.ratios)"
    ordered = [float(plan.ratios[t]) for t in sorted(plan.ratios)]
    # 上海市优化营商环境条例 art 70 ties the chance of being drawn to credit and risk; odds that
    # fall with the risk would turn it round.
    if any(safer > riskier for safer, riskier in pairwise(ordered)):
        return "a safer tier is drawn with higher odds than a riskier one (draws.ratios)"
    return ""


def _items(plan: Plan, items: Mapping[str, Item]) -> str:
    # Items that are not filed with the city must not be inspected (两库两清单, V2).
    unknown = [i for i in plan.items if i not in items]
    if unknown:
        return (
            f'item "{unknown[0]}" is not in the item base and must not be inspected (draws.items)'
        )
    outside = [i for i in plan.items if items[i].field not in plan.fields]
    if outside:
        return (
            f'item "{outside[0]}" is of field {items[outside[0]].field}, not of the plan\'s fields'
        )
    if plan.qualification not in {items[i].qualification for i in plan.items}:
        qualifications = ", ".join(sorted({items[i].qualification for i in plan.items}))
        return f'the lead needs one of {qualifications}, not "{plan.qualification}" (draws.items)'
    return ""


def _terms(plan: Plan, terms: PlanTerms) -> str:
    if plan.design != STRATIFIED and plan.pause_rounds > 1:
        # a row's odds are above 0, so who is in a pause could not stand in the frame and see why
        # it was not drawn; and only a legal yearly cap is a plain exclusion (the protocol)
        return (
            "individual odds are above 0, so nobody can be in a pause; set pause_rounds to 1, or "
            "use the stratified design, in which the paused have strata of their own"
        )
    # 行政处罚法 art 42: two inspectors at least.
    if plan.places < terms.places:
        return f"{plan.places} inspectors per visit; {terms.places} at least (draws.plan)"
    if plan.period.first > plan.period.last:
        return f"the period ends {plan.period.last} before it begins {plan.period.first}"
    # 上海市优化营商环境条例 art 62: the yearly plan is published by the end of March; a special
    # one within a month, since the fourth amendment of 2026-01-01.
    if plan.kind == "annual":
        due = date(plan.period.first.year, terms.annual_month, terms.annual_day)
    else:
        due = add_months(plan.period.first, terms.special_months)
    if plan.published_on > due:
        return f"published on {plan.published_on}, due by {due} (draws.plan)"
    return ""
