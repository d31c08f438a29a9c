"""``store``: save it, bring it back, check it, switch the run that answers."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, existing_store, open_store, require_store
from xhcredit.cli.options import DEFAULT_STORE, Actor, Address, AsJson, AsOf, Digest, Rules
from xhcredit.cli.output import grid, out, print_json
from xhcredit.domain.clock import beijing_time, day_begins
from xhcredit.errors import ChainBroken, UnknownRecord
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.backup import backup as save
from xhcredit.store.backup import restore as restore_backup
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.transactions import Act
from xhcredit.store.retention import CHANGES_RULE, months_before, retention_report
from xhcredit.store.store import Store


def backup(
    to: Annotated[Path, typer.Argument(help="File to write; must not exist.")],
    store: Address = DEFAULT_STORE,
) -> None:
    """Save the store to a file (and `<file>.json`) while it is in use."""
    with existing_store(store) as opened_store:
        backup_report = save(opened_store.database, to)
    out.print(f"saved to {to}: chain up to entry {backup_report.head_seq}", soft_wrap=True)


def restore(
    from_: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `store backup` wrote.")],
    store: Address = DEFAULT_STORE,
) -> None:
    """Bring a backup back to where no store is, and compare the two."""
    backup_report = restore_backup(from_, store, lambda line: out.print(line, soft_wrap=True))
    out.print(f"restored, and the same: chain up to entry {backup_report.head_seq}", soft_wrap=True)


def migrate(store: Address = DEFAULT_STORE, digest: Digest = "sha256") -> None:
    """Make the store, or bring it to the version of this program (opening it does the same)."""
    with open_store(store, digest) as opened_store:
        migration = opened_store.migrated
    version_before = migration.before or "nothing"
    wording = "is of" if migration.before == migration.after else f"came from {version_before} to"
    out.print(f"the store {wording} version {migration.after}")
    if migration.guards_restored:
        names = ", ".join(migration.guards_restored)
        out.print(
            f"guards were missing and were put back: {names}; find out who took them away, and "
            "run `xhcredit store check`",
            soft_wrap=True,
        )


def check(store: Address = DEFAULT_STORE, json_: AsJson = False) -> None:
    """Look at everything: chain, guards, database file, every answer of every run.

    Nothing is changed: a store of an earlier version is upgraded by `store migrate` first.
    """
    require_store(store)
    # A check that upgraded or repaired first would hide what it is to find.
    with Store.open_unchanged(store) as opened_store:
        verdict = verify(opened_store.database)
        fault_list = find_faults(opened_store.database)
    if not verdict.whole:
        fault_list.insert(0, f"the chain is broken at entry {verdict.broken_at}: {verdict.why}")
    if json_:
        print_json({"faults": fault_list, "entries": verdict.entries})
    if fault_list:
        raise ChainBroken(
            f"{len(fault_list)} faults: {'; '.join(fault_list[:20])}; compare with a backup"
        )
    if not json_:
        out.print(f"everything is as it was written ({verdict.entries:,} entries)")


def runs(store: Address = DEFAULT_STORE, json_: AsJson = False) -> None:
    """List the published runs; the one that answers is marked."""
    with existing_store(store) as opened_store:
        run_rows = opened_store.reader.runs()
        try:
            current_run = opened_store.reader.current_run()["run"]
        except UnknownRecord:
            current_run = None
    if json_:
        print_json({"runs": run_rows, "current": current_run})
        return
    table = grid("", "run", "as of", "published 北京时间", "enterprises", "tiers")
    for run in run_rows:
        current_mark = "* " if run["run"] == current_run else ""
        tiers = " ".join(f"{k} {v:,}" for k, v in run["tiers"].items())
        published = beijing_time(run["published_at"])
        table.add_row(
            f"{current_mark}{run['run']}", run["as_of"], published, f"{run['enterprises']:,}", tiers
        )
    out.print(table)


def switch(
    run: Annotated[int, typer.Argument(help="Number of the run that shall answer.")],
    why: Annotated[str, typer.Option(help="Why; kept in the activity chain.")],
    store: Address = DEFAULT_STORE,
    actor: Actor = "",
) -> None:
    """Let an earlier (or later) published run answer; those who change tier are told."""
    with existing_store(store) as opened_store:
        act = Act(actor or getpass.getuser(), "run.switch", why, payload={"run": run})
        switch_outcome: dict[str, object] = opened_store.snapshots.switch(act, run)
    out.print(
        f"run {run} answers now; {switch_outcome['changed']:,} enterprises changed their tier"
    )


def retention(
    as_of: AsOf = "", store: Address = DEFAULT_STORE, rules: Rules = None, json_: AsJson = False
) -> None:
    """Tell what is past its time by the rules of a day. Nothing is removed."""
    with existing_store(store) as opened_store:
        kinds = retention_report(opened_store.database, load_rulebook(rules), day_from_text(as_of))
    if json_:
        print_json([asdict(kind) for kind in kinds])
        return
    table = grid("", "rule", "月 months", "早于 before", "可清理行数 rows", "")
    for kind in kinds:
        rows = "系统外保存 kept elsewhere" if kind.rows is None else f"{kind.rows:,}"
        source_mark = f"{kind.zh}（{kind.verification}）"  # brackets would be read as markup
        table.add_row(kind.rule, str(kind.months), str(kind.before), rows, source_mark)
    out.print(table)


def prune(
    as_of: AsOf = "", store: Address = DEFAULT_STORE, rules: Rules = None, actor: Actor = ""
) -> None:
    """Remove changes that no reader can follow any more by the rules of a day; nothing else."""
    day = day_from_text(as_of)
    months = load_rulebook(rules).entry(CHANGES_RULE, as_of=day).value
    before = format_moment(day_begins(months_before(day, months)))
    with existing_store(store) as opened_store:
        act = Act(actor or getpass.getuser(), "changes.prune", f"{CHANGES_RULE}: {months}")
        count = opened_store.change_feed.prune(act, before)
    out.print(f"{count:,} changes from before {beijing_time(before)} were removed")
