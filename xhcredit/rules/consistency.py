"""Consistency of a rulebook: references between rules; refusals suggest the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches

from xhcredit.errors import BadRule
from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.schemas.alerts import Routing, Trigger
from xhcredit.rules.schemas.common import Caps, Directs, Scope, Weights, Whole
from xhcredit.rules.schemas.training import Outcome

ROUTING = "alerts.routing"
WEIGHTS = "scores.weights"
TOLERANCE = "tolerance.period"
#: Rules to which each field adds a part of its own, ``<id>.x_<field>``: a reader of the whole gets
#: the parts with it.
WHOLES = (WEIGHTS, "tiers.caps", TOLERANCE, ROUTING, "draws.items", "draws.caps")
_PACKS, _SCOPE, _OUTCOMES = "packs.", "scope.", "outcomes."
_GENERAL = "general"


def refuse_misfits(rules: Mapping[str, Rule]) -> None:
    """Refuse rules that refer to a rule, pack or score that does not exist.

    Args:
        rules: the whole rulebook by id.

    Raises:
        BadRule: a pack without a switch, or a switch of no pack; an X with a weight but no scope,
            or with a scope but no weight; an outcome of no score; a family of alerts of which
            nobody is told (``alerts.routing``); a part of a field that stands in two places.
    """
    for whole in WHOLES:
        _refuse_joined_twice(whole, rules)
    for rule in rules.values():
        _refuse_unswitched(rule, rules)
        _refuse_unscoped(rule, rules)
        _refuse_unrouted(rule, rules)
    _refuse_idle_switches(rules)
    _refuse_unweighted(rules)


def nearest_hint(name: str, names: Iterable[str], otherwise: str) -> str:
    """Suggestion of the nearest existing name ("did you mean").

    >>> nearest_hint("draws.ratois", ["draws.ratios", "draws.plan"], "")
    'did you mean "draws.ratios"?'
    """
    near = get_close_matches(name, sorted(names), n=1)
    return f'did you mean "{near[0]}"?' if near else otherwise


def _values(rule: Rule) -> Iterator[object]:
    return (entry.value for entry in rule.entries if not entry.repealed)


def _packs_of(rule: Rule) -> set[str]:
    """The packs that a rule or an item of it belongs to."""
    items = [item for v in _values(rule) if isinstance(v, Directs | Caps) for item in v.root]
    return {rule.pack, *(item.pack for item in items if item.pack is not None)}


def _refuse_unswitched(rule: Rule, rules: Mapping[str, Rule]) -> None:
    """Every pack that a rule or an item names must have its switch."""
    for pack in sorted(_packs_of(rule)):
        if f"{_PACKS}{pack}" not in rules:
            remedy = f'add the rule "{_PACKS}{pack}" or correct the name'
            raise BadRule(f'rule "{rule.id}": pack "{pack}" has no switch; {remedy}')


def _refuse_idle_switches(rules: Mapping[str, Rule]) -> None:
    """Refuse a pack switch to which no rule belongs."""
    other_rules = [r for r in rules.values() if not r.id.startswith(_PACKS)]
    used_packs = {pack for rule in other_rules for pack in _packs_of(rule)}
    for rule_id in rules:
        pack = rule_id.removeprefix(_PACKS)
        if rule_id.startswith(_PACKS) and other_rules and pack not in used_packs:
            remedy = nearest_hint(pack, used_packs, "delete the file, or name the pack in a rule")
            raise BadRule(f'rule "{rule_id}": no rule belongs to pack "{pack}"; {remedy}')


def _refuse_unscoped(rule: Rule, rules: Mapping[str, Rule]) -> None:
    """Refuse an X with a weight or an outcome but without a scope."""
    # A weight without a scope would never be used, and a scope without a weight would score an
    # X that moves nothing: both look like a working rule.
    scopes = [i.removeprefix(_SCOPE) for i in rules if i.startswith(_SCOPE)]
    for value in _values(rule):
        for x in _weighted(rule, value):
            if x not in scopes:
                remedy = f'add the rule "{_SCOPE}{x}" or take the weight out'
                raise BadRule(f'rule "{rule.id}": "{x}" has a weight but no scope; {remedy}')
        score = rule.id.removeprefix(_OUTCOMES)
        if isinstance(value, Outcome) and score not in (_GENERAL, *scopes):
            remedy = nearest_hint(score, (_GENERAL, *scopes), f'add the rule "{_SCOPE}{score}"')
            raise BadRule(f'rule "{rule.id}": there is no score "{score}"; {remedy}')


def _weighted(rule: Rule, value: object) -> tuple[str, ...]:
    """The X to which a value of a rule gives a weight: the rule of all, or that of one field."""
    if isinstance(value, Weights):
        return tuple(value.x)
    return (rule.id.removeprefix(f"{WEIGHTS}."),) if rule.id.startswith(f"{WEIGHTS}.") else ()


def _refuse_joined_twice(whole_id: str, rules: Mapping[str, Rule]) -> None:
    """Refuse an item of a rule to which fields add that stands in two of them."""
    first_by_key: dict[str, str] = {}
    for rule in rules.values():
        if rule.id != whole_id and not rule.id.startswith(f"{whole_id}."):
            continue
        for key in dict.fromkeys(k for v in _values(rule) for k in _part_keys(rule, v, whole_id)):
            if key in first_by_key:
                problem = f'"{key}" stands also in "{first_by_key[key]}"'
                raise BadRule(f'rule "{rule.id}": {problem}; keep one of the two')
            first_by_key[key] = rule.id


def _part_keys(rule: Rule, value: object, whole_id: str) -> tuple[str, ...]:
    """Keys of the items of a whole, or of a part of it."""
    if isinstance(value, Whole):
        return value.part_keys
    if isinstance(value, Mapping):
        return tuple(value)
    part_name = rule.id.removeprefix(f"{whole_id}.")
    # Two fields may both name an indicator that ends tolerance.
    return () if whole_id == TOLERANCE else (part_name,)


def _refuse_unweighted(rules: Mapping[str, Rule]) -> None:
    """Refuse an X with a scope but without a weight in the composite score."""
    if WEIGHTS not in rules:
        return
    weighted = {x for r in rules.values() for v in _values(r) for x in _weighted(r, v)}
    for rule in rules.values():
        x = rule.id.removeprefix(_SCOPE)
        if any(isinstance(v, Scope) for v in _values(rule)) and x not in weighted:
            remedy = nearest_hint(x, weighted, f'add the rule "{WEIGHTS}.{x}" (weight.yaml)')
            raise BadRule(f'rule "{rule.id}": "{x}" has a scope but no weight; {remedy}')


def _refuse_unrouted(rule: Rule, rules: Mapping[str, Rule]) -> None:
    """Refuse a family of triggers that the routing of the same days does not name."""
    for first, last, entry in _periods(rule):
        if not isinstance(entry.value, Trigger):
            continue
        family = entry.value.family
        if ROUTING not in rules:
            raise BadRule(f'rule "{rule.id}": nobody is told; add the rule "{ROUTING}"')
        for since, until, routing in _periods(rules[ROUTING]):
            # Entries are compared only where their days overlap: an old routing need not know a
            # newer family.
            if since > last or until < first or not isinstance(routing.value, Routing):
                continue
            known = routing.value.departments
            if family not in known and not _field_routes(
                family, rules, max(first, since), min(last, until)
            ):
                problem = f'{ROUTING} of {since} does not route the family "{family}"'
                remedy = nearest_hint(
                    family,
                    (*known, *_routed_fields(rules)),
                    f'add it there, or as the rule "{ROUTING}.x_{family}" (routing.yaml of the '
                    "field; an empty list: nobody else is told)",
                )
                raise BadRule(f'rule "{rule.id}": {problem}; {remedy}')


def _routed_fields(rules: Mapping[str, Rule]) -> list[str]:
    """The families that fields route by a file of their own."""
    prefix = f"{ROUTING}.x_"
    return [rule_id.removeprefix(prefix) for rule_id in rules if rule_id.startswith(prefix)]


def _field_routes(family: str, rules: Mapping[str, Rule], first: date, last: date) -> bool:
    """Whether a field routes a family of its name on all days from ``first`` to ``last``."""
    rule = rules.get(f"{ROUTING}.x_{family}")
    routed = [(since, until) for since, until, _ in _periods(rule)] if rule else []
    return any(since <= first for since, _ in routed) and any(until >= last for _, until in routed)


def _periods(rule: Rule) -> Iterator[tuple[date, date, Entry]]:
    """First and last day of each entry that is no repeal; without an end, the last of all days."""
    for entry in rule.entries:
        if not entry.repealed:
            yield entry.effective_from, rule.last_day(entry) or date.max, entry
