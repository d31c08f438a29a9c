"""Environment of the demo while it is built: store, data and a clock that is set forward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from xhcredit.domain.clock import CHINA
from xhcredit.domain.progress import Progress
from xhcredit.jobs.alerts.nightly_update import AlertUpdate, update_alerts
from xhcredit.jobs.demo.accounts import NIGHT_ACTOR, PERSON_BY_LOGIN, Person
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.restoration.grants_to_warehouse import apply_grants
from xhcredit.jobs.restoration.nightly_update import RestorableList, write_restorable
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.ingest import district_names, run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

MORNING, AFTERNOON, EVENING = time(9), time(15), time(19)
#: a night is scored when its day is over
_NIGHT_START = time(0, 30)


def moment_at(day: date, hour: time) -> datetime:
    """A moment of a day in China, in UTC."""
    return datetime.combine(day, hour, CHINA).astimezone(UTC)


@dataclass
class DemoEnvironment:
    """The demo while it is made; ``folder`` holds everything that is made."""

    store: Store
    folder: Path
    sample: Path
    rules: Rulebook
    release: Release
    progress: Progress

    @property
    def warehouse(self) -> Path:
        """Where the departments' data is."""
        return self.folder / "warehouse"

    @property
    def today(self) -> date:
        """The day by the demo's clock."""
        return self.store.clock.today()

    def person(self, login: str) -> Person:
        """One of those who work here."""
        return PERSON_BY_LOGIN[login]

    def advance_clock(self, day: date, hour: time = MORNING) -> date:
        """Set the clock forward to a moment, unless it is past it; returns the day."""
        moment = moment_at(day, hour)
        if moment > self.store.clock.moment():
            act = Act("setup", "demo.clock", "the demo goes on")
            self.store.demo.set_clock(act, moment)
        return day

    def ingest_delivery(self, day: date, delivery: Path) -> None:
        """Ingest what departments sent on a day."""
        self.advance_clock(day, EVENING)
        mappings = self.sample / "mappings"
        run_ingest(
            str(delivery),
            mappings,
            self.warehouse,
            today=self.today,
            progress=self.progress,
            names=district_names(self.rules, self.today),
        )

    def score_and_publish(self, day: date) -> AlertUpdate:
        """Score and publish a day once it is over, and raise its alerts."""
        self.advance_clock(day + timedelta(days=1), _NIGHT_START)
        applications = self.store.applications
        apply_grants(
            self.warehouse, applications.grants(), applications.revocations(), today=self.today
        )
        model = model_on(self.rules, self.release, day)
        run_night(self.warehouse, self.folder, model, progress=self.progress)
        publish(self.folder, self.store, actor=NIGHT_ACTOR, release=self.release.as_data())
        act = Act(NIGHT_ACTOR, "alert.update", "nightly alerts", payload={"on": f"{day}"})
        return update_alerts(self.warehouse, self.store, self.rules, day, act, self.progress)

    def list_restorable(self, day: date) -> RestorableList:
        """Write the list of who can be restored beside the results of a night."""
        barred = self.store.applications.breach_day_by_code()
        return write_restorable(
            self.warehouse, self.rules, day, self.folder, barred=barred, progress=self.progress
        )
