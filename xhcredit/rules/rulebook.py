"""Rulebook: all rules, their digest, look-up by day, service state of each pack."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import rfc8785

from xhcredit.domain.calendar import Calendar
from xhcredit.errors import BadRule, RuleNotInForce
from xhcredit.rules.consistency import WHOLES, refuse_misfits
from xhcredit.rules.district import with_district, with_file
from xhcredit.rules.field_loader import district_fields, shipped_fields
from xhcredit.rules.loader import load_shipped
from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.schemas.common import (
    Cap,
    Caps,
    Direct,
    Directs,
    FeatureCondition,
    PackState,
    Scope,
)
from xhcredit.rules.schemas.fields import SupervisedField
from xhcredit.rules.working_days import calendar_from, missing_notice, refuse_contradictions

_Value = TypeVar("_Value")
_Item = TypeVar("_Item", bound=FeatureCondition)


@dataclass(frozen=True)
class RuleInForce:
    """A rule, its entry of a day, and whether its pack was in service on that day."""

    rule: Rule
    entry: Entry
    in_service: bool


@dataclass(frozen=True)
class Rulebook:
    """All rules by id, and the supervised fields in the order in which they show.

    It never changes, and ``digest`` names exactly what it says.
    """

    rules: Mapping[str, Rule]
    fields: tuple[SupervisedField, ...] = ()

    @classmethod
    def load(cls, extra: Path | None = None) -> Rulebook:
        """Return the shipped rulebook, with a district's own entries from ``extra`` if given.

        Whether rules and fields name indicators that exist is asked where those are declared:
        ``xhcredit.scores.rulebook.load_rulebook``.

        Raises:
            BadRule: a file is refused, rewrites a shipped entry, or rules do not fit together.
        """
        shipped = load_shipped()
        if extra is None:
            return cls.of(shipped.values(), shipped_fields())
        fields, rules = district_fields(extra), with_district(shipped, extra)
        try:
            return cls.of(rules.values(), fields)
        except BadRule as error:
            raise BadRule(with_file(str(error), extra)) from None

    @classmethod
    def of(cls, rules: Iterable[Rule], fields: Iterable[SupervisedField] = ()) -> Rulebook:
        """Return a rulebook of these rules and fields.

        Raises:
            BadRule: rules do not fit together (``fitting.refuse_misfits``).
        """
        by_id = {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}
        refuse_misfits(by_id)
        refuse_contradictions(by_id)
        # Read-only, since the digest is computed once and stored with every decision.
        return cls(MappingProxyType(by_id), tuple(fields))

    def replaced(self, *rules: Rule) -> Rulebook:
        """The rulebook with other rules in place of those with the same ids."""
        return Rulebook({**self.rules, **{rule.id: rule for rule in rules}}, self.fields)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON (RFC 8785) of all rules and fields, in hex."""
        parts = [rule.as_data() for rule in self.rules.values()]
        parts += [field.model_dump(mode="json") for field in self.fields]
        return hashlib.sha256(rfc8785.dumps(parts)).hexdigest()

    def field(self, score: str) -> SupervisedField | None:
        """The supervised field of a score; None for the general one and for unknown ones."""
        return next((field for field in self.fields if field.score == score), None)

    @cached_property
    def calendar(self) -> Calendar:
        """Working days: by the notices of ``calendar.years.*``, provisional beyond the last.

        Raises:
            BadRule: the rulebook holds no notice.
        """
        return calendar_from(self.rules)

    def missing_notice(self, day: date) -> int | None:
        """The year whose notice on holidays should have been added by ``day``; None if none."""
        return missing_notice(self.rules, day)

    def rule(self, rule_id: str) -> Rule:
        """Return a rule by id.

        Raises:
            BadRule: there is none; the message names the nearest ids.
        """
        if rule_id in self.rules:
            return self.rules[rule_id]
        near = get_close_matches(rule_id, self.rules, n=3, cutoff=0.5)
        remedy = f"did you mean {' or '.join(near)}?" if near else "see: xhcredit rules show"
        raise BadRule(f'no rule "{rule_id}" in the rulebook; {remedy}')

    def entry(self, rule_id: str, **day: date) -> Entry:
        """Return the entry of a rule in force on a day, as in ``entry(id, as_of=day)``.

        The keyword is the day by which the rule's law is chosen (its ``selected_by``).  Whether
        its pack is in service is not asked here but of ``in_service``.

        Raises:
            BadRule: no such rule, or another day was named than the one that selects its entry.
            RuleNotInForce: nothing was in force on that day.
        """
        rule = self.rule(rule_id)
        # The day that picks the law is part of the rule: publication goes by application, fines
        # by decision; asked with the wrong one the answer would be right on most days.
        if list(day) != [rule.selected_by]:
            day_names = " and ".join(f'"{name}"' for name in day) or "no day"
            problem = (
                f'rule "{rule_id}" is selected by "{rule.selected_by}", asked with {day_names}'
            )
            raise BadRule(f"{problem}; ask entry({rule_id!r}, {rule.selected_by}=day)")
        return rule.on(day[rule.selected_by])

    def value(self, rule_id: str, shape: type[_Value], **day: date) -> _Value:
        """Return the value in force on a day as its declared shape (``Cutoffs``, ``int`` ...).

        To a rule of ``families.WHOLES`` the parts that fields add to it are joined.

        Raises:
            BadRule: as ``entry``, or the rule's values have another shape.
            RuleNotInForce: nothing was in force on that day.
        """
        value = self.entry(rule_id, **day).value
        if rule_id in WHOLES:
            value = value.joined(self._parts(rule_id, *day.values()))
        if not isinstance(value, shape):
            problem = f'the value of rule "{rule_id}" is a {type(value).__name__}'
            raise BadRule(f"{problem}, not a {shape.__name__}; ask for the shape of its family")
        return value

    def _parts(self, rule_id: str, day: date) -> dict[str, Any]:
        """What fields add to a rule on a day, by ``x_<field>``, in the order of the fields."""
        prefix = f"{rule_id}."
        order = [field.score for field in self.fields]
        added = [i.removeprefix(prefix) for i in self.rules if i.startswith(prefix)]
        parts = {}
        for name in sorted(added, key=lambda x: order.index(x) if x in order else len(order)):
            rule = self.rules[f"{prefix}{name}"]
            # A part goes out of service with its own pack: the switch of an X takes its weight and
            # its caps along, and leaves what the inspectors work by.
            if rule.applies(day) and self._serves(rule.pack, day):
                parts[name] = rule.on(day).value
        return parts

    def serving(self, rule_id: str, shape: type[_Value], *, as_of: date) -> _Value:
        """Return a value as ``value`` does, if the rule's pack is in service on that day.

        Raises:
            BadRule, RuleNotInForce: as ``value``; and RuleNotInForce if the pack is switched off.
        """
        pack = self.rule(rule_id).pack
        # The switch is asked before the value: while a pack is stopped not even its number may
        # be used.
        state = self.value(f"packs.{pack}", PackState, as_of=as_of)
        if not state.in_service:
            problem = f'rule "{rule_id}" is out of service on {as_of} with its pack "{pack}"'
            raise RuleNotInForce(
                f"{problem}: {state.why}; choose an earlier day, or see packs.{pack}"
            )
        return self.value(rule_id, shape, as_of=as_of)

    def serving_family(self, prefix: str, shape: type[_Value], *, as_of: date) -> dict[str, _Value]:
        """Values of all rules whose id begins with ``prefix``, by the rest of their id.

        Rules that are not in force on that day, or whose pack is out of service, are left out:
        a family may be empty on a day.
        """
        return {
            current.rule.id.removeprefix(prefix): current.entry.value
            for current in self.in_force(as_of)
            if current.rule.id.startswith(prefix)
            and current.in_service
            and isinstance(current.entry.value, shape)
        }

    def in_service(self, pack: str, day: date) -> bool:
        """Whether a rule pack is in service on ``day`` (the kill switch, ``packs.<pack>``).

        Raises:
            BadRule: there is no such pack.
            RuleNotInForce: the pack did not exist yet on ``day``.
        """
        return self.value(f"packs.{pack}", PackState, as_of=day).in_service

    def packs(self) -> tuple[str, ...]:
        """Names of all packs, in order."""
        return tuple(i.removeprefix("packs.") for i in self.rules if i.startswith("packs."))

    def in_force(self, day: date) -> tuple[RuleInForce, ...]:
        """Everything in force on ``day``, in order of id, packs out of service marked so.

        ``day`` is taken for whichever day a rule is selected by.
        """
        entries = []
        for rule in self.rules.values():
            try:
                entry = rule.on(day)
            except RuleNotInForce:
                continue
            entries.append(RuleInForce(rule, entry, self._serves(rule.pack, day)))
        return tuple(entries)

    def directs(self, *, as_of: date) -> tuple[Direct, ...]:
        """Direct assignments (直接判定) of a day, those of packs out of service left out.

        Raises:
            RuleNotInForce: there was no rule about them on that day.
        """
        items = self.value("tiers.direct", Directs, as_of=as_of).root
        return self._serving("tiers.direct", items, as_of)

    def caps(self, rule_id: str, *, as_of: date) -> tuple[Cap, ...]:
        """Caps of a day (``tiers.caps`` or ``scores.x_caps``), without packs out of service.

        Raises:
            RuleNotInForce: there was no rule about them on that day.
        """
        items = self.value(rule_id, Caps, as_of=as_of).root
        return self._serving(rule_id, items, as_of)

    def scopes(self, *, as_of: date) -> dict[str, Scope]:
        """The X that exist on a day, by name: scope in force and pack in service."""
        return {
            current.rule.id.removeprefix("scope."): current.entry.value
            for current in self.in_force(as_of)
            if isinstance(current.entry.value, Scope) and current.in_service
        }

    def _serving(self, rule_id: str, items: tuple[_Item, ...], day: date) -> tuple[_Item, ...]:
        """The items of a list rule whose packs, the rule's and their own, are in service."""
        pack = self.rule(rule_id).pack
        # An item has a switch besides its rule's, so that stopping an X also stops its caps.
        return tuple(i for i in items if self._serves(pack, day) and self._serves(i.pack, day))

    def _serves(self, pack: str | None, day: date) -> bool:
        """Whether a pack is in service; before its first day it is not."""
        try:
            return pack is None or self.in_service(pack, day)
        except RuleNotInForce:
            return False
