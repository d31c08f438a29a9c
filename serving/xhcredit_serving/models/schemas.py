"""Request bodies and pages of models."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.store.models.rows import Candidate, ChampionSwitch, StoredTierMove
from xhcredit_serving.http.paging import Cursor

_TEXT = r"^[^\x00]*$"


@closed_row
class CandidatePage(TypedDict):
    """A page of candidates."""

    candidates: list[Candidate]
    next: Cursor


@closed_row
class SwitchPage(TypedDict):
    """A page of switches and roll-backs of the champion."""

    switches: list[ChampionSwitch]
    next: Cursor


@closed_row
class TierMovePage(TypedDict):
    """A page of tier moves, by code."""

    moves: list[StoredTierMove]
    next: Cursor


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Reason(_Body):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=_TEXT, examples=["已核对"])]


class Switch(_Body):
    """From which as-of day on."""

    from_day: Annotated[date, Field(examples=["2026-07-01"])]
