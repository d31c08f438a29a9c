"""``features``, ``rules`` and ``release`` commands: indicators, rulebook and points tables."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, model_for
from xhcredit.cli.options import AsJson, AsOf, Release, Rules
from xhcredit.cli.output import grid, out, print_json
from xhcredit.engine.sql import show_sql
from xhcredit.errors import BadDeclaration
from xhcredit.features.describe import describe
from xhcredit.features.registry import feature, features
from xhcredit.features.worked_cases import case_faults
from xhcredit.rules import check
from xhcredit.rules.field_files import cases_file
from xhcredit.rules.listing import rules_page as rulebook_page
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.scores.sql import release_sql


def list_features(
    dimension: Annotated[
        str, typer.Option(help="Only one dimension, such as supervision or food.")
    ] = "",
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """List all indicators."""
    rulebook = load_rulebook(rules)
    declared = features(rulebook).values()
    rows = [describe(f, rulebook) for f in declared if dimension in ("", f.dimension)]
    if json_:
        print_json(rows)
        return
    table = grid(f"{len(rows)} 指标 indicators", "id", "名称 name / 维度 · 方向 · 窗口 · 用途")
    for r in rows:
        summary_text = " · ".join(
            r[f"{key}_zh"] for key in ("dimension", "direction", "window", "use")
        )
        table.add_row(r["id"], f"{r['zh']}\n[dim]{summary_text}[/]")
    out.print(table)


def show_feature(
    name: Annotated[str, typer.Argument(help="Id of the indicator.")],
    sql: Annotated[bool, typer.Option("--sql", help="Show what it means as SQL.")] = False,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Show one indicator: meaning, window, direction, what a missing value means, source, SQL."""
    rulebook = load_rulebook(rules)
    f = feature(name, rulebook)
    feature_fields = describe(f, rulebook)
    if json_:
        print_json(feature_fields | ({"sql": show_sql(f)} if sql else {}))
        return
    _print_pairs(feature_fields)
    if sql:  # outside the table, so that it can be copied
        out.print(show_sql(f), markup=False, highlight=False, soft_wrap=True)


def check_features(rules: Rules = None) -> None:
    """Work the cases of every field (cases.md); refuse wrong values and indicators in none."""
    rulebook = load_rulebook(rules)
    faults = [
        fault
        for field in rulebook.fields
        for fault in case_faults(cases_file(field.name, rules), field, rulebook)
    ]
    if faults:
        raise BadDeclaration("\n".join(faults))
    out.print(f"all cases of {len(rulebook.fields)} fields hold")


def release_as_sql(
    as_of: AsOf = "",
    release: Release = None,
    rules: Rules = None,
    table: Annotated[
        str, typer.Option(help="Table with one column per indicator; NULL where it is missing.")
    ] = "features",
) -> None:
    """Print the scores of a day as one SQL statement, for a system that cannot run this program.

    It gives the same points to the last bit: constants are doubles, added in the declared order.
    """
    model = model_for(as_of, release, rules)
    text = release_sql(model.release, model.scorer.pool, table)
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def show_rules(
    rule: Annotated[str, typer.Argument(help="Id of one rule; all rules if left out.")] = "",
    as_of: AsOf = "",
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Show what is in force on a day, with source and verification mark."""
    rulebook, day = load_rulebook(rules), day_from_text(as_of)
    if rule:
        rule_fields = check.describe(rulebook.rule(rule), day)
        print_json(rule_fields, exact=True) if json_ else _print_pairs(rule_fields)
        return
    in_force = rulebook.in_force(day)
    if json_:
        rows = [check.describe(current.rule, day) for current in in_force]
        print_json({"digest": rulebook.digest, "rules": rows}, exact=True)
        return
    title = f"{day} 施行中的规则 rules in force ({len(in_force)})"
    table = grid(title, "id", "名称、值 name, value / 依据 source", "核实 verified")
    for current in in_force:
        rule_in_force, entry = current.rule, current.entry
        rule_value = entry.model_dump(mode="json")["value"]
        source = f"[dim]{entry.source.title}[/]"
        description = f"{rule_in_force.name_zh}: {_short_text(rule_value)}\n{source}"
        status_zh, _ = check.STATUSES[rule_in_force.status]
        table.add_row(rule_in_force.id, description, f"{entry.verification} {status_zh}")
    out.print(table)


def rules_page(rules: Rules = None) -> None:
    """Print every entry with day, instrument and mark as Markdown, for documents."""
    out.print(
        rulebook_page(load_rulebook(rules)),
        markup=False,
        highlight=False,
        soft_wrap=True,
        end="",
    )


def check_rules(as_of: AsOf = "", rules: Rules = None, json_: AsJson = False) -> None:
    """Load the whole rulebook (refusing doubtful files) and say what needs a lawyer's eye."""
    rulebook, day = load_rulebook(rules), day_from_text(as_of)
    findings = check.check(rulebook, day)
    if json_:
        print_json(
            {
                "digest": rulebook.digest,
                "rules": len(rulebook.rules),
                "findings": [f.__dict__ for f in findings],
            }
        )
        return
    title = f"{len(rulebook.rules)} rules load; {len(findings)} findings on {day}"
    table = grid(title, "说明 what", "规则 rules")
    for zh, en in dict.fromkeys((f.zh, f.en) for f in findings):
        rule_ids = (f.rule_id for f in findings if (f.zh, f.en) == (zh, en))
        table.add_row(f"{zh} [dim]{en}[/]", ", ".join(rule_ids))
    out.print(table)
    out.print(f"digest {rulebook.digest}")


def _print_pairs(fields: Mapping[str, object]) -> None:
    """Print a mapping as a two-column table."""
    table = grid("")
    for key, value in fields.items():
        if value not in ("", None):
            table.add_row(key, _text(value))
    out.print(table)


def _short_text(value: object) -> str:
    """A rule's value in about a line; of a list of conditions their ids."""
    if isinstance(value, dict):
        text = ", ".join(f"{k} {v}" for k, v in value.items() if k != "why")
    elif isinstance(value, list):
        text = ", ".join(str(v["id"] if isinstance(v, dict) else v) for v in value) or "–"
    else:
        text = str(value)
    return shorten(text, 80, placeholder=" …")


def _text(value: object) -> str:
    """A nested value on few lines."""
    if isinstance(value, dict):
        return "\n".join(f"{k}: {v}" for k, v in value.items() if v is not None)
    if isinstance(value, list | tuple):
        return "\n".join(_text(v).replace("\n", "; ") for v in value)
    return str(value)
