"""``audit``: the chain of who did what, when and why."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import existing_store
from xhcredit.cli.options import DEFAULT_STORE, Address, AsJson
from xhcredit.cli.output import out, print_json
from xhcredit.domain.clock import CHINA
from xhcredit.errors import BadInput, ChainBroken
from xhcredit.store.audit import AuditLogFilter, chain_head
from xhcredit.store.audit import export as audit_export
from xhcredit.store.audit import verify as verify_chain
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.signed_head import parse_head
from xhcredit.store.core.signed_head import sign as sign_head

_MOMENT = "2026-06-30 (Beijing time), or 2026-06-30T08:00:00Z"


def verify(
    store: Address = DEFAULT_STORE,
    head: Annotated[
        str, typer.Option(help="NUMBER:DIGEST published earlier; shows that no end was cut off.")
    ] = "",
    public_key: Annotated[
        Path | None, typer.Option(help="Ed25519 key (PEM): the head must be signed by it.")
    ] = None,
    json_: AsJson = False,
) -> None:
    """Walk the whole chain and name the first entry that is not as it was written."""
    published_head = parse_head(head, public_key) if head or public_key else None
    with existing_store(store) as opened_store:
        verdict = verify_chain(opened_store.database, published_head)
    if json_:
        print_json({**asdict(verdict), "whole": verdict.whole})
    elif verdict.whole:
        set_back_count = verdict.clock_set_back
        clock_note = (
            f"; at {set_back_count:,} the clock was behind, as they say" if set_back_count else ""
        )
        out.print(f"whole: {verdict.entries:,} entries{clock_note}", soft_wrap=True)
        out.print(f"head {verdict.head_seq}:{verdict.head_digest}", soft_wrap=True)
    if not verdict.whole:
        raise ChainBroken(
            f"the chain is broken at entry {verdict.broken_at}: {verdict.why}; entries before it "
            "are as they were written: compare with a backup, and find out who could write"
        )


def head(
    store: Address = DEFAULT_STORE,
    sign: Annotated[
        Path | None, typer.Option(help="Ed25519 key (PEM, kept elsewhere) to sign it with.")
    ] = None,
    json_: AsJson = False,
) -> None:
    """Print NUMBER:DIGEST of the last entry; publish it, and nobody can cut off the end later.

    With a key, NUMBER:DIGEST:SIGNATURE, which `audit verify --public-key` checks.
    """
    with existing_store(store) as opened_store:
        last_activity = chain_head(opened_store.database)
    signature = (
        sign_head(last_activity.seq, last_activity.digest, sign)
        if last_activity is not None and sign
        else ""
    )
    if json_:
        print_json(
            None if last_activity is None else {**asdict(last_activity), "signature": signature}
        )
    elif last_activity is not None:
        parts = [str(last_activity.seq), last_activity.digest, *([signature] if signature else [])]
        sys.stdout.write(":".join(parts) + "\n")


def _moment(text: str) -> str:
    """A moment as the chain writes it; without an offset it was typed in Beijing time."""
    if not text:
        return ""
    try:
        parsed_moment = datetime.fromisoformat(text)
        return format_moment(
            parsed_moment if parsed_moment.tzinfo else parsed_moment.replace(tzinfo=CHINA)
        )
    except (ValueError, OverflowError):
        raise BadInput(f'"{text}" is no moment; write {_MOMENT}') from None


def export(
    to: Annotated[Path, typer.Argument(help="File to write; .csv or .jsonl.")],
    store: Address = DEFAULT_STORE,
    by: Annotated[str, typer.Option(help="Only entries of this actor.")] = "",
    action: Annotated[str, typer.Option(help="Only entries of this action.")] = "",
    since: Annotated[str, typer.Option(help=f"Only from this moment on: {_MOMENT}.")] = "",
    until: Annotated[str, typer.Option(help=f"Only before this moment: {_MOMENT}.")] = "",
) -> None:
    """Export entries as JSON lines or CSV (cells that a spreadsheet would run are neutralised)."""
    kind = to.suffix.removeprefix(".")
    if kind not in ("csv", "jsonl"):
        raise BadInput(f'"{to}" ends neither in .csv nor in .jsonl; choose one of them')
    encoding = "utf-8-sig" if kind == "csv" else "utf-8"  # Excel reads Chinese only with the mark
    to.parent.mkdir(parents=True, exist_ok=True)
    with existing_store(store) as opened_store, to.open("w", encoding=encoding, newline="") as file:
        entry_filter = AuditLogFilter(by, action, _moment(since), _moment(until))
        count = audit_export(opened_store.database, file, kind, entry_filter)
    out.print(f"{count:,} entries written to {to}", soft_wrap=True)
