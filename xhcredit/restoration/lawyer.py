"""Why must a lawyer confirm an answer before it drives a decision?"""

from __future__ import annotations

from collections.abc import Iterator

from xhcredit.domain.calendar import add_months
from xhcredit.restoration import words
from xhcredit.restoration.conditions import never_early_kinds
from xhcredit.restoration.law import NEVER_EARLY, RULES, SHANGHAI, Law
from xhcredit.restoration.outcome import Route, Said
from xhcredit.restoration.periods import Period
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import derived, is_huge
from xhcredit.rules.shapes_restoration import Minimum, SeverityClasses, SeverityName

SEVERAL = Said(
    "该记录同时适用几个部门的规定，结论不一致，暂按最严者答复，须由法制确认。",
    "several regimes rule on it and differ; the strictest is told, a lawyer must confirm",
)

Terms = tuple[Period | None, Period | None]


def reasons(
    record: AdverseRecord, route: Route, severity: SeverityName, terms: Terms, law: Law
) -> tuple[Said, ...]:
    """Everything in an answer that is not settled law, in plain words."""
    found: list[Said] = []
    if route == "takedown":
        return ()
    found += _never_early(record, law)
    found += _shanghai(record, severity, law)
    found += _transition(record, terms)
    found += _late(record, terms[1], law)
    found += _amount(record, severity, law)
    found += _listing(record, law)
    if route == "shielding":
        found.append(_SHIELDED)
    found += _unsure(terms, law, record)
    return tuple(found)


_SHIELDED = Said(
    "破产重整、和解的临时修复条文未见原文，须由法制确认。",
    "the articles on reorganisation were not read in the original; a lawyer must confirm",
)


def _never_early(record: AdverseRecord, law: Law) -> Iterator[Said]:
    """Order 45 art 14 against the right to restoration."""
    kinds = never_early_kinds(record, law)
    if kinds and law.conflict(NEVER_EARLY).prevails == "newer":
        yield Said(
            f"{words.kinds(kinds)}：市场监管总局令第45号第14条规定不得提前停止公示，"
            "信用修复管理办法（第36号令）第2条规定有权修复；暂按新规定答复，须由法制确认。",
            "SAMR Order 45 art 14 forbids early end, Order 36 art 2 gives a right to restoration; "
            "the newer is followed, a lawyer must confirm",
        )


def _shanghai(record: AdverseRecord, severity: SeverityName, law: Law) -> Iterator[Said]:
    """The Shanghai regulation's year for five fields against the national three months."""
    if record.kind != "penalty" or law.authority != "shanghai":
        return
    prevails = law.conflict(SHANGHAI)
    if prevails.prevails != "national":
        return
    local = law.value("minimum", Minimum).of(severity, record.field) or 0
    rule_id = RULES["ndrc"]["minimum"]
    national = law.rules.value(rule_id, Minimum, applied_on=law.applied_on)
    months = national.of(severity, record.field) or 0
    if local == months:
        return
    told = {m: words.day(add_months(record.decided_on, m)) for m in (local, months)}
    taken = "本市条例" if record.field in prevails.fields else "第36号令"
    yield Said(
        f"最短公示期按本市条例至{told[local]}、按第36号令至{told[months]}届满，"
        f"暂按{taken}答复，须由法制确认。",
        f"Shanghai's regulation asks {local} months, Order 36 {months}; a lawyer must confirm",
    )


def _transition(record: AdverseRecord, terms: Terms) -> Iterator[Said]:
    """The law changed between decision and application, and it matters."""
    if any(term and term.is_transitional for term in terms):
        yield Said(
            f"该记录于{words.day(record.decided_on)}认定，其后公示期规定有变，按从新兼从轻计算，须由法制确认。",
            "the periods changed after the decision; the milder is taken, a lawyer must confirm",
        )


def _late(record: AdverseRecord, most: Period | None, law: Law) -> Iterator[Said]:
    """The longest publication is over, but duties were not performed in time."""
    if most is None or most.day is None or most.day >= law.applied_on:
        return
    done = record.done_on
    if done is None or done > most.day:
        yield Said(
            f"最长公示期已于{words.day(most.day)}届满而义务未按时履行，是否停止公示按行业主管部门规定，须由法制确认。",
            f"the longest publication was over on {most.day} with duties open: sector rules decide",
        )


def _amount(record: AdverseRecord, severity: SeverityName, law: Law) -> Iterator[Said]:
    """The class rests on an amount that no national rule states."""
    classes = law.value("severity", SeverityClasses)
    rests_on_amount = severity == "serious" and record.penalty_kinds.isdisjoint(
        classes.serious_kinds
    )
    if record.kind == "penalty" and rests_on_amount and is_huge(record, classes):
        yield Said(
            "“巨额罚款”的数额标准未见全国统一规定，严重类系按本系统建议值推定，须由法制确认。",
            "serious by amount only: the threshold is a proposal of this system",
        )
    if record.override and record.override.severity != derived(record, classes):
        yield Said(
            "失信程度由人工认定，与规则推定不同，请复核理由。",
            "the class was set by an official and differs from what the rule derives",
        )


def _listing(record: AdverseRecord, law: Law) -> Iterator[Said]:
    """Lists of other departments have their own rules."""
    if record.kind != "penalty" and law.authority != "samr":
        yield Said(
            "名单由认定部门依其规定修复，此处借用市场监管名单的期限，须由法制确认。",
            "the listing department's own rules decide; market supervision's periods are borrowed",
        )


def _unsure(terms: Terms, law: Law, record: AdverseRecord) -> Iterator[Said]:
    """What decides was not read in the original."""
    about = "abnormal_list" if record.kind == "abnormal_listing" else None
    bases = [term.basis for term in terms if term and term.day] + (
        [law.basis(about)] if about else []
    )
    for basis in dict.fromkeys(bases):
        if basis.mark.startswith("M-") or basis.mark == "proposal":
            yield Said(
                f"规则 {basis.rule_id}（{basis.title}）尚未与原文核对"
                f"（{basis.mark}），须由法制确认。",
                f"{basis.rule_id} is marked {basis.mark}: not compared with the original yet",
            )
