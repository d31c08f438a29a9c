"""``alerts run|backtest|precision|clusters`` commands: nightly alerts and quality of triggers."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.alerts.rows import BackTestReport
from xhcredit.cli.arguments import day_from_text, existing_store, open_store
from xhcredit.cli.options import (
    DEFAULT_STORE,
    DEFAULT_WAREHOUSE,
    Actor,
    Address,
    AsJson,
    AsOf,
    Rules,
    Warehouse,
)
from xhcredit.cli.output import grid, out, print_json, progress_bar
from xhcredit.domain.codes import UnifiedCode, normalised
from xhcredit.domain.progress import Progress
from xhcredit.jobs.alerts.back_test import back_test, store_back_tests
from xhcredit.jobs.alerts.follow_up import AlertContext, cluster, precision_table
from xhcredit.jobs.alerts.nightly_update import AlertUpdate, update_alerts
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.core.transactions import Act


def run_command(
    as_of: AsOf = "",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    store: Address = DEFAULT_STORE,
    rules: Rules = None,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Raise the alerts of a day: run it after `xhcredit publish`. The same day again does nothing.

    Only triggers whose present numbers were back-tested speak; see `xhcredit alerts backtest`.
    """
    day = day_from_text(as_of)
    act = Act(
        actor or getpass.getuser(), "alert.update", "nightly alerts", payload={"on": f"{day}"}
    )
    with open_store(store) as opened_store, progress_bar(quiet=json_) as progress:
        alert_update = update_alerts(
            warehouse, opened_store, load_rulebook(rules), day, act, progress
        )
    if json_:
        print_json(asdict(alert_update))
        return
    show_alerts(alert_update)


def raise_alerts(
    warehouse: Path, store: str, rules: Rulebook, day: date, progress: Progress
) -> AlertUpdate:
    """Raise the alerts of a newly published run; idempotent."""
    act = Act(getpass.getuser(), "alert.update", "nightly alerts", payload={"on": f"{day}"})
    with open_store(store) as opened_store:
        return update_alerts(warehouse, opened_store, rules, day, act, progress)


def show_alerts(alert_update: AlertUpdate) -> None:
    """Print the summary of a night's alert update."""
    table = grid(f"{alert_update.as_of} 预警 alerts", "触发器 trigger", "新增 new")
    for name, count in alert_update.by_trigger.items():
        table.add_row(name, f"{count:,}")
    out.print(table)
    repeated_note = (
        " (this night was done before: nothing changed)" if alert_update.repeated else ""
    )
    out.print(
        f"{alert_update.raised:,} new, {alert_update.expired:,} expired, "
        f"{alert_update.redated:,} given another due day; "
        f"of {alert_update.detections:,} findings "
        f"{alert_update.told_before:,} were told before, {alert_update.quiet:,} too soon "
        f"after, {alert_update.held_back:,} beyond the budget{repeated_note}",
        soft_wrap=True,
    )
    if alert_update.due_unknown:
        out.print(
            f"[yellow]期限未知 nobody can say until when:[/] {alert_update.due_unknown:,} "
            "alerts; the "
            "calendar of working days does not reach their terms",
            soft_wrap=True,
        )
    if alert_update.waiting:
        out.print(
            f"[yellow]未回测，未启用 not switched on:[/] {', '.join(alert_update.waiting)}; run "
            "`xhcredit alerts backtest` first",
            soft_wrap=True,
        )


def backtest_command(
    trigger: Annotated[
        list[str] | None, typer.Argument(help="Ids of triggers.  [default: all in force]")
    ] = None,
    as_of: AsOf = "",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    store: Address = DEFAULT_STORE,
    release: Annotated[
        Path | None, typer.Option(help="Points tables for past tiers.  [default: the expert ones]")
    ] = None,
    rules: Rules = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Also look for thresholds within the alert budget.")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry", help="Keep nothing; switch nothing on.")] = False,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Try triggers over the past two years: how many, how early, how right; then they may speak."""
    day = day_from_text(as_of)
    with progress_bar(quiet=json_) as progress:
        rulebook = load_rulebook(rules)
        data_digest, reports = back_test(
            warehouse,
            rulebook,
            day,
            only=trigger or (),
            release=load_release(release, rulebook),
            propose=propose,
            progress=progress,
        )
    if not dry:
        act = Act(actor or getpass.getuser(), "alert.prove", "back-test of triggers")
        with open_store(store) as opened_store:
            store_back_tests(opened_store, act, day, data_digest, reports)
    if json_:
        print_json(reports)
        return
    _show_back_tests(reports, day.isoformat())


def _percentage(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _show_back_tests(reports: list[BackTestReport], day: str) -> None:
    heads = (
        "每周 per week",
        "成熟 told",
        "准确率 right",
        "基准 base",
        "提前天数 lead days",
        "建议界线 at least",
    )
    table = grid(f"至 {day} 的两年回测 back-test of two years", "触发器 trigger", *heads)
    for report in reports:
        precision_text = _percentage(report["right"])
        if report["lowest"] is not None:
            precision_text += f" ({_percentage(report['lowest'])}–{_percentage(report['highest'])})"
        lead_days_text = "–" if report["lead_days"] is None else f"{report['lead_days']:.0f}"
        at_least = str(report["proposed_at_least"] or "–")
        table.add_row(
            report["trigger"],
            f"{report['per_week']:.2f}",
            str(report["judged_alerts"]),
            precision_text,
            _percentage(report["base"]),
            lead_days_text,
            at_least,
        )
    out.print(table)


def precision_command(
    as_of: AsOf = "", store: Address = DEFAULT_STORE, rules: Rules = None, json_: AsJson = False
) -> None:
    """Show the precision of each trigger by what officers verified, and which may be retired."""
    with existing_store(store) as opened_store:
        precision_rows = precision_table(
            AlertContext(opened_store, load_rulebook(rules)), day_from_text(as_of)
        )
    if json_:
        print_json(precision_rows)
        return
    heads = ("预警 alerts", "属实 true", "不实 false", "无法判断 unknown", "准确率 precision", "")
    table = grid("", "触发器 trigger", *heads)
    for row in precision_rows:
        precision_text = _percentage(row["precision"])
        if row["lowest"] is not None:
            precision_text += f" ({_percentage(row['lowest'])}–{_percentage(row['highest'])})"
        retire_note = "提议停用 propose to retire" if row["propose_retirement"] else ""
        counts = map(str, (row["alerts"], row["true"], row["false"], row["cannot_tell"]))
        table.add_row(f"{row['trigger']} {row['zh']}", *counts, precision_text, retire_note)
    out.print(table)


def clusters_command(
    code: Annotated[str, typer.Argument(help="Unified social credit code, 18 characters.")],
    as_of: AsOf = "",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Show who hangs together with an enterprise: shared persons, addresses, agents."""
    cluster_data = cluster(
        warehouse, load_rulebook(rules), UnifiedCode(normalised(code)).text, day_from_text(as_of)
    )
    if json_:
        print_json(cluster_data)
        return
    names = {n["id"]: n["name"] or n["kind"] for n in cluster_data["nodes"]}
    kinds = {n["id"]: n["kind"] for n in cluster_data["nodes"]}
    table = grid(
        f"{cluster_data['size']} 户 enterprises",
        "企业 enterprise",
        "名称 name",
        "关联 through",
        "自 since",
    )
    for edge in cluster_data["edges"]:
        through = f"{kinds[edge['node']]} {edge['node']}"
        table.add_row(edge["enterprise"], names[edge["enterprise"]], through, edge["since"])
    out.print(table)
