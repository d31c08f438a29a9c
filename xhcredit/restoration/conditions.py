"""Conditions of restoration and whether a record meets them.

Each function answers for one condition, in the order of the regulation; ``conditions`` asks all, so
that an applicant learns at once of everything that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from xhcredit.domain.calendar import add_months
from xhcredit.restoration import citizen_texts
from xhcredit.restoration.assessment import Basis, Bilingual, Condition
from xhcredit.restoration.law import NEVER_EARLY, Law
from xhcredit.restoration.periods import Period
from xhcredit.restoration.provisions import never_early_kinds
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, ApplicationBar, Correction, SpotChecks


def conditions(record: AdverseRecord, least: Period | None, law: Law) -> tuple[Condition, ...]:
    """All conditions of a record on the day of application.

    Args:
        record: what is known of it.
        least: its shortest publication; None where a list is left once the ground is corrected.
        law: the rules of the day.
    """
    if record.kind == "abnormal_listing":
        return (_corrected(record, law), *_common_conditions(record, law))
    if record.kind in SPOT_CHECKS:
        return (*_spot_check(record, law), *_common_conditions(record, law))
    minimum_condition = (_published_long_enough(record, least, law),) if least else ()
    further_conditions = (*_market_supervision(record, law), *_common_conditions(record, law))
    return (*minimum_condition, *_duties_done(record, law), *further_conditions)


def _condition(basis: Basis, met_from: date | None, applied_on: date, text: Bilingual) -> Condition:
    """A condition that is met from a day on, which may not be known."""
    return Condition(basis, met_from is not None and met_from <= applied_on, met_from, text)


def _published_long_enough(record: AdverseRecord, least: Period, law: Law) -> Condition:
    text = citizen_texts.minimum(record, least.day)
    return _condition(least.basis, least.day, law.applied_on, text)


def _duties_done(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    if law.asks("duties"):
        done = record.done_on
        yield _condition(law.basis("duties"), done, law.applied_on, citizen_texts.duties(done))


def _corrected(record: AdverseRecord, law: Law) -> Condition:
    """The ground of an abnormal listing is put right; there is no other waiting."""
    months = law.value("abnormal_list", Correction).minimum_months
    basis, corrected = law.basis("abnormal_list"), record.corrected_on
    if corrected is not None and months:
        corrected = max(corrected, add_months(record.decided_on, months))
    return _condition(
        basis, corrected, law.applied_on, citizen_texts.corrected_text(record, corrected)
    )


def _spot_check(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Conditions of a spot check: findings corrected, a penalty that followed unpublished."""
    value, basis = law.value("spot_check", SpotChecks), law.basis("spot_check")
    corrected = record.corrected_on or record.done_on
    if corrected is not None and value.minimum_months:
        corrected = max(corrected, add_months(record.decided_on, value.minimum_months))
    # no spot check could be restored before the first rule on it, whenever it was corrected
    possible_from = None if corrected is None else max(corrected, law.first_day("spot_check"))
    yield _condition(basis, possible_from, law.applied_on, citizen_texts.check_corrected(corrected))
    # The result of such a check is hidden together with the penalty (Order 107, V3), so it
    # cannot go before it.
    if value.with_penalty and record.penalty_followed:
        ended = record.penalty_ended_on
        yield _condition(basis, ended, law.applied_on, citizen_texts.with_penalty(ended))


def _market_supervision(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Additional conditions of market supervision (总局令第45号第14条)."""
    if law.asks("harm_removed"):
        text = citizen_texts.HARM if record.harm_remains else citizen_texts.NO_HARM
        yield _dayless_condition("harm_removed", not record.harm_remains, text, law)
    if law.asks("no_same_kind"):
        again_on = record.same_kind_again_on
        repeated = again_on is not None and again_on <= law.applied_on
        yield _dayless_condition(
            "no_same_kind", not repeated, citizen_texts.same_kind(record, again_on), law
        )
    # Art 14 speaks of penalties; of a serious listing the condition would bar its own removal.
    if record.kind == "penalty" and law.asks("not_listed"):
        is_listed = record.on_abnormal_list or record.on_serious_list
        yield _dayless_condition(
            "not_listed", not is_listed, citizen_texts.listed_text(record), law
        )
    if record.kind == "penalty" and law.has("never_early"):
        yield from _never_early(record, law)


def _dayless_condition(topic: str, met: bool, text: Bilingual, law: Law) -> Condition:
    """A condition without a day: met or not, the day of meeting it unknown."""
    return Condition(law.basis(topic), met, None, text)


def _never_early(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Order 45 art 14(3); where the right to restoration prevails it stands only as a warning."""
    kinds = never_early_kinds(record, law)
    if kinds:
        # Order 45 art 14(3) forbids, Order 36 art 2 gives a right to restoration unless law,
        # regulation or central policy says otherwise: which prevails is dated data that a
        # lawyer confirms.
        newer = law.conflict(NEVER_EARLY).prevails == "newer"
        # The right exists only since the newer rule; before its day these kinds never ended
        # early.
        since = law.basis_of(NEVER_EARLY).effective_from if newer else None
        text = citizen_texts.never_early(kinds)
        yield _condition(law.basis("never_early"), since, law.applied_on, text)


def _common_conditions(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Conditions common to all records: pledge, and no bar after false materials."""
    if law.asks("pledge"):
        text = citizen_texts.PLEDGED if record.pledge else citizen_texts.PLEDGE
        yield _dayless_condition("pledge", record.pledge, text, law)
    false_materials_on = record.false_materials_on
    if (
        false_materials_on is not None
        and false_materials_on <= law.applied_on
        and law.has("false_materials")
    ):
        # The length of the bar is data: the three years under Order 36 were seen in a scrambled
        # copy only (M-M).
        until = add_months(false_materials_on, law.value("false_materials", ApplicationBar).months)
        text = citizen_texts.barred_text(false_materials_on, until)
        yield _condition(law.basis("false_materials"), until, law.applied_on, text)
