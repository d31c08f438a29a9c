"""Follow-up of alerts in the demo: some to the end, some to each state before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from typing import NamedTuple

from xhcredit.alerts.rows import AlertStepDetails
from xhcredit.alerts.workflow import CLOSED_STATES, AlertAction
from xhcredit.jobs.alerts.follow_up import AlertContext, perform_on_alerts
from xhcredit.jobs.demo.accounts import PEOPLE
from xhcredit.jobs.demo.schedule import Schedule
from xhcredit.jobs.draws.triggered_checks import open_check
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.alerts.rows import AlertRow

#: more than a night can raise
_NO_LIMIT = 10_000
_SNOOZED_DAYS = 12
TRIGGERED_CHECK_ID = "ts-2026-01"  #: the check that one alert leads to


class Step(NamedTuple):
    """Something done so many working days after the night."""

    days: int
    login: str
    act: str
    reason: str
    details: AlertStepDetails = AlertStepDetails()


_SCREEN = Step(1, "zhao", "screen", "初核：情况属于监管范围")
_ISSUE = Step(1, "qian", "issue", "交办核查", {"owner": "chen"})
_TRUE = Step(
    3, "chen", "verify", "现场核查属实", {"verdict": "true", "evidence": "现场检查笔录和照片"}
)
_FALSE = Step(
    3,
    "chen",
    "verify",
    "核查不属实",
    {"verdict": "false", "evidence": "企业提供缴款凭证，系数据迟到"},
)
_GUIDED = Step(4, "chen", "dispose", "约谈负责人并限期改正", {"measure": "guide"})
_BACK = Step(5, "chen", "feed_back", "办理完毕", {"result": "企业已提交整改报告"})
_CLOSE = Step(6, "qian", "close", "材料齐全，予以关闭")
#: by where it leads; ``detected`` is left alone
TRACKS: dict[str, tuple[Step, ...]] = {
    "detected": (),
    "screened": (_SCREEN,),
    "dismissed": (_SCREEN, Step(1, "qian", "dismiss", "与已办案件重复")),
    "issued": (_SCREEN, _ISSUE),
    "snoozed": (_SCREEN, _ISSUE, Step(1, "chen", "snooze", "等待税务部门回函", {"until": ""})),
    "verified": (_SCREEN, _ISSUE, _TRUE),
    "disposed": (_SCREEN, _ISSUE, _TRUE, _GUIDED),
    "fed_back": (_SCREEN, _ISSUE, _TRUE, _GUIDED, _BACK),
    "closed": (_SCREEN, _ISSUE, _TRUE, _GUIDED, _BACK, _CLOSE),
    "closed_false": (_SCREEN, _ISSUE, _FALSE, Step(4, "qian", "close", "不属实，关闭")),
    "escalated": (_SCREEN, _ISSUE, Step(4, "chen", "escalate", "情况加重，请区级协调")),
    "checked": (
        _SCREEN,
        _ISSUE,
        _TRUE,
        Step(
            4,
            "chen",
            "dispose",
            "开展触发式检查",
            {"measure": "triggered_check", "check_code": TRIGGERED_CHECK_ID},
        ),
    ),
}
#: what becomes of the alerts of a night, in turn; those left alone for long expire by themselves
EARLY_TRACKS = ("closed", "dismissed", "closed_false", "detected", "closed")
OPEN_TRACKS = (
    "issued",
    "checked",
    "verified",
    "fed_back",
    "escalated",
    "disposed",
    "closed",
    "closed_false",
)
LATE_TRACKS = ("issued", "snoozed", "screened", "verified")
UNTOUCHED_TRACKS = ("detected",)


@dataclass
class AlertOfficers:
    """Alert officers of the demo."""

    schedule: Schedule
    _on_track: set[int] = field(default_factory=set)

    def schedule_follow_up(self, night: date, tracks: Sequence[str]) -> None:
        """Assign the alerts of a night to tracks and schedule their steps."""
        detected_alerts = self._alerts("detected")
        new_ids = [a["id"] for a in sorted(detected_alerts, key=lambda a: a["id"])]
        new_ids = [n for n in new_ids if n not in self._on_track]
        self._on_track |= set(new_ids)
        ids_by_track: dict[str, list[int]] = {}
        for number, track in zip(new_ids, cycle(tracks), strict=False):
            is_second_check = track == "checked" and ids_by_track.get(track)
            ids_by_track.setdefault("disposed" if is_second_check else track, []).append(number)
        for track, numbers in ids_by_track.items():
            for step in TRACKS[track]:
                self._schedule_step(night, step, numbers)

    def merge_twins(self, night: date) -> None:
        """Merge one of two alerts about the same enterprise into the other."""
        detected_alerts = self._alerts("detected")
        for alert in detected_alerts:
            twin = next(
                (
                    a
                    for a in detected_alerts
                    if a["subject"] == alert["subject"] and a["id"] < alert["id"]
                ),
                None,
            )
            if twin is not None:
                self._on_track.add(alert["id"])
                merge_details: AlertStepDetails = {"into": twin["id"]}
                self._schedule_step(
                    night,
                    Step(1, "zhao", "merge", "同一企业同一原因", merge_details),
                    [alert["id"]],
                )
                return

    def _alerts(self, *states: str) -> list[AlertRow]:
        query = AlertQuery(states=frozenset(states), limit=_NO_LIMIT)
        return self.schedule.environment.store.alerts.read_page(query)

    def _schedule_step(self, night: date, step: Step, numbers: list[int]) -> None:
        self.schedule.add_after_working_days(
            night, step.days, f"alerts: {step.act}", lambda: self._perform_step(step, numbers)
        )

    def _perform_step(self, step: Step, numbers: list[int]) -> None:
        environment = self.schedule.environment
        open_ids = {
            a["id"]
            for a in environment.store.alerts.read_page(AlertQuery(limit=_NO_LIMIT))
            if a["state"] not in CLOSED_STATES
        }
        details: AlertStepDetails = {**step.details}
        if "until" in details:
            details["until"] = (environment.today + timedelta(days=_SNOOZED_DAYS)).isoformat()
        act = environment.person(step.login).act(f"alert.{step.act}", step.reason)
        open_numbers = [n for n in numbers if n in open_ids]
        if details.get("check_code"):
            self._open_check(open_numbers[0])
        action = AlertAction(step.act, environment.today, act.actor, step.reason, details)
        if open_numbers:
            perform_on_alerts(
                AlertContext(environment.store, environment.rules), act, open_numbers, action
            )

    def _open_check(self, number: int) -> None:
        """The triggered check that an alert leads to."""
        environment, alert = (
            self.schedule.environment,
            self.schedule.environment.store.alerts.get(number),
        )
        check_fields = {
            "id": TRIGGERED_CHECK_ID,
            "bureau": alert["bureau"] or PEOPLE[0].bureau,
            "code": alert["code"],
            "source": "alert",
            "reason": "预警核查属实，需现场检查",
            "reference": f"预警 {number}",
            "items": ["disclosure"],
            "opened_on": environment.today.isoformat(),
        }
        act = environment.person("chen").act("check.open", "预警核查")
        open_check(environment.store, act, check_fields, environment.rules, environment.today)
