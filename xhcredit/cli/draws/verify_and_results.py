"""``draw verify|results|estimate`` commands: verification, results and estimates of a draw."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import existing_store, the_day
from xhcredit.cli.options import STORE, WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import out, tell_json
from xhcredit.draws.verify import Files, json_of, verified
from xhcredit.errors import BadInput
from xhcredit.jobs.draws.documents import internal
from xhcredit.jobs.draws.publication import publish as published
from xhcredit.jobs.draws.results import enter_results
from xhcredit.jobs.draws.results import estimate as estimated
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act

_Beside = Annotated[
    Path | None, typer.Option(help="If at hand; else looked for beside the record.")
]


def verify(
    record: Annotated[Path, typer.Argument(help="record.json as published.")],
    frame: Annotated[
        Path | None, typer.Option(help="frame.csv: draws the whole list again.")
    ] = None,
    commitment: _Beside = None,
    inspectors: _Beside = None,
    recusals: _Beside = None,
    json_: AsJson = False,
) -> None:
    """Check a record line by line; ends with 0 if all holds, else names the first wrong thing.

    Needs no store and no network.  The frame is not public: without it, what the public can check.
    """
    given = {"commitment": commitment, "inspectors": inspectors, "recusals": recusals}
    names = {"commitment": "commitment.json", "inspectors": "inspectors.csv",
             "recusals": "recusals.csv"}  # fmt: skip
    found = {k: _read(v, record.parent / names[k]) for k, v in given.items()}
    written = _needed(record)
    told = json_of(written)
    files = Files(
        found["commitment"],
        _needed(frame) if frame else None,
        found["inspectors"],
        found["recusals"],
        written,
    )
    checks = verified(told, files)
    if json_:
        tell_json([check._asdict() for check in checks])
        return
    for check in checks:
        out.print(f"✓ {check.zh} / {check.en}", soft_wrap=True)
    at_hand = [n for n, data in zip(Files._fields, files, strict=True) if data is not None]
    out.print(f"核验通过 the record holds; checked against: {', '.join(at_hand) or 'itself'}")


def results(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    file: Annotated[
        Path, typer.Argument(help="results.csv: code,result,inspected_on,item,note[,completeness].")
    ],
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "results",
    warehouse: Warehouse = WAREHOUSE,
    on: Annotated[str, typer.Option(help="Day of entry, YYYY-MM-DD.  [default: today]")] = "",
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """Enter what the visits found; they become inspection events with their probability."""
    with existing_store(store) as opened:
        act = Act(getpass.getuser(), "draw.results", why, payload={"draw": draw})
        data = _needed(file)
        told = enter_results(opened, act, draw, data, file.name, warehouse, the_day(on))
    tell_json(told) if json_ else out.print(f"{told['entered']} results entered 已录入")


def publish(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder for the list.")] = Path("out/draw"),
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "publish",
    store: Address = STORE,
) -> None:
    """Write the list as it may be published (no tier), and note that it was."""
    with existing_store(store) as opened:
        act = Act(getpass.getuser(), "draw.publish", why, payload={"draw": draw})
        for file in published(opened, act, draw, out_):
            out.print(str(file), soft_wrap=True)


def lists(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder; internal.")] = Path("out/draw"),
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "lists",
    rules: Rules = None,
    store: Address = STORE,
) -> None:
    """Write the internal list (tier, reasons) and a notice with 检查码 fields per enterprise."""
    with existing_store(store) as opened:
        files = internal(opened, draw, Rulebook.load(rules), out_)
        opened.record([Act(getpass.getuser(), "draw.lists", why, payload={"draw": draw})])
        for file in files:
            out.print(str(file), soft_wrap=True)


def estimate(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """Tell what the draw says about everybody: prevalence with intervals, by tier, field, street.

    Also what the same number of visits would have found had they been drawn without regard to the
    tier, or taken from the lowest scores; and how good the score is, without selection bias.
    """
    with existing_store(store) as opened:
        told = estimated(opened, draw)
    if json_:
        tell_json(told)
        return
    for group, one in told.items():
        out.print(f"{group}: {one}", soft_wrap=True)


def _read(named: Path | None, beside: Path) -> bytes | None:
    """Content of a named file, else of the file beside the record; None if neither exists."""
    if named is not None:
        return _needed(named)
    return beside.read_bytes() if beside.is_file() else None


def _needed(file: Path) -> bytes:
    """A file's content.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f'cannot read "{file}": {error.strerror}; name an existing file') from None
