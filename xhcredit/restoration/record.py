"""Adverse record (失信信息) to be restored: its type, validation and reader."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal, SupportsFloat, get_args

from xhcredit.errors import BadInput
from xhcredit.rules.schemas.restoration import (
    SPOT_CHECKS,
    Ground,
    PenaltyKind,
    RecordKind,
    SeverityName,
)

Authority = Literal["ndrc", "samr", "shanghai"]
Field = Literal[
    "general", "food", "drug", "special_equipment", "work_safety", "fire", "elderly_care",
    "construction", "environment", "tax", "transport", "culture", "labour",
]  # fmt: skip
Procedure = Literal["ordinary", "summary"]
#: a natural person; a legal person or other organisation; a sole trader (个体工商户)
HolderKind = Literal["person", "organisation", "individual"]


@dataclass(frozen=True)
class Override:
    """A class that an official set by hand (人工认定), with name, reason and day."""

    severity: SeverityName
    official: str
    reason: str


@dataclass(frozen=True)
class AdverseRecord:
    """One penalty or listing (失信信息), as known on the day of application.

    ``decided_on`` is the day of the legal document; ``published_on`` of its publication;
    ``duties_done_on`` when all duties were performed; ``corrected_on`` when the ground of a listing
    was put right.  ``also_under`` names further regimes that rule on the same record.  ``holder``
    is the enterprise's code, empty in a question without a stored record; ``holder_kind`` is None
    where nobody knows whether it is a person or an organisation.  Of a spot check:
    ``penalty_followed`` says whether a penalty followed from it, ``penalty_ended_on`` since when
    that is published no more.
    """

    kind: RecordKind
    authority: Authority
    decided_on: date
    field: Field = "general"
    procedure: Procedure = "ordinary"
    penalty_kinds: frozenset[str] = frozenset()
    amount_yuan: float = 0
    published_on: date | None = None
    duties_done_on: date | None = None
    ground: Ground | None = None
    corrected_on: date | None = None
    same_kind_again_on: date | None = None
    on_abnormal_list: bool = False
    on_serious_list: bool = False
    pledge: bool = False
    also_under: tuple[Authority, ...] = ()
    harm_remains: bool = False
    ban_months: int = 0
    conduct_ended_on: date | None = None
    decision_revoked_on: date | None = None
    false_materials_on: date | None = None
    reorganisation_approved_on: date | None = None
    reorganisation_completed_on: date | None = None
    override: Override | None = None
    holder: str = ""
    holder_kind: HolderKind | None = None
    penalty_followed: bool = False
    penalty_ended_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a record that contradicts itself."""
        if self.kind == "penalty" and not self.penalty_kinds:
            raise BadInput("a penalty without penalty_kinds; name at least one, such as [fine]")
        if self.kind in SPOT_CHECKS and self.authorities != ("samr",):
            problem = f"{self.kind} under {', '.join(self.authorities)}"
            raise BadInput(f"{problem}; only market supervision restores spot checks, give samr")
        # SAMR's periods run from publication: a day before the decision would end them before
        # the law allows, and nobody would see it.
        if self.published_on is not None and self.published_on < self.decided_on:
            problem = f"published_on {self.published_on} is before decided_on {self.decided_on}"
            raise BadInput(f"{problem}; correct one of the two days")
        for name, unit in (("amount_yuan", "the amount in yuan"), ("ban_months", "months")):
            if getattr(self, name) < 0:
                raise BadInput(f"{name} {getattr(self, name)} is negative; give {unit}")

    @property
    def done_on(self) -> date | None:
        """Since when all duties are performed and, if a day of it is stated, the conduct corrected.

        The carrying out of a reorganisation plan stands for performance.
        """
        done = self.duties_done_on or self.reorganisation_completed_on
        # The condition is twofold, conduct corrected and duty fully performed (Order 36); the
        # later day counts.
        late = done is not None and self.corrected_on is not None and self.corrected_on > done
        return self.corrected_on if late else done

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """All regimes that rule on it, the record's own first, each once."""
        # The record's own authority first: it decides ("谁认定、谁修复"), and its answer heads
        # the joint one.
        return tuple(dict.fromkeys((self.authority, *self.also_under)))


