"""Rows of draws as jobs compose them: standing of a publication, checks by source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.calendar import ProvisionalNote
from xhcredit.domain.rows import closed_row
from xhcredit.store.draws.rows import Draw, DrawState


@closed_row
class PublicationState(ProvisionalNote):
    """How the publication of a draw's results stands.

    ``last_visit`` is a day; ``published_on`` that of the list, ``results_on`` that on which all
    results were public; each None where there is none.  ``due_unknown``: the calendar of working
    days does not reach.  ``in_time`` is None before publication and while the day is unknown.
    """

    state: Literal["no_results", "due", "overdue", "published"]
    last_visit: Annotated[str | None, Field(examples=["2026-07-10"])]
    due_on: Annotated[str | None, Field(description="公示期限 / last day", examples=["2026-08-07"])]
    due_unknown: bool
    published_on: str | None
    results_on: str | None
    in_time: bool | None


@closed_row
class DrawWithPublication(TypedDict):
    """A draw in a list, with the standing of its publication."""

    id: Annotated[str, Field(examples=["zh-2026-07"])]
    plan: str
    bureau: str
    round: str
    as_of: str
    replaces: str | None
    activity: int
    state: DrawState
    publication: PublicationState


@closed_row
class DrawDetails(Draw):
    """A draw with all that was entered, and the standing of its publication."""

    publication: PublicationState


@closed_row
class SourceCount(TypedDict):
    """Triggered checks of a source.

    ``counting`` are those that count toward a yearly cap; called-off ones are only in ``checks``.
    """

    source: Annotated[str, Field(examples=["complaint"])]
    checks: int
    open: int
    counting: int
    failed: int
