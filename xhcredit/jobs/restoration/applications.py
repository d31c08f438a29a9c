"""Workflow of restoration applications and objections: filing, steps, decision, notification."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from xhcredit.domain.calendar import provisional_data
from xhcredit.errors import BadInput, WrongApplicant, WrongState
from xhcredit.jobs.restoration.records import RecordKey, stored_record
from xhcredit.jobs.restoration.rows import Case, CaseClock, CaseStep
from xhcredit.restoration.as_json import assessment_json, bilingual_json, day_text, record_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.clocks import StepClock, clocks
from xhcredit.restoration.record import AdverseRecord, record_from
from xhcredit.restoration.rows import ProvenFacts
from xhcredit.restoration.workflow import REVOKED_FOR, STATES, TRANSITIONS, Kind
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.restoration.applications import Filing, Step, act_days
from xhcredit.store.restoration.rows import CaseRow, CaseStepDetails, CaseStepRow, CaseStepTaken
from xhcredit.store.store import Store

#: what an applicant proves with papers; everything else is known from the departments
FACTS = (
    "duties_done_on", "corrected_on", "pledge", "harm_remains", "conduct_ended_on",
    "decision_revoked_on", "reorganisation_approved_on", "reorganisation_completed_on",
    "penalty_ended_on",
)  # fmt: skip


@dataclass(frozen=True)
class CaseContext:
    """Context of case actions: store, rules and warehouse."""

    store: Store
    rules: Rulebook
    warehouse: Path


@dataclass(frozen=True)
class CaseRequest:
    """Request to file a case: restoration of a record, or an objection.

    ``facts`` are what the applicant proves (see ``FACTS``), ``reason`` is said in own words.
    """

    kind: Kind
    applicant: str
    code: str
    record_key: RecordKey
    facts: ProvenFacts = field(default_factory=ProvenFacts)
    reason: str = ""


@dataclass(frozen=True)
class CaseAction:
    """Action on a case: which, on which day, by whom, why; ``details`` as the step needs.

    * refile: ``facts`` anew
    * classify: ``severity``
    * grant: ``despite_unmet`` to decide against the assessment
    * refuse: ``false_materials`` if such were found; the enterprise is then barred for a time
    * publish, resume: ``platforms``, the names of those that were told
    * revoke: ``false_materials`` or ``broken_pledge``, whichever was found; the record counts again
      from that day and the enterprise is barred for a time
    """

    act: str
    on: date
    official: str = ""
    role: str = ""
    reason: str = ""
    details: CaseStepDetails = field(default_factory=CaseStepDetails)


def agency_of(context: CaseContext, request: CaseRequest, as_of: date) -> str:
    """The organ that decided on the record, and so deals with it (谁认定、谁修复).

    Raises:
        UnknownRecord: no such record counts on that day.
    """
    return stored_record(context.warehouse, request.code, request.record_key, as_of)[1]


def file_case(context: CaseContext, act: Act, request: CaseRequest, as_of: date) -> CaseStepTaken:
    """File an application or objection; what the assessment said is kept with it.

    Raises:
        UnknownRecord: no such record counts on that day.
        WrongApplicant: the applicant is not the enterprise of the record.
        WrongState: one about the same record is under way.
        BadInput: a fact that nobody can prove, or a day without sense.
    """
    if request.applicant != request.code:
        message = f'"{request.applicant}" applies, but the record is of "{request.code}"'
        raise WrongApplicant(f"{message}; let the holder apply, or correct the code")
    record, agency = stored_record(context.warehouse, request.code, request.record_key, as_of)
    record = _with_facts(context, record, request.facts, as_of)
    filing = Filing(
        request.kind,
        request.code,
        request.record_key.table,
        request.record_key.key,
        record.authority,
        agency,
    )
    details: CaseStepDetails = {"record": record_json(record), "facts": request.facts}
    if request.kind == "restoration":
        details = {**details, **_assessment_details(context, record, as_of)}
    step = Step("file", as_of, reason=request.reason, details=details)
    return context.store.applications.submit(act, filing, step)


def perform_on_case(
    context: CaseContext, act: Act, number: int, action: CaseAction
) -> CaseStepTaken:
    """Perform one step of an application or objection.

    Raises:
        UnknownRecord: there is no such application.
        WrongState: the step does not fit, or conditions are unmet and nobody said "despite".
        BadInput: something that the step needs is not given.
    """
    # Read before the transaction: the warehouse takes its time, and the store's writer must not
    # wait for it.
    current_record = _current_record(context, number, action) if action.act == "refile" else None

    def make_step(case_row: CaseRow) -> Step:
        act_details = _DETAILS_BY_ACT.get(action.act, _no_details)
        details: CaseStepDetails = {
            **action.details,
            **act_details(context, case_row, action, current_record),
        }
        return Step(action.act, action.on, action.reason, action.official, action.role, details)

    return context.store.applications.add_step(act, number, make_step)


def _current_record(context: CaseContext, number: int, action: CaseAction) -> AdverseRecord | None:
    """Record as known on the day of refiling; None if it cannot be refiled."""
    case_row = context.store.applications.get(number)
    if case_row["state"] != "returned":
        return None
    record_key = RecordKey(case_row["record"], case_row["key"])
    return stored_record(context.warehouse, case_row["code"], record_key, action.on)[0]


def _no_details(
    context: CaseContext,
    case_row: CaseRow,
    action: CaseAction,
    current_record: AdverseRecord | None,
) -> CaseStepDetails:
    return {}


def _refile_details(
    context: CaseContext,
    case_row: CaseRow,
    action: CaseAction,
    current_record: AdverseRecord | None,
) -> CaseStepDetails:
    """Facts stated before remain, unless restated."""
    if current_record is None:
        return {}
    facts: ProvenFacts = {}
    for step in case_row["steps"]:
        facts = {**facts, **step["details"].get("facts", {})}
    facts = {**facts, **action.details.get("facts", {})}
    record = _with_facts(context, current_record, facts, action.on)
    assessment_details = _assessment_details(context, record, action.on)
    return {"record": record_json(record), "facts": facts, **assessment_details}


def _classify_details(
    context: CaseContext,
    case_row: CaseRow,
    action: CaseAction,
    current_record: AdverseRecord | None,
) -> CaseStepDetails:
    """The class that an official sets, and what the answer is then."""
    override = {
        "severity": action.details.get("severity"),
        "official": action.official,
        "reason": action.reason,
    }
    record_fields = next(
        s["details"]["record"] for s in reversed(case_row["steps"]) if "record" in s["details"]
    )
    record = record_from({**record_fields, "override": override})
    # For the day of the last filing, on whatever day the official sets the class.
    filed_on = [day for act, day in act_days(case_row) if act in ("file", "refile")][-1]
    return {"record": record_json(record), **_assessment_details(context, record, filed_on)}


def _grant_details(
    context: CaseContext,
    case_row: CaseRow,
    action: CaseAction,
    current_record: AdverseRecord | None,
) -> CaseStepDetails:
    """A grant follows the assessment, unless the official says that it does not."""
    assessment = next(
        s["details"]["assessment"]
        for s in reversed(case_row["steps"])
        if "assessment" in s["details"]
    )
    if (
        case_row["state"] != "accepted"
        or assessment["eligible"]
        or action.details.get("despite_unmet")
    ):
        return {}
    unmet = ", ".join(assessment["unmet"]) or assessment["summary"]["en"]
    raise WrongState(
        f"the assessment that lies before you says not eligible ({unmet}); return it, refuse it, "
        "set the class with a reason, or grant it with despite_unmet"
    )


def _publish_details(
    context: CaseContext,
    case_row: CaseRow,
    action: CaseAction,
    current_record: AdverseRecord | None,
) -> CaseStepDetails:
    """Platforms that were notified."""
    # 修复须在各平台协同 (民营经济促进法 第五十四条): each that was told is named.
    platforms = action.details.get("platforms") or ()
    if not platforms:
        raise BadInput(f'"{action.act}" without platforms; name those that were told')
    return {"platforms": [str(name) for name in platforms]}


def _revoke_details(
    context: CaseContext,
    case_row: CaseRow,
    action: CaseAction,
    current_record: AdverseRecord | None,
) -> CaseStepDetails:
    """Check that the ground of the revocation is stated."""
    if not any(action.details.get(name) for name in REVOKED_FOR):
        raise BadInput(f'"revoke" without what was found; say {" or ".join(REVOKED_FOR)}')
    return {}


_DETAILS_BY_ACT = {
    "refile": _refile_details, "classify": _classify_details, "grant": _grant_details,
    "publish": _publish_details,
    "revoke": _revoke_details, "resume": _publish_details,
}  # fmt: skip


def _with_facts(
    context: CaseContext, record: AdverseRecord, facts: ProvenFacts, as_of: date
) -> AdverseRecord:
    """The record with what the applicant proves, and a bar after false materials."""
    unknown_facts = sorted(set(facts) - set(FACTS))
    if unknown_facts:
        raise BadInput(
            f'"{unknown_facts[0]}" cannot be proved by papers; facts are: {", ".join(FACTS)}'
        )
    proven_record = record_from({**record_json(record), **facts})
    barred_on = context.store.applications.false_materials_on(record.holder)
    _refuse_future(proven_record, facts, as_of)
    return replace(proven_record, false_materials_on=barred_on)


def _refuse_future(record: AdverseRecord, facts: ProvenFacts, as_of: date) -> None:
    for name in facts:
        day = getattr(record, name)
        if isinstance(day, date) and day > as_of:
            raise BadInput(f"{name} {day} is after {as_of}; nobody can prove what has not happened")


def _assessment_details(
    context: CaseContext, record: AdverseRecord, as_of: date
) -> CaseStepDetails:
    """The assessment as data, with the digest of the rulebook that it is from."""
    assessment = assess(record, applied_on=as_of, rules=context.rules)
    return {"assessment": assessment_json(assessment), "rulebook_digest": context.rules.digest}


def case_data(case_row: CaseRow, as_of: date, rules: Rulebook) -> Case:
    """An application as JSON-ready values: its steps, what is possible now, and its clocks.

    Args:
        case_row: as the store gives it.
        as_of: the day for which is told what is overdue.
        rules: the rulebook.
    """
    kind, state = case_row["kind"], case_row["state"]
    record_type = case_row["authority"], case_row["record"]
    clock_rows = [
        _clock(c, as_of) for c in clocks(kind, record_type, list(act_days(case_row)), as_of, rules)
    ]
    return {
        "application": case_row["id"],
        "kind": kind,
        "code": case_row["code"],
        "record": case_row["record"],
        "key": case_row["key"],
        "bureau": case_row["bureau"],
        "filed_on": case_row["filed_on"],
        "state": state,
        "state_said": bilingual_json(STATES[state]),
        "possible": [name for name, move in TRANSITIONS[kind].items() if state in move.states],
        "overdue": any(c["overdue"] and c["done_on"] is None for c in clock_rows),
        "due_unknown": any(c["due_unknown"] for c in clock_rows),
        "as_of": as_of.isoformat(),
        "clocks": clock_rows,
        "steps": [case_step(kind, s) for s in case_row["steps"]],
    }


def _clock(clock: StepClock, as_of: date) -> CaseClock:
    return {
        "step": clock.step,
        **bilingual_json(clock.text),
        "working_days": clock.days,
        "since": clock.since.isoformat(),
        "due_on": day_text(clock.due_on),
        "done_on": day_text(clock.done_on),
        **provisional_data(clock.provisional),
        "due_unknown": clock.is_due_unknown,
        "overdue": clock.is_overdue(as_of),
        "rule": clock.basis.rule_id,
        "verification": clock.basis.mark,
    }


def case_step(kind: Kind, step: CaseStepRow) -> CaseStep:
    """A step as JSON-ready values, with its act in words."""
    return {
        "step": step["step"],
        "act": step["act"],
        "state": step["state"],
        "done_on": step["done_on"],
        "official": step["official"],
        "role": step["role"],
        "reason": step["reason"],
        "details": step["details"],
        **bilingual_json(TRANSITIONS[kind][step["act"]].text),
    }
