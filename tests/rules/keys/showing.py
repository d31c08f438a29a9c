"""What people are shown of a rule: the console's page and the answer of the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from xhcredit_serving.night.catalogue import rule_with_entries

from xhcredit.rules.rulebook import Rulebook

DAY = date(2026, 11, 30)


def page(book: Rulebook, rule_id: str) -> Iterator[Any]:
    """The value of a rule as the console and the API show it."""
    yield rule_with_entries(book, rule_id, DAY)["value"]
