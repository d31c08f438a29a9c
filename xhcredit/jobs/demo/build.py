"""Build of the demo: made in a folder beside its place, moved there when complete."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import time
from pathlib import Path

from xhcredit.domain.log import logged
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.errors import BadInput, NothingKnown
from xhcredit.ingest.quality import write_quality_page
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.demo import draws
from xhcredit.jobs.demo.accounts import let_in
from xhcredit.jobs.demo.environment import Stage, moment_at
from xhcredit.jobs.demo.timeline import FIRST, District
from xhcredit.jobs.draws import steps as draw
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.store import Store

STORE, WAREHOUSE = "store.db", "warehouse"
_BEGINS = time(18)


@dataclass(frozen=True)
class Made:
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


@logged("demo.made", lambda made: {"repeated": made.repeated})
def make_demo(
    sample: Path, folder: Path, *, anew: bool = False, progress: Progress = ignore_progress
) -> Made:
    """Make a demo of a sample district in a folder.

    It is made in a folder beside, which takes its place at the end: what is stopped in between
    leaves nothing that looks like a demo.

    Args:
        sample: folder with ``exports``, ``mappings`` and ``draw`` (a plan and lists of people).
        folder: where the demo goes; one that is there already is left as it is.
        anew: make it again, from the beginning; the demo that is there is deleted.
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
        _refuse_other(folder)
        if not anew:
            return Made(folder, repeated=True)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _live(sample, part, progress)
    if folder.exists():
        shutil.rmtree(folder)
    part.rename(folder)
    return Made(folder, repeated=False)


def _refuse_other(folder: Path) -> None:
    """Refuse a folder that holds something other than a demo."""
    store = folder / STORE
    if store.is_file():
        with Store.open(str(store)) as opened:
            if opened.is_demo:
                return
    raise BadInput(
        f'"{folder}" holds something that is no demo of this version; name another --out, or '
        "remove the folder"
    )


def _live(sample: Path, folder: Path, progress: Progress) -> None:
    rules, release = Rulebook.load(), load_release()
    begins = moment_at(FIRST, _BEGINS)
    with Store.make_demo(str(folder / STORE), begins) as store:
        let_in(store)
        District(Stage(store, folder, sample, rules, release, progress)).live()
        draw.export(store, draws.FINISHED, folder / "draw")
    write_quality_page(Warehouse(folder / WAREHOUSE), folder / "quality.html")
