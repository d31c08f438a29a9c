"""Assessment of one record on one day: eligibility, route, earliest day and all texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from xhcredit.domain.calendar import Calendar, add_years
from xhcredit.errors import BadInput, WrongApplicant
from xhcredit.restoration import (
    citizen_texts as words,
)
from xhcredit.restoration import (
    documents as papers,
)
from xhcredit.restoration import (
    legal_review as lawyer,
)
from xhcredit.restoration import (
    periods,
)
from xhcredit.restoration.assessment import Assessment, Condition, Route
from xhcredit.restoration.conditions import conditions
from xhcredit.restoration.law import QUERY, Law
from xhcredit.restoration.periods import Period
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import severity_of, why
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, SeverityName, Shielding


@dataclass(frozen=True)
class Answer:
    """Assessment without texts, as bulk lists need it."""

    severity: SeverityName
    least: Period | None
    most: Period | None
    conditions: tuple[Condition, ...]
    route: Route
    eligible: bool
    earliest_on: date | None

    @property
    def unmet(self) -> tuple[Condition, ...]:
        """The conditions that are not met, in the order of the regulation."""
        return tuple(c for c in self.conditions if not c.met)


def assess(
    record: AdverseRecord,
    *,
    applied_on: date,
    rules: Rulebook,
    applicant: str = "",
    calendar: Calendar | None = None,
) -> Assessment:
    """Assess whether an application to restore ``record`` could succeed on ``applied_on``.

    All conditions are examined, so that an applicant learns at once of everything that is missing.
    Not being eligible is an answer, not an error.  Of a record under several regimes every one must
    agree.

    Args:
        record: the penalty or listing, as known on that day.
        applied_on: day of filing (申请日); the rules of this day apply, and of periods the milder
            of those that the record has met since it was decided.
        rules: the rulebook.
        applicant: unified social credit code of who applies; empty for a mere question.
        calendar: working days; by default those of the rulebook.

    Raises:
        BadInput: the record was decided after ``applied_on``.
        WrongApplicant: the applicant is not the enterprise of the record.
        BeyondCalendar: ``applied_on`` is many years beyond the notices on holidays.
        RuleNotInForce: the rulebook does not reach that day, or restoration is out of service; of a
            spot check: none could be restored yet.
    """
    days = calendar or rules.calendar
    days.refuse_unforeseen("applied_on", applied_on)
    _refuse(record, applied_on, applicant)
    laws = [Law(rules, authority, applied_on) for authority in record.authorities]
    return _joined([_told(record, law, answer(record, law), days) for law in laws])


def _refuse(record: AdverseRecord, applied_on: date, applicant: str) -> None:
    if record.decided_on > applied_on:
        found = f"decided_on {record.decided_on} is after applied_on {applied_on}"
        raise BadInput(f"{found}; nobody can apply before there is a decision: correct one of them")
    if applicant and record.holder and applicant != record.holder:
        found = f'"{applicant}" applies, but the record is of "{record.holder}"'
        raise WrongApplicant(f"{found}; let the holder apply, or correct the code")


def answer(record: AdverseRecord, law: Law) -> Answer:
    """Examine one record under one authority."""
    severity = severity_of(record, law)
    least, most = _terms(record, severity, law)
    found = conditions(record, least, law)
    over = _over(record, most, law)
    if _revoked(record, law):
        return Answer(severity, least, most, (), "takedown", True, record.decision_revoked_on)
    if over:
        return Answer(severity, least, most, (over,), "none", False, None)
    if most and most.way in ("unpublished", "by_itself"):
        return _nothing_to_apply_for(record, severity, (least, most), most)
    earliest = _earliest(record, found, most, law)
    if all(c.met for c in found):
        route: Route = "removal" if record.kind == "abnormal_listing" else "restoration"
        return Answer(severity, least, most, found, route, True, earliest)
    shielded = _shielded_from(record, found, law)
    if shielded:
        return Answer(severity, least, most, (), "shielding", True, shielded)
    return Answer(severity, least, most, found, "none", False, earliest)


def _nothing_to_apply_for(
    record: AdverseRecord, severity: SeverityName, terms: lawyer.Terms, most: Period
) -> Answer:
    """Nothing is published, or publication ends by itself and no application ends it earlier."""
    route: Route = "unpublished" if most.way == "unpublished" else "by_itself"
    told = words.unpublished(record) if route == "unpublished" else words.by_itself(most.day)
    return Answer(severity, *terms, (Condition(most.basis, False, None, told),), route, False, None)


def _terms(
    record: AdverseRecord, severity: SeverityName, law: Law
) -> tuple[Period | None, Period | None]:
    """Shortest and longest publication; the abnormal list and spot checks have neither."""
    if record.kind == "abnormal_listing" or record.kind in SPOT_CHECKS:
        return None, None
    if record.kind == "serious_listing":
        return periods.listing(record, law)
    return periods.minimum(record, severity, law), periods.maximum(record, severity, law)


def _revoked(record: AdverseRecord, law: Law) -> bool:
    """Whether the decision itself fell: then it is taken down, nothing has to be restored."""
    fell = record.decision_revoked_on
    return fell is not None and fell <= law.applied_on and law.has("takedown")


def _over(record: AdverseRecord, most: Period | None, law: Law) -> Condition | None:
    """Publication or query is over by itself: nothing is left to restore."""
    if most and most.day and most.day < law.applied_on and _ends_in_any_case(record, most):
        return Condition(most.basis, False, None, words.ended(most.day))
    last = _queried_until(record, law)
    if last >= law.applied_on:
        return None
    return Condition(law.basis_of(QUERY), False, None, words.expired(last))


def _ends_in_any_case(record: AdverseRecord, most: Period) -> bool:
    """Whether publication ended on its last day: of some penalties it does even if duties are open
    (总局令第45号第13条); of others only if they were performed by then.
    """
    done = record.done_on
    return most.way == "by_itself" or (
        done is not None and most.day is not None and done <= most.day
    )


def _queried_until(record: AdverseRecord, law: Law) -> date:
    """The last day on which the record may be queried: from the end of the conduct, or if that is
    not known from the decision, which cannot be earlier.  Of a listing the event goes on.
    """
    if record.kind != "penalty":
        return date.max
    return add_years(record.conduct_ended_on or record.decided_on, law.query_years())


def _earliest(
    record: AdverseRecord, found: Sequence[Condition], most: Period | None, law: Law
) -> date | None:
    """The day from which all conditions are met; None if one of them cannot name its day, or if
    publication or query will have ended by itself before.
    """
    if any(c.met_from is None and not c.met for c in found):
        return None
    day = max([record.decided_on, *(c.met_from for c in found if c.met_from is not None)])
    done = record.done_on
    ends_before = most and most.day and done and done <= most.day < day
    return None if ends_before or day > _queried_until(record, law) else day


def _shielded_from(record: AdverseRecord, found: Sequence[Condition], law: Law) -> date | None:
    """The day from which a court's approval of a reorganisation shields the record."""
    ruled = record.reorganisation_approved_on
    if ruled is None or ruled > law.applied_on or not law.has("reorganisation"):
        return None
    barred = any(not c.met and c.rule_id.endswith("false_materials") for c in found)
    if barred or not law.value("reorganisation", Shielding).shields:
        return None
    return max(ruled, record.decided_on, law.first_day("reorganisation"))


