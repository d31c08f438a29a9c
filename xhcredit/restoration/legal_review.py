"""Reasons why an assessment needs legal review before it drives a decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xhcredit.domain.calendar import add_months
from xhcredit.restoration import citizen_texts, periods
from xhcredit.restoration.assessment import NOTHING_TO_APPLY_FOR, Bilingual, Route
from xhcredit.restoration.law import NEVER_EARLY, RULES, SAMR_CLOCK, Law
from xhcredit.restoration.periods import Period, by_the_other_clock
from xhcredit.restoration.provisions import never_early_kinds
from xhcredit.restoration.record import AdverseRecord, HolderKind
from xhcredit.restoration.severity import (
    derived_severity,
    is_huge,
    is_only_fined,
    is_small_fine,
    severity_of,
    small_fine_readings,
)
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, Minimum, SeverityClasses, SeverityName

SEVERAL = Bilingual(
    "该记录同时适用几个部门的规定，结论不一致，暂按最严者答复，须由法制确认。",
    "several regimes rule on it and differ; the strictest is told, a lawyer must confirm",
)

Terms = tuple[Period | None, Period | None]


def reasons(
    record: AdverseRecord, route: Route, severity: SeverityName, terms: Terms, law: Law
) -> tuple[Bilingual, ...]:
    """Everything in an answer that is not settled law, in plain words."""
    reason_texts: list[Bilingual] = []
    # A fallen decision is withdrawn by 行政处罚法 art 48 (V1); none of the open questions
    # touches it.
    if route == "takedown":
        return ()
    if route in NOTHING_TO_APPLY_FOR:
        terms = (None, terms[1])  # where nobody applies the shortest publication decides nothing
    else:
        reason_texts += _never_early(record, law)
        reason_texts += _shanghai(record, severity, law)
    reason_texts += _clock(record, terms, law)
    reason_texts += _holder(record, law)
    reason_texts += _no_standard(record, law)
    reason_texts += _procedure(record, law)
    reason_texts += _transition(record, terms)
    reason_texts += _late_duties(record, terms[1], law)
    reason_texts += _amount(record, severity, law)
    reason_texts += _listing(record, law)
    if route == "shielding":
        reason_texts.append(_SHIELDED)
    reason_texts += _unread_rules(terms, law, record)
    return tuple(reason_texts)


_SHIELDED = Bilingual(
    "破产重整、和解的临时修复条文未见原文，须由法制确认。",
    "the articles on reorganisation were not read in the original; a lawyer must confirm",
)


def _never_early(record: AdverseRecord, law: Law) -> Iterator[Bilingual]:
    """Order 45 art 14 against the right to restoration."""
    kinds = never_early_kinds(record, law)
    if kinds and law.conflict(NEVER_EARLY).prevails == "newer":
        yield Bilingual(
            f"{citizen_texts.kinds(kinds)}：市场监管总局令第45号第14条规定不得提前停止公示，"
            "市场监督管理信用修复管理办法（第107号令）严重类满一年可以修复，"
            "信用修复管理办法（第36号令）第2条规定有权修复；暂按新规定答复，须由法制确认。",
            "SAMR Order 45 art 14 forbids early end, SAMR Order 107 allows restoration after a "
            "year and Order 36 art 2 gives a right to it; the newer is followed, a lawyer must "
            "confirm",
        )


def _shanghai(record: AdverseRecord, severity: SeverityName, law: Law) -> Iterator[Bilingual]:
    """The Shanghai regulation's year for five fields against the national three months."""
    if record.kind != "penalty" or law.authority != "shanghai" or not law.has("minimum"):
        return
    prevails = law.levels()
    # Before Order 36 both texts agree (three months, one year in five fields): there is nothing
    # to tell.
    if prevails.prevails != "national":
        return
    local = law.value("minimum", Minimum).of(severity, record.field) or 0
    rule_id = RULES["ndrc"]["minimum"]
    national = law.rules.value(rule_id, Minimum, applied_on=law.applied_on)
    months = national.of(severity, record.field) or 0
    if local == months:
        return
    day_text_by_months = {
        m: citizen_texts.day(add_months(record.decided_on, m)) for m in (local, months)
    }
    followed_rule = "本市条例" if record.field in prevails.fields else "第36号令"
    yield Bilingual(
        f"最短公示期按本市条例至{day_text_by_months[local]}、按第36号令至{day_text_by_months[months]}届满，"
        f"暂按{followed_rule}答复，须由法制确认。",
        f"Shanghai's regulation asks {local} months, Order 36 {months}; a lawyer must confirm",
    )


