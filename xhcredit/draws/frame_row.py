"""Row of a sampling frame and its validation.

Source: the protocol ``xhcredit-draw/1``, as the stand-alone verifier checks it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from xhcredit.domain.codes import problem_with
from xhcredit.draws.numerics import DIGITS, SALT_BYTES

HEADER = "code,stratum,odds,salt"
WORKING = ",working"
_STRATUM = re.compile("[a-z0-9-]{1,32}")
_SALT = re.compile(f"[0-9a-f]{{{2 * SALT_BYTES}}}")
_ODDS = re.compile(rf"0\.[0-9]{{{DIGITS}}}|1\.0{{{DIGITS}}}")


class FrameRow(NamedTuple):
    """A row; ``odds`` and ``working`` are empty in the stratified design."""

    code: str
    stratum: str
    odds: str
    salt: str
    working: str = ""

    @property
    def text(self) -> str:
        """The row as in the file, without its line end; the leaf covers exactly this."""
        cells_text = ",".join(self[:-1])
        return f"{cells_text},{self.working}" if self.working else cells_text


def problem_of(row: FrameRow) -> str:
    """Problem of a frame row in words; empty if it is valid."""
    code = problem_with(row.code)
    checks = ((code is None, f"code: {code}"), *_checks_besides_code(row))
    return next((message for is_valid, message in checks if not is_valid), "")


def problem_besides_code(row: FrameRow) -> str:
    """Problem of a frame row apart from its code; empty if there is none."""
    return next((message for is_valid, message in _checks_besides_code(row) if not is_valid), "")


def _checks_besides_code(row: FrameRow) -> tuple[tuple[bool, str], ...]:
    return (
        (bool(_STRATUM.fullmatch(row.stratum)), f'stratum "{row.stratum}" is no id'),
        (not row.odds or _is_odds(row.odds), f'odds "{row.odds}" are no probability'),
        (bool(_SALT.fullmatch(row.salt)), f'salt "{row.salt}" is not {2 * SALT_BYTES} hex digits'),
        (not row.working or _is_odds(row.working), f'working "{row.working}" is no probability'),
    )


def _is_odds(text: str) -> bool:
    return bool(_ODDS.fullmatch(text)) and float(text) > 0
