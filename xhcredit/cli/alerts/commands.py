"""``alerts run|backtest|precision|clusters`` commands: nightly alerts and quality of triggers."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from xhcredit.cli.arguments import existing_store, open_store, the_day
from xhcredit.cli.options import STORE, WAREHOUSE, Actor, Address, AsJson, AsOf, Rules, Warehouse
from xhcredit.cli.output import grid, out, progress_bar, tell_json
from xhcredit.domain.codes import UnifiedCode, normalised
from xhcredit.jobs.alerts.back_test import back_test, prove
from xhcredit.jobs.alerts.follow_up import Desk, cluster, precision_table
from xhcredit.jobs.alerts.nightly_update import Updated, update
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act


def run_command(
    as_of: AsOf = "",
    warehouse: Warehouse = WAREHOUSE,
    store: Address = STORE,
    rules: Rules = None,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Raise the alerts of a day: run it after `xhcredit publish`. The same day again does nothing.

    Only triggers whose present numbers were back-tested speak; see `xhcredit alerts backtest`.
    """
    day = the_day(as_of)
    act = Act(
        actor or getpass.getuser(), "alert.update", "nightly alerts", payload={"on": f"{day}"}
    )
    with open_store(store) as opened, progress_bar(quiet=json_) as progress:
        done = update(warehouse, opened, Rulebook.load(rules), day, act, progress)
    if json_:
        tell_json(asdict(done))
        return
    show_alerts(done)


def raised(warehouse: Path, store: str, rules: Rulebook, day: date, progress: Any) -> Updated:
    """Raise the alerts of a newly published run; idempotent."""
    act = Act(getpass.getuser(), "alert.update", "nightly alerts", payload={"on": f"{day}"})
    with open_store(store) as opened:
        return update(warehouse, opened, rules, day, act, progress)


def show_alerts(done: Updated) -> None:
    """Print the summary of a night's alert update."""
    table = grid(f"{done.as_of} 预警 alerts", "触发器 trigger", "新增 new")
    for name, count in done.by_trigger.items():
        table.add_row(name, f"{count:,}")
    out.print(table)
    again = " (this night was done before: nothing changed)" if done.repeated else ""
    out.print(
        f"{done.raised:,} new, {done.expired:,} expired, {done.redated:,} given another due day; "
        f"of {done.found:,} findings "
        f"{done.told_before:,} were told before, {done.quiet:,} too soon "
        f"after, {done.held:,} beyond the budget{again}",
        soft_wrap=True,
    )
    if done.due_unknown:
        out.print(
            f"[yellow]期限未知 nobody can say until when:[/] {done.due_unknown:,} alerts; the "
            "calendar of working days does not reach their terms",
            soft_wrap=True,
        )
    if done.waiting:
        out.print(
            f"[yellow]未回测，未启用 not switched on:[/] {', '.join(done.waiting)}; run "
            "`xhcredit alerts backtest` first",
            soft_wrap=True,
        )


def backtest_command(
    trigger: Annotated[
        list[str] | None, typer.Argument(help="Ids of triggers.  [default: all in force]")
    ] = None,
    as_of: AsOf = "",
    warehouse: Warehouse = WAREHOUSE,
    store: Address = STORE,
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
    day = the_day(as_of)
    with progress_bar(quiet=json_) as progress:
        data, told = back_test(
            warehouse,
            Rulebook.load(rules),
            day,
            only=trigger or (),
            release=load_release(release),
            propose=propose,
            progress=progress,
        )
    if not dry:
        act = Act(actor or getpass.getuser(), "alert.prove", "back-test of triggers")
        with open_store(store) as opened:
            prove(opened, act, day, data, told)
    if json_:
        tell_json(told)
        return
    _show_proofs(told, day.isoformat())


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _show_proofs(told: list[dict[str, Any]], day: str) -> None:
    heads = (
        "每周 per week",
        "成熟 told",
        "准确率 right",
        "基准 base",
        "提前天数 lead days",
        "建议界线 at least",
    )
    table = grid(f"至 {day} 的两年回测 back-test of two years", "触发器 trigger", *heads)
    for p in told:
        right = _share(p["right"])
        if p["lowest"] is not None:
            right += f" ({_share(p['lowest'])}–{_share(p['highest'])})"
        lead = "–" if p["lead_days"] is None else f"{p['lead_days']:.0f}"
        at_least = str(p.get("proposed_at_least") or "–")
        table.add_row(
            p["trigger"],
            f"{p['per_week']:.2f}",
            str(p["told"]),
            right,
            _share(p["base"]),
            lead,
            at_least,
        )
    out.print(table)


def precision_command(
    as_of: AsOf = "", store: Address = STORE, rules: Rules = None, json_: AsJson = False
) -> None:
    """How right was each trigger, by what officers verified; which are proposed for retirement?"""
    with existing_store(store) as opened:
        told = precision_table(Desk(opened, Rulebook.load(rules)), the_day(as_of))
    if json_:
        tell_json(told)
        return
    heads = ("预警 alerts", "属实 true", "不实 false", "无法判断 unknown", "准确率 precision", "")
    table = grid("", "触发器 trigger", *heads)
    for row in told:
        right = _share(row["precision"])
        if row["lowest"] is not None:
            right += f" ({_share(row['lowest'])}–{_share(row['highest'])})"
        mark = "提议停用 propose to retire" if row["propose_retirement"] else ""
        counts = (str(row[n]) for n in ("alerts", "true", "false", "cannot_tell"))
        table.add_row(f"{row['trigger']} {row['zh']}", *counts, right, mark)
    out.print(table)


def clusters_command(
    code: Annotated[str, typer.Argument(help="Unified social credit code, 18 characters.")],
    as_of: AsOf = "",
    warehouse: Warehouse = WAREHOUSE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Show who hangs together with an enterprise: shared persons, addresses, agents."""
    told = cluster(
        warehouse, Rulebook.load(rules), UnifiedCode(normalised(code)).text, the_day(as_of)
    )
    if json_:
        tell_json(told)
        return
    names = {n["id"]: n.get("name") or n["kind"] for n in told["nodes"]}
    kinds = {n["id"]: n["kind"] for n in told["nodes"]}
    table = grid(
        f"{told['size']} 户 enterprises", "企业 enterprise", "名称 name", "关联 through", "自 since"
    )
    for edge in told["edges"]:
        through = f"{kinds[edge['node']]} {edge['node']}"
        table.add_row(edge["enterprise"], names[edge["enterprise"]], through, edge["since"])
    out.print(table)