def _told(record: AdverseRecord, law: Law, found: Answer, calendar: Calendar) -> Assessment:
    """The answer in words, with papers, deadlines and effects."""
    rule_id = law.basis("severity").rule_id
    return Assessment(
        authority=law.authority,
        applied_on=law.applied_on,
        eligible=found.eligible,
        route=found.route,
        earliest_on=found.earliest_on,
        publication_ends_on=found.most.day if found.most else None,
        severity=found.severity,
        severity_by=why(record, found.severity, rule_id),
        conditions=found.conditions,
        summary=papers.summary(found.route, found.eligible, found.earliest_on, law.applied_on),
        materials=papers.materials(record, found.route),
        decides=papers.decides(record, law.authority),
        deadlines=papers.deadlines(record, found.route, law, calendar),
        effects=papers.effects(record, found.route, law),
        lawyer=lawyer.reasons(record, found.route, found.severity, (found.least, found.most), law),
    )


def _joined(parts: Sequence[Assessment]) -> Assessment:
    """One answer of several regimes: all must agree, and the last to end publication counts."""
    first = parts[0]
    if len(parts) == 1:
        return first
    by_rule = {c.rule_id: c for part in parts for c in part.conditions}
    days = [part.earliest_on for part in parts]
    ends = [part.publication_ends_on for part in parts]
    eligible = all(part.eligible for part in parts)
    earliest = max(d for d in days if d) if all(days) else None
    differ = (lawyer.SEVERAL,) if len({(p.eligible, p.earliest_on) for p in parts}) > 1 else ()
    route = next(part.route for part in parts if part.eligible == eligible)
    return replace(
        first,
        eligible=eligible,
        route=route,
        earliest_on=earliest,
        publication_ends_on=max(d for d in ends if d) if all(ends) else None,
        conditions=tuple(by_rule.values()),
        summary=papers.summary(route, eligible, earliest, first.applied_on),
        deadlines=tuple(d for part in parts for d in part.deadlines),
        lawyer=tuple(dict.fromkeys([*differ, *(r for part in parts for r in part.lawyer)])),
    )
