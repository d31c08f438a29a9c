"""``audit``: the chain of who did what, when and why."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import existing_store
from xhcredit.cli.options import STORE, Address, AsJson
from xhcredit.cli.output import out, tell_json
from xhcredit.domain.clock import CHINA
from xhcredit.errors import BadInput, ChainBroken
from xhcredit.store.audit import Filter
from xhcredit.store.audit import export as write
from xhcredit.store.audit import head as last_entry
from xhcredit.store.audit import verify as walk_all
from xhcredit.store.core.hash_chain import written
from xhcredit.store.core.signed_head import known
from xhcredit.store.core.signed_head import sign as seal

_MOMENT = "2026-06-30 (Beijing time), or 2026-06-30T08:00:00Z"


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
    published = known(head, public_key) if head or public_key else None
    with existing_store(store) as opened:
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
    with existing_store(store) as opened:
        last = last_entry(opened.database)
    signature = seal(last.seq, last.digest, sign) if last is not None and sign else ""
    if json_:
        tell_json(None if last is None else {**asdict(last), "signature": signature})
    elif last is not None:
        parts = [str(last.seq), last.digest, *([signature] if signature else [])]
        sys.stdout.write(":".join(parts) + "\n")


def _moment(text: str) -> str:
    """A moment as the chain writes it; without an offset it was typed in Beijing time."""
    if not text:
        return ""
    try:
        typed = datetime.fromisoformat(text)
        return written(typed if typed.tzinfo else typed.replace(tzinfo=CHINA))
    except (ValueError, OverflowError):
        raise BadInput(f'"{text}" is no moment; write {_MOMENT}') from None


def export(
    to: Annotated[Path, typer.Argument(help="File to write; .csv or .jsonl.")],
    store: Address = STORE,
    by: Annotated[str, typer.Option(help="Only entries of this actor.")] = "",
    action: Annotated[str, typer.Option(help="Only entries of this action.")] = "",
    since: Annotated[str, typer.Option(help=f"Only from this moment on: {_MOMENT}.")] = "",
    until: Annotated[str, typer.Option(help=f"Only before this moment: {_MOMENT}.")] = "",
) -> None:
    """Export entries as JSON lines or CSV (cells that a spreadsheet would run are neutralised)."""
    kind = to.suffix.removeprefix(".")
    if kind not in ("csv", "jsonl"):
        raise BadInput(f'"{to}" ends neither in .csv nor in .jsonl; choose one of them')
    mark = "utf-8-sig" if kind == "csv" else "utf-8"  # Excel reads Chinese only with the mark
    to.parent.mkdir(parents=True, exist_ok=True)
    with existing_store(store) as opened, to.open("w", encoding=mark, newline="") as file:
        chosen = Filter(by, action, _moment(since), _moment(until))
        count = write(opened.database, file, kind, chosen)
    out.print(f"{count:,} entries written to {to}", soft_wrap=True)
