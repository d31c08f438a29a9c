"""Bureau scope: whose rows a caller may be told."""

from __future__ import annotations

#: bureaus whose enterprises may be told; None is the whole district's
BureauScope = frozenset[str] | None


def is_within(bureau: str, within: BureauScope) -> bool:
    """Whether a bureau is in scope; without a bureau, only the whole district's scope fits.

    This and ``watchlist.Question.within`` are where bureaus are kept apart.
    """
    return within is None or (bool(bureau) and bureau in within)
