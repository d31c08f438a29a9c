"""``draw trust``: who is checked remotely first, with entry, exit and reasons."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, existing_store
from xhcredit.cli.options import DEFAULT_STORE, DEFAULT_WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import out, print_json
from xhcredit.jobs.draws.exempt_chains import chain_list, write_chain_list
from xhcredit.jobs.draws.trust_list import trust_list, write_trust_list
from xhcredit.jobs.draws.trust_list_changes import CHANGE_LABELS, counts_by_change
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.core.transactions import Act

_NAMES = {"trust": "无感监管 remote checks first", "chains": "连锁免核查 chains without a check"}


def trust(
    as_of: Annotated[
        str, typer.Option(help="Day of the list, YYYY-MM-DD.  [default: the current run's]")
    ] = "",
    before: Annotated[str, typer.Option(help="Earlier day: who came and who left since.")] = "",
    out_: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("out/trust"),
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "trust",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    rules: Rules = None,
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """无感监管: list who is checked remotely first, for which items, and why (internal).

    Statutory coverage goes before: fields that the law covers in full are named, never spared.
    Beside it, headquarters of food chains whose new shops need no check on site (免于门店现场核查).
    """
    with existing_store(store) as opened_store:
        day = day_from_text(as_of or opened_store.reader.current_run()["as_of"])
        earlier_day, rulebook = day_from_text(before) if before else None, load_rulebook(rules)
        lists = {
            "trust": (
                trust_list(opened_store, warehouse, rulebook, day, earlier_day),
                write_trust_list,
            ),
            "chains": (
                chain_list(opened_store, warehouse, rulebook, day, earlier_day),
                write_chain_list,
            ),
        }
        counts = {name: counts_by_change(list_table) for name, (list_table, _) in lists.items()}
        payload = {"as_of": day.isoformat(), "before": before, **counts}
        # Recorded first: a list that names enterprises does not leave without an entry.
        opened_store.record([Act(getpass.getuser(), "draw.trust", why, payload=payload)])
        files = [
            file for list_table, write in lists.values() for file in write(list_table, day, out_)
        ]
    if json_:
        print_json({**payload, "files": [str(file) for file in files]})
        return
    _show(day, counts, files)


def _show(day: date, counts: dict[str, dict[str, int]], files: list[Path]) -> None:
    """Print how many came, stayed and left, and where the lists are."""
    for name, count_by_change in counts.items():
        counts_text = "；".join(
            f"{CHANGE_LABELS[change]} {count}" for change, count in count_by_change.items()
        )
        out.print(f"{day} {_NAMES[name]}: {counts_text}", soft_wrap=True)
    for file in files:
        out.print(str(file), soft_wrap=True)
