"""Official names: which bureau or street every spelling means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from xhcredit.errors import BadInput
from xhcredit.rules.official_names import official_name
from xhcredit.rules.rulebook import Rulebook

DAY = date(2026, 11, 30)
SHIPPED = Rulebook.load()


def official(book: Rulebook, rule_id: str) -> Iterator[Any]:
    """The official name of every spelling that the shipped list has."""
    for name, aliases in SHIPPED.rule(rule_id).on(DAY).value.root.items():
        for text in (name, *aliases):
            try:
                yield text, official_name(book, rule_id, text, DAY)
            except BadInput as error:
                yield text, str(error)
