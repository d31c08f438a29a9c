"""Severity class of a record: minor, ordinary or serious (轻微、一般、严重)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from xhcredit.restoration.assessment import Bilingual
from xhcredit.restoration.law import HOLDER_KIND, Law
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.schemas.restoration import SeverityClasses, SeverityName

ZH: dict[SeverityName, str] = {"minor": "轻微", "ordinary": "一般", "serious": "严重"}
#: what may stand beside a small fine without making the penalty another than a small fine
_LIGHT = frozenset({"warning", "criticism"})


class SmallFineReadings(NamedTuple):
    """Whether a fine is small if its holder is a person, and if it is an organisation."""

    person: bool
    organisation: bool


def severity_of(record: AdverseRecord, law: Law) -> SeverityName:
    """Severity of a record: the official's override, else derived by rule."""
    # The class lists in the rulebook rest on digests (V3); who has read the document and signs
    # with name and reason goes before them.
    return record.override.severity if record.override else derived_severity(record, law)


def derived_severity(record: AdverseRecord, law: Law) -> SeverityName:
    """The class that follows from procedure, kinds of penalty, amount and holder."""
    classes = law.value("severity", SeverityClasses)
    if record.kind != "penalty":
        # Kinds that no rule has classed yet fall to the mildest: a class without a basis may
        # not burden.
        return classes.listings.get(record.kind, "minor")
    kinds = record.penalty_kinds
    # One serious kind makes the whole penalty serious; the summary procedure below cannot lower
    # it, for it allows no such kinds (行政处罚法 art 51): there the data is wrong, not the
    # class.
    if not kinds.isdisjoint(classes.serious_kinds) or is_huge(record, classes):
        return "serious"
    if record.procedure in classes.minor_procedures or kinds <= set(classes.minor_kinds):
        return "minor"
    # Order 107 moves small fines to minor (V3, inferred); before it they are ordinary. The rule
    # says which, so that a lawyer's correction is data.
    return classes.small_fines if is_small_fine(record, law) else "ordinary"


def is_huge(record: AdverseRecord, classes: SeverityClasses) -> bool:
    """Whether the amount alone makes it serious (巨额罚款)."""
    # No national amount of 巨额 was seen: a million is a proposal, work safety's 100,000 is
    # borrowed from Order 58's example of a serious violation.
    bound = classes.huge_yuan_by_field.get(record.field, classes.huge_yuan)
    return record.amount_yuan >= bound


def is_only_fined(record: AdverseRecord) -> bool:
    """Whether nothing weighs in a penalty but a fine."""
    kinds = record.penalty_kinds
    return record.kind == "penalty" and "fine" in kinds and kinds <= {*_LIGHT, "fine"}


def small_fine_readings(
    record: AdverseRecord, law: Law, as_of: date | None = None
) -> SmallFineReadings | None:
    """Whether a penalty is a small fine (较低数额罚款), by the standard of the day of its decision.

    Or of another day, if ``as_of`` names one.

    None where none was in force, or where more was imposed than a fine (and a warning or public
    criticism).  An amount that is not known (0) is not small.
    """
    bounds = law.small_fines(as_of or record.decided_on)
    if bounds is None or not is_only_fined(record):
        return None
    # 5,000 yuan for persons, 50,000 for organisations: a sole trader may fall under either,
    # hence two readings until a lawyer has decided.
    maxima = (bounds.person_yuan, bounds.organisation_yuan)
    person, organisation = (0 < record.amount_yuan <= bound for bound in maxima)
    return SmallFineReadings(person, organisation)


def is_small_fine(record: AdverseRecord, law: Law, as_of: date | None = None) -> bool:
    """Whether it counts as a small fine; for holders of doubtful kind a conflict rule says."""
    readings = small_fine_readings(record, law, as_of)
    if readings is None:
        return False
    if record.holder_kind in ("person", "organisation"):
        return readings.person if record.holder_kind == "person" else readings.organisation
    if readings.person == readings.organisation:
        return readings.person
    return law.conflict(HOLDER_KIND).prevails == "milder"


def severity_reason(record: AdverseRecord, severity: SeverityName, rule_id: str) -> Bilingual:
    """Text: by whom or by which rule the severity was set."""
    if record.override:
        override = record.override
        return Bilingual(
            f"{ZH[severity]}（由{override.official}认定，理由：{override.reason}）",
            f"{severity} (set by {override.official}: {override.reason})",
        )
    return Bilingual(
        f"{ZH[severity]}（依规则 {rule_id} 推定）", f"{severity} (derived by {rule_id})"
    )
