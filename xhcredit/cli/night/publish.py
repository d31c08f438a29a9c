"""``publish``: a night becomes the run that answers."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from xhcredit.cli.arguments import open_store
from xhcredit.cli.options import STORE, Actor, Address, AsJson, Digest, Why
from xhcredit.cli.output import out, progress_bar, tell_json
from xhcredit.jobs.night.publish import Published, release_digest
from xhcredit.jobs.night.publish import publish as publish_job
from xhcredit.jobs.warehouse.clustered_store import open_book
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.scores.release import load_release


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
    """Points tables stored with a run: the given ones, or the expert tables if they scored it."""
    tables = load_release(release)
    if release is None and release_digest(folder) != tables.digest:
        return None
    return tables.as_data()


def made_ready(warehouse: Path, digest: str, progress: Any) -> None:
    """Build the arrays that pages about a published run need, before the first request."""
    progress("pages", 0, 1)
    open_rows(warehouse, open_book(warehouse, digest, progress=progress))
    progress("pages", 1, 1)


def show_published(done: Published) -> None:
    """Print which run a night became, and whether it answers."""
    state = "answers now" if done.is_current else "is kept; a later night answers"
    again = " (published before: nothing changed)" if done.repeated else ""
    out.print(
        f"run {done.run} of {done.enterprises:,} enterprises {state}{again}; "
        f"{done.changed:,} changed their tier",
        soft_wrap=True,
    )
