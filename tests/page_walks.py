"""Walks over templates, scripts and styles of the console: what their linters do not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CONDITION = re.compile(
    r"\s*\{% if [^%]*%\}[^%]*\{% endif %\}\n\s*\{%-? if [^%]*%\}[\w-]+(?:=|\{%)"
)
_STYLE = re.compile(r"""\sstyle\s*=\s*["'{]""")
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b|\b(?:rgba?|hsla?)\(")
_ROOT = re.compile(r":root\s*\{.*?\n\}", re.S)


def long_lines(name: str, text: str, *, width: int) -> Iterator[str]:
    """Lines that nobody reviews: longer than a screen is wide."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > width:
            cure = "one tag a line; cells by macros, a long text in parts"
            yield f"{name}:{number}: {len(line)} characters; {cure} (at most {width})"


def long_files(name: str, text: str, *, lines: int) -> Iterator[str]:
    """Templates of more than a few screens."""
    count = len(text.splitlines())
    if count > lines:
        yield f"{name}: {count} lines; put its sections into files of their own (at most {lines})"


def glued_attributes(name: str, text: str) -> Iterator[str]:
    """Attributes with conditions on lines of their own: a line that ends in a tag loses its end."""
    for match in re.finditer(_CONDITION, text):
        number = text.count("\n", 0, match.end()) + 1
        cure = "write both conditions on one line, a blank inside the second"
        yield f"{name}:{number}: nothing parts this attribute from the one before; {cure}"


def inline_styles(name: str, text: str) -> Iterator[str]:
    """Styles written at an element instead of in the sheet."""
    for number, line in enumerate(text.splitlines(), 1):
        if _STYLE.search(line):
            yield f"{name}:{number}: style=; give the element a class and style it in console.css"


def scattered_colours(name: str, text: str) -> Iterator[str]:
    """Colours outside the variables of the sheet (``:root`` of ``console.css``)."""
    rules = _ROOT.sub(lambda m: "\n" * m[0].count("\n"), text) if name.endswith(".css") else text
    for number, line in enumerate(rules.splitlines(), 1):
        if colour := _COLOUR.search(line):
            cure = "make it a variable in :root of console.css and use its name"
            yield f"{name}:{number}: {colour[0]}; {cure}"
