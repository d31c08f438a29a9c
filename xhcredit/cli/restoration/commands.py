"""``restoration`` commands: assessment of records, applications and objections."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from xhcredit.cli.arguments import the_day
from xhcredit.cli.options import AsJson, Rules
from xhcredit.cli.output import grid, out, tell_json
from xhcredit.domain.calendar import PROVISIONAL
from xhcredit.errors import BadInput, XhcreditError
from xhcredit.restoration.as_json import as_data
from xhcredit.restoration.assess import assess
from xhcredit.restoration.assessment import Assessment
from xhcredit.restoration.cases import case_from, differences, line_of, load_cases
from xhcredit.restoration.record import record_from
from xhcredit.rules.rulebook import Rulebook

Case = Annotated[str, typer.Option("--record", help="One record as JSON, keys as in a case file.")]
AppliedOn = Annotated[
    str, typer.Option("--applied-on", help="Day of filing, YYYY-MM-DD.  [default: today]")
]


def assess_command(
    cases: Annotated[
        Path | None, typer.Option("--cases", help="YAML file of cases; one JSON line per case.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with what the cases expect; exit 1 if not so.")
    ] = False,
    record: Case = "",
    applied_on: AppliedOn = "",
    applicant: Annotated[str, typer.Option(help="Code of who applies; empty for a question.")] = "",
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Assess records: eligible or not, what is missing, from which day, who decides by when.

    "Not eligible" is an answer: the exit code is 0. A file of cases is answered line by line; the
    schema is in tests/cases/restoration/README.md. One record:

    `xhcredit restoration assess --applied-on 2026-08-10 --record '{"kind": "penalty", ...}'`
    """
    if bool(record) == bool(cases):
        raise BadInput("give either --cases FILE or --record JSON, one of the two")
    book = Rulebook.load(rules)
    if cases:
        _answer_file(cases, book, check)
        return
    told = _assess_one(record, applied_on, applicant, book)
    if json_:
        tell_json(as_data(told))
        return
    _show(told)


def _assess_one(record: str, applied_on: str, applicant: str, book: Rulebook) -> Assessment:
    return assess(
        record_from(json_of(record)),
        applied_on=the_day(applied_on),
        rules=book,
        applicant=applicant,
    )


def json_of(text: str) -> dict[str, Any]:
    """Read one record from the command line.

    Raises:
        BadInput: it is no JSON object.
    """
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"--record is not JSON ({error.msg}); write it in one line") from None
    if not isinstance(read, dict):
        raise BadInput("--record is no JSON object; write it as {...}")
    return read


def _answer_file(file: Path, book: Rulebook, check: bool) -> None:
    """Print a line for every case that can be answered; tell of the others at the end."""
    refused: list[tuple[str, XhcreditError]] = []
    wrong: list[str] = []
    for place, given in load_cases(file):
        try:
            case = case_from(given)
            told = case.answer(book)
        except XhcreditError as error:
            refused.append((place, error))
            continue
        sys.stdout.write(json.dumps(line_of(case.name, told), ensure_ascii=False) + "\n")
        wrong += differences(case, told) if check else []
    if refused:
        lines = [f'"{file.name}", {place}: {error}' for place, error in refused]
        raise type(refused[0][1])("\n".join(lines))
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n")
        raise typer.Exit(1)


def _show(told: Assessment) -> None:
    """Print one assessment for people."""
    out.print(f"[bold]{told.summary.zh}[/]\n[dim]{told.summary.en}[/]")
    about = grid("")
    about.add_row("失信程度 class", told.severity_by.zh)
    about.add_row("公示止于 publication ends", str(told.publication_ends_on or "–"))
    about.add_row("谁办理 who decides", told.decides.zh)
    about.add_row("材料 materials", "\n".join(m.zh for m in told.materials))
    about.add_row("修复后 effects", "\n".join(e.zh for e in told.effects))
    out.print(about)
    _show_conditions(told)
    if told.deadlines:
        table = grid("办理时限 time limits", "步骤 step", "工作日 days", "最迟 by", "核实 verified")
        for d in told.deadlines:
            by = f"{d.by or '–'}{' 暂定' if d.provisional else ''}"
            table.add_row(d.said.zh, str(d.days), by, d.basis.mark)
        out.print(table)
    if any(d.provisional for d in told.deadlines):
        out.print("[yellow]{zh}[/]\n[dim]{en}[/]".format(**PROVISIONAL), soft_wrap=True)
    for reason in told.lawyer:
        out.print(f"[yellow]须由法制确认 a lawyer must confirm:[/] {reason.zh}", soft_wrap=True)


def _show_conditions(told: Assessment) -> None:
    table = grid("条件 conditions", "", "内容 what", "依据 rule, article", "核实 verified")
    for c in told.conditions:
        basis = f"{c.rule_id}\n[dim]{c.basis.title} {c.basis.article}[/]"
        table.add_row("✓" if c.met else "✗", c.said.zh, basis, c.basis.mark)
    if told.conditions:
        out.print(table)
