"""Schemas of a district's own lists: official names of bureaus and streets, with their aliases."""

from __future__ import annotations

from pydantic import ConfigDict, RootModel, model_validator

from xhcredit.rules.schemas.common import Text

#: signs by which lists of names are joined in columns and in the activity chain
_SEPARATORS = ";、"


class OfficialNames(RootModel[dict[Text, tuple[Text, ...]]]):
    """Aliases by official name; every spelling, official or alias, means one name only."""

    model_config = ConfigDict(strict=True, frozen=True)

    @model_validator(mode="after")
    def _unambiguous(self) -> OfficialNames:
        spellings = [*self.root, *(alias for aliases in self.root.values() for alias in aliases)]
        for text in spellings:
            if text != text.strip() or any(sign in text for sign in _SEPARATORS):
                problem = f'"{text}" holds "{_SEPARATORS[0]}", "{_SEPARATORS[1]}" or outer blanks'
                raise ValueError(f"{problem}; write each name by itself")
            if spellings.count(text) > 1:
                raise ValueError(f'"{text}" stands twice; let it mean one name only')
        return self

    @property
    def spellings(self) -> dict[str, str]:
        """Official name by spelling; an official name is a spelling of itself."""
        return {name: name for name in self.root} | {
            alias: name for name, aliases in self.root.items() for alias in aliases
        }