_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(RecordKind),
    "authority": get_args(Authority),
    "field": get_args(Field),
    "procedure": get_args(Procedure),
    "ground": get_args(Ground),
    "holder_kind": get_args(HolderKind),
}
_FLAGS = ("on_abnormal_list", "on_serious_list", "pledge", "harm_remains", "penalty_followed")
_NAMES = tuple(f.name for f in fields(AdverseRecord))


def record_from(raw_record: Mapping[str, object]) -> AdverseRecord:
    """Read a record from plain values, as in a case file or a request.

    Raises:
        BadInput: an unknown key or value, a day that is none, or a record without sense.
    """
    _refuse_keys(raw_record)
    checked_values: dict[str, Any] = {
        key: _read(key, value) for key, value in raw_record.items() if value is not None
    }
    return AdverseRecord(**checked_values)


def _refuse_keys(raw_record: Mapping[str, object]) -> None:
    unknown = sorted(map(str, set(raw_record) - set(_NAMES)))
    if unknown:
        raise BadInput(f'unknown key "{unknown[0]}" in a record; it may have: {", ".join(_NAMES)}')
    for key in ("kind", "authority", "decided_on"):
        if raw_record.get(key) is None:
            raise BadInput(f'a record without "{key}"; add it')


def _read(key: str, value: object) -> object:
    """One value of a record, checked."""
    if key.endswith("_on"):
        return day_of(key, value)
    if key in _CHOICES:
        return _choice(key, value, _CHOICES[key])
    if key in _FLAGS and not isinstance(value, bool):
        raise BadInput(f'{key} is "{value}"; write true or false')
    reader = _READERS.get(key)
    return reader(value) if reader else value


def _choice(key: str, value: object, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadInput(f'unknown {key} "{value}"; give one of: {", ".join(known)}')
    return str(value)


def day_of(key: str, value: object) -> date:
    """A day as YAML, JSON or a person gives it.

    Raises:
        BadInput: no such day.
    """
    if isinstance(value, datetime):
        value = value.date()  # YAML reads a day with a time as both
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise BadInput(f'{key} "{value}" is not a day; write it as 2026-06-30') from None


def _choice_list(key: str, value: object, known: tuple[str, ...]) -> list[str]:
    """Several words: as a list, or as text with commas between them."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | set | frozenset):
        raise BadInput(f'{key} is "{value}"; write a list of: {", ".join(known)}')
    return [_choice(key, str(part).strip(), known) for part in parts]


def _number(key: str, value: object) -> float:
    number = math.nan
    # true would read as one yuan, and any positive amount up to the bound is a small fine.
    if isinstance(value, str | SupportsFloat) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise BadInput(f'{key} "{value}" is not a number; write it in digits')
    return number


def _override(value: object) -> Override:
    """An official's class; without a name and a reason it is none."""
    if isinstance(value, Override):
        return value
    raw_override = dict(value) if isinstance(value, Mapping) else {}
    missing_keys = [
        k for k in ("severity", "official", "reason") if not str(raw_override.get(k) or "").strip()
    ]
    if missing_keys or len(raw_override) > len(fields(Override)):
        field_names = ", ".join(f.name for f in fields(Override))
        raise BadInput(f"override {value}; give {field_names}, all of them and nothing else")
    severity = _choice("severity", raw_override["severity"], get_args(SeverityName))
    return Override(severity, str(raw_override["official"]), str(raw_override["reason"]))  # type: ignore[arg-type]


_READERS: dict[str, Callable[[object], object]] = {
    "penalty_kinds": lambda v: frozenset(_choice_list("penalty_kinds", v, get_args(PenaltyKind))),
    "amount_yuan": lambda v: _number("amount_yuan", v),
    "ban_months": lambda v: int(_number("ban_months", v)),
    "also_under": lambda v: tuple(_choice_list("also_under", v, get_args(Authority))),
    "override": _override,
    "holder": str,
}
