"""``features list|show`` and ``rules check|show``: what is measured, and what the law says."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from xhcredit.cli.console import out, tell_json
from xhcredit.cli.night import AsJson, AsOf, Rules, the_day
from xhcredit.engine.sql import show_sql
from xhcredit.features.describe import describe as describe_feature
from xhcredit.features.registry import feature, features
from xhcredit.rules import check as checks
from xhcredit.rules.rulebook import Rulebook

features_app = typer.Typer(no_args_is_help=True, help="指标 What is measured of an enterprise.")
rules_app = typer.Typer(
    no_args_is_help=True, help="规则 What the law says on a day, and how sure that is."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the shell."""
    app.add_typer(features_app, name="features")
    app.add_typer(rules_app, name="rules")


@features_app.command("list")
def list_features(
    dimension: Annotated[
        str, typer.Option(help="Only one dimension, such as supervision or food.")
    ] = "",
    json_: AsJson = False,
) -> None:
    """List all indicators."""
    rows = [describe_feature(f) for f in features().values() if dimension in ("", f.dimension)]
    if json_:
        tell_json(rows)
        return
    table = Table(title=f"{len(rows)} 指标 indicators")
    for column in (
        "id",
        "名称 name",
        "维度 dimension",
        "方向 direction",
        "窗口 window",
        "用途 use",
    ):
        table.add_column(column)
    for r in rows:
        table.add_row(
            r["id"], r["zh"], r["dimension_zh"], r["direction_zh"], r["window_zh"], r["use_zh"]
        )
    out.print(table)


@features_app.command("show")
def show_feature(
    name: Annotated[str, typer.Argument(help="Id of the indicator.")],
    sql: Annotated[bool, typer.Option("--sql", help="Show what it means as SQL.")] = False,
    json_: AsJson = False,
) -> None:
    """Show one indicator: meaning, window, direction, what a missing value means, source, SQL."""
    f = feature(name)
    told = describe_feature(f) | ({"sql": show_sql(f)} if sql else {})
    if json_:
        tell_json(told)
        return
    _print_pairs(told)


@rules_app.command("show")
def show_rules(
    rule: Annotated[str, typer.Argument(help="Id of one rule; all rules if left out.")] = "",
    as_of: AsOf = "",
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Show what is in force on a day, with source and verification mark."""
    book, day = Rulebook.load(rules), the_day(as_of)
    if rule:
        told = checks.describe(book.rule(rule), day)
        tell_json(told) if json_ else _print_pairs(told)
        return
    rows = [checks.describe(found.rule, day) for found in book.in_force(day)]
    if json_:
        tell_json({"digest": book.digest, "rules": rows})
        return
    table = Table(title=f"{day} 施行中的规则 rules in force ({len(rows)})")
    for column in ("id", "名称 name", "值 value", "核实 verified", "依据 source"):
        table.add_column(column)
    for r in rows:
        mark = f"{r['verification']['id']} {r['status']['zh']}"
        table.add_row(r["id"], r["name_zh"], str(r["value"]), mark, r["source"]["title"])
    out.print(table)


@rules_app.command("check")
def check_rules(as_of: AsOf = "", rules: Rules = None, json_: AsJson = False) -> None:
    """Load the whole rulebook (refusing doubtful files) and say what needs a lawyer's eye."""
    book, day = Rulebook.load(rules), the_day(as_of)
    found = checks.check(book, day)
    if json_:
        tell_json(
            {
                "digest": book.digest,
                "rules": len(book.rules),
                "findings": [f.__dict__ for f in found],
            }
        )
        return
    table = Table(title=f"{len(book.rules)} rules load; {len(found)} findings on {day}")
    for column in ("种类 kind", "规则 rule", "说明 what"):
        table.add_column(column)
    for f in found:
        table.add_row(f.kind, f.rule_id, f"{f.zh} [dim]{f.en}[/]")
    out.print(table)
    out.print(f"digest {book.digest}")


def _print_pairs(told: dict[str, Any]) -> None:
    """Print a mapping as a two-column table."""
    table = Table(show_header=False)
    for key, value in told.items():
        if value not in ("", None):
            table.add_row(key, _text(value))
    out.print(table)


def _text(value: Any) -> str:
    """A nested value on few lines."""
    if isinstance(value, dict):
        return "\n".join(f"{k}: {v}" for k, v in value.items() if v is not None)
    if isinstance(value, list | tuple):
        return "\n".join(_text(v).replace("\n", "; ") for v in value)
    return str(value)
