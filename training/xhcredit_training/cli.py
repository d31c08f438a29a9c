"""``xhcredit-train``: make samples, fit models, judge and compare them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from xhcredit.domain.clock import Clock
from xhcredit.domain.disk import disk_error
from xhcredit.errors import BadInput, RegistryUnavailable, XhcreditError
from xhcredit_training import fairness_command
from xhcredit_training import promotion_commands as promote_commands

if TYPE_CHECKING:  # what does the work is imported when it is asked for, so that --help is quick
    from xhcredit_training.bootstrap import Told

out = Console()
err = Console(stderr=True)

app = typer.Typer(
    name="xhcredit-train",
    help="训练评分卡 Train points tables: sample, fit, evaluate, compare, log.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Warehouse_ = Annotated[Path, typer.Option("--warehouse", help="Folder that ingest wrote.")]
Tracking = Annotated[
    str, typer.Option("--tracking", help="MLflow address; a file beside the runs by default.")
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of all runs.")]
STEPS = {
    "features": "指标 features", "fit": "拟合 fitting", "evaluate": "评估 judging",
    "alarms": "泄漏与漂移 alarms", "search": "搜索 searching",
}  # fmt: skip


def day(text: str, option: str) -> date:
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
    if not err.is_terminal:
        yield lambda what, done, total: None
        return
    with Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task("")
        yield lambda what, done, total: bar.update(
            task, description=f"{STEPS.get(what, what)} {done:,}/{total:,}"
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
) -> None:
    """Build a sample: quarter ends, what was known then, what followed within the horizon."""
    from xhcredit.ingest.schema import directory_digest  # only this command waits for it
    from xhcredit.jobs.warehouse.clustered_store import open_store  # only this command waits for it
    from xhcredit.rules.rulebook import Rulebook  # only this command waits for it
    from xhcredit_training.identifiers import (  # only this command waits for it
        inspections,
        with_inspectors,
    )
    from xhcredit_training.sample import (  # only this command waits for it
        Wanted,
        build,
        quarter_ends,
    )
    from xhcredit_training.sample_io import save  # only this command waits for it
    from xhcredit_training.visits import logged  # only this command waits for it

    days = quarter_ends(day(first, "--from"), day(last, "--to"))
    if not days:
        raise BadInput(f"no quarter ends between {first} and {last}; widen the period")
    on = day(defined_on, "--defined-on") if defined_on else days[-1]
    rules = Rulebook.load()
    with progress() as tell:
        store = open_store(warehouse, progress=tell)
        wanted = Wanted(score, days, on, weighting)
        made, outcome = build(store, rules, wanted, tell, logged(warehouse, store))
        made = with_inspectors(made, inspections(warehouse, store), outcome)
    told = {
        "score": score,
        "horizon_days": outcome.horizon_days,
        "events": ",".join(outcome.events),
        "days": f"{days[0]}..{days[-1]}",
        "defined_on": on.isoformat(),
        "data_digest": store.digest,
        "rulebook_digest": rules.digest,
        "directory_digest": directory_digest(),
        "weights": made.notes["weights"],
    }
    save(made, to, told)
    out.print(f"{made} → {to}")
    out.print_json(json.dumps(told["weights"]).replace("NaN", "null"))


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
    tracking: Tracking = "",
) -> None:
    """Fit a model, set it right, judge it, and keep the run in a folder and in MLflow."""
    from xhcredit.rules.rulebook import Rulebook  # only this command waits for it
    from xhcredit_training.run import Order, train  # only this command waits for it

    order = Order(
        sample,
        model,
        runs / (name or f"{model}-{sample.stem}"),
        day(on, "--on") if on else Clock().today(),
        day(calibrate_from, "--calibrate-from") if calibrate_from else None,
        day(judge_from, "--judge-from") if judge_from else None,
        search,
        base,
    )
    with progress() as tell:
        done = train(order, Rulebook.load(), tell)
    show(
        f"{done.folder.name}: {done.report.rows:,} rows, {done.report.bad:,} bad",
        done.report.metrics,
    )
    for alarm in done.alarms:
        out.print(
            f"[yellow]alarm[/] {alarm.code} {alarm.about}: {alarm.found:.3f} "
            f"(> {alarm.limit:g}); {alarm.zh} {alarm.en}",
            soft_wrap=True,
        )
    out.print(f"run: {done.folder}", soft_wrap=True)
    _tell_registry(done.folder, runs, tracking)


def _tell_registry(folder: Path, runs: Path, tracking: str) -> None:
    from xhcredit_training.registry import address, log  # only this command waits for it

    out.print(f"MLflow run: {log(folder, address(runs, tracking))}", soft_wrap=True)


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
    from xhcredit_training.sample_io import load  # only this command waits for it
    from xhcredit_training.split import day_of  # only this command waits for it

    made, told = load(sample)
    late = made.day >= (day(judge_from, "--judge-from") - date(1970, 1, 1)).days
    if not late.any() or late.all():
        found = f"as-of days run from {day_of(made.day.min())} to {day_of(made.day.max())}"
        raise BadInput(f"nothing lies before, or from, {judge_from}: {found}; choose a day inside")
    tables = load_release(release).tables
    if told["score"] not in tables:
        raise BadInput(f'"{release}" has no table for "{told["score"]}"; name another release')
    report = judge(from_table(tables[told["score"]]), made.rows(~late), made.rows(late))
    show(f"{release.name} from {judge_from}: {report.rows:,} rows", report.metrics)


@app.command()
def compare(
    one: Annotated[str, typer.Argument(help="Run: folder, name, or MLflow id.")],
    other: Annotated[str, typer.Argument(help="Run to compare with.")],
    runs: Runs = Path("out/runs"),
    tracking: Tracking = "",
    html: Annotated[Path | None, typer.Option("--html", help="Page to write.")] = None,
) -> None:
    """Show two runs side by side, with intervals of their differences on the same rows."""
    from xhcredit_training.comparison import side_by_side  # only this command waits for it
    from xhcredit_training.registry import address, find  # only this command waits for it

    uri = address(runs, tracking)
    folders = find(runs, one, uri), find(runs, other, uri)
    both = side_by_side(*folders)
    table = Table("figure", one, other, "difference, 95 %", title="")
    for name, (a, b, gap) in both.items():
        mark = "*" if gap.low > 0 or gap.high < 0 else ""
        table.add_row(name, f"{a:.4f}", f"{b:.4f}", f"{gap} {mark}")
    out.print(table)
    out.print("* 差异显著 the whole interval is on one side of 0")
    if html is not None:
        from xhcredit_training.comparison_page import write_page  # only this command waits for it

        write_page(*folders, both, html)
        out.print(f"page: {html}", soft_wrap=True)


@app.command()
def log(
    folder: Annotated[Path, typer.Argument(help="Folder of a run.")],
    runs: Runs = Path("out/runs"),
    tracking: Tracking = "",
) -> None:
    """Tell the registry of a run that it missed."""
    _tell_registry(folder, runs, tracking)


@app.command("runs")
def runs_(runs: Runs = Path("out/runs")) -> None:
    """List the runs in a folder, the best first."""
    from xhcredit_training.registry import read  # only this command waits for it

    found = [(f.parent.name, read(f.parent)) for f in sorted(runs.glob("*/run.json"))]
    if not found:
        raise BadInput(f'no run in "{runs}"; make one with "fit"')
    table = Table("run", "score", "model", "AUC", "alarms")
    for name, told in sorted(found, key=lambda item: -item[1]["metrics"].get("auc", 0)):
        figures = f"{told['metrics'].get('auc', float('nan')):.4f}"
        table.add_row(name, told["score"], told["model"], figures, str(len(told["alarms"])))
    out.print(table)


promote_commands.register(app)
fairness_command.register(app)


def show(title: str, metrics: Mapping[str, Told]) -> None:
    """Print figures with their intervals."""
    table = Table("figure", "value [95 %]", title=title)
    for name, told in metrics.items():
        table.add_row(name, str(told))
    out.print(table)


def _refuse(error: XhcreditError) -> NoReturn:
    """Tell an error in words and end with its exit code."""
    if isinstance(error, RegistryUnavailable):
        err.print("结果已存于本地 results are kept locally", highlight=False)
    err.print(f"[bold red]{error.code}[/]: ", end="")
    err.print(str(error), markup=False, highlight=False, soft_wrap=True)
    sys.exit(error.exit_code)


def run() -> None:
    """Run the shell and turn errors that a person can act on into words."""
    try:
        app()
    except XhcreditError as error:
        _refuse(error)
    except Exception as error:
        known = disk_error(error)
        if known is None:
            raise
        _refuse(known)


if __name__ == "__main__":
    run()
