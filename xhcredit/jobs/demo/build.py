"""Build of the demo: made in a folder beside its place, moved there when complete."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import time
from pathlib import Path

from xhcredit.domain.log import log_call
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.errors import BadInput, NothingKnown
from xhcredit.ingest.quality import write_quality_page
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.demo import draws
from xhcredit.jobs.demo.accounts import create_accounts
from xhcredit.jobs.demo.environment import DemoEnvironment, moment_at
from xhcredit.jobs.demo.timeline import FIRST_NIGHT, DemoTimeline
from xhcredit.jobs.draws import steps
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.store import Store

STORE, WAREHOUSE = "store.db", "warehouse"
_START_HOUR = time(18)


@dataclass(frozen=True)
class Demo:
    """A demo at its place; ``repeated``: it was there already, and nothing was done."""

    folder: Path
    repeated: bool

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / STORE

    @property
    def warehouse(self) -> Path:
        """Where the data is."""
        return self.folder / WAREHOUSE


@log_call("demo.made", lambda demo: {"repeated": demo.repeated})
def make_demo(
    sample: Path, folder: Path, *, rebuild: bool = False, progress: Progress = ignore_progress
) -> Demo:
    """Make a demo of a sample district in a folder.

    It is made in a folder beside, which takes its place at the end: what is stopped in between
    leaves nothing that looks like a demo.

    Args:
        sample: folder with ``exports``, ``mappings`` and ``draw`` (a plan and lists of people).
        folder: where the demo goes; one that is there already is left as it is.
        rebuild: make it again, from the beginning; the demo that is there is deleted.
        progress: told what is being done.

    Raises:
        NothingKnown: there is no sample.
        BadInput: something that is no demo is in the folder.
    """
    if not (sample / "exports").is_dir():
        raise NothingKnown(
            f'no sample district at "{sample}"; run the demo from a checkout of the repository'
        )
    if folder.exists() and any(folder.iterdir()):
        _refuse_foreign_folder(folder)
        if not rebuild:
            return Demo(folder, repeated=True)
    part_folder = folder.with_name(folder.name + ".part")
    shutil.rmtree(part_folder, ignore_errors=True)
    part_folder.mkdir(parents=True)
    _build(sample, part_folder, progress)
    if folder.exists():
        shutil.rmtree(folder)
    part_folder.rename(folder)
    return Demo(folder, repeated=False)


def _refuse_foreign_folder(folder: Path) -> None:
    """Refuse a folder that holds something other than a demo."""
    store_file = folder / STORE
    if store_file.is_file():
        with Store.open(str(store_file)) as existing_store:
            if existing_store.is_demo:
                return
    raise BadInput(
        f'"{folder}" holds something that is no demo of this version; name another --out, or '
        "remove the folder"
    )


def _build(sample: Path, folder: Path, progress: Progress) -> None:
    rules, release = Rulebook.load(), load_release()
    start = moment_at(FIRST_NIGHT, _START_HOUR)
    with Store.make_demo(str(folder / STORE), start) as store:
        create_accounts(store)
        DemoTimeline(
            DemoEnvironment(store, folder, sample, rules, release, progress)
        ).run_half_year()
        steps.export_draw(store, draws.FINISHED, folder / "draw")
    write_quality_page(Warehouse(folder / WAREHOUSE), folder / "quality.html")
