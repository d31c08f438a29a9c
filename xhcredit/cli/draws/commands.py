"""``draw`` commands: inspection plan, frozen frame, seed, draw and published list."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from xhcredit.cli.arguments import existing_store, open_store, the_day
from xhcredit.cli.options import STORE, WAREHOUSE, Address, AsJson, Rules, TicketEngine, Warehouse
from xhcredit.cli.output import grid, out, progress_bar, tell_json
from xhcredit.errors import BadInput
from xhcredit.jobs.draws import replacements, steps
from xhcredit.jobs.draws.publication import standing
from xhcredit.jobs.draws.steps import file_plan
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act

Draw = Annotated[str, typer.Argument(help="Id of the draw.")]
Why = Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")]
Once = Annotated[
    str, typer.Option("--once", help="Key: the same command with the same key is done once.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the files of the draw.")]


def act_of(action: str, why: str, once: str = "", **payload: Any) -> Act:
    """Audit log entry for a command, with the login of the operating system as actor."""
    return Act(getpass.getuser(), f"draw.{action}", why, payload=payload, key=once or None)


def plan(
    file: Annotated[Path, typer.Argument(help="The plan as YAML; see data/sample/draw/plan.yaml.")],
    why: Why = "inspection plan",
    once: Once = "",
    on: Annotated[str, typer.Option(help="Day of filing, YYYY-MM-DD.  [default: today]")] = "",
    rules: Rules = None,
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """File an annual or special plan; ratios, items and deadlines are checked against the rules."""
    given = _yaml(file)
    with open_store(store) as opened:
        act = act_of("plan", why, once, plan=str(given.get("id", "")))
        told = file_plan(opened, act, given, Rulebook.load(rules), the_day(on))
    _show(told, json_)


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
    warehouse: Warehouse = WAREHOUSE,
    rules: Rules = None,
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """Freeze who may be drawn, and commit to it, before there is a seed.

    Publish commitment.json at once: only then the seed counts.
    """
    people = steps.People(_bytes(inspectors), _bytes(recusals))
    with existing_store(store) as opened, progress_bar(quiet=json_) as progress:
        day = as_of or opened.reader.current_run()["as_of"]
        asked = steps.Freezing(
            plan, draw, date.fromisoformat(str(the_day(day))), people, round_, replaces or None, why
        )
        act = act_of("freeze", why, once, draw=draw, plan=plan)
        told = steps.freeze(opened, act, warehouse, Rulebook.load(rules), asked, progress)
        steps.export(opened, draw, out_)
    _show(told, json_, f"publish {out_ / 'commitment.json'} now; then: xhcredit draw seed {draw} …")


def seed(
    draw: Draw,
    value: Annotated[str, typer.Argument(help="The seed, as the source announced it.")],
    source: Annotated[str, typer.Option(help="Where it is from; as announced when freezing.")],
    why: Why = "seed of a draw",
    once: Once = "",
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """Enter the seed; once, and it can never be changed."""
    with existing_store(store) as opened:
        told = steps.seed(opened, act_of("seed", why, once, draw=draw), draw, value, source)
    _show(told, json_, f"next: xhcredit draw run {draw}")


def run(
    draw: Draw,
    why: Why = "inspection draw",
    once: Once = "",
    out_: Out = Path("out/draw"),
    engine: TicketEngine = "",
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """Draw and staff; writes record.json and everything that is needed to check it."""
    with existing_store(store) as opened, progress_bar(quiet=json_) as progress:
        act = act_of("run", why, once or f"run {draw}", draw=draw)  # again: the files once more
        told = steps.run(opened, act, draw, progress, engine=engine)
        steps.export(opened, draw, out_)
    _show(told, json_, f"check it: python3 {out_ / 'verify_draw.py'} {out_ / 'record.json'} …")


def replace(
    draw: Draw,
    code: Annotated[str, typer.Argument(help="The enterprise.")],
    inspector: Annotated[str, typer.Argument(help="Who falls out.")],
    why: Annotated[str, typer.Option("--why", help="Illness, recusal on request …; is kept.")],
    once: Once = "",
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """Draw another inspector for one place, by the same seed."""
    with existing_store(store) as opened:
        act = act_of("replace", why, once, draw=draw, code=code)
        away = replacements.Away(code, inspector, why)
        told = replacements.replace_inspector(opened, act, draw, away)
    _show(told, json_)


def show(
    draw: Annotated[str, typer.Argument(help="Id of a draw; all of them without.")] = "",
    rules: Rules = None,
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """Show how a draw stands, or all of them; and until when its results are to be published."""
    with existing_store(store) as opened:
        ids = [draw] if draw else [d["id"] for d in opened.draws.listed()]
        every, book = [opened.draws.one(one) for one in ids], Rulebook.load(rules)
        for one in every:
            one["publication"] = standing(one, book, the_day(""))
    told: Any = every[0] if draw else every
    if json_:
        tell_json(told)
        return
    for one in told if isinstance(told, list) else [told]:
        _show({k: v for k, v in one.items() if k != "activity"}, False)


def export(
    draw: Draw,
    out_: Out = Path("out/draw"),
    public: Annotated[bool, typer.Option("--public", help="Only what everybody may have.")] = False,
    store: Address = STORE,
) -> None:
    """Write the files of a draw, and the program by which a stranger checks them."""
    with existing_store(store) as opened:
        for file in steps.export(opened, draw, out_, private=not public):
            out.print(str(file), soft_wrap=True)


def _yaml(file: Path) -> dict[str, Any]:
    """A YAML file with one mapping.

    Raises:
        BadInput: it cannot be read as such.
    """
    try:
        read = yaml.safe_load(_bytes(file))
    except yaml.YAMLError as error:
        raise BadInput(f'"{file}" is not YAML ({error}); see data/sample/draw/plan.yaml') from None
    if not isinstance(read, dict):
        raise BadInput(f'"{file}" holds no plan; see data/sample/draw/plan.yaml')
    return read


def _bytes(file: Path) -> bytes:
    """A file's content.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f'cannot read "{file}": {error.strerror}; name an existing file') from None


def _show(told: dict[str, Any], json_: bool, following: str = "") -> None:
    if json_:
        tell_json(told)
        return
    table = grid("")
    for name, value in told.items():
        table.add_row(name, str(value))
    out.print(table)
    if following:
        out.print(following, soft_wrap=True)
