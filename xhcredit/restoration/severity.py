"""Of which class is a record: minor, ordinary or serious (轻微、一般、严重)?"""

from __future__ import annotations

from xhcredit.restoration.outcome import Said
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.shapes_restoration import SeverityClasses, SeverityName

ZH: dict[SeverityName, str] = {"minor": "轻微", "ordinary": "一般", "serious": "严重"}


def severity_of(record: AdverseRecord, classes: SeverityClasses) -> SeverityName:
    """The class of a record: what an official set with a reason, else what the rule derives."""
    return record.override.severity if record.override else derived(record, classes)


def derived(record: AdverseRecord, classes: SeverityClasses) -> SeverityName:
    """The class that follows from procedure, kinds of penalty and amount."""
    if record.kind != "penalty":
        return classes.listings[record.kind]
    kinds = record.penalty_kinds
    if not kinds.isdisjoint(classes.serious_kinds) or is_huge(record, classes):
        return "serious"
    if record.procedure in classes.minor_procedures or kinds <= set(classes.minor_kinds):
        return "minor"
    small = 0 < record.amount_yuan <= classes.small_fine_yuan
    return "minor" if small and kinds <= {*classes.minor_kinds, "fine"} else "ordinary"


def is_huge(record: AdverseRecord, classes: SeverityClasses) -> bool:
    """Whether the amount alone makes it serious (巨额罚款)."""
    bound = classes.huge_yuan_by_field.get(record.field, classes.huge_yuan)
    return record.amount_yuan >= bound


def why(record: AdverseRecord, severity: SeverityName, rule_id: str) -> Said:
    """By whom or what the class was set."""
    if record.override:
        by = record.override
        return Said(
            f"{ZH[severity]}（由{by.official}认定，理由：{by.reason}）",
            f"{severity} (set by {by.official}: {by.reason})",
        )
    return Said(f"{ZH[severity]}（依规则 {rule_id} 推定）", f"{severity} (derived by {rule_id})")
