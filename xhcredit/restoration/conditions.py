"""Conditions of restoration and whether a record meets them.

Each function answers for one condition, in the order of the regulation; ``conditions`` asks all, so
that an applicant learns at once of everything that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from xhcredit.domain.calendar import add_months
from xhcredit.restoration import citizen_texts as words
from xhcredit.restoration.assessment import Basis, Condition, Said
from xhcredit.restoration.law import NEVER_EARLY, Law
from xhcredit.restoration.periods import Period
from xhcredit.restoration.provisions import never_early_kinds
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, Bar, Correction, SpotChecks


def conditions(record: AdverseRecord, least: Period | None, law: Law) -> tuple[Condition, ...]:
    """All conditions of a record on the day of application.

    Args:
        record: what is known of it.
        least: its shortest publication; None where a list is left once the ground is corrected.
        law: the rules of the day.
    """
    if record.kind == "abnormal_listing":
        return (_corrected(record, law), *_everybody(record, law))
    if record.kind in SPOT_CHECKS:
        return (*_spot_check(record, law), *_everybody(record, law))
    own = (_published_long_enough(record, least, law),) if least else ()
    more = (*_market_supervision(record, law), *_everybody(record, law))
    return (*own, *_duties_done(record, law), *more)


def _condition(basis: Basis, by: date | None, applied_on: date, said: Said) -> Condition:
    """A condition that is met from a day on, which may not be known."""
    return Condition(basis, by is not None and by <= applied_on, by, said)


def _published_long_enough(record: AdverseRecord, least: Period, law: Law) -> Condition:
    said = words.minimum(record, least.day)
    return _condition(least.basis, least.day, law.applied_on, said)


def _duties_done(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    if law.asks("duties"):
        done = record.done_on
        yield _condition(law.basis("duties"), done, law.applied_on, words.duties(done))


def _corrected(record: AdverseRecord, law: Law) -> Condition:
    """The ground of an abnormal listing is put right; there is no other waiting."""
    months = law.value("abnormal_list", Correction).minimum_months
    basis, corrected = law.basis("abnormal_list"), record.corrected_on
    if corrected is not None and months:
        corrected = max(corrected, add_months(record.decided_on, months))
    return _condition(basis, corrected, law.applied_on, words.corrected(record, corrected))


def _spot_check(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Conditions of a spot check: findings corrected, a penalty that followed unpublished."""
    value, basis = law.value("spot_check", SpotChecks), law.basis("spot_check")
    corrected = record.corrected_on or record.done_on
    if corrected is not None and value.minimum_months:
        corrected = max(corrected, add_months(record.decided_on, value.minimum_months))
    # no spot check could be restored before the first rule on it, whenever it was corrected
    may = None if corrected is None else max(corrected, law.first_day("spot_check"))
    yield _condition(basis, may, law.applied_on, words.check_corrected(corrected))
    if value.with_penalty and record.penalty_followed:
        ended = record.penalty_ended_on
        yield _condition(basis, ended, law.applied_on, words.with_penalty(ended))


def _market_supervision(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Additional conditions of market supervision (总局令第45号第14条)."""
    if law.asks("harm_removed"):
        said = words.HARM if record.harm_remains else words.NO_HARM
        yield _state("harm_removed", not record.harm_remains, said, law)
    if law.asks("no_same_kind"):
        again = record.same_kind_again_on
        repeated = again is not None and again <= law.applied_on
        yield _state("no_same_kind", not repeated, words.same_kind(record, again), law)
    if record.kind == "penalty" and law.asks("not_listed"):
        listed = record.on_abnormal_list or record.on_serious_list
        yield _state("not_listed", not listed, words.listed(record), law)
    if record.kind == "penalty" and law.has("never_early"):
        yield from _never_early(record, law)


def _state(about: str, met: bool, said: Said, law: Law) -> Condition:
    """A condition without a day: met or not, the day of meeting it unknown."""
    return Condition(law.basis(about), met, None, said)


def _never_early(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Order 45 art 14(3); where the right to restoration prevails it stands only as a warning."""
    kinds = never_early_kinds(record, law)
    if kinds:
        newer = law.conflict(NEVER_EARLY).prevails == "newer"
        since = law.basis_of(NEVER_EARLY).effective_from if newer else None
        said = words.never_early(kinds)
        yield _condition(law.basis("never_early"), since, law.applied_on, said)


def _everybody(record: AdverseRecord, law: Law) -> Iterator[Condition]:
    """Conditions common to all records: pledge, and no bar after false materials."""
    if law.asks("pledge"):
        said = words.PLEDGED if record.pledge else words.PLEDGE
        yield _state("pledge", record.pledge, said, law)
    found = record.false_materials_on
    if found is not None and found <= law.applied_on and law.has("false_materials"):
        until = add_months(found, law.value("false_materials", Bar).months)
        said = words.barred(found, until)
        yield _condition(law.basis("false_materials"), until, law.applied_on, said)
