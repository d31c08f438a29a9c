"""Applications for restoration and objections of the demo, at least one in each state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from xhcredit.jobs.demo.schedule import Diary
from xhcredit.jobs.restoration.applications import Asked, Desk, Doing, file, take
from xhcredit.jobs.restoration.candidates import Restorable, restorable
from xhcredit.jobs.restoration.records import Chosen, read_records
from xhcredit.restoration.workflow import Kind

_PLATFORMS = ["信用中国（上海）", "国家企业信用信息公示系统（上海）"]


class Step(NamedTuple):
    """Something done so many working days after the filing."""

    days: int
    login: str
    act: str
    reason: str
    details: Mapping[str, Any] = {}


_ACCEPT = Step(1, "sun", "accept", "材料齐全，予以受理")
_GRANT = Step(4, "wu", "grant", "符合条件，准予修复")
_PUBLISH = Step(6, "sun", "publish", "已停止公示", {"platforms": _PLATFORMS})
_RETURN = Step(1, "sun", "return", "缺少履行证明，请补正")
_FALSE = {"false_materials": True}
_REVOKE = Step(15, "wu", "revoke", "发现证明材料系伪造", _FALSE)
#: by the state in which it ends
RESTORATIONS: dict[str, tuple[Step, ...]] = {
    "filed": (),
    "returned": (_RETURN,),
    "accepted": (_RETURN, Step(2, "sun", "refile", "补正后重新提出"), _ACCEPT._replace(days=3)),
    "granted": (_ACCEPT, _GRANT),
    "refused": (_ACCEPT, _GRANT._replace(act="refuse", reason="义务未履行完毕，不予修复")),
    "published": (_ACCEPT, _GRANT, _PUBLISH),
    "revoked": (_ACCEPT, _GRANT, _PUBLISH, _REVOKE),
    "resumed": (
        _ACCEPT,
        _GRANT,
        _PUBLISH,
        _REVOKE,
        Step(17, "sun", "resume", "已恢复公示", {"platforms": _PLATFORMS}),
    ),
    "withdrawn": (Step(2, "sun", "withdraw", "申请人撤回"),),
    "classified": (
        _ACCEPT,
        Step(2, "wu", "classify", "情节轻微，未造成后果", {"severity": "minor"}),
    ),
}
_MARK = Step(1, "sun", "mark", "已作异议标注")
_FORWARD = Step(2, "sun", "forward", "转交作出处罚的部门")
OBJECTIONS: dict[str, tuple[Step, ...]] = {
    "filed": (),
    "marked": (_MARK,),
    "forwarded": (_MARK, _FORWARD),
    "upheld": (_MARK, _FORWARD, Step(5, "wu", "uphold", "部门回函：处罚对象登记有误")),
    "rejected": (_MARK, _FORWARD, Step(5, "wu", "reject", "部门回函：信息无误")),
    "withdrawn": (_MARK, Step(3, "sun", "withdraw", "申请人撤回")),
}


@dataclass
class RestorationDesk:
    """Restoration officers of the demo; each case is about another enterprise."""

    diary: Diary
    _used: set[str] = field(default_factory=set)

    @property
    def desk(self) -> Desk:
        """Where applications are dealt with."""
        stage = self.diary.stage
        return Desk(stage.store, stage.rules, stage.warehouse)

    def ask(self, *states: str) -> None:
        """File an application for each state, about records that can be restored today."""
        stage = self.diary.stage
        ripe = self._ripe(restorable(stage.warehouse, stage.rules, stage.today))
        for state in states:
            row = next(ripe)
            chosen = Chosen(row.table, json.loads(row.key))
            self._file("restoration", row.code, chosen, RESTORATIONS[state], {"pledge": True})

    def object(self, *states: str) -> None:
        """File an objection for each state, about penalties that count today."""
        stage = self.diary.stage
        rows = read_records(stage.warehouse, "penalty", stage.today)
        free = rows[~rows["code"].isin(self._used)].drop_duplicates("code").sort_values("code")
        for state, (code, key) in zip(states, free[["code", "key"]].to_numpy(), strict=False):
            self._file("objection", code, Chosen("penalty", json.loads(key)), OBJECTIONS[state], {})

    def _ripe(self, found: list[Restorable]) -> Iterator[Restorable]:
        """Records that can be restored now, those about whom nobody asked yet."""
        for row in found:
            if row.state == "now" and row.code not in self._used:
                self._used.add(row.code)
                yield row

    def _file(
        self,
        kind: Kind,
        code: str,
        chosen: Chosen,
        steps: tuple[Step, ...],
        facts: Mapping[str, Any],
    ) -> None:
        stage = self.diary.stage
        self._used.add(code)
        reason = "申请信用修复" if kind == "restoration" else "处罚信息与事实不符"
        asked = Asked(kind, code, code, chosen, facts, reason)
        act = stage.person("sun").act(f"{kind}.file", reason)
        number = file(self.desk, act, asked, stage.today)["application"]
        filed_on: date = stage.today
        for step in steps:
            self.diary.working_days_after(
                filed_on, step.days, f"{kind}: {step.act}", self._doing(kind, number, step)
            )

    def _doing(self, kind: Kind, number: int, step: Step) -> Any:
        def do() -> None:
            stage = self.diary.stage
            person = stage.person(step.login)
            act = person.act(f"{kind}.{step.act}", step.reason, application=number)
            doing = Doing(
                step.act, stage.today, person.name, person.zh, step.reason, dict(step.details)
            )
            take(self.desk, act, number, doing)

        return do
