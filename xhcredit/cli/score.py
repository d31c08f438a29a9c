"""``score``: the nightly chain, from grants over scores and publication to alerts."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xhcredit.cli.alerts.commands import raise_alerts, show_alerts
from xhcredit.cli.arguments import model_for
from xhcredit.cli.clock import today
from xhcredit.cli.night.publish import prepare_pages, show_published
from xhcredit.cli.options import (
    DEFAULT_WAREHOUSE,
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
from xhcredit.cli.output import out, print_json, progress_bar
from xhcredit.domain.log import log_duration
from xhcredit.domain.progress import Progress
from xhcredit.ingest.schema import directory
from xhcredit.jobs.alerts.nightly_update import AlertUpdate
from xhcredit.jobs.night.publish import PublishedRun, publish
from xhcredit.jobs.night.run import NightReport, run_night
from xhcredit.jobs.restoration.nightly_update import (
    RestorableList,
    apply_store_grants,
    barred_in,
    write_restorable,
)
from xhcredit.jobs.scoring.model import Model
from xhcredit.rules.check import ending_soon, missing_notice
from xhcredit.store.store import Store


def score(
    as_of: AsOf = "",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
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
    with log_duration("night.prepared"):
        model = model_for(as_of, release, rules, store)
        if store:
            apply_store_grants(warehouse, store, today(), model.rules)
    alert_update = None
    with progress_bar(quiet=json_) as progress:
        night = partial(run_night, memory=memory, full=full, check=check, engine=engine)
        report = night(warehouse, into, model, progress=progress)
        restorable_list = write_restorable(
            warehouse, model.rules, model.as_of, into, barred=barred_in(store), progress=progress
        )
        published_run = _publish_night(into, store, model, progress) if store and publish else None
        if published_run:
            prepare_pages(warehouse, report.provenance["data_digest"], progress)
        if published_run and published_run.is_current and alerts:
            alert_update = raise_alerts(warehouse, store, model.rules, model.as_of, progress)
    if json_:
        report_fields = {
            **report.__dict__,
            "scores": str(report.scores),
            "restorable": restorable_list.states,
        }
        report_fields |= {
            "published": published_run and asdict(published_run),
            "alerts": alert_update and asdict(alert_update),
        }
        print_json(report_fields | _rule_notices(model))
        return
    _show_night(report, restorable_list, published_run, alert_update)
    _show_rule_notices(model)


def _rule_notices(model: Model) -> dict[str, object]:
    """Notices for maintainers of rules: missing holiday notice, rules that end soon."""
    ending_rules = [asdict(finding) for finding in ending_soon(model.rules, model.as_of)]
    return {"missing_notice": model.rules.missing_notice(today()), "ending_rules": ending_rules}


def _show_rule_notices(model: Model) -> None:
    ending_rules = ending_soon(model.rules, model.as_of)
    for finding in (*missing_notice(model.rules, today()), *ending_rules):
        message = f"[yellow]{finding.rule_id}：{finding.zh}[/]\n[dim]{finding.en}[/]"
        out.print(message, soft_wrap=True)


def _show_night(
    report: NightReport,
    restorable_list: RestorableList,
    published_run: PublishedRun | None,
    alert_update: AlertUpdate | None,
) -> None:
    show_report(report)
    show_restorable(restorable_list)
    if published_run:
        show_published(published_run)
    if alert_update:
        show_alerts(alert_update)


def _publish_night(into: Path, store: str, model: Model, progress: Progress) -> PublishedRun:
    """Publish a night together with the points tables that scored it."""
    with Store.open(store) as opened_store:
        actor_name, tables = getpass.getuser(), model.release.as_data()
        return publish(into, opened_store, actor=actor_name, release=tables, progress=progress)


def show_restorable(restorable_list: RestorableList) -> None:
    """Print how many records can be restored, and where the list is."""
    if restorable_list.why_not:
        out.print(f"[yellow]可修复清单 no list of restorable records:[/] {restorable_list.why_not}")
        return
    counts_text = ", ".join(f"{state} {count:,}" for state, count in restorable_list.states.items())
    out.print(
        f"可修复记录 restorable records: {counts_text}\nlist: {restorable_list.sheet}",
        soft_wrap=True,
    )


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
        missing_tables = ", ".join(f"{directory()[t].name_zh} {t}" for t in report.not_delivered)
        out.print(
            f"[yellow]未归集 no rows of:[/] {missing_tables}; their indicators say 'nothing "
            "known': "
            "ingest these tables if the departments have them",
            soft_wrap=True,
        )
    out.print(f"newest fact known 最近归集: {report.known_until}")
    if not report.repeated:
        computed_count = report.enterprises - report.carried
        out.print(
            f"沿用 carried over {report.carried:,}, 重算 computed {computed_count:,}: {report.why}",
            soft_wrap=True,
        )
    repeated_note = " (same provenance as before: nothing changed)" if report.repeated else ""
    out.print(
        f"{report.enterprises:,} enterprises scored{repeated_note}; X: {x}\nresult: {report.scores}"
    )
