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

from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.jobs.enterprise.enterprise_file import enterprise_file_of
from xhcredit.jobs.enterprise.published_explanation import open_published_run
from xhcredit.jobs.enterprise.what_if import CHECK_SAMPLE, LiveModel, check_live_model
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.night.run_reader import RunReader

POLL_SECONDS = 0.2
#: runs whose models are held: switching back and forth costs nothing
_MAX_CACHED_RUNS = 3
#: models of other days, for files as of a day
_MAX_CACHED_DAYS = 8


@dataclass(frozen=True)
class Champion:
    """The model of a run, with the data that it scored."""

    run: int
    live: LiveModel


@dataclass
class Champions:
    """Holds the champion; ``champion`` is the one reference that is swapped."""

    reader: RunReader
    warehouse: Path
    rulebook: Rulebook
    release: Path | None
    log: Callable[..., object]
    champion: Champion | None = None
    _cached_champions: dict[int, Champion] = field(default_factory=dict)
    _refusal_by_run: dict[int, str] = field(default_factory=dict)
    _last_refusal: str = ""
    _cached_models: dict[tuple[str, date], Model] = field(default_factory=dict)
    #: one at a time compiles: Python 3.11 fails when two threads parse at once (gh-106905)
    _loading: threading.Lock = field(default_factory=threading.Lock)

    async def follow(self, on_round: Callable[[], None]) -> None:
        """Swap whenever another run answers, until cancelled; ``on_round`` is called each time."""
        while True:
            await asyncio.to_thread(self.look)
            on_round()
            await asyncio.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Swap now if another run answers.

        A model that is refused is logged, once per reason, and the old one goes on; any other
        error is for who called: it is a fault of ours or of the machine.
        """
        try:
            run = self.reader.number_of_current_run()
            if (
                run is None
                or (self.champion and self.champion.run == run)
                # Asked several times a second: a run that was refused is not loaded again each
                # time.
                or run in self._refusal_by_run
            ):
                return
            self.champion = self.champion_of_run(run)
            self.log("champion", run=run, release=self.champion.live.model.release.name)
            self._last_refusal = ""
        except XhcreditError as error:
            if str(error) != self._last_refusal:  # it is asked several times a second
                self.log("champion_refused", error=str(error))
            self._last_refusal = str(error)

    def current(self) -> Champion:
        """The champion; the first one is loaded when it is first needed.

        Raises:
            UnknownRecord: no run was published yet.
            BookLost, OtherNight: it cannot be told from what is here.
        """
        if self.champion is None:
            run = self.reader.number_of_current_run()
            if run is None:
                raise UnknownRecord("no run was published yet; publish one: xhcredit publish")
            self.champion = self.champion_of_run(run)
        return self.champion

    def champion_of_run(self, run: int) -> Champion:
        """The model of a run, tried before it is handed out.

        Raises:
            BookLost, OtherNight: its data, rules or release are not here.
            BadDeclaration: the release does not say what was published.
        """
        with self._loading:
            champion = self._cached_champions.get(run)
            if champion is None:
                champion = self._load(run)
                while len(self._cached_champions) >= _MAX_CACHED_RUNS:
                    self._cached_champions.pop(next(iter(self._cached_champions)))
                self._cached_champions[run] = champion
        return champion

    def _load(self, number: int) -> Champion:
        live = open_published_run(self.reader, self.warehouse, self.rulebook, number, self.release)
        published = self.reader.sample_answers(number, CHECK_SAMPLE)
        try:
            check_live_model(live, published)
            if published:  # what files need is opened and compiled before one is asked for
                enterprise_file_of(live.model, live.rows, next(iter(published)), live.model.as_of)
        except XhcreditError as error:
            self._refusal_by_run[number] = str(error)
            raise
        return Champion(number, live)

    def model_on_day(self, champion: Champion, as_of: date) -> Model:
        """The champion's release with the rules of another day."""
        model = champion.live.model
        if as_of == model.as_of:
            return model
        cache_key = model.release.digest, as_of
        with self._loading:
            if cache_key not in self._cached_models:
                new_model = model_on(self.rulebook, model.release, as_of)
                while len(self._cached_models) >= _MAX_CACHED_DAYS:
                    self._cached_models.pop(next(iter(self._cached_models)))
                self._cached_models[cache_key] = new_model
            return self._cached_models[cache_key]
