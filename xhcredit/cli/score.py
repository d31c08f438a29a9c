"""``score``: the nightly chain, from grants over scores and publication to alerts."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from xhcredit.cli.alerts.commands import raised, show_alerts
from xhcredit.cli.arguments import model_for
from xhcredit.cli.clock import today
from xhcredit.cli.night.publish import made_ready, show_published
from xhcredit.cli.options import (
    WAREHOUSE,
    AnswersIn,
    AsJson,
    AsOf,
    Check,
    Engine,
    Full,
    Into,
    Memory,
    Release,
    Rules,
    Warehouse,
)
from xhcredit.cli.output import out, progress_bar, tell_json
from xhcredit.domain.log import measured
from xhcredit.ingest.schema import directory
from xhcredit.jobs.alerts.nightly_update import Updated
from xhcredit.jobs.night.publish import Published, publish
from xhcredit.jobs.night.run import NightReport, run_night
from xhcredit.jobs.restoration.nightly_update import (
    Listed,
    barred_in,
    before_night,
    write_restorable,
)
from xhcredit.jobs.scoring.model import Model
from xhcredit.rules.check import ending_soon, missing_notice
from xhcredit.store.store import Store


def score(
    as_of: AsOf = "",
    warehouse: Warehouse = WAREHOUSE,
    into: Into = Path("out/night"),
    release: Release = None,
    rules: Rules = None,
    memory: Memory = "",
    store: AnswersIn = "",
    publish: Annotated[bool, typer.Option(help="Let the night answer in --store.")] = True,
    alerts: Annotated[bool, typer.Option(help="Then raise the night's alerts in --store.")] = True,
    full: Full = False,
    check: Check = 0.001,
    engine: Engine = "",
    json_: AsJson = False,
) -> None:
    """Score every enterprise: 1 + X → composite → tier A–D, as of a day.

    Writes `scores.parquet` (code, as_of, general, x_*, composite, tier, reasons, decided_by, …) and
    `run.json`, and beside them `restorable.parquet` and `.xlsx`: whose records can be restored. The
    same data, rules and release again change nothing. What cannot have changed since the night that
    lies in `--out` is carried over, and part of it is checked; the result is that of `--full`. With
    `--store`, the night is published, as `xhcredit publish` does, and if it answers its alerts are
    raised, as `xhcredit alerts run` does.
    """
    with measured("night.prepared"):
        model = model_for(as_of, release, rules, store)
        if store:
            before_night(warehouse, store, today(), model.rules)
    warned = None
    with progress_bar(quiet=json_) as progress:
        night = partial(run_night, memory=memory, full=full, check=check, engine=engine)
        report = night(warehouse, into, model, progress=progress)
        listed = write_restorable(
            warehouse, model.rules, model.as_of, into, barred=barred_in(store), progress=progress
        )
        done = _published(into, store, model, progress) if store and publish else None
        if done:
            made_ready(warehouse, report.provenance["data_digest"], progress)
        if done and done.is_current and alerts:
            warned = raised(warehouse, store, model.rules, model.as_of, progress)
    if json_:
        told = {**report.__dict__, "scores": str(report.scores), "restorable": listed.states}
        told |= {"published": done and asdict(done), "alerts": warned and asdict(warned)}
        tell_json(told | _about_rules(model))
        return
    _show_night(report, listed, done, warned)
    _show_about_rules(model)


def _about_rules(model: Model) -> dict[str, Any]:
    """Notices for maintainers of rules: missing holiday notice, rules that end soon."""
    ending = [asdict(finding) for finding in ending_soon(model.rules, model.as_of)]
    return {"missing_notice": model.rules.missing_notice(today()), "ending_rules": ending}


def _show_about_rules(model: Model) -> None:
    ending = ending_soon(model.rules, model.as_of)
    for finding in (*missing_notice(model.rules, today()), *ending):
        told = f"[yellow]{finding.rule_id}：{finding.zh}[/]\n[dim]{finding.en}[/]"
        out.print(told, soft_wrap=True)


def _show_night(
    report: NightReport, listed: Listed, done: Published | None, warned: Updated | None
) -> None:
    show_report(report)
    show_listed(listed)
    if done:
        show_published(done)
    if warned:
        show_alerts(warned)


def _published(into: Path, store: str, model: Model, progress: Any) -> Published:
    """Publish a night together with the points tables that scored it."""
    with Store.open(store) as opened:
        who, tables = getpass.getuser(), model.release.as_data()
        return publish(into, opened, actor=who, release=tables, progress=progress)


def show_listed(listed: Listed) -> None:
    """Print how many records can be restored, and where the list is."""
    if listed.why_not:
        out.print(f"[yellow]可修复清单 no list of restorable records:[/] {listed.why_not}")
        return
    told = ", ".join(f"{state} {count:,}" for state, count in listed.states.items())
    out.print(f"可修复记录 restorable records: {told}\nlist: {listed.sheet}", soft_wrap=True)


def show_report(report: NightReport) -> None:
    """Print the tiers of a night for people."""
    table = Table(
        title=f"风险等级 tiers, as of {report.provenance['as_of']} (内部参考 internal reference)"
    )
    for column in ("等级 tier", "户数 enterprises", "占比 share"):
        table.add_column(column, justify="right")
    for tier, count in report.tiers.items():
        table.add_row(tier, f"{count:,}", f"{count / report.enterprises:.1%}")
    out.print(table)
    x = ", ".join(f"{name} {count:,}" for name, count in report.scored_x.items())
    if report.not_delivered:
        missing = ", ".join(f"{directory()[t].name_zh} {t}" for t in report.not_delivered)
        out.print(
            f"[yellow]未归集 no rows of:[/] {missing}; their indicators say 'nothing known': "
            "ingest these tables if the departments have them",
            soft_wrap=True,
        )
    out.print(f"newest fact known 最近归集: {report.known_until}")
    if not report.repeated:
        anew = report.enterprises - report.carried
        out.print(
            f"沿用 carried over {report.carried:,}, 重算 computed {anew:,}: {report.why}",
            soft_wrap=True,
        )
    again = " (same provenance as before: nothing changed)" if report.repeated else ""
    out.print(f"{report.enterprises:,} enterprises scored{again}; X: {x}\nresult: {report.scores}")
