"""``score`` and ``explain``."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from xhcredit.cli.clock import today
from xhcredit.cli.demo_clock import by_store, by_warehouse
from xhcredit.cli.options import Engine, Memory
from xhcredit.cli.output import out, progress_bar, tell_json
from xhcredit.domain.log import measured
from xhcredit.errors import BadInput

if TYPE_CHECKING:  # what does the work is imported when it is asked for, so that --help is quick
    from xhcredit.jobs.alerts.nightly_update import Updated
    from xhcredit.jobs.night.publish import Published
    from xhcredit.jobs.night.run import NightReport
    from xhcredit.jobs.restoration.nightly_update import Listed
    from xhcredit.jobs.scoring.model import Model
    from xhcredit.scores.release import Release as Tables

AsOf = Annotated[
    str,
    typer.Option(
        "--as-of",
        help="As-of day, YYYY-MM-DD; only what was known by then counts.  [default: today]",
    ),
]
Warehouse = Annotated[
    Path,
    typer.Option("--warehouse", callback=by_warehouse, help="Folder that `ingest` wrote into."),
]
Release = Annotated[
    Path | None,
    typer.Option(
        "--release",
        help="Points tables (JSON).  [default: the champion of --store, else the expert tables]",
    ),
]
Rules = Annotated[
    Path | None, typer.Option("--rules", help="Folder with the district's own rule entries.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Into = Annotated[Path, typer.Option("--out", help="Folder for scores.parquet and run.json.")]
AnswersIn = Annotated[
    str,
    typer.Option(
        callback=by_store,
        envvar="XHCREDIT_STORE",
        help="Store whose restorations are told first; the night answers in it.  [default: none]",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Compute everything anew; carry nothing over.")]
Check = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        help="Share of what is carried over that is computed anew and compared; from 0.1 on "
        "the events of every table are read anew too.",
    ),
]
WAREHOUSE = Path("out/warehouse")
#: days after it are typing mistakes; terms that begin on it must end before the calendar of Python
LAST_DAY = date(2199, 12, 31)


def the_day(text: str) -> date:
    """Read a day as a person types it; empty is today (only the shell knows what day it is).

    Raises:
        BadInput: no such day, or one with which nothing can be computed.
    """
    if not text:
        return today()
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        raise BadInput(f'"{text}" is not a day; write it as 2026-06-30') from None
    if day > LAST_DAY:
        raise BadInput(f"{day} is beyond {LAST_DAY}, the last day that is computed; correct it")
    return day


def model_for(as_of: str, release: Path | None, rules: Path | None, store: str = "") -> Model:
    """Compile the release and the rules of a day that is not in the future.

    Without a release, the champion of ``store`` scores; without either, the expert tables.

    Raises:
        BadInput: the day has not come; nobody can know its facts.
    """
    from xhcredit.jobs.scoring.model import model_on
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import load_release

    day = the_day(as_of)
    if day > today():
        raise BadInput(f"{day} has not come; choose {today()} or an earlier as-of day")
    tables = _champion(store, day) if store and release is None else load_release(release)
    return model_on(Rulebook.load(rules), tables, day)


def _champion(store: str, day: date) -> Tables:
    """The release that was promoted for a day in the store; a store not yet there has none."""
    from xhcredit.jobs.models.promotion import champion_release
    from xhcredit.store.store import Store

    with Store.open(store) as opened:
        return champion_release(opened, day)


def register(app: typer.Typer) -> None:
    """Add the commands to the shell."""
    app.command("score")(score)
    app.command("explain")(explain)


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
    from xhcredit.cli.alerts.commands import raised
    from xhcredit.jobs.night.run import run_night
    from xhcredit.jobs.restoration.nightly_update import barred_in, before_night, write_restorable

    with measured("night.prepared"):
        model = model_for(as_of, release, rules, store)
        if store:
            before_night(warehouse, store, today(), model.rules)
    warned = None
    with progress_bar(quiet=json_) as progress:
        report = run_night(
            warehouse, into, model, progress=progress, memory=memory, full=full, check=check,
            engine=engine,
        )  # fmt: skip
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
    """What whoever looks after the rules must hear: a notice that is missing, rules that end."""
    from xhcredit.rules.check import ending_soon

    ending = [asdict(finding) for finding in ending_soon(model.rules, model.as_of)]
    return {"missing_notice": model.rules.missing_notice(today()), "ending_rules": ending}


def _show_about_rules(model: Model) -> None:
    from xhcredit.rules.check import ending_soon, missing_notice

    ending = ending_soon(model.rules, model.as_of)
    for finding in (*missing_notice(model.rules, today()), *ending):
        told = f"[yellow]{finding.rule_id}：{finding.zh}[/]\n[dim]{finding.en}[/]"
        out.print(told, soft_wrap=True)


def _show_night(
    report: NightReport, listed: Listed, done: Published | None, warned: Updated | None
) -> None:
    from xhcredit.cli.alerts.commands import show_alerts

    show_report(report)
    show_listed(listed)
    if done:
        show_published(done)
    if warned:
        show_alerts(warned)


def _published(into: Path, store: str, model: Model, progress: Any) -> Published:
    """Publish a night together with the points tables that scored it."""
    from xhcredit.jobs.night.publish import publish
    from xhcredit.store.store import Store

    with Store.open(store) as opened:
        who, tables = getpass.getuser(), model.release.as_data()
        return publish(into, opened, actor=who, release=tables, progress=progress)


def made_ready(warehouse: Path, digest: str, progress: Any) -> None:
    """Make what pages about a published night need, so that the first visitor does not wait."""
    from xhcredit.jobs.warehouse.clustered_store import open_book
    from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows

    progress("pages", 0, 1)
    open_rows(warehouse, open_book(warehouse, digest, progress=progress))
    progress("pages", 1, 1)


def show_published(done: Published) -> None:
    """Print which run a night became, and whether it answers."""
    state = "answers now" if done.is_current else "is kept; a later night answers"
    again = " (published before: nothing changed)" if done.repeated else ""
    out.print(
        f"run {done.run} of {done.enterprises:,} enterprises {state}{again}; "
        f"{done.changed:,} changed their tier",
        soft_wrap=True,
    )


def show_listed(listed: Listed) -> None:
    """Print how many records can be restored, and where the list is."""
    if listed.why_not:
        out.print(f"[yellow]可修复清单 no list of restorable records:[/] {listed.why_not}")
        return
    told = ", ".join(f"{state} {count:,}" for state, count in listed.states.items())
    out.print(f"可修复记录 restorable records: {told}\nlist: {listed.sheet}", soft_wrap=True)


def show_report(report: NightReport) -> None:
    """Print the tiers of a night for people."""
    from xhcredit.ingest.schema import directory

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


Explained = Annotated[
    str,
    typer.Option(
        "--store",
        help="Store whose published run is explained, from what it knew.  [default: none; the day "
        "is computed from what the warehouse holds now]",
    ),
]


def explain(
    code: Annotated[str, typer.Argument(help="Unified social credit code, 18 characters.")],
    as_of: AsOf = "",
    warehouse: Warehouse = WAREHOUSE,
    release: Release = None,
    rules: Rules = None,
    store: Explained = "",
    run: Annotated[
        int | None, typer.Option(help="Run of --store.  [default: the one that answers]")
    ] = None,
    json_: AsJson = False,
) -> None:
    """Tell why one enterprise has its score and tier: points, rules, and the events behind them.

    With `--store`, a published run is told from what it knew, whatever came into the warehouse
    since; without, the as-of day is computed from all that the warehouse holds now.
    """
    from xhcredit.domain.codes import UnifiedCode, normalised

    code = UnifiedCode(normalised(code)).text
    if store and as_of:
        raise BadInput("a published run has its own day; leave out --as-of, or --store")
    with progress_bar(quiet=json_) as progress:
        if store:
            told = _explained_run(store, run, code, warehouse, release, rules)
        else:
            told = _explained_now(model_for(as_of, release, rules), code, warehouse, progress)
    if json_:
        tell_json(told)
        return
    _show(told)


def _explained_now(model: Model, code: str, warehouse: Path, progress: Any) -> dict[str, Any]:
    """An enterprise on a day, from all that the warehouse holds."""
    from xhcredit.jobs.enterprise.explanation import explain as explain_job
    from xhcredit.jobs.warehouse.clustered_store import open_store

    return explain_job(warehouse, open_store(warehouse, progress=progress), model, code, today())


def _explained_run(
    address: str,
    run: int | None,
    code: str,
    warehouse: Path,
    release: Path | None,
    rules: Path | None,
) -> dict[str, Any]:
    """An enterprise in a published run, from what the run knew."""
    from xhcredit.jobs.enterprise.published_explanation import answer_of, explain_run, open_run
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.store.store import Store

    with Store.open(address) as store:
        number, published = answer_of(store.reader, code, run)
        live = open_run(store.reader, warehouse, Rulebook.load(rules), number, release)
    return explain_run(live, warehouse, number, published, today())


def _show(told: dict[str, Any]) -> None:
    """Print one enterprise's explanation for people."""
    run = f"  run {told['run']}" if "run" in told else ""
    out.print(f"[bold]{told['code']}[/]  as of {told['provenance']['as_of']}{run}")
    out.print(f"综合信用分 composite [bold]{told['composite']:.1f}[/]")
    out.print(f"等级 tier [bold]{told['tier']}[/]   decided by {told['decided_by']}")
    out.print(
        f"国家公共信用综合评价 national evaluation: {told['national_evaluation'] or '无 none'}"
    )
    out.print(f"[dim]{told['mark']}[/]")
    for score_ in told["scores"]:
        out.print(_points_table(score_))
    events = Table(title=f"事件 events known ({len(told['events'])})")
    for column in ("发生日\noccurred", "归集日\nknown", "类别\ntable", "计入\ncounts"):
        events.add_column(column)
    for column in ("读取的指标，或不计入的原因\nread by, or why not", "来源\nsource"):
        events.add_column(column, overflow="fold")
    for e in told["events"][:30]:
        where = f"{e.get('source_file', '')}:{e.get('source_row', '')}"
        counts = "是 yes" if e["counts"] else "否 no"
        events.add_row(e["occurred_on"], e["known_on"], e["zh"], counts, _read_by(e), where)
    out.print(events)


def _read_by(event: dict[str, Any]) -> str:
    """The indicators that read an event, or why none does; in both languages."""
    several = event["indicators"] if event["counts"] else event["why_none"]
    zh, en = ("；".join(s["zh"] for s in several), "; ".join(s["en"] for s in several))
    return f"{zh}\n[dim]{en}[/]"


def _points_table(score_: dict[str, Any]) -> Table:
    """Points of one score, indicators that cost nothing left out."""
    means = (
        f"base {score_['base']:g}, weight {score_['weight']:.2f}, odds {score_['odds']:.1f} to 1"
    )
    table = Table(title=f"{score_['score']} {score_['points']:.1f} ({means})")
    table.add_column("指标 indicator", overflow="fold")
    for column in ("取值\nvalue", "得分\npoints", "最高\nbest", "影响综合分\ncosts"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in score_["indicators"]:
        if row["costs_composite"] > 0:
            value = "缺失 missing" if row["value"] is None else f"{row['value']:g}"
            cells = (f"{row[k]:.1f}" for k in ("points", "best", "costs_composite"))
            table.add_row(f"{row['zh']}\n[dim]{row['en']}[/]", value, *cells)
    return table