def _clock(record: AdverseRecord, terms: Terms, law: Law) -> Iterator[Bilingual]:
    """Market supervision's clock (the day of publication) against the national one."""
    names = (("最短公示期", "the shortest publication"), ("公示期", "publication"))
    for (zh, en), term in zip(names, terms, strict=True):
        other_day = by_the_other_clock(term, record, law) if term else None
        if term is None or other_day is None:
            continue
        own_day = citizen_texts.day(term.day) if term.day else "（公示日期不明）"
        newer = law.conflict(SAMR_CLOCK).prevails == "newer"
        days = (
            (citizen_texts.day(other_day), own_day)
            if newer
            else (own_day, citizen_texts.day(other_day))
        )
        yield Bilingual(
            f"{zh}按市场监督管理信用修复管理办法（第107号令）自公示之日起算至{days[0]}，"
            f"按信用修复管理办法（第36号令）自认定之日起算至{days[1]}；"
            f"暂按{'第36号令' if newer else '第107号令'}答复，须由法制确认。",
            f"{en} is over on {term.day or 'no known day'} by the clock that is followed, on "
            f"{other_day} by the other one (Order 107 counts from publication, Order 36 from the "
            "decision); a lawyer must confirm",
        )


def _holder(record: AdverseRecord, law: Law) -> Iterator[Bilingual]:
    """A fine that is small for an organisation and not for a person, of a holder between them."""
    readings = small_fine_readings(record, law)
    known = record.holder_kind in ("person", "organisation")
    # Fines up to 5,000 yuan are small for everybody and those above 50,000 for nobody: only
    # between them does the kind of holder matter.
    if known or readings is None or readings.person == readings.organisation:
        return
    ends = {kind: _last_day_text(replace(record, holder_kind=kind), law) for kind in _READ_AS}
    holder_zh = "个体工商户" if record.holder_kind == "individual" else "当事人主体类型不明，"
    yield Bilingual(
        f"{holder_zh}是否属于“法人或者其他组织”未见规定：按其他组织，较低数额罚款的公示至"
        f"{ends['organisation']}届满；按个人，公示至{ends['person']}届满。须由法制确认。",
        f"whether the holder counts as an organisation is open: publication ends on "
        f"{ends['organisation']} if so, on {ends['person']} as a person; a lawyer must confirm",
    )


_READ_AS: tuple[HolderKind, ...] = ("person", "organisation")


def _last_day_text(record: AdverseRecord, law: Law) -> str:
    """The last day of publication of a record, in words."""
    day = periods.maximum(record, severity_of(record, law), law).day
    return citizen_texts.day(day) if day else "（公示日期不明）"


def _no_standard(record: AdverseRecord, law: Law) -> Iterator[Bilingual]:
    """No standard of small fines is in force any more, or the amount of a fine is not known."""
    if not is_only_fined(record) or record.procedure == "summary":
        return
    # Order 45 art 13 says 仅受到: whether a warning beside the fine still leaves it "only" a
    # small fine is nowhere said.
    if record.penalty_kinds != {"fine"} and is_small_fine(record, law):
        yield _BESIDE_A_FINE
    last = law.small_fines_until()
    if _would_be_small(record, law):
        yield _BEFORE_THE_STANDARD
    if last is not None and record.decided_on > last:
        yield Bilingual(
            f"较低数额罚款标准有效期至{citizen_texts.day(last)}，其后未见新标准，暂不按较低数额罚款处理，"
            "须由法制确认。",
            f"the standard of small fines ended on {last} and no other is known; the fine is not "
            "taken as small, a lawyer must confirm",
        )
    elif not record.amount_yuan and law.small_fines(record.decided_on):
        yield Bilingual(
            "罚款数额未载明，暂不按较低数额罚款处理，请先核实数额。",
            "the amount of the fine is not known, so it is not taken as small: find it out first",
        )


_BESIDE_A_FINE = Bilingual(
    "总局令第45号第13条只写“仅受到通报批评或者较低数额罚款”，并处警告、通报批评的是否属于“仅受到”未见规定；"
    "暂按较低数额罚款答复，须由法制确认。",
    'SAMR Order 45 art 13 says "only"; whether a small fine with a warning or public criticism is '
    "one is open: it is taken as small, a lawyer must confirm",
)

_BEFORE_THE_STANDARD = Bilingual(
    "作出决定时本市较低数额罚款标准尚未施行，总局令第45号第13条已经施行；暂不按较低数额罚款处理，须由法制确认。",
    "decided before the standard of small fines, but after SAMR Order 45 art 13; the fine is not "
    "taken as small, a lawyer must confirm",
)


