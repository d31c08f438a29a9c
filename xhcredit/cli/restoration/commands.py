"""``restoration`` commands: assessment of records, applications and objections."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text
from xhcredit.cli.options import AsJson, Rules
from xhcredit.cli.output import grid, out, print_json
from xhcredit.domain.calendar import PROVISIONAL
from xhcredit.errors import BadInput, XhcreditError
from xhcredit.restoration.as_json import assessment_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.assessment import Assessment
from xhcredit.restoration.cases import case_from, differences, line_of, load_cases
from xhcredit.restoration.record import record_from
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.rulebook import load_rulebook

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
    rulebook = load_rulebook(rules)
    if cases:
        _answer_file(cases, rulebook, check)
        return
    assessment = _assess_record(record, applied_on, applicant, rulebook)
    if json_:
        print_json(assessment_json(assessment))
        return
    _show_assessment(assessment)


def _assess_record(record: str, applied_on: str, applicant: str, rulebook: Rulebook) -> Assessment:
    return assess(
        record_from(json_of(record)),
        applied_on=day_from_text(applied_on),
        rules=rulebook,
        applicant=applicant,
    )


def json_of(text: str) -> dict[str, object]:
    """Read one record from the command line.

    Raises:
        BadInput: it is no JSON object.
    """
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"--record is not JSON ({error.msg}); write it in one line") from None
    if not isinstance(parsed, dict):
        raise BadInput("--record is no JSON object; write it as {...}")
    return parsed


def _answer_file(file: Path, rulebook: Rulebook, check: bool) -> None:
    """Print a line for every case that can be answered; tell of the others at the end."""
    refused_cases: list[tuple[str, XhcreditError]] = []
    mismatches: list[str] = []
    for file_position, case_fields in load_cases(file):
        try:
            case = case_from(case_fields)
            case_answer = case.answer(rulebook)
        except XhcreditError as error:
            refused_cases.append((file_position, error))
            continue
        sys.stdout.write(json.dumps(line_of(case.name, case_answer), ensure_ascii=False) + "\n")
        mismatches += differences(case, case_answer) if check else []
    if refused_cases:
        lines = [
            f'"{file.name}", {file_position}: {error}' for file_position, error in refused_cases
        ]
        raise type(refused_cases[0][1])("\n".join(lines))
    if mismatches:
        sys.stderr.write("\n".join(mismatches) + "\n")
        raise typer.Exit(1)


def _show_assessment(assessment: Assessment) -> None:
    """Print one assessment for people."""
    out.print(f"[bold]{assessment.summary.zh}[/]\n[dim]{assessment.summary.en}[/]")
    summary_table = grid("")
    summary_table.add_row("失信程度 class", assessment.severity_by.zh)
    summary_table.add_row("公示止于 publication ends", str(assessment.publication_ends_on or "–"))
    summary_table.add_row("谁办理 who decides", assessment.decides.zh)
    summary_table.add_row("材料 materials", "\n".join(m.zh for m in assessment.materials))
    summary_table.add_row("修复后 effects", "\n".join(e.zh for e in assessment.effects))
    out.print(summary_table)
    _show_conditions(assessment)
    if assessment.deadlines:
        table = grid("办理时限 time limits", "步骤 step", "工作日 days", "最迟 by", "核实 verified")
        for d in assessment.deadlines:
            due_text = f"{d.by or '–'}{' 暂定' if d.provisional else ''}"
            table.add_row(d.text.zh, str(d.days), due_text, d.basis.mark)
        out.print(table)
    if any(d.provisional for d in assessment.deadlines):
        out.print("[yellow]{zh}[/]\n[dim]{en}[/]".format(**PROVISIONAL), soft_wrap=True)
    for reason in assessment.lawyer:
        out.print(f"[yellow]须由法制确认 a lawyer must confirm:[/] {reason.zh}", soft_wrap=True)


def _show_conditions(assessment: Assessment) -> None:
    table = grid("条件 conditions", "", "内容 what", "依据 rule, article", "核实 verified")
    for c in assessment.conditions:
        basis = f"{c.rule_id}\n[dim]{c.basis.title} {c.basis.article}[/]"
        table.add_row("✓" if c.met else "✗", c.text.zh, basis, c.basis.mark)
    if assessment.conditions:
        out.print(table)
