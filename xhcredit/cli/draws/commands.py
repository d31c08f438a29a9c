"""``draw`` commands: inspection plan, frozen frame, seed, draw and published list."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
import yaml

from xhcredit.cli.arguments import day_from_text, existing_store, open_store, read_file_bytes
from xhcredit.cli.options import (
    DEFAULT_STORE,
    DEFAULT_WAREHOUSE,
    Address,
    AsJson,
    Rules,
    TicketEngine,
    Warehouse,
)
from xhcredit.cli.output import grid, out, print_json, progress_bar
from xhcredit.errors import BadInput
from xhcredit.jobs.draws import replacements, steps
from xhcredit.jobs.draws.publication import draw_with_publication
from xhcredit.jobs.draws.steps import file_plan
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.core.transactions import Act

Draw = Annotated[str, typer.Argument(help="Id of the draw.")]
Why = Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")]
Once = Annotated[
    str, typer.Option("--once", help="Key: the same command with the same key is done once.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the files of the draw.")]


def act_of(action: str, purpose: str, idempotency_key: str = "", **payload: object) -> Act:
    """Audit log entry for a command, with the login of the operating system as actor."""
    return Act(
        getpass.getuser(), f"draw.{action}", purpose, payload=payload, key=idempotency_key or None
    )


def plan(
    file: Annotated[Path, typer.Argument(help="The plan as YAML; see data/sample/draw/plan.yaml.")],
    why: Why = "inspection plan",
    once: Once = "",
    on: Annotated[str, typer.Option(help="Day of filing, YYYY-MM-DD.  [default: today]")] = "",
    rules: Rules = None,
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """File an annual or special plan; ratios, items and deadlines are checked against the rules."""
    plan_fields = _yaml(file)
    with open_store(store) as opened_store:
        act = act_of("plan", why, once, plan=str(plan_fields.get("id", "")))
        filed_plan = file_plan(
            opened_store, act, plan_fields, load_rulebook(rules), day_from_text(on)
        )
    _show_fields(filed_plan, json_)


def freeze(
    draw: Draw,
    plan: Annotated[str, typer.Option(help="Id of the filed plan.")],
    inspectors: Annotated[Path, typer.Option(help="inspectors.csv: who may inspect.")],
    recusals: Annotated[Path, typer.Option(help="recusals.csv: who must not visit whom.")],
    as_of: Annotated[
        str, typer.Option(help="Day of the frame, YYYY-MM-DD.  [default: the current run's]")
    ] = "",
    round_: Annotated[str, typer.Option("--round", help="Id shared in a joint round.")] = "",
    replaces: Annotated[str, typer.Option(help="Id of the draw to be repeated.")] = "",
    why: Why = "inspection draw",
    once: Once = "",
    out_: Out = Path("out/draw"),
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    rules: Rules = None,
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Freeze who may be drawn, and commit to it, before there is a seed.

    Publish commitment.json at once: only then the seed counts.
    """
    people = steps.People(read_file_bytes(inspectors), read_file_bytes(recusals))
    with existing_store(store) as opened_store, progress_bar(quiet=json_) as progress:
        day = as_of or opened_store.reader.current_run()["as_of"]
        request = steps.FreezeRequest(
            plan,
            draw,
            date.fromisoformat(str(day_from_text(day))),
            people,
            round_,
            replaces or None,
            why,
        )
        act = act_of("freeze", why, once, draw=draw, plan=plan)
        commitment = steps.freeze(
            opened_store, act, warehouse, load_rulebook(rules), request, progress
        )
        steps.export_draw(opened_store, draw, out_)
    _show_fields(
        commitment,
        json_,
        f"publish {out_ / 'commitment.json'} now; then: xhcredit draw seed {draw} …",
    )


def seed(
    draw: Draw,
    value: Annotated[str, typer.Argument(help="The seed, as the source announced it.")],
    source: Annotated[str, typer.Option(help="Where it is from; as announced when freezing.")],
    why: Why = "seed of a draw",
    once: Once = "",
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Enter the seed; once, and it can never be changed."""
    with existing_store(store) as opened_store:
        seed_entry = steps.enter_seed(
            opened_store, act_of("seed", why, once, draw=draw), draw, value, source
        )
    _show_fields(seed_entry, json_, f"next: xhcredit draw run {draw}")


def run(
    draw: Draw,
    why: Why = "inspection draw",
    once: Once = "",
    out_: Out = Path("out/draw"),
    engine: TicketEngine = "",
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Draw and staff; writes record.json and everything that is needed to check it."""
    with existing_store(store) as opened_store, progress_bar(quiet=json_) as progress:
        act = act_of("run", why, once or f"run {draw}", draw=draw)  # again: the files once more
        draw_summary = steps.run_draw(opened_store, act, draw, progress, engine=engine)
        steps.export_draw(opened_store, draw, out_)
    _show_fields(
        draw_summary, json_, f"check it: python3 {out_ / 'verify_draw.py'} {out_ / 'record.json'} …"
    )


def replace(
    draw: Draw,
    code: Annotated[str, typer.Argument(help="The enterprise.")],
    inspector: Annotated[str, typer.Argument(help="Who falls out.")],
    why: Annotated[str, typer.Option("--why", help="Illness, recusal on request …; is kept.")],
    once: Once = "",
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Draw another inspector for one place, by the same seed."""
    with existing_store(store) as opened_store:
        act = act_of("replace", why, once, draw=draw, code=code)
        absence = replacements.InspectorAbsence(code, inspector, why)
        replacement = replacements.replace_inspector(opened_store, act, draw, absence)
    _show_fields(replacement, json_)


def show(
    draw: Annotated[str, typer.Argument(help="Id of a draw; all of them without.")] = "",
    rules: Rules = None,
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Show how a draw stands, or all of them; and until when its results are to be published."""
    with existing_store(store) as opened_store:
        ids = [draw] if draw else [d["id"] for d in opened_store.draws.list_draws()]
        rulebook, today = load_rulebook(rules), day_from_text("")
        draw_rows = [
            draw_with_publication(opened_store.draws.get(id), rulebook, today) for id in ids
        ]
    if json_:
        print_json(draw_rows[0] if draw else draw_rows)
        return
    for draw_row in draw_rows:
        _show_fields({k: v for k, v in draw_row.items() if k != "activity"}, False)


def export(
    draw: Draw,
    out_: Out = Path("out/draw"),
    public: Annotated[bool, typer.Option("--public", help="Only what everybody may have.")] = False,
    store: Address = DEFAULT_STORE,
) -> None:
    """Write the files of a draw, and the program by which a stranger checks them."""
    with existing_store(store) as opened_store:
        for file in steps.export_draw(opened_store, draw, out_, private=not public):
            out.print(str(file), soft_wrap=True)


def _yaml(file: Path) -> dict[str, object]:
    """A YAML file with one mapping.

    Raises:
        BadInput: it cannot be read as such.
    """
    try:
        # Plans come from elsewhere: YAML with tags could otherwise build objects and run code.
        parsed = yaml.safe_load(read_file_bytes(file))
    except yaml.YAMLError as error:
        raise BadInput(f'"{file}" is not YAML ({error}); see data/sample/draw/plan.yaml') from None
    if not isinstance(parsed, dict):
        raise BadInput(f'"{file}" holds no plan; see data/sample/draw/plan.yaml')
    return parsed


def _show_fields(fields: Mapping[str, object], json_: bool, next_step: str = "") -> None:
    if json_:
        print_json(fields)
        return
    table = grid("")
    for name, value in fields.items():
        table.add_row(name, str(value))
    out.print(table)
    if next_step:
        out.print(next_step, soft_wrap=True)
