"""Timeline of the demo: half a year of a district, and the morning after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import partial

from xhcredit.jobs.alerts.back_test import back_test, prove
from xhcredit.jobs.demo import draws as d
from xhcredit.jobs.demo.accounts import CIVIL, MARKET
from xhcredit.jobs.demo.alerts import EARLY, LATE, OPEN, UNTOUCHED, AlertDesk
from xhcredit.jobs.demo.departments import Departments
from xhcredit.jobs.demo.draws import DrawDesk
from xhcredit.jobs.demo.environment import EVENING, MORNING, Stage
from xhcredit.jobs.demo.restoration import RestorationDesk
from xhcredit.jobs.demo.schedule import Diary
from xhcredit.jobs.models.promotion import submit
from xhcredit.store.models.candidates import Submission
from xhcredit.store.night.saved_views import EVERYBODY, NOBODY, View

#: the demo's clock begins on the first of these and is left on the morning after the last
FIRST, LAST = date(2025, 12, 31), date(2026, 6, 30)
#: nights with what becomes of their alerts
NIGHTS: tuple[tuple[date, Sequence[str]], ...] = (
    (FIRST, EARLY),
    (date(2026, 1, 31), EARLY),
    (date(2026, 2, 28), EARLY),
    (date(2026, 3, 31), EARLY),
    (date(2026, 4, 30), EARLY),
    (date(2026, 5, 31), OPEN),
    (date(2026, 6, 26), LATE),
    (date(2026, 6, 29), UNTOUCHED),
    (LAST, UNTOUCHED),
)
#: the departments deliver on these days
DELIVERIES = tuple(day for day, _ in NIGHTS if day != date(2026, 6, 29))
_NIGHT_HOUR = time(22)
_LOTTERY_HOUR = time(21)


@dataclass
class District:
    """Timeline of the demo, written into one schedule."""

    stage: Stage
    diary: Diary = field(init=False)

    def __post_init__(self) -> None:
        self.diary = Diary(self.stage)
        self.alerts, self.draws = AlertDesk(self.diary), DrawDesk(self.diary)
        self.restoration = RestorationDesk(self.diary)

    def live(self) -> None:
        """Run the half year; the clock is left on the morning after it."""
        self._nights()
        self._draws()
        self._restoration()
        self._others()
        last_morning = LAST + timedelta(days=1)
        self.diary.run(last_morning, MORNING)
        self.stage.list_restorable(LAST)
        self.stage.goes_on_at(last_morning, MORNING)

    def _nights(self) -> None:
        departments = Departments.of(self.stage.sample)
        for day in DELIVERIES:
            deliver = partial(self._take_in, departments, day)
            self.diary.on(day, "ingest", deliver, EVENING)
        for day, tracks in NIGHTS:
            self.diary.on(day, "night", partial(self._night, day, tracks), _NIGHT_HOUR)
        self.diary.on(FIRST, "back-test", self._back_test, EVENING)

    def _take_in(self, departments: Departments, day: date) -> None:
        folder = self.stage.folder / "deliveries" / day.isoformat()
        self.stage.take_in(day, departments.deliver(day, folder, last=day == LAST))

    def _back_test(self) -> None:
        """Back-test the triggers; without one no trigger raises alerts."""
        stage = self.stage
        data, proofs = back_test(
            stage.warehouse, stage.rules, FIRST, release=stage.release, progress=stage.progress
        )
        act = stage.person("lin").act("alert.prove", "两年回测")
        prove(stage.store, act, FIRST, data, proofs)

    def _night(self, day: date, tracks: Sequence[str]) -> None:
        self.stage.night(day)
        self.alerts.merge_twins(day)
        self.alerts.after(day, tracks)

    def _draws(self) -> None:
        on, desk = self.diary.on, self.draws
        on(date(2026, 1, 5), "plans", desk.file_plans)
        for draw, frozen in (
            (d.FINISHED, date(2026, 2, 2)),
            (d.PARTLY, date(2026, 4, 1)),
            (d.REPEATED, date(2026, 5, 6)),
            ("yl-2026-05", date(2026, 5, 11)),
            ("mf-2026-05", date(2026, 5, 11)),
            (d.SEEDED, date(2026, 6, 29)),
            (d.WAITING, LAST + timedelta(days=1)),
        ):
            on(frozen, f"freeze {draw}", partial(desk.freeze, draw), time(8, 30))
        self._finished_draw()
        self._later_draws()
        self._checks()

    def _finished_draw(self) -> None:
        """A draw to its very end, and one that publishes late what its visits found."""
        on, desk = self.diary.on, self.draws
        for draw, enter in (
            (d.FINISHED, partial(desk.enter, d.FINISHED, 1)),
            (d.PARTLY, partial(desk.enter, d.PARTLY, 0.6)),
        ):
            due = d.DRAWS[draw].due
            on(due, f"draw {draw}", partial(desk.seed_and_run, draw), _LOTTERY_HOUR)
            list_out = partial(desk.publish, draw)
            self.diary.working_days_after(due, 1, f"publish {draw}", list_out)
            self.diary.working_days_after(due, 14, f"results {draw}", enter)
            self.diary.working_days_after(due, 15, f"publish {draw}", partial(desk.publish, draw))

    def _later_draws(self) -> None:
        """A draw that had to be repeated, a joint one, one not published, one only seeded."""
        on, desk = self.diary.on, self.draws
        why = "检查人员名录有误，重新锁定"
        again = partial(desk.freeze, d.DRAWN, replaces=d.REPEATED, why=why)
        on(date(2026, 6, 2), f"freeze {d.DRAWN}", again)
        on(date(2026, 6, 5), f"draw {d.DRAWN}", partial(desk.seed_and_run, d.DRAWN), _LOTTERY_HOUR)
        on(date(2026, 6, 8), "replace", partial(desk.replace_somebody, d.DRAWN))
        both = ("yl-2026-05", "mf-2026-05")
        on(date(2026, 5, 12), "draw", partial(desk.seed_and_run, *both), _LOTTERY_HOUR)
        on(date(2026, 5, 13), "joint", partial(desk.lay_over, d.JOINT, both))
        for draw in both:
            on(date(2026, 5, 14), "publish", partial(desk.publish, draw))
        on(LAST, f"seed {d.SEEDED}", partial(desk.seed, d.SEEDED), _LOTTERY_HOUR)

    def _checks(self) -> None:
        on, desk = self.diary.on, self.draws
        on(
            date(2026, 3, 9),
            "check",
            partial(desk.check_complaint, "ts-2026-02", MARKET, "disclosure", 0),
        )
        on(date(2026, 3, 16), "check", partial(desk.close_check, "ts-2026-02", "corrected"))
        on(
            date(2026, 6, 23),
            "check",
            partial(desk.check_complaint, "ts-2026-03", MARKET, "food_operation", 1),
        )
        on(
            date(2026, 5, 18),
            "check",
            partial(desk.check_complaint, "ts-2026-04", CIVIL, "disclosure", 2),
        )
        on(date(2026, 5, 20), "check", partial(desk.call_off, "ts-2026-04"))

    def _restoration(self) -> None:
        on, desk = self.diary.on, self.restoration
        done = ("published", "published", "refused", "revoked", "resumed", "withdrawn")
        on(date(2026, 3, 10), "applications", partial(desk.ask, *done))
        on(date(2026, 5, 25), "applications", partial(desk.ask, "published", "granted"))
        waiting = ("accepted", "returned", "classified", "granted", "filed", "filed")
        on(date(2026, 6, 24), "applications", partial(desk.ask, *waiting))
        on(date(2026, 4, 14), "objections", partial(desk.object, "upheld", "rejected", "withdrawn"))
        on(date(2026, 6, 25), "objections", partial(desk.object, "filed", "marked", "forwarded"))

    def _others(self) -> None:
        on = self.diary.on
        on(date(2026, 6, 1), "views", self._save_views)
        on(date(2026, 6, 15), "candidate", self._submit_candidate)
        on(date(2026, 1, 6), "subscription", self._subscribe)

    def _save_views(self) -> None:
        for login, name, query, shared in (
            ("lin", "本月降级", "moved=worse&sort=moved", EVERYBODY),
            ("lin", "食品D级", "tier=D&field=x_food", NOBODY),
            ("zhou", "养老机构", "field=x_elderly_care", CIVIL),
        ):
            act = self.stage.person(login).act("view.save", "常用筛选")
            self.stage.store.views.save(act, View(act.actor, name, query, shared))

    def _submit_candidate(self) -> None:
        file = self.stage.sample / "candidate.json"
        if file.is_file():
            given = json.loads(file.read_bytes())
            act = self.stage.person("feng").act("model.submit", "以本区数据训练的候选评分卡")
            submission = Submission(**given | {"gates": tuple(given["gates"])})
            submit(self.stage.store, act, submission, self.stage.rules, self.stage.today)

    def _subscribe(self) -> None:
        act = self.stage.person("sysadmin").act("subscription.new", "区城运平台")
        kinds = ("tier_changed", "alert.issued")
        self.stage.store.subscriptions.add(act, "区城运平台", _RECEIVER, kinds, "")


#: names under example.com belong to nobody
_RECEIVER = "https://city.example.com/xhcredit"
