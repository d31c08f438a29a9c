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
    translations: dict[str, str] = {}
    for locale_file in files("xhcredit_serving.console").joinpath("locale").iterdir():
        if locale_file.name.endswith(".po"):
            with locale_file.open("rb") as file:
                po_messages = read_po(file, locale="zh")
            translations |= {str(m.id): str(m.string) for m in po_messages if m.id and m.string}
    return MappingProxyType(translations)


def translated(text: str, language: Language) -> str:
    """A text of the pages in a language; a test holds the catalogue complete."""
    return text if language == "en" else catalogue().get(text, text)


def language_of(request: Request) -> Language:
    """Language by ``?lang=``, else by cookie, else Chinese."""
    language_code = request.query_params.get("lang") or request.cookies.get(COOKIE) or "zh"
    return cast(Language, language_code if language_code in ("zh", "en") else "zh")
