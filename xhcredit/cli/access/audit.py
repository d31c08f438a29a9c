"""``audit``, ``store`` and ``publish``: what is kept, whether it is whole, and what answers."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xhcredit.cli.demo_clock import by_store
from xhcredit.cli.night.score import AsJson, AsOf, Rules, made_ready, show_published, the_day
from xhcredit.cli.output import grid, out, progress_bar, tell_json
from xhcredit.domain.clock import CHINA, beijing_time
from xhcredit.errors import BadInput, ChainBroken

if TYPE_CHECKING:  # what does the work is imported when it is asked for, so that --help is quick
    from xhcredit.store.store import Store

Address = Annotated[
    str,
    typer.Option(
        "--store",
        callback=by_store,
        envvar="XHCREDIT_STORE",
        help="The store: a file, or postgresql://user@host/name (password: PGPASSWORD).",
    ),
]
Digest = Annotated[
    str,
    typer.Option(
        envvar="XHCREDIT_DIGEST", help="Digest of new activity entries: sha256, or sm3 (密评)."
    ),
]
Actor = Annotated[str, typer.Option(help="Who does it.  [default: who is logged in]")]
Why = Annotated[str, typer.Option(help="Why; kept in the activity chain.")]
STORE = "out/store.db"
_MOMENT = "2026-06-30 (Beijing time), or 2026-06-30T08:00:00Z"

audit = typer.Typer(no_args_is_help=True, help="活动记录链 the chain of who did what, when, why.")
store_ = typer.Typer(no_args_is_help=True, help="存储 the store: save, bring back, check, switch.")


def register(app: typer.Typer) -> None:
    """Add the commands to the shell."""
    app.add_typer(audit, name="audit")
    app.add_typer(store_, name="store")
    app.command("publish")(publish)


def open_store(address: str, digest: str = "sha256") -> Store:
    """Open the store that a person named."""
    from xhcredit.store.store import Store

    return Store.open(address, algorithm=digest)


def _existing(address: str) -> Store:
    """Open a store that must be there already: a slip of the pen makes no new one."""
    _require_there(address)
    return open_store(address)


def _require_there(address: str) -> None:
    if "://" not in address and not Path(address).exists():
        raise BadInput(f'there is no store at "{address}"; give --store, or publish a night first')


def publish(
    folder: Annotated[Path, typer.Argument(help="What `xhcredit score --out` wrote.")],
    store: Address = STORE,
    release: Annotated[
        Path | None, typer.Option(help="Points tables that scored it.  [default: the expert ones]")
    ] = None,
    warehouse: Annotated[
        Path | None,
        typer.Option(help="What the night was scored from; what its pages need is made at once."),
    ] = None,
    actor: Actor = "",
    why: Why = "nightly run",
    digest: Digest = "sha256",
    json_: AsJson = False,
) -> None:
    """Publish a night: one ready answer per enterprise, switched in one step.

    The same night again does nothing. Readers see the night before or this one, never a mix.
    """
    from xhcredit.jobs.night.publish import publish as publish_job

    with open_store(store, digest) as opened, progress_bar(quiet=json_) as progress:
        done = publish_job(
            folder,
            opened,
            actor=actor or getpass.getuser(),
            purpose=why,
            release=_tables(folder, release),
            progress=progress,
        )
        if warehouse is not None:
            run = opened.reader.run(done.run)
            made_ready(warehouse, run["provenance"]["data_digest"], progress)
    if json_:
        tell_json(asdict(done))
        return
    show_published(done)


def _tables(folder: Path, release: Path | None) -> dict[str, Any] | None:
    """The points tables to keep beside a night: those given, or the expert ones if they scored."""
    from xhcredit.jobs.night.publish import release_digest
    from xhcredit.scores.release import load_release

    tables = load_release(release)
    if release is None and release_digest(folder) != tables.digest:
        return None
    return tables.as_data()


@audit.command()
def verify(
    store: Address = STORE,
    head: Annotated[
        str, typer.Option(help="NUMBER:DIGEST published earlier; shows that no end was cut off.")
    ] = "",
    public_key: Annotated[
        Path | None, typer.Option(help="Ed25519 key (PEM): the head must be signed by it.")
    ] = None,
    json_: AsJson = False,
) -> None:
    """Walk the whole chain and name the first entry that is not as it was written."""
    from xhcredit.store.audit import verify as walk_all
    from xhcredit.store.core.signed_head import known

    published = known(head, public_key) if head or public_key else None
    with _existing(store) as opened:
        verdict = walk_all(opened.database, published)
    if json_:
        tell_json({**asdict(verdict), "whole": verdict.whole})
    elif verdict.whole:
        back = verdict.clock_set_back
        late = f"; at {back:,} the clock was behind, as they say" if back else ""
        out.print(f"whole: {verdict.entries:,} entries{late}", soft_wrap=True)
        out.print(f"head {verdict.head_seq}:{verdict.head_digest}", soft_wrap=True)
    if not verdict.whole:
        raise ChainBroken(
            f"the chain is broken at entry {verdict.broken_at}: {verdict.why}; entries before it "
            "are as they were written: compare with a backup, and find out who could write"
        )


@audit.command()
def head(
    store: Address = STORE,
    sign: Annotated[
        Path | None, typer.Option(help="Ed25519 key (PEM, kept elsewhere) to sign it with.")
    ] = None,
    json_: AsJson = False,
) -> None:
    """Print NUMBER:DIGEST of the last entry; publish it, and nobody can cut off the end later.

    With a key, NUMBER:DIGEST:SIGNATURE, which `audit verify --public-key` checks.
    """
    from xhcredit.store.audit import head as last_entry
    from xhcredit.store.core.signed_head import sign as seal

    with _existing(store) as opened:
        last = last_entry(opened.database)
    signature = seal(last.seq, last.digest, sign) if last is not None and sign else ""
    if json_:
        tell_json(None if last is None else {**asdict(last), "signature": signature})
    elif last is not None:
        parts = [str(last.seq), last.digest, *([signature] if signature else [])]
        sys.stdout.write(":".join(parts) + "\n")


def _moment(text: str) -> str:
    """A moment as the chain writes it; without an offset it was typed in Beijing time."""
    from xhcredit.store.core.hash_chain import written

    if not text:
        return ""
    try:
        typed = datetime.fromisoformat(text)
        return written(typed if typed.tzinfo else typed.replace(tzinfo=CHINA))
    except (ValueError, OverflowError):
        raise BadInput(f'"{text}" is no moment; write {_MOMENT}') from None


@audit.command()
def export(
    to: Annotated[Path, typer.Argument(help="File to write; .csv or .jsonl.")],
    store: Address = STORE,
    by: Annotated[str, typer.Option(help="Only entries of this actor.")] = "",
    action: Annotated[str, typer.Option(help="Only entries of this action.")] = "",
    since: Annotated[str, typer.Option(help=f"Only from this moment on: {_MOMENT}.")] = "",
    until: Annotated[str, typer.Option(help=f"Only before this moment: {_MOMENT}.")] = "",
) -> None:
    """Export entries as JSON lines or CSV (cells that a spreadsheet would run are neutralised)."""
    from xhcredit.store.audit import Filter
    from xhcredit.store.audit import export as write

    kind = to.suffix.removeprefix(".")
    if kind not in ("csv", "jsonl"):
        raise BadInput(f'"{to}" ends neither in .csv nor in .jsonl; choose one of them')
    mark = "utf-8-sig" if kind == "csv" else "utf-8"  # Excel reads Chinese only with the mark
    to.parent.mkdir(parents=True, exist_ok=True)
    with _existing(store) as opened, to.open("w", encoding=mark, newline="") as file:
        chosen = Filter(by, action, _moment(since), _moment(until))
        count = write(opened.database, file, kind, chosen)
    out.print(f"{count:,} entries written to {to}", soft_wrap=True)


@store_.command()
def backup(
    to: Annotated[Path, typer.Argument(help="File to write; must not exist.")],
    store: Address = STORE,
) -> None:
    """Save the store to a file (and `<file>.json`) while it is in use."""
    from xhcredit.store.backup import backup as save

    with _existing(store) as opened:
        saved = save(opened.database, to)
    out.print(f"saved to {to}: chain up to entry {saved.head_seq}", soft_wrap=True)


@store_.command()
def restore(
    from_: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `store backup` wrote.")],
    store: Address = STORE,
) -> None:
    """Bring a backup back to where no store is, and compare the two."""
    from xhcredit.store.backup import restore as bring_back

    saved = bring_back(from_, store, lambda line: out.print(line, soft_wrap=True))
    out.print(f"restored, and the same: chain up to entry {saved.head_seq}", soft_wrap=True)


@store_.command()
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


@store_.command()
def check(store: Address = STORE, json_: AsJson = False) -> None:
    """Look at everything: chain, guards, database file, every answer of every run.

    Nothing is changed: a store of an earlier version is upgraded by `store migrate` first.
    """
    from xhcredit.store.audit import faults
    from xhcredit.store.audit import verify as walk_all
    from xhcredit.store.store import Store

    _require_there(store)
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


@store_.command()
def runs(store: Address = STORE, json_: AsJson = False) -> None:
    """List the published runs; the one that answers is marked."""
    from xhcredit.errors import UnknownRecord

    with _existing(store) as opened:
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


@store_.command()
def switch(
    run: Annotated[int, typer.Argument(help="Number of the run that shall answer.")],
    why: Annotated[str, typer.Option(help="Why; kept in the activity chain.")],
    store: Address = STORE,
    actor: Actor = "",
) -> None:
    """Let an earlier (or later) published run answer; those who change tier are told."""
    from xhcredit.store.core.transactions import Act

    with _existing(store) as opened:
        act = Act(actor or getpass.getuser(), "run.switch", why, payload={"run": run})
        done: dict[str, Any] = opened.snapshots.switch(act, run)
    out.print(f"run {run} answers now; {done['changed']:,} enterprises changed their tier")


@store_.command()
def retention(
    as_of: AsOf = "", store: Address = STORE, rules: Rules = None, json_: AsJson = False
) -> None:
    """Tell what is past its time by the rules of a day. Nothing is removed."""
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.store.retention import report

    with _existing(store) as opened:
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