def _would_be_small(record: AdverseRecord, law: Law) -> bool:
    """Whether a fine decided before the first standard would be small by it, once it is there."""
    first = law.small_fines_since()
    # Order 45 binds since 2021-09-01, Shanghai's amounts since 2022-07-01: what was decided
    # between them has a right without a measure.
    if first is None or not record.decided_on < first <= law.applied_on:
        return False
    is_after_order_45 = record.decided_on >= law.first_day("maximum")
    return is_after_order_45 and is_small_fine(record, law, first)


def _procedure(record: AdverseRecord, law: Law) -> Iterator[Bilingual]:
    """A fine above what summary procedure allows: the procedure or the amount is wrong."""
    bounds = law.summary_fines(record.decided_on)
    if record.kind != "penalty" or record.procedure != "summary" or bounds is None:
        return
    # An unknown holder is measured by the higher bound, so that only a certain error of the
    # data is told.
    is_person = record.holder_kind == "person"
    most = bounds.person_yuan if is_person else bounds.organisation_yuan
    # Told and not refused: the delivered data is not ours to correct, and a wrong procedure
    # decides whether anything is published at all.
    if record.amount_yuan > most:
        yield Bilingual(
            f"简易程序罚款超过{most}元（行政处罚法第51条），程序或者数额记载有误，请先核实。",
            f"a fine above {most} yuan by summary procedure: procedure or amount is wrong, "
            "find out first",
        )


def _transition(record: AdverseRecord, terms: Terms) -> Iterator[Bilingual]:
    """The law changed between decision and application, and it matters."""
    if any(term and term.is_transitional for term in terms):
        yield Bilingual(
            f"该记录于{citizen_texts.day(record.decided_on)}认定，其后公示期规定有变，按从新兼从轻计算，须由法制确认。",
            "the periods changed after the decision; the milder is taken, a lawyer must confirm",
        )


def _late_duties(record: AdverseRecord, most: Period | None, law: Law) -> Iterator[Bilingual]:
    """The longest publication is over, but duties were not performed in time."""
    if most is None or most.day is None or most.day >= law.applied_on or most.way == "by_itself":
        return
    done = record.done_on
    # Order 36 leaves what is still uncorrected at the end of the longest period to the sectors'
    # rules.
    if done is None or done > most.day:
        yield Bilingual(
            f"最长公示期已于{citizen_texts.day(most.day)}届满而义务未按时履行，是否停止公示按行业主管部门规定，须由法制确认。",
            f"the longest publication was over on {most.day} with duties open: sector rules decide",
        )


def _amount(record: AdverseRecord, severity: SeverityName, law: Law) -> Iterator[Bilingual]:
    """The class rests on an amount that no national rule states."""
    classes = law.value("severity", SeverityClasses)
    rests_on_amount = severity == "serious" and record.penalty_kinds.isdisjoint(
        classes.serious_kinds
    )
    if record.kind == "penalty" and rests_on_amount and is_huge(record, classes):
        yield Bilingual(
            "“巨额罚款”的数额标准未见全国统一规定，严重类系按本系统建议值推定，须由法制确认。",
            "serious by amount only: the threshold is a proposal of this system",
        )
    if record.override and record.override.severity != derived_severity(record, law):
        yield Bilingual(
            "失信程度由人工认定，与规则推定不同，请复核理由。",
            "the class was set by an official and differs from what the rule derives",
        )


def _listing(record: AdverseRecord, law: Law) -> Iterator[Bilingual]:
    """Other departments have rules of their own for lists; those on spot checks were not read."""
    if record.kind in SPOT_CHECKS:
        yield Bilingual(
            "市场监督管理信用修复管理办法（第107号令）关于抽查检查结果修复条件、期限的条文未见原文，"
            "须由法制确认。",
            "Order 107's articles on spot checks were not read in the original",
        )
    # Only market supervision's terms of lists were read; another department's list follows that
    # department.
    if record.kind != "penalty" and law.authority != "samr":
        yield Bilingual(
            "名单由认定部门依其规定修复，此处借用市场监管名单的期限，须由法制确认。",
            "the listing department's own rules decide; market supervision's periods are borrowed",
        )


def _unread_rules(terms: Terms, law: Law, record: AdverseRecord) -> Iterator[Bilingual]:
    """Deciding rules whose original text was not read."""
    topic = "abnormal_list" if record.kind == "abnormal_listing" else None
    bases = [term.basis for term in terms if term and term.day] + (
        [law.basis(topic)] if topic else []
    )
    for basis in dict.fromkeys(bases):
        if basis.mark.startswith("M-") or basis.mark == "proposal":
            yield Bilingual(
                f"规则 {basis.rule_id}（{basis.title}）尚未与原文核对"
                f"（{basis.mark}），须由法制确认。",
                f"{basis.rule_id} is marked {basis.mark}: not compared with the original yet",
            )
