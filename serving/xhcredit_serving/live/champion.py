"""Live champion: the model of the current run, swapped when another run is published.

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

from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.jobs.enterprise.enterprise_file import file_of
from xhcredit.jobs.enterprise.published_explanation import open_run
from xhcredit.jobs.enterprise.what_if import SAMPLE, Live, check
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.night.run_reader import Reader

POLL_SECONDS = 0.2
#: runs whose models are held: switching back and forth costs nothing
_HELD = 3
#: models of other days, for files as of a day
_DAYS_HELD = 8


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
    _last_refusal: str = ""
    _days: dict[tuple[str, date], Model] = field(default_factory=dict)
    #: one at a time compiles: Python 3.11 fails when two threads parse at once (gh-106905)
    _loading: threading.Lock = field(default_factory=threading.Lock)

    async def follow(self, worked: Callable[[], None]) -> None:
        """Swap whenever another run answers, until cancelled; ``worked`` is called each time."""
        while True:
            await asyncio.to_thread(self.look)
            worked()
            await asyncio.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Swap now if another run answers.

        A model that is refused is logged, once per reason, and the old one goes on; any other
        error is for who called: it is a fault of ours or of the machine.
        """
        try:
            run = self.reader.answering()
            if run is None or (self.champion and self.champion.run == run) or run in self._refused:
                return
            self.champion = self.of_run(run)
            self.log("champion", run=run, release=self.champion.live.model.release.name)
            self._last_refusal = ""
        except XhcreditError as error:
            if str(error) != self._last_refusal:  # it is asked several times a second
                self.log("champion_refused", error=str(error))
            self._last_refusal = str(error)

    def now(self) -> Champion:
        """The champion; the first one is loaded when it is first needed.

        Raises:
            UnknownRecord: no run was published yet.
            BookLost, OtherNight: it cannot be told from what is here.
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
            BookLost, OtherNight: its data, rules or release are not here.
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
        live = open_run(self.reader, self.warehouse, self.rulebook, number, self.release)
        published = self.reader.sample(number, SAMPLE)
        try:
            check(live, published)
            if published:  # what files need is opened and compiled before one is asked for
                file_of(live.model, live.rows, next(iter(published)), live.model.as_of)
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
