"""Bureau scope: whose rows a caller may be told.

A column of bureaus holds all that supervise an enterprise as one text, names between semicolons
(``;a;b;``); a column of one bureau holds its name alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, false, func, or_

#: bureaus whose enterprises may be told; None is the whole district's
BureauScope = frozenset[str] | None


def bureau_names(bureaus: str) -> tuple[str, ...]:
    """Names in a column of bureaus, or the one name of a column of one bureau.

    >>> bureau_names(";a;b;"), bureau_names("a"), bureau_names("")
    (('a', 'b'), ('a',), ())
    """
    return tuple(name for name in bureaus.split(";") if name)


def bureaus_text(names: Iterable[str]) -> str:
    """A column of bureaus from names; empty if there are none.

    >>> bureaus_text(["b", "a", "b"])
    ';a;b;'
    """
    distinct_names = sorted({name for name in names if name})
    return f";{';'.join(distinct_names)};" if distinct_names else ""


def is_within(bureaus: str, within: BureauScope) -> bool:
    """Whether one of these bureaus is in scope; without any, only the whole district's scope fits.

    This, ``has_bureau`` and ``watchlist.Question.within`` are where bureaus are kept apart.

    Args:
        bureaus: a column of bureaus, or of one bureau.
        within: the scope.
    """
    return within is None or any(name in within for name in bureau_names(bureaus))


def has_bureau(column: ColumnElement[str], names: Collection[str]) -> ColumnElement[bool]:
    """Condition that one of these names is in a column of bureaus; no name, no row."""
    # Not LIKE, which takes a and A for one in SQLite: whoever could be granted "a" would see "A".
    return or_(
        false(),
        *(func.replace(column, f";{name};", "") != column for name in sorted(names) if name),
    )
