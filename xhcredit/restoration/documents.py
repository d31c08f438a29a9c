"""Documents, deciding department, deadlines and effects of an application."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from xhcredit.domain.calendar import Calendar, LastDay
from xhcredit.errors import BeyondCalendar
from xhcredit.restoration.assessment import NOTHING_TO_APPLY_FOR, Bilingual, Deadline, Route
from xhcredit.restoration.citizen_texts import day
from xhcredit.restoration.law import Law
from xhcredit.restoration.record import AdverseRecord, Authority
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, RecordKind, SpotChecks, TimeLimits, Unit

APPLICATION = Bilingual("信用修复申请书", "application for restoration")
PLEDGE = Bilingual("信用承诺书", "public pledge")
PROOF = Bilingual(
    "履行法定义务、纠正失信行为的证明材料（主管部门能够共享取得的，不必提交）",
    "proof that duties are performed and the conduct is corrected, unless authorities share it",
)
RULING = Bilingual(
    "人民法院批准重整计划或者认可和解协议的裁定书",
    "court ruling that approves the reorganisation plan or the settlement",
)
REVOCATION = Bilingual(
    "变更、撤销原决定的文书（由原决定机关主动办理，当事人可以提供）",
    "the document by which the decision fell (the authority acts by itself)",
)

STEPS = {
    "accept": Bilingual("决定是否受理", "accept or return"),
    "decide": Bilingual("作出修复决定", "decide"),
    "answer": Bilingual("反馈修复结果", "answer the applicant"),
    "remove_abnormal": Bilingual("移出经营异常名录", "remove from the abnormal-operation list"),
    "take_down": Bilingual("停止公示、撤回信息", "take the record down"),
    "share": Bilingual("将修复结论共享至有关部门和系统", "share the result with other systems"),
    "delete": Bilingual("在查询界面删除该信息", "delete it from query views"),
}
#: steps that run from the day of filing; "decide" runs from acceptance, the others from a decision
_FROM_FILING = ("accept", "answer", "remove_abnormal")


def summary(route: Route, eligible: bool, earliest: date | None, applied_on: date) -> Bilingual:
    """The answer in one sentence."""
    if route == "takedown":
        return Bilingual(
            "原决定已被变更、撤销，由原决定机关撤回公示，不必申请修复。",
            "the decision fell: the authority takes the record down, no application is needed",
        )
    if route == "shielding":
        return Bilingual(
            "可以凭法院裁定申请临时修复，暂时屏蔽该信息；执行完毕后再办理正式修复。",
            "may be shielded for the time being by the court's ruling",
        )
    if route == "unpublished":
        return Bilingual(
            "该信息依规定不予公示，无须申请信用修复。",
            "nothing is published, there is nothing to apply for",
        )
    if route == "by_itself":
        return Bilingual(
            "该信息公示期届满自动停止公示，无须申请信用修复。",
            "publication ends by itself, there is nothing to apply for",
        )
    if eligible:
        return Bilingual(f"{day(applied_on)}可以申请信用修复。", f"may apply on {applied_on}")
    if earliest is not None and earliest > applied_on:
        return Bilingual(
            f"{day(applied_on)}尚不能申请；其他条件不变的，{day(earliest)}起可申请。",
            f"may not apply on {applied_on}; from {earliest} on, all else being equal",
        )
    return Bilingual(
        f"{day(applied_on)}尚不能申请，请按下列说明办理。", f"may not apply on {applied_on}"
    )


def materials(record: AdverseRecord, route: Route) -> tuple[Bilingual, ...]:
    """Papers to bring."""
    if route == "takedown":
        return (REVOCATION,)
    if route == "shielding":
        return (RULING,)
    if route in NOTHING_TO_APPLY_FOR:
        return ()
    papers = (PLEDGE, PROOF)
    # 国办发〔2025〕22号 asks for two papers, proof and pledge; only market supervision's own
    # channel (the publicity system) takes an application form besides.
    return (APPLICATION, *papers) if record.authority == "samr" else papers


def deciding_department(record: AdverseRecord, authority: Authority) -> Bilingual:
    """Deciding department (谁认定、谁修复)."""
    if record.kind in SPOT_CHECKS:
        return Bilingual(
            "实施抽查检查的市场监管部门（通过国家企业信用信息公示系统）",
            "the market supervision bureau that made the check",
        )
    if record.kind != "penalty":
        return Bilingual("作出列入决定的部门", "the department that made the listing")
    if authority == "samr":
        return Bilingual(
            "作出行政处罚决定的市场监管部门（通过国家企业信用信息公示系统）",
            "the market supervision bureau that imposed the penalty",
        )
    site = "“信用中国（上海）”网站" if authority == "shanghai" else "“信用中国”网站"
    return Bilingual(
        f"{site}受理，作出行政处罚决定的部门办理",
        "Credit China takes the application, the department that decided deals with it",
    )


def deadlines(
    record: AdverseRecord, route: Route, law: Law, calendar: Calendar
) -> tuple[Deadline, ...]:
    """Deadlines of the authority if the application is filed that day."""
    if route == "takedown" and record.decision_revoked_on:
        limits = law.value("takedown", TimeLimits)
        return tuple(_deadlines(law, "takedown", limits, record.decision_revoked_on, calendar))
    if route in NOTHING_TO_APPLY_FOR:
        return ()
    deadline_by_step: dict[str, Deadline] = {}
    for topic in ("national_limits", "time_limits"):
        if law.has(topic):
            limits = law.value(topic, TimeLimits)
            concerned_steps = [s for s in limits.steps if concerns(s, record.kind)]
            step_deadlines = _deadlines(
                law, topic, limits, law.applied_on, calendar, concerned_steps
            )
            deadline_by_step |= {deadline.step: deadline for deadline in step_deadlines}
    return tuple(deadline_by_step.values())


def concerns(step: str, kind: RecordKind) -> bool:
    """Whether a kind of record knows a step; the abnormal list has its own quick one."""
    # Removal from the abnormal list is a quick exit of its own and knows no acceptance or
    # decision.
    if kind == "abnormal_listing":
        return step not in ("accept", "decide", "take_down")
    return step != "remove_abnormal"


def _deadlines(
    law: Law,
    topic: str,
    limits: TimeLimits,
    start: date,
    calendar: Calendar,
    steps: Iterable[str] | None = None,
) -> Iterable[Deadline]:
    for step in limits.steps if steps is None else steps:
        days = limits.steps[step]
        term_end = None
        if topic == "takedown" or step in _FROM_FILING:
            term_end = last_day(calendar, start, days, limits.unit)
        elif step == "decide" and "accept" in limits.steps:
            # Its days run from acceptance, whose day is not known yet; told as if acceptance
            # took all its days, so the deadline promised is never too early.
            term_end = last_day(calendar, start, limits.steps["accept"] + days, limits.unit)
        step_text = STEPS.get(step, Bilingual(step, step))
        ends, provisional = (term_end.day, term_end.provisional) if term_end else (None, False)
        yield Deadline(step, step_text, days, limits.unit, ends, law.basis(topic), provisional)


def last_day(calendar: Calendar, start: date, days: int, unit: Unit) -> LastDay | None:
    """The last day of a term in working days or days; None where the calendar does not reach."""
    if unit == "days":
        return LastDay(start + timedelta(days=days), provisional=False)
    try:
        return calendar.term(start, days)
    except BeyondCalendar:
        return None


def effects(record: AdverseRecord, route: Route, law: Law) -> tuple[Bilingual, ...]:
    """Effects of a granted restoration on publication, sharing, use and scores."""
    if route in NOTHING_TO_APPLY_FOR:
        return ()
    measure_zh = "暂时屏蔽" if route == "shielding" else "停止公示"
    effect_texts = [
        Bilingual(f"{measure_zh}该条信息，停止共享和使用。", "no longer shown, shared or used"),
        Bilingual(
            "解除依该信息采取的管理（惩戒）措施。",
            "measures taken because of it are lifted",
        ),
        Bilingual(
            "重新计算信用评价和风险分级，不保留该条信息的影响。",
            "scores and tiers are computed anew, without any trace of it",
        ),
    ]
    # Order 107 (V3): the negative result of a check is hidden together with the penalty that
    # followed from it.
    if record.kind == "penalty" and _hides_checks(law):
        effect_texts.append(_CHECK_TOO)
    if law.has("time_limits"):
        effect_texts += _sharing_effects(law.value("time_limits", TimeLimits))
    return tuple(effect_texts)


def _hides_checks(law: Law) -> bool:
    """Whether spot checks are hidden together with the penalty that followed from them."""
    return law.has("spot_check") and law.value("spot_check", SpotChecks).with_penalty


_CHECK_TOO = Bilingual(
    "据以作出该处罚的抽查检查结果负面信息一并停止公示。",
    "the negative result of the spot check that it followed from is hidden together with it",
)


def _sharing_effects(limits: TimeLimits) -> Iterable[Bilingual]:
    for step in ("share", "take_down", "delete"):
        if step in limits.steps:
            days, step_text = limits.steps[step], STEPS[step]
            yield Bilingual(
                f"自修复决定之日起{days}个工作日内，{step_text.zh}。",
                f"within {days} working days of the decision: {step_text.en}",
            )
