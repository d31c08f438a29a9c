"""Assessment of one record on one day: eligibility, route, earliest day and all texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from xhcredit.domain.calendar import Calendar, add_years
from xhcredit.errors import BadInput, WrongApplicant
from xhcredit.restoration import (
    citizen_texts,
    documents,
    legal_review,
    periods,
)
from xhcredit.restoration.assessment import Assessment, Condition, Route
from xhcredit.restoration.conditions import conditions
from xhcredit.restoration.law import QUERY, Law
from xhcredit.restoration.periods import Period
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import severity_of, severity_reason
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
    # A filing day far beyond the State Council's notices would get deadlines without any
    # swapped day in them; an answer that looks exact and is not is refused instead.
    days.refuse_unforeseen("applied_on", applied_on)
    _refuse_input(record, applied_on, applicant)
    laws = [Law(rules, authority, applied_on) for authority in record.authorities]
    return _strictest([_assessment(record, law, examine_record(record, law), days) for law in laws])


def _refuse_input(record: AdverseRecord, applied_on: date, applicant: str) -> None:
    if record.decided_on > applied_on:
        problem = f"decided_on {record.decided_on} is after applied_on {applied_on}"
        raise BadInput(
            f"{problem}; nobody can apply before there is a decision: correct one of them"
        )
    # Only the enterprise itself may ask (the repair is its right, Order 36 art 2); a mere
    # question carries no applicant, and a record typed in by hand no holder.
    if applicant and record.holder and applicant != record.holder:
        problem = f'"{applicant}" applies, but the record is of "{record.holder}"'
        raise WrongApplicant(f"{problem}; let the holder apply, or correct the code")


def examine_record(record: AdverseRecord, law: Law) -> Answer:
    """Examine one record under one authority."""
    severity = severity_of(record, law)
    least, most = _terms(record, severity, law)
    condition_list = conditions(record, least, law)
    expiry = _expiry(record, most, law)
    # Before everything else: 行政处罚法 art 48 takes a fallen decision down by itself, and a
    # citizen sent to apply for its restoration would wait for nothing.
    if _revoked(record, law):
        return Answer(severity, least, most, (), "takedown", True, record.decision_revoked_on)
    # What has ended by time (Order 36: at the longest period it ends by itself) is not
    # restored; an application for it would be refused for want of a subject.
    if expiry:
        return Answer(severity, least, most, (expiry,), "none", False, None)
    # "Eligible" would be the wrong word: Order 45 art 2 publishes no warning and no summary
    # procedure, and minor ones of Order 107 end after three months without an application.
    if most and most.way in ("unpublished", "by_itself"):
        return _nothing_to_apply_for(record, severity, (least, most), most)
    earliest = _earliest(record, condition_list, most, law)
    if all(c.met for c in condition_list):
        route: Route = "removal" if record.kind == "abnormal_listing" else "restoration"
        return Answer(severity, least, most, condition_list, route, True, earliest)
    # Shielding comes last: 国办发〔2025〕22号 gives it only for the time until a reorganisation
    # plan is carried out, so full restoration is the better answer wherever it is open.
    shielded_on = _shielded_from(record, condition_list, law)
    if shielded_on:
        return Answer(severity, least, most, (), "shielding", True, shielded_on)
    return Answer(severity, least, most, condition_list, "none", False, earliest)


def _nothing_to_apply_for(
    record: AdverseRecord, severity: SeverityName, terms: legal_review.Terms, most: Period
) -> Answer:
    """Nothing is published, or publication ends by itself and no application ends it earlier."""
    route: Route = "unpublished" if most.way == "unpublished" else "by_itself"
    reason_text = (
        citizen_texts.unpublished_text(record)
        if route == "unpublished"
        else citizen_texts.by_itself_text(most.day)
    )
    return Answer(
        severity, *terms, (Condition(most.basis, False, None, reason_text),), route, False, None
    )


def _terms(
    record: AdverseRecord, severity: SeverityName, law: Law
) -> tuple[Period | None, Period | None]:
    """Shortest and longest publication; the abnormal list and spot checks have neither."""
    # The abnormal list is no punishment: four grounds, and off once corrected, without a term.
    if record.kind == "abnormal_listing" or record.kind in SPOT_CHECKS:
        return None, None
    if record.kind == "serious_listing":
        return periods.listing(record, law)
    return periods.minimum(record, severity, law), periods.maximum(record, severity, law)


def _revoked(record: AdverseRecord, law: Law) -> bool:
    """Whether the decision itself fell: then it is taken down, nothing has to be restored."""
    revoked_on = record.decision_revoked_on
    return revoked_on is not None and revoked_on <= law.applied_on and law.has("takedown")


def _expiry(record: AdverseRecord, most: Period | None, law: Law) -> Condition | None:
    """Publication or query is over by itself: nothing is left to restore."""
    if most and most.day and most.day < law.applied_on and _ends_in_any_case(record, most):
        return Condition(most.basis, False, None, citizen_texts.ended_text(most.day))
    # Two clocks that are never merged: publication, and the five years of query from the end of
    # the conduct (上海市社会信用条例 art 35).
    last = _queried_until(record, law)
    if last >= law.applied_on:
        return None
    return Condition(law.basis_of(QUERY), False, None, citizen_texts.expired_text(last))


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
    # The conduct cannot have ended after the decision: with the decision's day in its place
    # nothing is called expired too early.
    return add_years(record.conduct_ended_on or record.decided_on, law.query_years())


def _earliest(
    record: AdverseRecord, condition_list: Sequence[Condition], most: Period | None, law: Law
) -> date | None:
    """The day from which all conditions are met; None if one of them cannot name its day, or if
    publication or query will have ended by itself before.
    """
    if any(c.met_from is None and not c.met for c in condition_list):
        return None
    day = max([record.decided_on, *(c.met_from for c in condition_list if c.met_from is not None)])
    done = record.done_on
    # A day that lies after the end of publication is no hope: naming it would send somebody to
    # apply for what has come down by itself by then.
    ends_before = most and most.day and done and done <= most.day < day
    return None if ends_before or day > _queried_until(record, law) else day


def _shielded_from(
    record: AdverseRecord, condition_list: Sequence[Condition], law: Law
) -> date | None:
    """The day from which a court's approval of a reorganisation shields the record."""
    ruled = record.reorganisation_approved_on
    if ruled is None or ruled > law.applied_on or not law.has("reorganisation"):
        return None
    # Shielding is a way round duties that are still open, not round the bar that follows false
    # materials.
    barred = any(not c.met and c.rule_id.endswith("false_materials") for c in condition_list)
    if barred or not law.value("reorganisation", Shielding).shields:
        return None
    # A ruling older than the first rule on shielding shields only from that rule's day.
    return max(ruled, record.decided_on, law.first_day("reorganisation"))


