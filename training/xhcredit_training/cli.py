"""``xhcredit-train``: make samples, fit models, judge and compare them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from xhcredit.domain.clock import Clock
from xhcredit.domain.disk import disk_error
from xhcredit.errors import BadInput, RegistryUnavailable, XhcreditError
from xhcredit_training import fairness_command, promotion_commands
from xhcredit_training.options import Rules, Runs, Tracking

if TYPE_CHECKING:  # what does the work is imported when it is asked for, so that --help is quick
    from xhcredit_training.bootstrap import Estimate
    from xhcredit_training.rows import Provenance, WeightFigures

console = Console()
error_console = Console(stderr=True)

app = typer.Typer(
    name="xhcredit-train",
    help="训练评分卡 Train points tables: sample, fit, evaluate, compare, log.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Warehouse_ = Annotated[Path, typer.Option("--warehouse", help="Folder that ingest wrote.")]
STEPS = {
    "features": "指标 features", "fit": "拟合 fitting", "evaluate": "评估 judging",
    "alarms": "泄漏与漂移 alarms", "search": "搜索 searching",
}  # fmt: skip


def parsed_day(text: str, option: str) -> date:
    """A day as it was typed.

    Raises:
        BadInput: it is no day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f'{option} "{text}" is not a day; write it as 2026-06-30') from None


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show which step runs, and since when, if a person is watching."""
    if not error_console.is_terminal:
        yield lambda stage, done, total: None
        return
    with Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=error_console,
        transient=True,
    ) as progress_bar:
        task = progress_bar.add_task("")
        yield lambda stage, done, total: progress_bar.update(
            task, description=f"{STEPS.get(stage, stage)} {done:,}/{total:,}"
        )


@app.command("sample")
def sample_(
    to: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    warehouse: Warehouse_ = Path("out/demo/warehouse"),
    score: Annotated[str, typer.Option(help="general or x_<domain>.")] = "general",
    first: Annotated[str, typer.Option("--from", help="First as-of day.")] = "2021-03-31",
    last: Annotated[str, typer.Option("--to", help="Last as-of day.")] = "2025-06-30",
    defined_on: Annotated[str, typer.Option(help="Day whose rules define the outcome.")] = "",
    weighting: Annotated[str, typer.Option(help="auto, logged, propensity or none.")] = "auto",
    rules: Rules = None,
) -> None:
    """Build a sample: quarter ends, what was known then, what followed within the horizon."""
    from xhcredit.ingest.schema import directory_digest  # only this command waits for it
    from xhcredit.jobs.warehouse.clustered_store import (  # only this command waits for it
        open_event_columns,
    )
    from xhcredit.scores.rulebook import load_rulebook  # only this command waits for it
    from xhcredit_training.identifiers import (  # only this command waits for it
        inspections,
        with_inspectors,
    )
    from xhcredit_training.sample import (  # only this command waits for it
        SampleSpec,
        build_sample,
        quarter_ends,
    )
    from xhcredit_training.sample_io import save_sample  # only this command waits for it
    from xhcredit_training.visits import logged_visits  # only this command waits for it

    days = quarter_ends(parsed_day(first, "--from"), parsed_day(last, "--to"))
    if not days:
        raise BadInput(f"no quarter ends between {first} and {last}; widen the period")
    rules_day = parsed_day(defined_on, "--defined-on") if defined_on else days[-1]
    rulebook = load_rulebook(rules)
    with progress() as report_progress:
        event_columns = open_event_columns(warehouse, progress=report_progress)
        sample_spec = SampleSpec(score, days, rules_day, weighting)
        visits = logged_visits(warehouse, event_columns)
        dataset, outcome = build_sample(
            event_columns, rulebook, sample_spec, report_progress, visits
        )
        dataset = with_inspectors(dataset, inspections(warehouse, event_columns), outcome)
    weights = cast("WeightFigures", dataset.notes["weights"])
    provenance: Provenance = {
        "score": score, "horizon_days": outcome.horizon_days, "events": ",".join(outcome.events),
        "days": f"{days[0]}..{days[-1]}", "defined_on": rules_day.isoformat(),
        "data_digest": event_columns.digest, "rulebook_digest": rulebook.digest,
        "directory_digest": directory_digest(), "weights": weights,
    }  # fmt: skip
    save_sample(dataset, to, provenance)
    console.print(f"{dataset} → {to}")
    console.print_json(json.dumps(weights).replace("NaN", "null"))


@app.command()
def fit(
    sample: Annotated[Path, typer.Argument(help="File that sample wrote.")],
    model: Annotated[
        str, typer.Option(help="woe, boosted, blend, revised, full, expert, plain.")
    ] = "boosted",
    name: Annotated[str, typer.Option(help="Name of the run; model and score by default.")] = "",
    runs: Runs = Path("out/runs"),
    on: Annotated[str, typer.Option(help="Day whose rules hold; today by default.")] = "",
    calibrate_from: Annotated[str, typer.Option(help="First as-of day of calibration.")] = "",
    judge_from: Annotated[str, typer.Option(help="First as-of day that is judged.")] = "",
    search: Annotated[bool, typer.Option("--search", help="Try settings first.")] = False,
    base: Annotated[Path | None, typer.Option(help="Release whose other tables go along.")] = None,
    rules: Rules = None,
    tracking: Tracking = "",
) -> None:
    """Fit a model, set it right, judge it, and keep the run in a folder and in MLflow."""
    from xhcredit.scores.rulebook import load_rulebook  # only this command waits for it
    from xhcredit_training.run import TrainingRequest, train  # only this command waits for it

    request = TrainingRequest(
        sample,
        model,
        runs / (name or f"{model}-{sample.stem}"),
        parsed_day(on, "--on") if on else Clock().today(),
        parsed_day(calibrate_from, "--calibrate-from") if calibrate_from else None,
        parsed_day(judge_from, "--judge-from") if judge_from else None,
        search,
        base,
    )
    with progress() as report_progress:
        run_result = train(request, load_rulebook(rules), report_progress)
    print_estimates(
        f"{run_result.folder.name}: {run_result.report.rows:,} rows, {run_result.report.bad:,} bad",
        run_result.report.metrics,
    )
    for alarm in run_result.alarms:
        console.print(
            f"[yellow]alarm[/] {alarm.code} {alarm.about}: {alarm.measured:.3f} "
            f"(> {alarm.limit:g}); {alarm.zh} {alarm.en}",
            soft_wrap=True,
        )
    console.print(f"run: {run_result.folder}", soft_wrap=True)
    _log_to_registry(run_result.folder, runs, tracking)


def _log_to_registry(folder: Path, runs: Path, tracking: str) -> None:
    from xhcredit_training.registry import log_run, tracking_uri  # only this command waits for it

    console.print(f"MLflow run: {log_run(folder, tracking_uri(runs, tracking))}", soft_wrap=True)


@app.command()
def evaluate(
    release: Annotated[Path, typer.Argument(help="Any release file.")],
    sample: Annotated[Path, typer.Argument(help="File that sample wrote.")],
    judge_from: Annotated[str, typer.Option(help="First as-of day that is judged.")],
) -> None:
    """Judge any release, trained here or not, on the later rows of a sample."""
    from xhcredit.scores.release import load_release  # only this command waits for it
    from xhcredit_training.evaluate import evaluate as judge  # only this command waits for it
    from xhcredit_training.models import from_table  # only this command waits for it
    from xhcredit_training.sample_io import load_sample  # only this command waits for it
    from xhcredit_training.split import day_of  # only this command waits for it

    dataset, provenance = load_sample(sample)
    is_judged = dataset.day >= (parsed_day(judge_from, "--judge-from") - date(1970, 1, 1)).days
    if not is_judged.any() or is_judged.all():
        day_range = (
            f"as-of days run from {day_of(dataset.day.min())} to {day_of(dataset.day.max())}"
        )
        raise BadInput(
            f"nothing lies before, or from, {judge_from}: {day_range}; choose a day inside"
        )
    tables = load_release(release).tables
    if provenance["score"] not in tables:
        raise BadInput(
            f'"{release}" has no table for "{provenance["score"]}"; name another release'
        )
    report = judge(
        from_table(tables[provenance["score"]]), dataset.rows(~is_judged), dataset.rows(is_judged)
    )
    print_estimates(f"{release.name} from {judge_from}: {report.rows:,} rows", report.metrics)


@app.command()
def compare(
    run: Annotated[str, typer.Argument(help="Run: folder, name, or MLflow id.")],
    compared: Annotated[str, typer.Argument(help="Run to compare with.")],
    runs: Runs = Path("out/runs"),
    tracking: Tracking = "",
    html: Annotated[Path | None, typer.Option("--html", help="Page to write.")] = None,
) -> None:
    """Show two runs side by side, with intervals of their differences on the same rows."""
    from xhcredit_training.comparison import side_by_side  # only this command waits for it
    from xhcredit_training.registry import find_run, tracking_uri  # only this command waits for it

    registry_uri = tracking_uri(runs, tracking)
    folders = find_run(runs, run, registry_uri), find_run(runs, compared, registry_uri)
    differences = side_by_side(*folders)
    table = Table("figure", run, compared, "difference, 95 %", title="")
    for name, (a, b, gap) in differences.items():
        significance_mark = "*" if gap.low > 0 or gap.high < 0 else ""
        table.add_row(name, f"{a:.4f}", f"{b:.4f}", f"{gap} {significance_mark}")
    console.print(table)
    console.print("* 差异显著 the whole interval is on one side of 0")
    if html is not None:
        from xhcredit_training.comparison_page import write_page  # only this command waits for it

        write_page(*folders, differences, html)
        console.print(f"page: {html}", soft_wrap=True)


@app.command()
def log_run(
    folder: Annotated[Path, typer.Argument(help="Folder of a run.")],
    runs: Runs = Path("out/runs"),
    tracking: Tracking = "",
) -> None:
    """Tell the registry of a run that it missed."""
    _log_to_registry(folder, runs, tracking)


@app.command("runs")
def runs_(runs: Runs = Path("out/runs")) -> None:
    """List the runs in a folder, the best first."""
    from xhcredit_training.registry import read_run  # only this command waits for it

    named_runs = [(f.parent.name, read_run(f.parent)) for f in sorted(runs.glob("*/run.json"))]
    if not named_runs:
        raise BadInput(f'no run in "{runs}"; make one with "fit"')
    table = Table("run", "score", "model", "AUC", "alarms")
    for name, run_record in sorted(named_runs, key=lambda item: -item[1]["metrics"].get("auc", 0)):
        auc_text = f"{run_record['metrics'].get('auc', float('nan')):.4f}"
        table.add_row(
            name, run_record["score"], run_record["model"], auc_text, str(len(run_record["alarms"]))
        )
    console.print(table)


promotion_commands.register(app)
fairness_command.register(app)


def print_estimates(title: str, metrics: Mapping[str, Estimate]) -> None:
    """Print figures with their intervals."""
    table = Table("figure", "value [95 %]", title=title)
    for name, estimate in metrics.items():
        table.add_row(name, str(estimate))
    console.print(table)


def _refuse(error: XhcreditError) -> NoReturn:
    """Tell an error in words and end with its exit code."""
    if isinstance(error, RegistryUnavailable):
        error_console.print("结果已存于本地 results are kept locally", highlight=False)
    error_console.print(f"[bold red]{error.code}[/]: ", end="")
    error_console.print(str(error), markup=False, highlight=False, soft_wrap=True)
    sys.exit(error.exit_code)


def run() -> None:
    """Run the shell and turn errors that a person can act on into words."""
    try:
        app()
    except XhcreditError as error:
        _refuse(error)
    except Exception as error:
        known_error = disk_error(error)
        if known_error is None:
            raise
        _refuse(known_error)


if __name__ == "__main__":
    run()
