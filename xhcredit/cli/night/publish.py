"""``publish``: a night becomes the run that answers."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import open_store
from xhcredit.cli.options import DEFAULT_STORE, Actor, Address, AsJson, Digest, Rules, Why
from xhcredit.cli.output import out, print_json, progress_bar
from xhcredit.domain.progress import Progress
from xhcredit.domain.rows import JsonObject
from xhcredit.jobs.night.publish import PublishedRun, release_digest
from xhcredit.jobs.night.publish import publish as publish_job
from xhcredit.jobs.warehouse.clustered_store import open_book
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.scores.release import load_release
from xhcredit.scores.rulebook import load_rulebook


def publish(
    folder: Annotated[Path, typer.Argument(help="What `xhcredit score --out` wrote.")],
    store: Address = DEFAULT_STORE,
    release: Annotated[
        Path | None, typer.Option(help="Points tables that scored it.  [default: the expert ones]")
    ] = None,
    rules: Rules = None,
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
    with open_store(store, digest) as opened_store, progress_bar(quiet=json_) as progress:
        published_run = publish_job(
            folder,
            opened_store,
            actor=actor or getpass.getuser(),
            purpose=why,
            release=_release_data(folder, release, rules),
            progress=progress,
        )
        if warehouse is not None:
            run = opened_store.reader.run(published_run.run)
            prepare_pages(warehouse, run["provenance"]["data_digest"], progress)
    if json_:
        print_json(asdict(published_run))
        return
    show_published(published_run)


def _release_data(folder: Path, release: Path | None, rules: Path | None) -> JsonObject | None:
    """Points tables stored with a run: the given ones, or the expert tables if they scored it."""
    tables = load_release(release, load_rulebook(rules))
    if release is None and release_digest(folder) != tables.digest:
        return None
    return tables.as_data()


def prepare_pages(warehouse: Path, digest: str, progress: Progress) -> None:
    """Build the arrays that pages about a published run need, before the first request."""
    progress("pages", 0, 1)
    open_rows(warehouse, open_book(warehouse, digest, progress=progress))
    progress("pages", 1, 1)


def show_published(published_run: PublishedRun) -> None:
    """Print which run a night became, and whether it answers."""
    state = "answers now" if published_run.is_current else "is kept; a later night answers"
    repeated_note = " (published before: nothing changed)" if published_run.repeated else ""
    out.print(
        f"run {published_run.run} of {published_run.enterprises:,} enterprises "
        f"{state}{repeated_note}; "
        f"{published_run.changed:,} changed their tier",
        soft_wrap=True,
    )
