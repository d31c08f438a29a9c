"""Restoration rules in force for an authority on a day; the only place of their ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar, cast

from xhcredit.errors import RuleNotInForce
from xhcredit.restoration.assessment import Basis
from xhcredit.restoration.record import Authority
from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import (
    ByLevel,
    ConflictRule,
    FineBounds,
    RequiredCondition,
    SeverityName,
)

_Value = TypeVar("_Value")
_Cached = TypeVar("_Cached")

PACK = "restoration"
QUERY = "query.negative_years"
# The conflict rules hold no period: each says which of two texts prevails, from which day, so
# that a lawyer's answer is a change of data with its own source.
NEVER_EARLY = "restoration.conflicts.never_early"
SHANGHAI = "restoration.conflicts.shanghai"
SAMR_CLOCK = "restoration.conflicts.samr_clock"
HOLDER_KIND = "restoration.conflicts.holder_kind"
SPOT_CHECK = "restoration.samr.spot_check"
SUMMARY_PROCEDURE = "restoration.national.summary_procedure"
TRANSITION = "restoration.conflicts.transition"

#: rules of each authority by what they are about; what an authority does not rule on is left out
RULES: dict[Authority, dict[str, str]] = {
    "ndrc": {
        "minimum": "restoration.ndrc.minimum_publication",
        "maximum": "restoration.ndrc.maximum_publication",
        "severity": "restoration.ndrc.severity",
        "duties": "restoration.ndrc.duties_done",
        "pledge": "restoration.ndrc.pledge",
        "false_materials": "restoration.ndrc.false_materials",
        "reorganisation": "restoration.ndrc.reorganisation",
        "time_limits": "restoration.ndrc.time_limits",
        "takedown": "restoration.national.takedown",
        "abnormal_list": "restoration.samr.abnormal_list",
        "serious_list": "restoration.samr.serious_list",
    },
    "samr": {
        "minimum": "restoration.samr.minimum_publication",
        "maximum": "restoration.samr.maximum_publication",
        "severity": "restoration.samr.severity",
        "small_fine": "restoration.samr.small_fine",
        "duties": "restoration.samr.duties_done",
        "harm_removed": "restoration.samr.harm_removed",
        "no_same_kind": "restoration.samr.no_same_kind",
        "not_listed": "restoration.samr.not_listed",
        "never_early": "restoration.samr.never_early",
        "pledge": "restoration.samr.pledge",
        "false_materials": "restoration.samr.false_materials",
        "reorganisation": "restoration.samr.reorganisation",
        "time_limits": "restoration.samr.time_limits",
        "takedown": "restoration.samr.takedown",
        "abnormal_list": "restoration.samr.abnormal_list",
        "serious_list": "restoration.samr.serious_list",
        # Only market supervision restores spot checks, and only since Order 107 (2025-12-25).
        "spot_check": SPOT_CHECK,
    },
    "shanghai": {
        "minimum": "restoration.shanghai.minimum_publication",
        "maximum": "restoration.shanghai.maximum_publication",
        "severity": "restoration.ndrc.severity",
        "duties": "restoration.shanghai.duties_done",
        "pledge": "restoration.shanghai.pledge",
        "false_materials": "restoration.ndrc.false_materials",
        "reorganisation": "restoration.ndrc.reorganisation",
        "time_limits": "restoration.shanghai.time_limits",
        # The city's platform applies the national limits (国办发〔2025〕22号) where its own
        # text is silent.
        "national_limits": "restoration.ndrc.time_limits",
        "takedown": "restoration.shanghai.takedown",
        "abnormal_list": "restoration.samr.abnormal_list",
        "serious_list": "restoration.samr.serious_list",
    },
}


@dataclass(frozen=True)
class Span:
    """An entry of a rule and the days on which it decides; ``until`` None has no known end."""

    rule: Rule
    entry: Entry
    since: date
    until: date | None
    basis: Basis


@dataclass(frozen=True)
class Law:
    """The rules of one authority as they stand on the day of application."""

    rules: Rulebook
    authority: Authority
    applied_on: date
    _cache: dict[tuple[str, ...], object] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a day on which the pack is out of service."""
        # Every pack can be stopped from a day on: local schemes are being cleared, and the stop
        # may come at short notice from above.
        if not self.rules.in_service(PACK, self.applied_on):
            problem = f"the rule pack {PACK} is out of service on {self.applied_on}"
            raise RuleNotInForce(f"{problem}; ask for an earlier day, or see packs.{PACK} for why")

    def has(self, topic: str) -> bool:
        """Whether this authority rules on it on this day."""
        return self._cached(("has", topic), lambda: self._is_in_force(topic))

    def _is_in_force(self, topic: str) -> bool:
        rule_id = RULES[self.authority].get(topic)
        if rule_id is None:
            return False
        try:
            self.rules.rule(rule_id).on(self.applied_on)
        except RuleNotInForce:
            return False
        return True

    def _cached(self, key: tuple[str, ...], compute: Callable[[], _Cached]) -> _Cached:
        """A look-up that is done once: a list of a district asks the same of every record."""
        if key not in self._cache:
            self._cache[key] = compute()
        return cast(_Cached, self._cache[key])  # of this key, hence of this type

    def value(self, topic: str, value_type: type[_Value]) -> _Value:
        """The value in force.

        Raises:
            RuleNotInForce: the authority had no such rule on that day.
        """
        return self._cached(("value", topic), lambda: self._value(topic, value_type))

    def _value(self, topic: str, value_type: type[_Value]) -> _Value:
        rule_id = RULES[self.authority][topic]
        return self.rules.value(rule_id, value_type, applied_on=self.applied_on)

    def basis(self, topic: str) -> Basis:
        """Basis of the rule in force, to be cited with its decision."""
        rule_basis: Basis = self._cached(
            ("basis", topic), lambda: self.basis_of(RULES[self.authority][topic])
        )
        return rule_basis

    def basis_of(self, rule_id: str) -> Basis:
        """A rule in force by its id, whoever made it."""
        rule = self.rules.rule(rule_id)
        return entry_basis(rule, rule.on(self.applied_on))

    def asks(self, topic: str) -> bool:
        """Whether this authority demands it on this day."""
        return self.has(topic) and self.value(topic, RequiredCondition).required

    def query_years(self) -> int:
        """For how many years adverse information may be queried."""
        years: int = self._cached(
            # Selected by the day of the question, not of the application: query is a clock of
            # its own.
            ("query",),
            lambda: self.rules.value(QUERY, int, as_of=self.applied_on),
        )
        return years

    def first_day(self, topic: str) -> date:
        """The first day on which the authority ruled on it at all."""
        return self.rules.rule(RULES[self.authority][topic]).entries[0].effective_from

    def conflict(self, rule_id: str) -> ConflictRule:
        """Which of two rules prevails on this day.

        Raises:
            RuleNotInForce: they were not yet in conflict.
        """
        prevailing: ConflictRule = self._cached(
            (rule_id,), lambda: self.rules.value(rule_id, ConflictRule, applied_on=self.applied_on)
        )
        return prevailing

    def levels(self) -> ByLevel:
        """Whether the national or Shanghai's own periods prevail on this day.

        Raises:
            RuleNotInForce: they were not yet in conflict.
        """
        return self.rules.value(SHANGHAI, ByLevel, applied_on=self.applied_on)

    def clocks_conflict_since(self) -> date | None:
        """Since when market supervision's clock (公示之日) and the national one (认定之日) differ.

        None: under another authority, or not yet.
        """
        # Under the other authorities every rule counts from the day of the decision: one clock,
        # no conflict.
        if self.authority != "samr":
            return None
        conflict_spans = spans_of(self.rules.rule(SAMR_CLOCK), self.applied_on)
        return conflict_spans[0].since if conflict_spans else None

    def small_fines(self, decided_on: date) -> FineBounds | None:
        """The bounds of small fines for decisions of a day; None where no standard is in force."""
        rule_id = RULES[self.authority].get("small_fine")
        return None if rule_id is None else self._bounds(rule_id, decided_on)

    def summary_fines(self, decided_on: date) -> FineBounds | None:
        """Bounds of fines by summary procedure for decisions of a day; None if unknown."""
        return self._bounds(SUMMARY_PROCEDURE, decided_on)

    def _bounds(self, rule_id: str, decided_on: date) -> FineBounds | None:
        try:
            # By the day of the decision: 沪市监规范〔2022〕0008号 measures what was imposed
            # while it was in force, and ends on 2027-06-30.
            return self.rules.value(rule_id, FineBounds, decided_on=decided_on)
        except RuleNotInForce:
            return None

    def small_fines_since(self) -> date | None:
        """The first day of the first standard of small fines; None if the authority has none."""
        return self.first_day("small_fine") if "small_fine" in RULES[self.authority] else None

    def small_fines_until(self) -> date | None:
        """The last day of the last standard of small fines; None if there is none or no end."""
        rule_id = RULES[self.authority].get("small_fine")
        if rule_id is None:
            return None
        rule = self.rules.rule(rule_id)
        return rule.last_day(rule.entries[-1])

    def spans(self, topic: str, severity: SeverityName, field: str, decided_on: date) -> list[Span]:
        """All entries that were in force from the decision to the application, oldest first.

        What the law of a later day says is not in it, so that an answer depends only on what was
        in force on its day.

        Raises:
            RuleNotInForce: nothing rules on it on the day of application.
        """
        special = "" if severity == "minor" else field  # no field has its own rule for minor ones
        known: list[Span] = self._cached(
            ("spans", topic, special), lambda: self._deciding_spans(topic, special)
        )
        return [s for s in known if s.until is None or s.until >= decided_on]

    def _deciding_spans(self, topic: str, field: str) -> list[Span]:
        """Entries of the own rule, and for Shanghai of the national one where that prevails."""
        own_spans = spans_of(self.rules.rule(RULES[self.authority][topic]), self.applied_on)
        # Whose silence counts: where the national periods prevail, the missing rule is the
        # national one.
        last: Authority = "ndrc" if self.authority == "shanghai" else self.authority
        if self.authority == "shanghai":
            national = spans_of(self.rules.rule(RULES["ndrc"][topic]), self.applied_on)
            conflicts = spans_of(self.rules.rule(SHANGHAI), self.applied_on)
            # Each stretch between two answers of the conflict rule takes its own text: national
            # until 2024-10-31, the city's arts 65 and 67 after, national again since Order 36
            # but for five fields.
            own_spans = [
                part
                for c in conflicts
                for span in (own_spans if _is_local(c.entry.value, field) else national)
                if (part := _intersection(span, c)) is not None
            ]
            last = "shanghai" if conflicts and _is_local(conflicts[-1].entry.value, field) else last
        if not any(span.until is None or span.until >= self.applied_on for span in own_spans):
            # Called for its RuleNotInForce, which names the rule and its days better than this
            # place could.
            self.rules.rule(RULES[last][topic]).on(self.applied_on)
        return own_spans


def _is_local(value: ByLevel, field: str) -> bool:
    return value.prevails == "local" or field in value.fields


def spans_of(rule: Rule, day: date) -> list[Span]:
    """A rule's entries begun by ``day``, with the days on which each is in force; no repeals."""
    return [
        Span(rule, e, e.effective_from, rule.last_day(e), entry_basis(rule, e))
        for e in rule.entries
        if not e.repealed and e.effective_from <= day
    ]


def _intersection(span: Span, frame: Span) -> Span | None:
    """The part of a span that lies in another; None if there is none."""
    since = max(span.since, frame.since)
    ends = [day for day in (span.until, frame.until) if day is not None]
    until = min(ends) if ends else None
    return None if until is not None and until < since else replace(span, since=since, until=until)


def entry_basis(rule: Rule, entry: Entry) -> Basis:
    """Legal basis made of a rule's entry."""
    source = entry.source
    return Basis(rule.id, source.title, source.article, entry.verification, entry.effective_from)
