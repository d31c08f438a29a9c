"""Parser of feature expressions; ``expr`` defines the permitted language."""

from __future__ import annotations

import ast
from functools import cache
from threading import Lock

from xhcredit.errors import BadDeclaration

_ONE_AT_A_TIME = Lock()


@cache
def _read(expression: str) -> ast.Expression:
    """Parse, each text once and one at a time: Python 3.11 mixes up threads (gh-106905)."""
    with _ONE_AT_A_TIME:
        return ast.parse(expression, mode="eval")


def parse(expression: str, error_prefix: str) -> ast.expr:
    """Parse an expression; ``error_prefix`` names the feature for the error.

    Raises:
        BadDeclaration: not an expression of the language.
    """
    try:
        return _read(expression.strip()).body
    except SyntaxError as error:
        raise BadDeclaration(
            f'{error_prefix}: "{expression}" is not an expression ({error.msg}); see engine/expr.py'
        ) from None