def _assessment(
    record: AdverseRecord, law: Law, bare_answer: Answer, calendar: Calendar
) -> Assessment:
    """The answer in words, with papers, deadlines and effects."""
    rule_id = law.basis("severity").rule_id
    return Assessment(
        authority=law.authority,
        applied_on=law.applied_on,
        eligible=bare_answer.eligible,
        route=bare_answer.route,
        earliest_on=bare_answer.earliest_on,
        publication_ends_on=bare_answer.most.day if bare_answer.most else None,
        severity=bare_answer.severity,
        severity_by=severity_reason(record, bare_answer.severity, rule_id),
        conditions=bare_answer.conditions,
        summary=documents.summary(
            bare_answer.route, bare_answer.eligible, bare_answer.earliest_on, law.applied_on
        ),
        materials=documents.materials(record, bare_answer.route),
        decides=documents.deciding_department(record, law.authority),
        deadlines=documents.deadlines(record, bare_answer.route, law, calendar),
        effects=documents.effects(record, bare_answer.route, law),
        lawyer=legal_review.reasons(
            record,
            bare_answer.route,
            bare_answer.severity,
            (bare_answer.least, bare_answer.most),
            law,
        ),
    )


def _strictest(assessments: Sequence[Assessment]) -> Assessment:
    """One answer of several regimes: all must agree, and the last to end publication counts."""
    first = assessments[0]
    if len(assessments) == 1:
        return first
    by_rule = {c.rule_id: c for part in assessments for c in part.conditions}
    days = [part.earliest_on for part in assessments]
    ends = [part.publication_ends_on for part in assessments]
    eligible = all(part.eligible for part in assessments)
    # One regime without a day leaves all without one: a maximum over the known days would
    # promise what the silent regime has not.
    earliest = max(d for d in days if d) if all(days) else None
    differing_reasons = (
        (legal_review.SEVERAL,)
        if len({(p.eligible, p.earliest_on) for p in assessments}) > 1
        else ()
    )
    # Where one regime refuses, its route: with that of one that agrees, the summary would
    # contradict the answer.
    route = next(part.route for part in assessments if part.eligible == eligible)
    return replace(
        first,
        eligible=eligible,
        route=route,
        earliest_on=earliest,
        publication_ends_on=max(d for d in ends if d) if all(ends) else None,
        conditions=tuple(by_rule.values()),
        summary=documents.summary(route, eligible, earliest, first.applied_on),
        deadlines=tuple(d for part in assessments for d in part.deadlines),
        lawyer=tuple(
            dict.fromkeys([*differing_reasons, *(r for part in assessments for r in part.lawyer)])
        ),
    )
