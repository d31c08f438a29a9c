"""``xhcredit-train`` from a run to a candidate: ``gates``, ``submit``, ``promote``."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from xhcredit.domain.clock import Clock
from xhcredit.errors import BadInput
from xhcredit_training.options import Rules, Runs, Tracking

if TYPE_CHECKING:  # what does the work is imported when it is asked for, so that --help is quick
    from xhcredit_training.promotion_gates import Verdict

console = Console()
Run = Annotated[str, typer.Argument(help="Run: folder, name, or MLflow id.")]
Sample = Annotated[Path, typer.Option("--sample", help="The sample that the run came from.")]
StoreAddress = Annotated[
    str, typer.Option("--store", envvar="XHCREDIT_STORE", help="The store: a file, or an address.")
]
RulesDay = Annotated[str, typer.Option("--on", help="Day whose gates hold; today by default.")]
_STORE, _RUNS = "out/store.db", Path("out/runs")


def register(app: typer.Typer) -> None:
    """Add the commands to the shell."""
    app.command("gates")(gates)
    app.command("submit")(submit)
    app.command("promote")(promote)


def parsed_day(text: str) -> date:
    """A day as it was typed; empty is today.

    Raises:
        BadInput: it is no day.
    """
    try:
        return date.fromisoformat(text) if text else Clock().today()
    except ValueError:
        raise BadInput(f'--on "{text}" is not a day; write it as 2026-06-30') from None


def gates(
    run: Run,
    sample: Sample,
    against: Annotated[
        Path | None, typer.Option("--against", help="Release file; the expert tables by default.")
    ] = None,
    on: RulesDay = "",
    rules: Rules = None,
    runs: Runs = _RUNS,
    tracking: Tracking = "",
) -> None:
    """Judge a run by the gates of a day, without submitting it; fails if one is closed."""
    from xhcredit.scores.release import load_release  # only this command waits for it
    from xhcredit.scores.rulebook import load_rulebook  # only this command waits for it
    from xhcredit_training.promotion import make_submission  # only this command waits for it
    from xhcredit_training.promotion_gates import refuse_closed  # only this command waits for it
    from xhcredit_training.registry import find_run, tracking_uri  # only this command waits for it

    folder = find_run(runs, run, tracking_uri(runs, tracking))
    rulebook = load_rulebook(rules)
    submission_args = (load_release(against, rulebook), rulebook, parsed_day(on))
    _, verdicts = make_submission(folder, sample, *submission_args)
    _print_verdicts(verdicts)
    refuse_closed(verdicts)


def submit(
    run: Run,
    sample: Sample,
    why: Annotated[str, typer.Option("--why", help="Why it should become the champion.")],
    actor: Annotated[str, typer.Option(help="Who submits.  [default: who is logged in]")] = "",
    on: RulesDay = "",
    once: Annotated[str, typer.Option(help="Key: the same with the same key is done once.")] = "",
    rules: Rules = None,
    store: StoreAddress = _STORE,
    runs: Runs = _RUNS,
    tracking: Tracking = "",
) -> None:
    """Judge a run beside the champion of the store, and submit it with its verdicts."""
    from xhcredit.jobs.models.promotion import champion_release  # only this command waits for it
    from xhcredit.jobs.models.promotion import (  # only this command waits for it
        submit_candidate as keep,
    )
    from xhcredit.scores.rulebook import load_rulebook  # only this command waits for it
    from xhcredit.store.core.transactions import Act  # only this command waits for it
    from xhcredit.store.store import Store  # only this command waits for it
    from xhcredit_training.promotion import make_submission  # only this command waits for it
    from xhcredit_training.registry import find_run, tracking_uri  # only this command waits for it

    folder, day, rulebook = (
        find_run(runs, run, tracking_uri(runs, tracking)),
        parsed_day(on),
        load_rulebook(rules),
    )
    with Store.open(store) as opened_store:
        champion = champion_release(opened_store, rulebook, day)
        new_submission, verdicts = make_submission(folder, sample, champion, rulebook, day)
        actor_name = actor or getpass.getuser()
        act = Act(
            actor_name, "model.submit", why, payload={"run": new_submission.name}, key=once or None
        )
        candidate = keep(opened_store, act, new_submission, rulebook, day)
    _print_verdicts(verdicts)
    console.print(f"candidate {candidate['candidate']}: {candidate['state']}", soft_wrap=True)


def promote(
    on: RulesDay = "", store: StoreAddress = _STORE, runs: Runs = _RUNS, tracking: Tracking = ""
) -> None:
    """Let MLflow's alias "champion" follow the store, which alone decides what scores."""
    from xhcredit.store.store import Store  # only this command waits for it
    from xhcredit_training.promotion import name_champion  # only this command waits for it
    from xhcredit_training.registry import tracking_uri  # only this command waits for it

    day = parsed_day(on).isoformat()
    with Store.open(store) as opened_store:
        champion = opened_store.models.champion(day)
    if champion is None:
        raise BadInput(f'no candidate scores on {day}; switch one: "xhcredit models switch"')
    version = name_champion(tracking_uri(runs, tracking), runs / "artifacts", champion["digest"])
    console.print(f"champion: {champion['name']}, version {version}", soft_wrap=True)


def _print_verdicts(verdicts: Sequence[Verdict]) -> None:
    table = Table("门槛 gate", "", "理由 reason", title="门槛 gates")
    for v in verdicts:
        state = "[green]开 open[/]" if v.open else "[red]关 closed[/]"
        table.add_row(v.gate, state, f"{v.zh}\n{v.en}")
    console.print(table)
