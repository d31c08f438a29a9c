""" "Did you mean" suggestions for error messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def hint_for(word: str, known: Iterable[str]) -> str:
    """Return ``' (did you mean "x"?)'`` if something similar is known, else nothing.

    >>> hint_for("occured_on", ["code", "occurred_on"])
    ' (did you mean "occurred_on"?)'
    >>> hint_for("zebra", ["code"])
    ''
    """
    matches = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f' (did you mean "{matches[0]}"?)' if matches else ""
