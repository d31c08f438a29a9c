"""Follow-up of alerts in the demo: some to the end, some to each state before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from typing import Any, NamedTuple

from xhcredit.alerts.workflow import OVER, Doing
from xhcredit.jobs.alerts.follow_up import Desk, take
from xhcredit.jobs.demo.accounts import PEOPLE
from xhcredit.jobs.demo.schedule import Diary
from xhcredit.jobs.draws.triggered_checks import open_check
from xhcredit.store.alerts.alert_queries import Asked

#: more than a night can raise
_ALL = 10_000
_SNOOZED_DAYS = 12
CHECK = "ts-2026-01"  #: the check that one alert leads to


class Step(NamedTuple):
    """Something done so many working days after the night."""

    days: int
    login: str
    act: str
    reason: str
    details: Mapping[str, Any] = {}


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
            {"measure": "triggered_check", "check_code": CHECK},
        ),
    ),
}
#: what becomes of the alerts of a night, in turn; those left alone for long expire by themselves
EARLY = ("closed", "dismissed", "closed_false", "detected", "closed")
OPEN = (
    "issued",
    "checked",
    "verified",
    "fed_back",
    "escalated",
    "disposed",
    "closed",
    "closed_false",
)
LATE = ("issued", "snoozed", "screened", "verified")
UNTOUCHED = ("detected",)


@dataclass
class AlertDesk:
    """Alert officers of the demo."""

    diary: Diary
    _on_track: set[int] = field(default_factory=set)

    def after(self, night: date, tracks: Sequence[str]) -> None:
        """Assign the alerts of a night to tracks and schedule their steps."""
        found = self._alerts("detected")
        fresh = [a["id"] for a in sorted(found, key=lambda a: a["id"])]
        fresh = [n for n in fresh if n not in self._on_track]
        self._on_track |= set(fresh)
        chosen: dict[str, list[int]] = {}
        for number, track in zip(fresh, cycle(tracks), strict=False):
            one_only = track == "checked" and chosen.get(track)
            chosen.setdefault("disposed" if one_only else track, []).append(number)
        for track, numbers in chosen.items():
            for step in TRACKS[track]:
                self._write(night, step, numbers)

    def merge_twins(self, night: date) -> None:
        """Merge one of two alerts about the same enterprise into the other."""
        waiting = self._alerts("detected")
        for alert in waiting:
            twin = next(
                (a for a in waiting if a["subject"] == alert["subject"] and a["id"] < alert["id"]),
                None,
            )
            if twin is not None:
                self._on_track.add(alert["id"])
                into = {"into": twin["id"]}
                self._write(
                    night, Step(1, "zhao", "merge", "同一企业同一原因", into), [alert["id"]]
                )
                return

    def _alerts(self, *states: str) -> list[dict[str, Any]]:
        asked = Asked(states=frozenset(states), limit=_ALL)
        return self.diary.stage.store.alerts.page(asked)

    def _write(self, night: date, step: Step, numbers: list[int]) -> None:
        self.diary.working_days_after(
            night, step.days, f"alerts: {step.act}", lambda: self._do(step, numbers)
        )

    def _do(self, step: Step, numbers: list[int]) -> None:
        stage = self.diary.stage
        still = {
            a["id"] for a in stage.store.alerts.page(Asked(limit=_ALL)) if a["state"] not in OVER
        }
        details = dict(step.details)
        if "until" in details:
            details["until"] = (stage.today + timedelta(days=_SNOOZED_DAYS)).isoformat()
        act = stage.person(step.login).act(f"alert.{step.act}", step.reason)
        going = [n for n in numbers if n in still]
        if details.get("check_code"):
            self._open_check(going[0])
        doing = Doing(step.act, stage.today, act.actor, step.reason, details)
        if going:
            take(Desk(stage.store, stage.rules), act, going, doing)

    def _open_check(self, number: int) -> None:
        """The triggered check that an alert leads to."""
        stage, alert = self.diary.stage, self.diary.stage.store.alerts.one(number)
        given = {
            "id": CHECK,
            "bureau": alert["bureau"] or PEOPLE[0].bureau,
            "code": alert["code"],
            "source": "alert",
            "reason": "预警核查属实，需现场检查",
            "reference": f"预警 {number}",
            "items": ["disclosure"],
            "opened_on": stage.today.isoformat(),
        }
        act = stage.person("chen").act("check.open", "预警核查")
        open_check(stage.store, act, given, stage.rules, stage.today)
