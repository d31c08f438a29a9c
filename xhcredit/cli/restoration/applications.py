"""``restoration apply|accept|…|objection`` commands: workflow of applications and objections."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, cast, get_args

import typer

from xhcredit.cli.arguments import day_from_text, open_store
from xhcredit.cli.clock import today
from xhcredit.cli.option_groups import with_option_groups
from xhcredit.cli.options import DEFAULT_STORE, DEFAULT_WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import out, print_json
from xhcredit.cli.restoration.candidates import Code, name_and_value
from xhcredit.domain.codes import UnifiedCode, normalised
from xhcredit.errors import BadInput
from xhcredit.jobs.restoration.applications import (
    CaseAction,
    CaseContext,
    CaseRequest,
    file_case,
    perform_on_case,
)
from xhcredit.jobs.restoration.records import RecordKey
from xhcredit.restoration.rows import ProvenFacts
from xhcredit.restoration.workflow import STATES, Kind
from xhcredit.rules.schemas.restoration import SeverityName
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.restoration.rows import CaseStepDetails, CaseStepTaken
from xhcredit.store.store import Store

Number = Annotated[int, typer.Argument(help="Number of the application.")]
Key = Annotated[
    list[str], typer.Option("--key", help="Key of the record, such as doc_no=…; may be repeated.")
]
Table = Annotated[
    str,
    typer.Option("--table", help="penalty, a listing or a spot check (inspection, food_sample)."),
]
Fact = Annotated[
    list[str],
    typer.Option(help="What is proved, such as duties_done_on=2026-06-01 or pledge=true."),
]
On = Annotated[str, typer.Option("--on", help="Day of the step, YYYY-MM-DD.  [default: today]")]
Official = Annotated[str, typer.Option(help="Name of the official who does it.")]
Role = Annotated[str, typer.Option(help="Office of the official.")]
Reason = Annotated[str, typer.Option(help="Why; the official's own words.")]
IdempotencyKey = Annotated[
    str, typer.Option("--once", help="Key: the same step with the same key is done once.")
]

_HELP = {
    "accept": "Accept an application (受理).",
    "return": "Return an application for completion (退回补正).",
    "refile": "File it again with what was missing (补正后重新提出).",
    "classify": "Set the class of the record by hand, with a reason (人工认定失信程度).",
    "publish": "Note which platforms were told, after a grant (停止公示并告知).",
    "resume": "Note which platforms were told that publication goes on (恢复公示并告知).",
    "withdraw": "Withdraw it for the applicant (撤回).",
    "mark": "Mark the record as disputed (异议标注).",
    "forward": "Pass the objection on to who provided the record (转交).",
    "uphold": "The objection is right: the record counts no more (异议成立).",
    "reject": "The objection is not right (异议不成立).",
}


@dataclass(frozen=True)
class _CaseOffice:
    """Where and on which day a case is dealt with, once for which key, and how it is shown."""

    on: On = ""
    once: IdempotencyKey = ""
    warehouse: Warehouse = DEFAULT_WAREHOUSE
    store: Address = DEFAULT_STORE
    rules: Rules = None
    json_: AsJson = False

    def context(self, opened_store: Store) -> CaseContext:
        """What an act on a case needs."""
        return CaseContext(opened_store, load_rulebook(self.rules), self.warehouse)


@dataclass(frozen=True)
class _Filing:
    """What somebody files: the record, what is proved, who applies, why."""

    code: str
    table: str
    key: list[str]
    applicant: str = ""
    reason: str = ""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Step:
    """What an official does to a case: the act, by whom and why, with what."""

    kind: Kind
    act: str
    official: str
    role: str
    reason: str
    details: CaseStepDetails


def _filled(details: CaseStepDetails) -> CaseStepDetails:
    """Those details that were given."""
    return cast("CaseStepDetails", {name: value for name, value in details.items() if value})


def _severity(text: str) -> SeverityName:
    if text and text not in get_args(SeverityName):
        raise BadInput(f'unknown class "{text}"; give one of: {", ".join(get_args(SeverityName))}')
    return cast("SeverityName", text)  # an empty one is left out by ``_filled``


def _facts(texts: Iterable[str]) -> ProvenFacts:
    """Facts as they were typed; whether each can be proved is checked where they are used."""
    facts = {name: _value(value) for name, value in map(name_and_value, texts)}
    return cast("ProvenFacts", facts)


def _past_day(text: str) -> date:
    """A day that has come."""
    day = day_from_text(text)
    if day > today():
        raise BadInput(f"{day} has not come; choose {today()} or an earlier day")
    return day


def _file_case(kind: Kind, filing: _Filing, office: _CaseOffice) -> CaseStepTaken:
    """File for an enterprise; without an applicant the holder of the record applies."""
    code = UnifiedCode(normalised(filing.code)).text
    applicant = UnifiedCode(normalised(filing.applicant)).text if filing.applicant else code
    record_key = RecordKey(filing.table, dict(name_and_value(text) for text in filing.key))
    proved_facts = _facts(filing.facts)
    payload = {"code": code, "table": record_key.table, "key": dict(record_key.key)}
    act = Act(
        getpass.getuser(),
        f"{kind}.file",
        filing.reason or "filed",
        payload=payload,
        key=office.once or None,
        request=[applicant, proved_facts, office.on],
    )
    request = CaseRequest(kind, applicant, code, record_key, proved_facts, filing.reason)
    with open_store(office.store) as store:
        return file_case(office.context(store), act, request, _past_day(office.on))


def _value(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


@with_option_groups
def apply(
    code: Code,
    key: Key,
    table: Table = "penalty",
    fact: Fact = [],  # noqa: B006 - never changed; Typer wants a list
    applicant: Annotated[str, typer.Option(help="Who applies.  [default: the holder]")] = "",
    reason: Reason = "",
    *,
    office: _CaseOffice,
) -> None:
    """File an application for restoration of one record; what the rules say is kept with it."""
    filing = _Filing(code, table, key, applicant, reason, tuple(fact))
    _print_state(_file_case("restoration", filing, office), office.json_)


@with_option_groups
def objection(
    code: Code,
    key: Key,
    reason: Annotated[str, typer.Option(help="What is wrong with the record.")],
    table: Table = "penalty",
    *,
    office: _CaseOffice,
) -> None:
    """File an objection against one record (提出异议)."""
    filing = _Filing(code, table, key, reason=reason)
    _print_state(_file_case("objection", filing, office), office.json_)


def _perform_step(number: int, step: _Step, office: _CaseOffice) -> CaseStepTaken:
    """Do a step of a case.

    Raises:
        BadInput: the number is that of a case of the other kind.
    """
    official = (step.official, step.role, step.reason)
    action = CaseAction(step.act, _past_day(office.on), *official, details=step.details)
    with open_store(office.store) as store:
        case_row = store.applications.get(number)
        if case_row["kind"] != step.kind:
            raise BadInput(f"{number} is a {case_row['kind']}; use the commands for it")
        audit_act = Act(
            getpass.getuser(),
            f"{step.kind}.{step.act}",
            step.reason.strip() or step.act,
            case_row["bureau"],
            {"application": number},
            office.once or None,
            [*official, office.on, step.details],
        )
        return perform_on_case(office.context(store), audit_act, number, action)


def _step_command(kind: Kind, act: str) -> object:
    """The command of one step."""

    def step(
        number: Number,
        official: Official = "",
        role: Role = "",
        reason: Reason = "",
        fact: Fact = [],  # noqa: B006 - never changed; Typer wants a list
        severity: Annotated[str, typer.Option(help="minor, ordinary or serious.")] = "",
        platform: Annotated[list[str], typer.Option(help="Who was told; may be repeated.")] = [],  # noqa: B006 - never changed; Typer wants a list
        *,
        office: _CaseOffice,
    ) -> None:
        details = _filled(
            {"facts": _facts(fact), "severity": _severity(severity), "platforms": platform}
        )
        performed = _Step(kind, act, official, role, reason, details)
        _print_state(_perform_step(number, performed, office), office.json_)

    step.__doc__ = _HELP[act]
    return with_option_groups(step)


@with_option_groups
def decide(
    number: Number,
    official: Official,
    role: Role,
    reason: Reason,
    grant: Annotated[bool, typer.Option("--grant/--refuse", help="The decision.")],
    despite_unmet: Annotated[
        bool, typer.Option("--despite-unmet", help="Grant although the assessment says not.")
    ] = False,
    false_materials: Annotated[
        bool, typer.Option("--false-materials", help="Refuse because of them; bars the enterprise.")
    ] = False,
    *,
    office: _CaseOffice,
) -> None:
    """Decide on an application (准予、不予修复); the night then no longer sees what was granted."""
    details = _filled({"despite_unmet": despite_unmet, "false_materials": false_materials})
    act = "grant" if grant else "refuse"
    step = _Step("restoration", act, official, role, reason, details)
    _print_state(_perform_step(number, step, office), office.json_)


@with_option_groups
def revoke(
    number: Number,
    official: Official,
    role: Role,
    reason: Reason,
    false_materials: Annotated[
        bool, typer.Option("--false-materials", help="It was obtained by false materials.")
    ] = False,
    broken_pledge: Annotated[
        bool, typer.Option("--broken-pledge", help="The enterprise acted against its pledge.")
    ] = False,
    *,
    office: _CaseOffice,
) -> None:
    """Revoke a restoration (撤销修复); the record counts again and the enterprise is barred."""
    details = _filled({"false_materials": false_materials, "broken_pledge": broken_pledge})
    step = _Step("restoration", "revoke", official, role, reason, details)
    _print_state(_perform_step(number, step, office), office.json_)


def _print_state(step_taken: CaseStepTaken, json_: bool) -> None:
    if json_:
        print_json(step_taken)
        return
    state = STATES[step_taken["state"]]
    out.print(f"application {step_taken['application']}: {state.zh} [dim]{state.en}[/]")


restoration_accept = _step_command("restoration", "accept")
restoration_return = _step_command("restoration", "return")
restoration_refile = _step_command("restoration", "refile")
restoration_classify = _step_command("restoration", "classify")
restoration_publish = _step_command("restoration", "publish")
restoration_resume = _step_command("restoration", "resume")
restoration_withdraw = _step_command("restoration", "withdraw")
objection_mark = _step_command("objection", "mark")
objection_forward = _step_command("objection", "forward")
objection_uphold = _step_command("objection", "uphold")
objection_reject = _step_command("objection", "reject")
objection_withdraw = _step_command("objection", "withdraw")
