"""``draw trust``: who is checked remotely first, with entry, exit and reasons."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.audit import STORE, Address, _existing
from xhcredit.cli.console import out, tell_json
from xhcredit.cli.night import WAREHOUSE, AsJson, Rules, Warehouse, the_day


def register(app: typer.Typer) -> None:
    """Add the command to the group ``draw``."""
    app.command("trust")(trust)


def trust(
    as_of: Annotated[
        str, typer.Option(help="Day of the list, YYYY-MM-DD.  [default: the current run's]")
    ] = "",
    before: Annotated[str, typer.Option(help="Earlier day: who came and who left since.")] = "",
    out_: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("out/trust"),
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "trust",
    warehouse: Warehouse = WAREHOUSE,
    rules: Rules = None,
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """无感监管: list who is checked remotely first, for which items, and why (internal).

    Statutory coverage goes before: fields that the law covers in full are named, never spared.
    """
    from xhcredit.jobs import draw_trust_list as jobs
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.store.acts import Act

    with _existing(store) as opened:
        day = the_day(as_of or opened.reader.current_run()["as_of"])
        earlier = the_day(before) if before else None
        found = jobs.trust_list(opened, warehouse, Rulebook.load(rules), day, earlier)
        counts = {move: int((found["move"] == move).sum()) for move in jobs.MOVES}
        payload = {"as_of": day.isoformat(), "before": before, **counts}
        opened.record([Act(getpass.getuser(), "draw.trust", why, payload=payload)])
        files = jobs.write_trust_list(found, day, out_)
    if json_:
        tell_json({**payload, "files": [str(file) for file in files]})
        return
    told = "；".join(f"{jobs.MOVES[move]} {many}" for move, many in counts.items())
    out.print(f"{day}: {told}", soft_wrap=True)
    for file in files:
        out.print(str(file), soft_wrap=True)
