"""Applications for restoration and objections of the demo, at least one in each state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from xhcredit.jobs.demo.schedule import Schedule
from xhcredit.jobs.restoration.applications import (
    CaseAction,
    CaseContext,
    CaseRequest,
    file_case,
    perform_on_case,
)
from xhcredit.jobs.restoration.candidates import RestorableRecord, find_restorable
from xhcredit.jobs.restoration.records import RecordKey, read_records
from xhcredit.restoration.rows import ProvenFacts
from xhcredit.restoration.workflow import Kind
from xhcredit.store.restoration.rows import CaseStepDetails

_PLATFORMS = ["信用中国（上海）", "国家企业信用信息公示系统（上海）"]


class Step(NamedTuple):
    """Something done so many working days after the filing."""

    days: int
    login: str
    act: str
    reason: str
    details: CaseStepDetails = CaseStepDetails()


_ACCEPT = Step(1, "sun", "accept", "材料齐全，予以受理")
_GRANT = Step(4, "wu", "grant", "符合条件，准予修复")
_PUBLISH = Step(6, "sun", "publish", "已停止公示", {"platforms": _PLATFORMS})
_RETURN = Step(1, "sun", "return", "缺少履行证明，请补正")
_FALSE: CaseStepDetails = {"false_materials": True}
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
class RestorationOfficers:
    """Restoration officers of the demo; each case is about another enterprise."""

    schedule: Schedule
    _used_codes: set[str] = field(default_factory=set)

    @property
    def context(self) -> CaseContext:
        """Where applications are dealt with."""
        environment = self.schedule.environment
        return CaseContext(environment.store, environment.rules, environment.warehouse)

    def file_applications(self, *states: str) -> None:
        """File an application for each state, about records that can be restored today."""
        environment = self.schedule.environment
        restorable_records = self._restorable_now(
            find_restorable(environment.warehouse, environment.rules, environment.today)
        )
        for state in states:
            row = next(restorable_records)
            record_key = RecordKey(row.table, json.loads(row.key))
            self._file_case(
                "restoration", row.code, record_key, RESTORATIONS[state], {"pledge": True}
            )

    def file_objections(self, *states: str) -> None:
        """File an objection for each state, about penalties that count today."""
        environment = self.schedule.environment
        rows = read_records(environment.warehouse, "penalty", environment.today)
        unused_penalties = (
            rows[~rows["code"].isin(self._used_codes)].drop_duplicates("code").sort_values("code")
        )
        for state, (code, key) in zip(
            states, unused_penalties[["code", "key"]].to_numpy(), strict=False
        ):
            self._file_case(
                "objection", code, RecordKey("penalty", json.loads(key)), OBJECTIONS[state], {}
            )

    def _restorable_now(self, records: list[RestorableRecord]) -> Iterator[RestorableRecord]:
        """Records that can be restored now, those about whom nobody asked yet."""
        for record in records:
            if record.state == "now" and record.code not in self._used_codes:
                self._used_codes.add(record.code)
                yield record

    def _file_case(
        self,
        kind: Kind,
        code: str,
        record_key: RecordKey,
        steps: tuple[Step, ...],
        facts: ProvenFacts,
    ) -> None:
        environment = self.schedule.environment
        self._used_codes.add(code)
        reason = "申请信用修复" if kind == "restoration" else "处罚信息与事实不符"
        filing = CaseRequest(kind, code, code, record_key, facts, reason)
        act = environment.person("sun").act(f"{kind}.file", reason)
        number = file_case(self.context, act, filing, environment.today)["application"]
        filed_on: date = environment.today
        for step in steps:
            self.schedule.add_after_working_days(
                filed_on, step.days, f"{kind}: {step.act}", self._step_task(kind, number, step)
            )

    def _step_task(self, kind: Kind, number: int, step: Step) -> Callable[[], None]:
        def perform_step() -> None:
            environment = self.schedule.environment
            person = environment.person(step.login)
            act = person.act(f"{kind}.{step.act}", step.reason, application=number)
            action = CaseAction(
                step.act, environment.today, person.name, person.zh, step.reason, step.details
            )
            perform_on_case(self.context, act, number, action)

        return perform_step
