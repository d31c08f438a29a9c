"""Timeline of the demo: half a year of a district, and the morning after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import partial

from xhcredit.jobs.alerts.back_test import back_test, store_back_tests
from xhcredit.jobs.demo import draws
from xhcredit.jobs.demo.accounts import CIVIL, MARKET
from xhcredit.jobs.demo.alerts import (
    EARLY_TRACKS,
    LATE_TRACKS,
    OPEN_TRACKS,
    UNTOUCHED_TRACKS,
    AlertOfficers,
)
from xhcredit.jobs.demo.departments import Departments
from xhcredit.jobs.demo.draws import DrawOfficers
from xhcredit.jobs.demo.environment import EVENING, MORNING, DemoEnvironment
from xhcredit.jobs.demo.restoration import RestorationOfficers
from xhcredit.jobs.demo.schedule import Schedule
from xhcredit.jobs.models.promotion import submit_candidate
from xhcredit.store.models.candidates import Submission
from xhcredit.store.night.saved_views import EVERYBODY, NOBODY, View

#: the demo's clock begins on the first of these and is left on the morning after the last
FIRST_NIGHT, LAST_NIGHT = date(2025, 12, 31), date(2026, 6, 30)
#: nights with what becomes of their alerts
NIGHTS: tuple[tuple[date, Sequence[str]], ...] = (
    (FIRST_NIGHT, EARLY_TRACKS),
    (date(2026, 1, 31), EARLY_TRACKS),
    (date(2026, 2, 28), EARLY_TRACKS),
    (date(2026, 3, 31), EARLY_TRACKS),
    (date(2026, 4, 30), EARLY_TRACKS),
    (date(2026, 5, 31), OPEN_TRACKS),
    (date(2026, 6, 26), LATE_TRACKS),
    (date(2026, 6, 29), UNTOUCHED_TRACKS),
    (LAST_NIGHT, UNTOUCHED_TRACKS),
)
#: the departments deliver on these days
DELIVERIES = tuple(day for day, _ in NIGHTS if day != date(2026, 6, 29))
_NIGHT_HOUR = time(22)
_LOTTERY_HOUR = time(21)


@dataclass
class DemoTimeline:
    """Timeline of the demo, written into one schedule."""

    environment: DemoEnvironment
    schedule: Schedule = field(init=False)

    def __post_init__(self) -> None:
        self.schedule = Schedule(self.environment)
        self.alerts, self.draws = AlertOfficers(self.schedule), DrawOfficers(self.schedule)
        self.restoration = RestorationOfficers(self.schedule)

    def run_half_year(self) -> None:
        """Run the half year; the clock is left on the morning after it."""
        self._nights()
        self._draws()
        self._restoration()
        self._other_tasks()
        last_morning = LAST_NIGHT + timedelta(days=1)
        self.schedule.run(last_morning, MORNING)
        self.environment.list_restorable(LAST_NIGHT)
        self.environment.advance_clock(last_morning, MORNING)

    def _nights(self) -> None:
        departments = Departments.of(self.environment.sample)
        for day in DELIVERIES:
            ingest_task = partial(self._ingest_delivery, departments, day)
            self.schedule.add_task(day, "ingest", ingest_task, EVENING)
        for day, tracks in NIGHTS:
            self.schedule.add_task(day, "night", partial(self._night, day, tracks), _NIGHT_HOUR)
        self.schedule.add_task(FIRST_NIGHT, "back-test", self._back_test, EVENING)

    def _ingest_delivery(self, departments: Departments, day: date) -> None:
        folder = self.environment.folder / "deliveries" / day.isoformat()
        self.environment.ingest_delivery(
            day, departments.deliver(day, folder, is_last=day == LAST_NIGHT)
        )

    def _back_test(self) -> None:
        """Back-test the triggers; without one no trigger raises alerts."""
        environment = self.environment
        data_digest, proofs = back_test(
            environment.warehouse,
            environment.rules,
            FIRST_NIGHT,
            release=environment.release,
            progress=environment.progress,
        )
        act = environment.person("lin").act("alert.prove", "两年回测")
        store_back_tests(environment.store, act, FIRST_NIGHT, data_digest, proofs)

    def _night(self, day: date, tracks: Sequence[str]) -> None:
        self.environment.score_and_publish(day)
        self.alerts.merge_twins(day)
        self.alerts.schedule_follow_up(day, tracks)

    def _draws(self) -> None:
        add_task, officers = self.schedule.add_task, self.draws
        add_task(date(2026, 1, 5), "plans", officers.file_plans)
        for draw, frozen_on in (
            (draws.FINISHED, date(2026, 2, 2)),
            (draws.PARTLY, date(2026, 4, 1)),
            (draws.REPEATED, date(2026, 5, 6)),
            ("yl-2026-05", date(2026, 5, 11)),
            ("mf-2026-05", date(2026, 5, 11)),
            (draws.SEEDED, date(2026, 6, 29)),
            (draws.WAITING, LAST_NIGHT + timedelta(days=1)),
        ):
            add_task(frozen_on, f"freeze {draw}", partial(officers.freeze, draw), time(8, 30))
        self._finished_draw()
        self._later_draws()
        self._checks()

    def _finished_draw(self) -> None:
        """A draw to its very end, and one that publishes late what its visits found."""
        add_task, officers = self.schedule.add_task, self.draws
        for draw, enter_results in (
            (draws.FINISHED, partial(officers.enter_results, draws.FINISHED, 1)),
            (draws.PARTLY, partial(officers.enter_results, draws.PARTLY, 0.6)),
        ):
            seed_due = draws.DRAWS[draw].seed_due
            add_task(seed_due, f"draw {draw}", partial(officers.seed_and_run, draw), _LOTTERY_HOUR)
            publish_list = partial(officers.publish_list, draw)
            self.schedule.add_after_working_days(seed_due, 1, f"publish {draw}", publish_list)
            self.schedule.add_after_working_days(seed_due, 14, f"results {draw}", enter_results)
            self.schedule.add_after_working_days(
                seed_due, 15, f"publish {draw}", partial(officers.publish_list, draw)
            )

    def _later_draws(self) -> None:
        """A draw that had to be repeated, a joint one, one not published, one only seeded."""
        add_task, officers = self.schedule.add_task, self.draws
        why = "检查人员名录有误，重新锁定"
        repeat_freeze = partial(officers.freeze, draws.DRAWN, replaces=draws.REPEATED, why=why)
        add_task(date(2026, 6, 2), f"freeze {draws.DRAWN}", repeat_freeze)
        add_task(
            date(2026, 6, 5),
            f"draw {draws.DRAWN}",
            partial(officers.seed_and_run, draws.DRAWN),
            _LOTTERY_HOUR,
        )
        add_task(date(2026, 6, 8), "replace", partial(officers.replace_inspector, draws.DRAWN))
        joint_ids = ("yl-2026-05", "mf-2026-05")
        add_task(
            date(2026, 5, 12), "draw", partial(officers.seed_and_run, *joint_ids), _LOTTERY_HOUR
        )
        add_task(date(2026, 5, 13), "joint", partial(officers.join_draws, draws.JOINT, joint_ids))
        for draw in joint_ids:
            add_task(date(2026, 5, 14), "publish", partial(officers.publish_list, draw))
        add_task(
            LAST_NIGHT, f"seed {draws.SEEDED}", partial(officers.seed, draws.SEEDED), _LOTTERY_HOUR
        )

    def _checks(self) -> None:
        add_task, officers = self.schedule.add_task, self.draws
        add_task(
            date(2026, 3, 9),
            "check",
            partial(officers.check_complaint, "ts-2026-02", MARKET, "disclosure", 0),
        )
        add_task(
            date(2026, 3, 16), "check", partial(officers.close_check, "ts-2026-02", "corrected")
        )
        add_task(
            date(2026, 6, 23),
            "check",
            partial(officers.check_complaint, "ts-2026-03", MARKET, "food_operation", 1),
        )
        add_task(
            date(2026, 5, 18),
            "check",
            partial(officers.check_complaint, "ts-2026-04", CIVIL, "disclosure", 2),
        )
        add_task(date(2026, 5, 20), "check", partial(officers.cancel_check, "ts-2026-04"))

    def _restoration(self) -> None:
        add_task, officers = self.schedule.add_task, self.restoration
        closed_states = ("published", "published", "refused", "revoked", "resumed", "withdrawn")
        add_task(
            date(2026, 3, 10), "applications", partial(officers.file_applications, *closed_states)
        )
        add_task(
            date(2026, 5, 25),
            "applications",
            partial(officers.file_applications, "published", "granted"),
        )
        open_states = ("accepted", "returned", "classified", "granted", "filed", "filed")
        add_task(
            date(2026, 6, 24), "applications", partial(officers.file_applications, *open_states)
        )
        add_task(
            date(2026, 4, 14),
            "objections",
            partial(officers.file_objections, "upheld", "rejected", "withdrawn"),
        )
        add_task(
            date(2026, 6, 25),
            "objections",
            partial(officers.file_objections, "filed", "marked", "forwarded"),
        )

    def _other_tasks(self) -> None:
        add_task = self.schedule.add_task
        add_task(date(2026, 6, 1), "views", self._save_views)
        add_task(date(2026, 6, 15), "candidate", self._submit_candidate)
        add_task(date(2026, 1, 6), "subscription", self._subscribe)

    def _save_views(self) -> None:
        for login, name, query, shared in (
            ("lin", "本月降级", "moved=worse&sort=moved", EVERYBODY),
            ("lin", "食品D级", "tier=D&field=x_food", NOBODY),
            ("zhou", "养老机构", "field=x_elderly_care", CIVIL),
        ):
            act = self.environment.person(login).act("view.save", "常用筛选")
            self.environment.store.views.save(act, View(act.actor, name, query, shared))

    def _submit_candidate(self) -> None:
        candidate_file = self.environment.sample / "candidate.json"
        if candidate_file.is_file():
            submission_fields = json.loads(candidate_file.read_bytes())
            act = self.environment.person("feng").act("model.submit", "以本区数据训练的候选评分卡")
            submission = Submission(
                **submission_fields | {"gates": tuple(submission_fields["gates"])}
            )
            submit_candidate(
                self.environment.store,
                act,
                submission,
                self.environment.rules,
                self.environment.today,
            )

    def _subscribe(self) -> None:
        act = self.environment.person("sysadmin").act("subscription.new", "区城运平台")
        kinds = ("tier_changed", "alert.issued")
        self.environment.store.subscriptions.add(act, "区城运平台", _RECEIVER, kinds, "")


#: names under example.com belong to nobody
_RECEIVER = "https://city.example.com/xhcredit"
