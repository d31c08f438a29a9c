"""Consistency of a rulebook: references between rules; refusals suggest the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches

from xhcredit.errors import BadRule
from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.schemas.alerts import Routing, Trigger
from xhcredit.rules.schemas.common import Caps, Directs, Scope, Weights
from xhcredit.rules.schemas.training import Outcome

ROUTING = "alerts.routing"
WEIGHTS = "scores.weights"
_PACKS, _SCOPE, _OUTCOMES = "packs.", "scope.", "outcomes."
_GENERAL = "general"


def refuse_misfits(rules: Mapping[str, Rule]) -> None:
    """Refuse rules that refer to a rule, pack or score that does not exist.

    Args:
        rules: the whole rulebook by id.

    Raises:
        BadRule: a pack without a switch, or a switch of no pack; an X with a weight but no scope,
            or with a scope but no weight; an outcome of no score; a family of alerts of which
            nobody is told (``alerts.routing``).
    """
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
        weighted = value.x if isinstance(value, Weights) else {}
        for x in weighted:
            if x not in scopes:
                remedy = f'add the rule "{_SCOPE}{x}" or take the weight out'
                raise BadRule(f'rule "{rule.id}": "{x}" has a weight but no scope; {remedy}')
        score = rule.id.removeprefix(_OUTCOMES)
        if isinstance(value, Outcome) and score not in (_GENERAL, *scopes):
            remedy = nearest_hint(score, (_GENERAL, *scopes), f'add the rule "{_SCOPE}{score}"')
            raise BadRule(f'rule "{rule.id}": there is no score "{score}"; {remedy}')


def _refuse_unweighted(rules: Mapping[str, Rule]) -> None:
    """Refuse an X with a scope but without a weight in the composite score."""
    if WEIGHTS not in rules:
        return
    weighted = {x for v in _values(rules[WEIGHTS]) if isinstance(v, Weights) for x in v.x}
    for rule in rules.values():
        x = rule.id.removeprefix(_SCOPE)
        if any(isinstance(v, Scope) for v in _values(rule)) and x not in weighted:
            remedy = nearest_hint(x, weighted, f"add its weight to an entry of {WEIGHTS}")
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
            if family not in known:
                problem = f'{ROUTING} of {since} does not route the family "{family}"'
                remedy = nearest_hint(
                    family, known, "add it there (an empty list: nobody else is told)"
                )
                raise BadRule(f'rule "{rule.id}": {problem}; {remedy}')


def _periods(rule: Rule) -> Iterator[tuple[date, date, Entry]]:
    """First and last day of each entry that is no repeal; without an end, the last of all days."""
    for entry in rule.entries:
        if not entry.repealed:
            yield entry.effective_from, rule.last_day(entry) or date.max, entry
