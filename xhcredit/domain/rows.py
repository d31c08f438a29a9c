"""Rows that floors hand to each other: dictionaries whose fields a type declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

_Row = TypeVar("_Row")

#: a value of JSON; who reads one that is not ours narrows it before use
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]


def closed_row(row_type: type[_Row]) -> type[_Row]:
    """Decorator of a row type (``TypedDict``): as an answer it takes no other fields.

    Rows come out of the store as dictionaries and leave as JSON.  A declared dictionary is both,
    so that one declaration serves the type checker, the answer's check and its description.
    Nobody changes a row in place: what another floor needs of it is a row of another type.
    """
    return with_config(ConfigDict(extra="forbid"))(row_type)


@closed_row
class BilingualText(TypedDict):
    """A text in Chinese and in English."""

    zh: str
    en: str
