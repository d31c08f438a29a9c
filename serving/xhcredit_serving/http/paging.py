"""Keyset pagination: ``after`` a cursor, at most ``limit`` rows, and the ``next`` cursor or null.

A cursor is opaque.  Of a list that grows at its head it is the key of the last row; of one that
is made anew it is a place in one version of the list, for one question.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from xhcredit.errors import BadInput
from xhcredit.store.core.hash_chain import canonical

_Row = TypeVar("_Row")
MAX_CURSOR_LENGTH = 1000
_MAX_DIGITS = 15  #: what both databases take for a number
_NO_NUL = r"^[^\x00]*$"
_AFTER_DESCRIPTION = "上一页的 next / next of the page before; empty: the first page"
#: of the page after this one; null on the last
Cursor = Annotated[
    str | None,
    Field(description="下一页游标，末页为空 / cursor of the next page; null: the last"),
]


@dataclass(frozen=True)
class PageQuery:
    """Which page of a list: the rows after a cursor (empty: from the first), at most ``limit``."""

    after: str
    limit: int

    def cut(
        self, rows: Sequence[_Row], key: Callable[[_Row], object]
    ) -> tuple[list[_Row], str | None]:
        """The page of a whole list, and the cursor of the next.

        Args:
            rows: all of them, in their order.
            key: what names a row for ever.

        Raises:
            BadInput: the cursor names no row of this list.
        """
        start = 0
        if self.after:
            keys = [cursor_of(key(row)) for row in rows]
            if self.after not in keys:
                raise BadInput("the cursor is of another list; begin with the first page")
            start = keys.index(self.after) + 1
        page_rows = list(rows[start : start + self.limit])
        is_last = start + self.limit >= len(rows)
        return page_rows, None if is_last else cursor_of(key(page_rows[-1]))

    @property
    def after_number(self) -> int | None:
        """The number in the cursor of a list that is numbered; None on the first page.

        Raises:
            BadInput: there is none in it.
        """
        if not self.after:
            return None
        key = key_of_cursor(self.after)
        # `isdecimal` alone takes digits of other scripts.
        if not (key.isascii() and key.isdecimal() and len(key) <= _MAX_DIGITS):
            raise BadInput("the cursor is of another list; begin with the first page")
        return int(key)

    def cut_read(
        self, rows: Sequence[_Row], key: Callable[[_Row], object]
    ) -> tuple[list[_Row], str | None]:
        """The page and the cursor of the next, of rows that were read from its place on.

        Args:
            rows: one more than ``limit``, if there are as many.
            key: what names a row for ever.
        """
        page_rows = list(rows[: self.limit])
        has_next = len(rows) > self.limit
        return page_rows, cursor_of(key(page_rows[-1])) if has_next else None


def cursor_of(key: object) -> str:
    """The cursor of a row's key.

    >>> cursor_of("zh-2026"), cursor_of(12)
    ('emgtMjAyNg', 'MTI')
    """
    return urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def key_of_cursor(cursor: str) -> str:
    """The key in a cursor of ``cursor_of``.

    >>> key_of_cursor("emgtMjAyNg")
    'zh-2026'

    Raises:
        BadInput: it is none.
    """
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise BadInput("this is no cursor; begin with the first page") from None


After = Annotated[
    str,
    Query(
        max_length=MAX_CURSOR_LENGTH,
        pattern=_NO_NUL,
        description=_AFTER_DESCRIPTION,
    ),
]


def page_query(most: int = 1000, default: int = 100) -> Callable[..., Awaitable[PageQuery]]:
    """Dependency: ``after`` and ``limit`` of a list that gives ``most`` rows at once."""
    # A default, since an annotation would look for ``most`` among the names of the module.
    limit_query = Query(default, ge=1, le=most, description="每页至多几条 / rows of a page")

    async def query(after: After = "", limit: int = limit_query) -> PageQuery:
        return PageQuery(after, limit)

    return query


PageQueryDep = Annotated[PageQuery, Depends(page_query())]


class PageFields(BaseModel):
    """Filters and page of a list in one query; a list adds its filters and its ``limit``."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field(
        "", max_length=MAX_CURSOR_LENGTH, pattern=_NO_NUL, description=_AFTER_DESCRIPTION
    )


def cursor_mark(page_query: BaseModel, list_version: str) -> str:
    """Digest of a list's version and of the question: a cursor of another one does not fit."""
    query_fields = page_query.model_dump(mode="json", exclude={"after", "limit"})
    return hashlib.sha256(canonical([list_version, query_fields]).encode()).hexdigest()[:16]


def start_position(page_query: BaseModel, after: str, list_version: str) -> int:
    """Where the page after a cursor begins; without a cursor at the first row.

    Raises:
        BadInput: the cursor is none, or of another list or question.
    """
    return _marked_number(page_query, after, list_version) if after else 0


def keyset_cursor(page_query: BaseModel, list_name: str, number: int) -> str:
    """The cursor after the row of a number, for one list and one set of filters."""
    return cursor_of(f"{cursor_mark(page_query, list_name)}.{number}")


def number_after(page_query: PageFields, list_name: str) -> int | None:
    """The number of the last row of the page before; None on the first page.

    Raises:
        BadInput: the cursor is none, or of another list or question.
    """
    if not page_query.after:
        return None
    return _marked_number(page_query, key_of_cursor(page_query.after), list_name)


def _marked_number(page_query: BaseModel, cursor: str, list_version: str) -> int:
    mark, _, number = cursor.partition(".")
    fits = mark == cursor_mark(page_query, list_version)
    # `isdigit` alone takes digits such as `²`, at which `int` fails; longer ones no database takes.
    if not fits or not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
        raise BadInput("the cursor is of another question or list; begin with the first page")
    return int(number)
