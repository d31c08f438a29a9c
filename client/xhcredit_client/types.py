"""Frozen types of API responses; fields unknown to this version stay in ``raw``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

#: an object of an answer as JSON; the service's description says which fields it has
Answer: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """The current result of an enterprise.

    ``composite`` and ``general`` are points (0–1000, higher is safer; ``general`` None if nothing
    is known), ``tier`` is A (low risk) to D; ``x`` maps a supervised field to its score and grade.
    Tiers are an internal reference: they must not be published.
    """

    code: str
    run: int
    as_of: str
    composite: float
    tier: str
    general: float | None
    x: Mapping[str, Answer]
    reasons: tuple[Answer, ...]
    raw: Answer

    @classmethod
    def of(cls, body: Answer) -> Score:
        """Read an answer."""
        return cls(
            code=body["code"],
            run=body["run"],
            as_of=body["as_of"],
            composite=body["composite"],
            tier=body["tier"],
            general=body["general"],
            x=body["x"],
            reasons=tuple(body["reasons"]),
            raw=body,
        )


@dataclass(frozen=True)
class WatchlistRow:
    """A row of the watchlist; ``previous_tier`` is empty for a new enterprise."""

    code: str
    name: str
    tier: str
    previous_tier: str
    composite: float
    raw: Answer

    @classmethod
    def of(cls, body: Answer) -> WatchlistRow:
        """Read a row."""
        names = ("code", "name", "tier", "previous_tier", "composite")
        return cls(**{name: body[name] for name in names}, raw=body)


@dataclass(frozen=True)
class Changes:
    """Changes after a cursor, the oldest first; ``next`` is the cursor to come back with.

    Each change names its ``kind``, ``code`` (None: about no one enterprise), ``number`` and what
    its kind tells.  Store ``next`` together with what was made of the changes.
    """

    changes: tuple[Mapping[str, Any], ...]
    next: str
    has_more: bool

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Changes:
        """Read an answer."""
        return cls(tuple(body["changes"]), body["next"], body["has_more"])
