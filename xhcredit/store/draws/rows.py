"""Rows of draws as the store gives them; moments are UTC texts, days ``YYYY-MM-DD``."""

from __future__ import annotations

from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row


@closed_row
class PlanFiled(TypedDict):
    """A plan was filed."""

    plan: str
    digest: str


@closed_row
class SeedEntered(TypedDict):
    """A seed as it was entered."""

    value: str
    source: str
    entered_at: str


@closed_row
class RecordStored(TypedDict):
    """A draw was drawn; ``selected`` counts the enterprises."""

    digest: str
    selected: int
