"""``explain``: why one enterprise has its score and tier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xhcredit.cli.arguments import model_for
from xhcredit.cli.clock import today
from xhcredit.cli.options import DEFAULT_WAREHOUSE, AsJson, AsOf, Release, Rules, Warehouse
from xhcredit.cli.output import out, print_json, progress_bar
from xhcredit.domain.codes import UnifiedCode, normalised
from xhcredit.domain.progress import Progress
from xhcredit.errors import BadInput
from xhcredit.jobs.enterprise.explanation import explain as explain_job
from xhcredit.jobs.enterprise.published_explanation import (
    explain_run,
    open_published_run,
    published_answer_of,
)
from xhcredit.jobs.enterprise.rows import EnterpriseEvent, Explanation, PublishedExplanation
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.rows import ScorePoints
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.store import Store

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
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
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
    code = UnifiedCode(normalised(code)).text
    if store and as_of:
        raise BadInput("a published run has its own day; leave out --as-of, or --store")
    explanation: Explanation
    published_run: int | None = None
    with progress_bar(quiet=json_) as progress:
        if store:
            published = _explain_published(store, run, code, warehouse, release, rules)
            explanation, published_run = published, published["run"]
        else:
            explanation = _explain_from_warehouse(
                model_for(as_of, release, rules), code, warehouse, progress
            )
    if json_:
        print_json(explanation)
        return
    _show_explanation(explanation, published_run)


def _explain_from_warehouse(
    model: Model, code: str, warehouse: Path, progress: Progress
) -> Explanation:
    """An enterprise on a day, from all that the warehouse holds."""
    return explain_job(
        warehouse, open_event_columns(warehouse, progress=progress), model, code, today()
    )


def _explain_published(
    address: str,
    run: int | None,
    code: str,
    warehouse: Path,
    release: Path | None,
    rules: Path | None,
) -> PublishedExplanation:
    """An enterprise in a published run, from what the run knew."""
    with Store.open(address) as store:
        number, published_answer = published_answer_of(store.reader, code, run)
        live_model = open_published_run(
            store.reader, warehouse, load_rulebook(rules), number, release
        )
    return explain_run(live_model, warehouse, number, published_answer, today())


def _show_explanation(explanation: Explanation, run: int | None) -> None:
    """Print one enterprise's explanation for people."""
    run_text = f"  run {run}" if run is not None else ""
    out.print(
        f"[bold]{explanation['code']}[/]  as of {explanation['provenance']['as_of']}{run_text}"
    )
    out.print(f"综合信用分 composite [bold]{explanation['composite']:.1f}[/]")
    out.print(f"等级 tier [bold]{explanation['tier']}[/]   decided by {explanation['decided_by']}")
    out.print(
        "国家公共信用综合评价 national evaluation: "
        f"{explanation['national_evaluation'] or '无 none'}"
    )
    out.print(f"[dim]{explanation['mark']}[/]")
    for score_ in explanation["scores"]:
        out.print(_points_table(score_))
    events = Table(title=f"事件 events known ({len(explanation['events'])})")
    for column in ("发生日\noccurred", "归集日\nknown", "类别\ntable", "计入\ncounts"):
        events.add_column(column)
    for column in ("读取的指标，或不计入的原因\nread by, or why not", "来源\nsource"):
        events.add_column(column, overflow="fold")
    for e in explanation["events"][:30]:
        source_text = f"{e['source_file'] or ''}:{e['source_row'] or ''}"
        counts = "是 yes" if e["counts"] else "否 no"
        events.add_row(e["occurred_on"], e["known_on"], e["zh"], counts, _read_by(e), source_text)
    out.print(events)


def _read_by(event: EnterpriseEvent) -> str:
    """The indicators that read an event, or why none does; in both languages."""
    labels = [(i["zh"], i["en"]) for i in event["indicators"]]
    if not event["counts"]:
        labels = [(reason["zh"], reason["en"]) for reason in event["why_none"]]
    zh, en = "；".join(zh for zh, _ in labels), "; ".join(en for _, en in labels)
    return f"{zh}\n[dim]{en}[/]"


def _points_table(score_: ScorePoints) -> Table:
    """Points of one score, indicators that cost nothing left out."""
    scale_text = (
        f"base {score_['base']:g}, weight {score_['weight']:.2f}, odds {score_['odds']:.1f} to 1"
    )
    table = Table(title=f"{score_['score']} {score_['points']:.1f} ({scale_text})")
    table.add_column("指标 indicator", overflow="fold")
    for column in ("取值\nvalue", "得分\npoints", "最高\nbest", "影响综合分\ncosts"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in score_["indicators"]:
        if row["costs_composite"] > 0:
            value = "缺失 missing" if row["value"] is None else f"{row['value']:g}"
            if row["since"]:
                value += f"\n[dim]{row['since']}[/]"
            numbers = (row["points"], row["best"], row["costs_composite"])
            cells = (f"{number:.1f}" for number in numbers)
            table.add_row(f"{row['zh']}\n[dim]{row['en']}[/]", value, *cells)
    return table
