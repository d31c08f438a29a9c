"""Which model computes live?  That of the run that answers; another one is swapped in unnoticed.

Every worker asks the store several times a second which run answers.  The model of a new run is
loaded, warmed up and tried beside the old one, which goes on until one reference is swapped.  A
release that does not say what was published is refused, and the old one goes on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from serving.problems import Refusal
from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.jobs.clustered import open_store
from xhcredit.jobs.file_of_rows import open_rows
from xhcredit.jobs.live import SAMPLE, Live, check
from xhcredit.jobs.model import Model, model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release, load_release, release_of
from xhcredit.store.reader import Reader

POLL_SECONDS = 0.2
#: runs whose models are held: switching back and forth costs nothing
_HELD = 3
#: models of other days, for files as of a day
_DAYS_HELD = 8
#: what must be the same as in the run
_SAME = ("release_digest", "rulebook_digest", "data_digest")


@dataclass(frozen=True)
class Champion:
    """The model of a run, with the data that it scored."""

    run: int
    live: Live


@dataclass
class Champions:
    """Holds the champion; ``champion`` is the one reference that is swapped."""

    reader: Reader
    warehouse: Path
    rulebook: Rulebook
    release: Path | None
    log: Callable[..., Any]
    champion: Champion | None = None
    _held: dict[int, Champion] = field(default_factory=dict)
    _refused: dict[int, str] = field(default_factory=dict)
    _days: dict[tuple[str, date], Model] = field(default_factory=dict)
    #: one at a time compiles: Python 3.11 fails when two threads parse at once (gh-106905)
    _loading: threading.Lock = field(default_factory=threading.Lock)

    async def follow(self) -> None:
        """Swap whenever another run answers, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Swap now if another run answers; what goes wrong is logged, and the old one goes on."""
        try:
            run = self.reader.answering()
            if run is None or (self.champion and self.champion.run == run) or run in self._refused:
                return
            self.champion = self.of_run(run)
            self.log("champion", run=run, release=self.champion.live.model.release.name)
        except (XhcreditError, Refusal) as error:
            self.log("champion_refused", error=str(error))

    def now(self) -> Champion:
        """The champion; the first one is loaded when it is first needed.

        Raises:
            Refusal: there is none that could compute.
        """
        if self.champion is None:
            run = self.reader.answering()
            if run is None:
                raise UnknownRecord("no run was published yet; publish one: xhcredit publish")
            self.champion = self.of_run(run)
        return self.champion

    def of_run(self, run: int) -> Champion:
        """The model of a run, tried before it is handed out.

        Raises:
            Refusal: the data here is of another night.
            BadDeclaration: the release does not say what was published.
        """
        with self._loading:
            found = self._held.get(run)
            if found is None:
                found = self._load(run)
                while len(self._held) >= _HELD:
                    self._held.pop(next(iter(self._held)))
                self._held[run] = found
        return found

    def _load(self, number: int) -> Champion:
        run = self.reader.run(number)
        provenance: dict[str, str] = run["provenance"]
        model = model_on(self.rulebook, self._release(provenance), date.fromisoformat(run["as_of"]))
        columns = open_store(self.warehouse)
        now = model.provenance(columns.digest)
        differ = [k for k in _SAME if now[k] != provenance.get(k)]
        if differ:
            raise other_night(number, differ)
        live = Live(model, open_rows(self.warehouse, columns))
        try:
            check(live, self.reader.sample(number, SAMPLE))
        except XhcreditError as error:
            self._refused[number] = str(error)
            raise
        return Champion(number, live)

    def model_of(self, champion: Champion, as_of: date) -> Model:
        """The champion's release with the rules of another day."""
        model = champion.live.model
        if as_of == model.as_of:
            return model
        key = model.release.digest, as_of
        with self._loading:
            if key not in self._days:
                made = model_on(self.rulebook, model.release, as_of)
                while len(self._days) >= _DAYS_HELD:
                    self._days.pop(next(iter(self._days)))
                self._days[key] = made
            return self._days[key]

    def _release(self, provenance: dict[str, str]) -> Release:
        """The points tables of the run: as kept with it, else those that the operator named."""
        try:
            kept = self.reader.release(provenance["release_digest"])
        except UnknownRecord:
            return load_release(self.release)
        return release_of(kept, "store")


def other_night(run: int, differ: list[str]) -> Refusal:
    """The refusal when what is here would not explain what was published."""
    return Refusal(
        "other_night",
        f"run {run} was made from other {', '.join(differ)} than what is here now; "
        "score and publish the night again, then ask again",
    )
