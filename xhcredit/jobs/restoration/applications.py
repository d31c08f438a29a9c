"""Workflow of restoration applications and objections: filing, steps, decision, notification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from xhcredit.domain.calendar import provisional_data
from xhcredit.errors import BadInput, WrongApplicant, WrongState
from xhcredit.jobs.restoration.records import Chosen, stored_record
from xhcredit.restoration.as_json import as_data, said
from xhcredit.restoration.assess import assess
from xhcredit.restoration.clocks import Clock, clocks
from xhcredit.restoration.record import AdverseRecord, Authority, plain, record_from
from xhcredit.restoration.workflow import MOVES, REVOKED_FOR, STATES, Kind
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import RecordKind
from xhcredit.store.core.transactions import Act
from xhcredit.store.restoration.applications import Filing, Step, days_of
from xhcredit.store.store import Store

#: what an applicant proves with papers; everything else is known from the departments
FACTS = (
    "duties_done_on", "corrected_on", "pledge", "harm_remains", "conduct_ended_on",
    "decision_revoked_on", "reorganisation_approved_on", "reorganisation_completed_on",
    "penalty_ended_on",
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """Context of case actions: store, rules and warehouse."""

    store: Store
    rules: Rulebook
    warehouse: Path


@dataclass(frozen=True)
class Asked:
    """Request to file a case: restoration of a record, or an objection.

    ``facts`` are what the applicant proves (see ``FACTS``), ``reason`` is said in own words.
    """

    kind: Kind
    applicant: str
    code: str
    chosen: Chosen
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Doing:
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
    details: Mapping[str, Any] = field(default_factory=dict)


def agency_of(desk: Desk, asked: Asked, on: date) -> str:
    """The organ that decided on the record, and so deals with it (谁认定、谁修复).

    Raises:
        UnknownRecord: no such record counts on that day.
    """
    return stored_record(desk.warehouse, asked.code, asked.chosen, on)[1]


def file(desk: Desk, act: Act, asked: Asked, on: date) -> dict[str, Any]:
    """File an application or objection; what the assessment said is kept with it.

    Raises:
        UnknownRecord: no such record counts on that day.
        WrongApplicant: the applicant is not the enterprise of the record.
        WrongState: one about the same record is under way.
        BadInput: a fact that nobody can prove, or a day without sense.
    """
    if asked.applicant != asked.code:
        found = f'"{asked.applicant}" applies, but the record is of "{asked.code}"'
        raise WrongApplicant(f"{found}; let the holder apply, or correct the code")
    record, agency = stored_record(desk.warehouse, asked.code, asked.chosen, on)
    record = _with_facts(desk, record, asked.facts, on)
    filing = Filing(
        asked.kind, asked.code, asked.chosen.table, asked.chosen.key, record.authority, agency
    )
    details = {"record": plain(record), "facts": dict(asked.facts)}
    if asked.kind == "restoration":
        details |= _assessed(desk, record, on)
    step = Step("file", on, reason=asked.reason, details=details)
    return desk.store.applications.file(act, filing, step)


def take(desk: Desk, act: Act, number: int, doing: Doing) -> dict[str, Any]:
    """Perform one step of an application or objection.

    Raises:
        UnknownRecord: there is no such application.
        WrongState: the step does not fit, or conditions are unmet and nobody said "despite".
        BadInput: something that the step needs is not given.
    """
    now = _anew(desk, number, doing) if doing.act == "refile" else None

    def making(found: dict[str, Any]) -> Step:
        details = {**doing.details, **_MORE.get(doing.act, _nothing)(desk, found, doing, now)}
        return Step(doing.act, doing.on, doing.reason, doing.official, doing.role, details)

    return desk.store.applications.step(act, number, making)


def _anew(desk: Desk, number: int, doing: Doing) -> AdverseRecord | None:
    """Record as known on the day of refiling; None if it cannot be refiled."""
    found = desk.store.applications.one(number)
    if found["state"] != "returned":
        return None
    chosen = Chosen(found["record"], found["key"])
    return stored_record(desk.warehouse, found["code"], chosen, doing.on)[0]


def _nothing(
    desk: Desk, found: Mapping[str, Any], doing: Doing, now: AdverseRecord | None
) -> dict[str, Any]:
    return {}


def _refiled(
    desk: Desk, found: Mapping[str, Any], doing: Doing, now: AdverseRecord | None
) -> dict[str, Any]:
    """Facts stated before remain, unless restated."""
    if now is None:
        return {}
    told = [s["details"].get("facts", {}) for s in found["steps"]]
    facts = {k: v for each in (*told, doing.details.get("facts") or {}) for k, v in each.items()}
    record = _with_facts(desk, now, facts, doing.on)
    return {"record": plain(record), "facts": facts, **_assessed(desk, record, doing.on)}


def _classified(
    desk: Desk, found: Mapping[str, Any], doing: Doing, now: AdverseRecord | None
) -> dict[str, Any]:
    """The class that an official sets, and what the answer is then."""
    given = {
        "severity": doing.details.get("severity"),
        "official": doing.official,
        "reason": doing.reason,
    }
    before = _last(found, "record")
    record = record_from({**before, "override": given})
    filed_on = [day for act, day in days_of(found) if act in ("file", "refile")][-1]
    return {"record": plain(record), **_assessed(desk, record, filed_on)}


def _granted(
    desk: Desk, found: Mapping[str, Any], doing: Doing, now: AdverseRecord | None
) -> dict[str, Any]:
    """A grant follows the assessment, unless the official says that it does not."""
    told = _last(found, "assessment")
    if found["state"] != "accepted" or told["eligible"] or doing.details.get("despite_unmet"):
        return {}
    unmet = ", ".join(told["unmet"]) or told["summary"]["en"]
    raise WrongState(
        f"the assessment that lies before you says not eligible ({unmet}); return it, refuse it, "
        "set the class with a reason, or grant it with despite_unmet"
    )


def _published(
    desk: Desk, found: Mapping[str, Any], doing: Doing, now: AdverseRecord | None
) -> dict[str, Any]:
    """Platforms that were notified."""
    platforms = doing.details.get("platforms") or ()
    if not platforms:
        raise BadInput(f'"{doing.act}" without platforms; name those that were told')
    return {"platforms": [str(name) for name in platforms]}


def _revoked(
    desk: Desk, found: Mapping[str, Any], doing: Doing, now: AdverseRecord | None
) -> dict[str, Any]:
    """Check that the ground of the revocation is stated."""
    if not any(doing.details.get(name) for name in REVOKED_FOR):
        raise BadInput(f'"revoke" without what was found; say {" or ".join(REVOKED_FOR)}')
    return {}


_MORE = {
    "refile": _refiled, "classify": _classified, "grant": _granted, "publish": _published,
    "revoke": _revoked, "resume": _published,
}  # fmt: skip


def _last(found: Mapping[str, Any], name: str) -> Any:
    """Detail of the latest step that has it."""
    return next(s["details"][name] for s in reversed(found["steps"]) if name in s["details"])


def _with_facts(
    desk: Desk, record: AdverseRecord, facts: Mapping[str, Any], on: date
) -> AdverseRecord:
    """The record with what the applicant proves, and a bar after false materials."""
    unknown = sorted(set(facts) - set(FACTS))
    if unknown:
        raise BadInput(f'"{unknown[0]}" cannot be proved by papers; facts are: {", ".join(FACTS)}')
    told = record_from({**plain(record), **{k: v for k, v in facts.items() if v is not None}})
    barred = desk.store.applications.false_materials_on(record.holder)
    _refuse_future(told, facts, on)
    return replace(told, false_materials_on=barred)


def _refuse_future(record: AdverseRecord, facts: Mapping[str, Any], on: date) -> None:
    for name in facts:
        day = getattr(record, name)
        if isinstance(day, date) and day > on:
            raise BadInput(f"{name} {day} is after {on}; nobody can prove what has not happened")


def _assessed(desk: Desk, record: AdverseRecord, on: date) -> dict[str, Any]:
    """The assessment as data, with the digest of the rulebook that it is from."""
    told = assess(record, applied_on=on, rules=desk.rules)
    return {"assessment": as_data(told), "rulebook_digest": desk.rules.digest}


def shown(found: Mapping[str, Any], on: date, rules: Rulebook) -> dict[str, Any]:
    """An application as JSON-ready values: its steps, what is possible now, and its clocks.

    Args:
        found: as the store gives it.
        on: the day for which is told what is overdue.
        rules: the rulebook.
    """
    kind, state = cast("Kind", found["kind"]), found["state"]
    about = cast("tuple[Authority, RecordKind]", (found["authority"], found["record"]))
    told = [_clock(c, on) for c in clocks(kind, about, list(days_of(found)), on, rules)]
    return {
        "application": found["id"],
        **{k: found[k] for k in ("kind", "code", "record", "key", "bureau", "filed_on", "state")},
        "state_said": said(STATES[state]),
        "possible": [name for name, move in MOVES[kind].items() if state in move.states],
        "overdue": any(c["overdue"] and c["done_on"] is None for c in told),
        "due_unknown": any(c["due_unknown"] for c in told),
        "asked_on": on.isoformat(),
        "clocks": told,
        "steps": [_step(kind, s) for s in found["steps"]],
    }


def _clock(clock: Clock, on: date) -> dict[str, Any]:
    days = {"since": clock.since, "due_on": clock.due_on, "done_on": clock.done_on}
    return {
        "step": clock.step,
        **said(clock.said),
        "working_days": clock.days,
        **{name: day and day.isoformat() for name, day in days.items()},
        **provisional_data(clock.provisional),
        "due_unknown": clock.is_due_unknown,
        "overdue": clock.is_overdue(on),
        "rule": clock.basis.rule_id,
        "verification": clock.basis.mark,
    }


def _step(kind: Kind, step: Mapping[str, Any]) -> dict[str, Any]:
    names = ("step", "act", "state", "done_on", "official", "role", "reason", "details")
    return {**{k: step[k] for k in names}, **said(MOVES[kind][step["act"]].said)}
