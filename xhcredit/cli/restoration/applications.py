"""``restoration apply|accept|…|objection`` commands: workflow of applications and objections."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from xhcredit.cli.arguments import open_store, the_day
from xhcredit.cli.clock import today
from xhcredit.cli.options import STORE, WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import out, tell_json
from xhcredit.cli.restoration.candidates import Code, pair
from xhcredit.domain.codes import UnifiedCode, normalised
from xhcredit.errors import BadInput
from xhcredit.jobs.restoration.applications import Asked, Desk, Doing, take
from xhcredit.jobs.restoration.applications import file as file_job
from xhcredit.jobs.restoration.records import Chosen
from xhcredit.restoration.workflow import STATES, Kind
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
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


def _desk(store: Store, warehouse: Path, rules: Path | None) -> Desk:
    return Desk(store, Rulebook.load(rules), warehouse)


def _past(text: str) -> date:
    """A day that has come."""
    day = the_day(text)
    if day > today():
        raise BadInput(f"{day} has not come; choose {today()} or an earlier day")
    return day


def _file(
    kind: Kind,
    code: str,
    record: tuple[str, list[str]],
    facts: list[str],
    done: tuple[str, str, str, str],
    places: tuple[str, Path, Path | None],
) -> dict[str, Any]:
    """File for an enterprise; ``done`` is the applicant, the day, the reason and the key."""
    code = UnifiedCode(normalised(code)).text
    applicant, on, reason, once = done
    applicant = UnifiedCode(normalised(applicant)).text if applicant else code
    chosen = Chosen(record[0], dict(pair(text) for text in record[1]))
    proved = {name: _value(value) for name, value in map(pair, facts)}
    payload = {"code": code, "table": chosen.table, "key": dict(chosen.key)}
    act = Act(
        getpass.getuser(),
        f"{kind}.file",
        reason or "filed",
        payload=payload,
        key=once or None,
        request=[applicant, proved, on],
    )
    asked = Asked(kind, applicant, code, chosen, proved, reason)
    with open_store(places[0]) as store:
        return file_job(_desk(store, places[1], places[2]), act, asked, _past(on))


def _value(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def apply(
    code: Code,
    key: Key,
    table: Table = "penalty",
    fact: Fact = [],  # noqa: B006 - never changed; Typer wants a list
    applicant: Annotated[str, typer.Option(help="Who applies.  [default: the holder]")] = "",
    reason: Reason = "",
    on: On = "",
    once: IdempotencyKey = "",
    warehouse: Warehouse = WAREHOUSE,
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """File an application for restoration of one record; what the rules say is kept with it."""
    done = (applicant, on, reason, once)
    told = _file("restoration", code, (table, key), fact, done, (store, warehouse, rules))
    _tell(told, json_)


def objection(
    code: Code,
    key: Key,
    reason: Annotated[str, typer.Option(help="What is wrong with the record.")],
    table: Table = "penalty",
    on: On = "",
    once: IdempotencyKey = "",
    warehouse: Warehouse = WAREHOUSE,
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """File an objection against one record (提出异议)."""
    done = ("", on, reason, once)
    told = _file("objection", code, (table, key), [], done, (store, warehouse, rules))
    _tell(told, json_)


def _take(
    kind: Kind,
    act: str,
    number: int,
    who: tuple[str, str, str],
    done: tuple[str, str, dict[str, Any]],
    places: tuple[str, Path, Path | None],
) -> dict[str, Any]:
    """Do a step; ``who`` is official, office and reason, ``done`` day, key and details."""
    on, once, details = done
    payload = {"application": number}
    purpose = who[2].strip() or act
    request = [*who, on, details]
    doing = Doing(act, _past(on), *who, details=details)
    with open_store(places[0]) as store:
        found = store.applications.one(number)
        if found["kind"] != kind:
            raise BadInput(f"{number} is a {found['kind']}; use the commands for it")
        entry = Act(
            getpass.getuser(),
            f"{kind}.{act}",
            purpose,
            found["bureau"],
            payload,
            once or None,
            request,
        )
        return take(_desk(store, places[1], places[2]), entry, number, doing)


def _step_command(kind: Kind, act: str) -> Any:
    """The command of one step."""

    def step(
        number: Number,
        official: Official = "",
        role: Role = "",
        reason: Reason = "",
        fact: Fact = [],  # noqa: B006 - never changed; Typer wants a list
        severity: Annotated[str, typer.Option(help="minor, ordinary or serious.")] = "",
        platform: Annotated[list[str], typer.Option(help="Who was told; may be repeated.")] = [],  # noqa: B006 - never changed; Typer wants a list
        on: On = "",
        once: IdempotencyKey = "",
        warehouse: Warehouse = WAREHOUSE,
        store: Address = STORE,
        rules: Rules = None,
        json_: AsJson = False,
    ) -> None:
        facts = {name: _value(value) for name, value in map(pair, fact)}
        given = {"facts": facts, "severity": severity, "platforms": platform}
        details = {name: value for name, value in given.items() if value}
        done, places = (on, once, details), (store, warehouse, rules)
        _tell(_take(kind, act, number, (official, role, reason), done, places), json_)

    step.__doc__ = _HELP[act]
    return step


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
    on: On = "",
    once: IdempotencyKey = "",
    warehouse: Warehouse = WAREHOUSE,
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Decide on an application (准予、不予修复); the night then no longer sees what was granted."""
    given = {"despite_unmet": despite_unmet, "false_materials": false_materials}
    details = {name: value for name, value in given.items() if value}
    act = "grant" if grant else "refuse"
    done, places = (on, once, details), (store, warehouse, rules)
    _tell(_take("restoration", act, number, (official, role, reason), done, places), json_)


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
    on: On = "",
    once: IdempotencyKey = "",
    warehouse: Warehouse = WAREHOUSE,
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Revoke a restoration (撤销修复); the record counts again and the enterprise is barred."""
    given = {"false_materials": false_materials, "broken_pledge": broken_pledge}
    details = {name: value for name, value in given.items() if value}
    done, places = (on, once, details), (store, warehouse, rules)
    _tell(_take("restoration", "revoke", number, (official, role, reason), done, places), json_)


def _tell(told: dict[str, Any], json_: bool) -> None:
    if json_:
        tell_json(told)
        return
    state = STATES[told["state"]]
    out.print(f"application {told['application']}: {state.zh} [dim]{state.en}[/]")


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
