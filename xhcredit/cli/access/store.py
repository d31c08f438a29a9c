"""``store``: save it, bring it back, check it, switch the run that answers."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from xhcredit.cli.arguments import existing_store, open_store, require_store, the_day
from xhcredit.cli.options import STORE, Actor, Address, AsJson, AsOf, Digest, Rules
from xhcredit.cli.output import grid, out, tell_json
from xhcredit.domain.clock import beijing_time
from xhcredit.errors import ChainBroken, UnknownRecord
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.audit import faults
from xhcredit.store.audit import verify as walk_all
from xhcredit.store.backup import backup as save
from xhcredit.store.backup import restore as bring_back
from xhcredit.store.core.transactions import Act
from xhcredit.store.retention import report
from xhcredit.store.store import Store


def backup(
    to: Annotated[Path, typer.Argument(help="File to write; must not exist.")],
    store: Address = STORE,
) -> None:
    """Save the store to a file (and `<file>.json`) while it is in use."""
    with existing_store(store) as opened:
        saved = save(opened.database, to)
    out.print(f"saved to {to}: chain up to entry {saved.head_seq}", soft_wrap=True)


def restore(
    from_: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `store backup` wrote.")],
    store: Address = STORE,
) -> None:
    """Bring a backup back to where no store is, and compare the two."""
    saved = bring_back(from_, store, lambda line: out.print(line, soft_wrap=True))
    out.print(f"restored, and the same: chain up to entry {saved.head_seq}", soft_wrap=True)


def migrate(store: Address = STORE, digest: Digest = "sha256") -> None:
    """Make the store, or bring it to the version of this program (opening it does the same)."""
    with open_store(store, digest) as opened:
        done = opened.migrated
    before = done.before or "nothing"
    told = "is of" if done.before == done.after else f"came from {before} to"
    out.print(f"the store {told} version {done.after}")
    if done.guards_restored:
        names = ", ".join(done.guards_restored)
        out.print(
            f"guards were missing and were put back: {names}; find out who took them away, and "
            "run `xhcredit store check`",
            soft_wrap=True,
        )


def check(store: Address = STORE, json_: AsJson = False) -> None:
    """Look at everything: chain, guards, database file, every answer of every run.

    Nothing is changed: a store of an earlier version is upgraded by `store migrate` first.
    """
    require_store(store)
    with Store.open_unchanged(store) as opened:
        verdict = walk_all(opened.database)
        found = faults(opened.database)
    if not verdict.whole:
        found.insert(0, f"the chain is broken at entry {verdict.broken_at}: {verdict.why}")
    if json_:
        tell_json({"faults": found, "entries": verdict.entries})
    if found:
        raise ChainBroken(f"{len(found)} faults: {'; '.join(found[:20])}; compare with a backup")
    if not json_:
        out.print(f"everything is as it was written ({verdict.entries:,} entries)")


def runs(store: Address = STORE, json_: AsJson = False) -> None:
    """List the published runs; the one that answers is marked."""
    with existing_store(store) as opened:
        held = opened.reader.runs()
        try:
            answering = opened.reader.current_run()["run"]
        except UnknownRecord:
            answering = None
    if json_:
        tell_json({"runs": held, "current": answering})
        return
    table = grid("", "run", "as of", "published 北京时间", "enterprises", "tiers")
    for run in held:
        mark = "* " if run["run"] == answering else ""
        tiers = " ".join(f"{k} {v:,}" for k, v in run["tiers"].items())
        published = beijing_time(run["published_at"])
        table.add_row(
            f"{mark}{run['run']}", run["as_of"], published, f"{run['enterprises']:,}", tiers
        )
    out.print(table)


def switch(
    run: Annotated[int, typer.Argument(help="Number of the run that shall answer.")],
    why: Annotated[str, typer.Option(help="Why; kept in the activity chain.")],
    store: Address = STORE,
    actor: Actor = "",
) -> None:
    """Let an earlier (or later) published run answer; those who change tier are told."""
    with existing_store(store) as opened:
        act = Act(actor or getpass.getuser(), "run.switch", why, payload={"run": run})
        done: dict[str, Any] = opened.snapshots.switch(act, run)
    out.print(f"run {run} answers now; {done['changed']:,} enterprises changed their tier")


def retention(
    as_of: AsOf = "", store: Address = STORE, rules: Rules = None, json_: AsJson = False
) -> None:
    """Tell what is past its time by the rules of a day. Nothing is removed."""
    with existing_store(store) as opened:
        kinds = report(opened.database, Rulebook.load(rules), the_day(as_of))
    if json_:
        tell_json([asdict(kind) for kind in kinds])
        return
    table = grid("", "rule", "月 months", "早于 before", "可清理行数 rows", "")
    for kind in kinds:
        rows = "系统外保存 kept elsewhere" if kind.rows is None else f"{kind.rows:,}"
        mark = f"{kind.zh}（{kind.verification}）"  # brackets would be read as markup
        table.add_row(kind.rule, str(kind.months), str(kind.before), rows, mark)
    out.print(table)
