"""Language of a page: Chinese, unless the visitor chose English.

Templates hold English; ``locale/*.po`` hold the Chinese.  Words of the law and of data come in
both languages with the data and are not translated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, cast

from babel.messages.pofile import read_po
from starlette.requests import Request

Language = Literal["zh", "en"]
COOKIE = "xhcredit_language"


@cache
def catalogue() -> Mapping[str, str]:
    """Every English text of the pages with its Chinese."""
    found: dict[str, str] = {}
    for part in files("xhcredit_serving.console").joinpath("locale").iterdir():
        if part.name.endswith(".po"):
            with part.open("rb") as file:
                read = read_po(file, locale="zh")
            found |= {str(m.id): str(m.string) for m in read if m.id and m.string}
    return MappingProxyType(found)


def translated(text: str, language: Language) -> str:
    """A text of the pages in a language; a test holds the catalogue complete."""
    return text if language == "en" else catalogue().get(text, text)


def chosen(request: Request) -> Language:
    """Language by ``?lang=``, else by cookie, else Chinese."""
    asked = request.query_params.get("lang") or request.cookies.get(COOKIE) or "zh"
    return cast(Language, asked if asked in ("zh", "en") else "zh")
