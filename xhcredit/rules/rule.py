"""Rule: dated entries, each with its own source; look-up of the entry in force on a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from xhcredit.domain.rows import JsonObject
from xhcredit.errors import BadRule, RuleNotInForce
from xhcredit.rules.schemas.common import Name, Shape, Text

Mark = Literal["V1", "V2", "V3", "M-H", "M-M", "M-L", "proposal"]
SelectedBy = Literal["as_of", "applied_on", "decided_on"]

#: The one way to say that a number, an article or a date has still to be looked up.
UNKNOWN = "待核"


def _day_or_unknown(value: object) -> date | str:
    if isinstance(value, date):
        return value
    if value == UNKNOWN:
        return UNKNOWN
    raise ValueError(f'"{value}" is not a day; write it as 2026-04-01, or 待核 if not known')


def _web_address(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError(f'"{value}" is no web address; begin it with https:// or leave url out')
    return value


class Source(Shape):
    """Where an entry comes from; 待核 says that a part has still to be looked up."""

    title: Text
    number: Text
    article: Text
    published_on: Annotated[date | str, PlainValidator(_day_or_unknown)]
    url: Annotated[str, AfterValidator(_web_address)] | None = None
    note: Text | None = None


class Entry(Shape):
    """A value (or a repeal) and the day from which it is in force, until the next entry.

    ``effective_to`` is its last day where the source itself sets one (有效期至); after it nothing
    is in force unless another entry follows.
    """

    effective_from: date
    effective_to: date | None = None
    value: Any = None
    repealed: bool = False
    verification: Mark
    source: Source

    @model_validator(mode="after")
    def _value_xor_repealed(self) -> Entry:
        has_value, is_repealed = self.value is not None, "repealed" in self.model_fields_set
        if has_value and is_repealed:
            raise ValueError('both "value" and "repealed"; keep the one that is meant')
        if not has_value and not self.repealed:
            raise ValueError('neither "value" nor "repealed: true"; write one of them')
        return self

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Entry:
        if self.effective_to is None:
            return self
        if self.repealed:
            raise ValueError('a repeal with "effective_to"; a repeal has no end, delete it')
        if self.effective_to < self.effective_from:
            days = f"{self.effective_to} is before effective_from {self.effective_from}"
            raise ValueError(f"effective_to {days}; correct one of the two")
        return self


class Rule(Shape):
    """One number, table or list of the law, by day.

    ``selected_by`` names the day that picks the entry.  ``pack`` is the rule pack by which it can
    be taken out of service.  ``last_checked_on`` is when somebody last compared it with its
    sources; ``reviewed_on`` is when a lawyer confirmed it.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
    name_zh: Text
    name_en: Text
    unit: Text
    selected_by: SelectedBy
    # Most of what is known has not been confirmed by a lawyer of the district, so a rulebook that
    # loaded reviewed rules only would be empty: a draft loads, but is shown as unconfirmed
    # (待法制核) wherever it is shown.
    status: Literal["draft", "reviewed"]
    reviewed_on: date | None = None
    last_checked_on: date | None = None
    pack: Name
    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _review_has_a_day(self) -> Rule:
        if self.status == "reviewed" and self.reviewed_on is None:
            raise ValueError('reviewed without a day; add "reviewed_on"')
        if self.status == "draft" and self.reviewed_on is not None:
            raise ValueError('a draft with "reviewed_on"; delete it or set status to reviewed')
        return self

    @property
    def is_confirmed(self) -> bool:
        """Whether a lawyer has confirmed it; a draft is to be shown as unconfirmed (待法制核)."""
        return self.status == "reviewed"

    def last_day(self, entry: Entry) -> date | None:
        """The last day on which ``entry`` is in force; None if no end is known.

        The day before the next entry, or the end that the entry itself states if that is earlier.
        """
        later = [e.effective_from for e in self.entries if e.effective_from > entry.effective_from]
        ends = [day - timedelta(days=1) for day in later]
        if entry.effective_to is not None:
            ends.append(entry.effective_to)
        return min(ends, default=None)

    def applies(self, day: date) -> bool:
        """Whether an entry is in force on ``day``."""
        try:
            self.on(day)
        except RuleNotInForce:
            return False
        return True

    def on(self, day: date) -> Entry:
        """Return the entry in force on ``day``.

        Raises:
            RuleNotInForce: it was not yet in force, or repealed or expired by then.
            BadRule: ``day`` is a moment, not a day.
        """
        # A datetime passes for a date in Python but cannot be compared with one; and its day
        # depends on a zone, while law knows days in China only.
        if not isinstance(day, date) or isinstance(day, datetime):
            raise BadRule(f'rule "{self.id}": asked for {day!r}; ask with a date, without a time')
        begun_entries = [e for e in self.entries if e.effective_from <= day]
        if begun_entries and not begun_entries[-1].repealed:
            last = begun_entries[-1].effective_to
            # Where the source set an end nothing is in force after it: an expired standard must
            # not go on by default.
            if last is None or day <= last:
                return begun_entries[-1]
        raise RuleNotInForce(f'rule "{self.id}" was not in force on {day}: {self._why_not(day)}')

    def _why_not(self, day: date) -> str:
        """When it was and will be in force, seen from a day on which it is not."""
        past = [e for e in self.entries if e.effective_from <= day]
        coming = [e for e in self.entries if e.effective_from > day]
        facts = []
        if past and past[-1].repealed:
            last = past[-1].effective_from - timedelta(days=1)
            facts.append(f"it was repealed, the last day in force was {last}")
        elif past:
            successor = "no later entry takes its place" if not coming else "a gap follows"
            facts.append(f"it ended on {past[-1].effective_to}, its last day; {successor}")
        if coming:
            facts.append(
                f"the {'next' if past else 'first'} day in force is {coming[0].effective_from}"
            )
        remedy = "ask for a day in force, or add an entry with its source to the rule's file"
        return f"{' and '.join(facts)}; {remedy}"

    def as_data(self) -> JsonObject:
        """Everything in it as JSON-ready values, days as text."""
        return self.model_dump(mode="json")
