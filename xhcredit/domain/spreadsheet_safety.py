"""Protection against CSV and formula injection in spreadsheets."""

from __future__ import annotations

#: how formulas begin; the full-width signs are taken for the plain ones by Chinese programs
#: (OWASP, CSV Injection)
FORMULA = "=+-@\t\r\n＝＋－＠"
SPACE = " \u00a0\u3000"  #: what some programs drop before it


def neutral(cell: object) -> object:
    """A cell that no spreadsheet program runs as a formula: behind an apostrophe, if need be.

    >>> neutral("=1+1"), neutral("A 类"), neutral(-1)
    ("'=1+1", 'A 类', -1)
    >>> neutral(" =1+1"), neutral("＝1+1"), neutral("")
    ("' =1+1", "'＝1+1", '')
    """
    first_character = cell.lstrip(SPACE)[:1] if isinstance(cell, str) else ""
    return f"'{cell}" if first_character and first_character in FORMULA else cell
