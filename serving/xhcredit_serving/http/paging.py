"""Cursors of lists that are made anew: a place in one version of a list, for one question."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel

from xhcredit.errors import BadInput
from xhcredit.store.core.hash_chain import canonical


def cursor_mark(page_query: BaseModel, list_version: str) -> str:
    """Digest of a list's version and of the question: a cursor of another one does not fit."""
    query_fields = page_query.model_dump(mode="json", exclude={"after", "limit"})
    return hashlib.sha256(canonical([list_version, query_fields]).encode()).hexdigest()[:16]


def start_position(page_query: BaseModel, after: str, list_version: str) -> int:
    """Where the page after a cursor begins; without a cursor at the first row.

    Raises:
        BadInput: the cursor is none, or of another list or question.
    """
    if not after:
        return 0
    mark, _, position = after.partition(".")
    fits = mark == cursor_mark(page_query, list_version)
    # `isdigit` alone takes digits such as `²`, at which `int` fails.
    if not fits or not (position.isascii() and position.isdigit()):
        raise BadInput("the cursor is of another question or list; begin with the first page")
    return int(position)
