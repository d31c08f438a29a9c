"""Official names of a district's bureaus and streets, from whatever spelling was written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from xhcredit.errors import BadInput
from xhcredit.rules.consistency import nearest_hint
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.district import OfficialNames

BUREAUS = "district.bureaus"
STREETS = "district.streets"
_KINDS = {BUREAUS: "bureau", STREETS: "street"}


def spellings_of(rules: Rulebook, rule_id: str, day: date) -> Mapping[str, str]:
    """Official name by spelling, as the list ``BUREAUS`` or ``STREETS`` has it on a day."""
    return MappingProxyType(rules.value(rule_id, OfficialNames, as_of=day).spellings)


def official_name(rules: Rulebook, rule_id: str, text: str, day: date) -> str:
    """Official name that a text means on a day; blanks around it do not matter.

    Args:
        rules: with the district's lists.
        rule_id: ``BUREAUS`` or ``STREETS``.
        text: an official name or one of its aliases.
        day: whose list counts.

    Raises:
        BadInput: the list has no such spelling; the nearest is named.
    """
    spellings = spellings_of(rules, rule_id, day)
    name = spellings.get(text.strip())
    if name is None:
        hint = nearest_hint(text.strip(), spellings, f"it has: {'、'.join(_names(spellings))}")
        raise BadInput(
            f'there is no {_KINDS[rule_id]} "{text.strip()}" in the district\'s list ({rule_id}); '
            f"{hint}"
        )
    return name


def official_bureau(rules: Rulebook, text: str, day: date) -> str:
    """Official name of the bureau that a text means.

    Raises:
        BadInput: the district's list has no such bureau; the nearest is named.
    """
    return official_name(rules, BUREAUS, text, day)


def bureau_to_revoke(rules: Rulebook, text: str, day: date, granted_bureaus: frozenset[str]) -> str:
    """Bureau whose grant is meant by a text: as it was granted, else by its official name.

    An old grant may name a bureau that the list no longer has; it can be taken back all the same.
    """
    if text in granted_bureaus:
        return text
    return spellings_of(rules, BUREAUS, day).get(text.strip(), text)


def _names(spellings: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(spellings.values()))
