"""Workflow of applications and objections: states, transitions, permitted actors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xhcredit.errors import BadInput, WrongState
from xhcredit.restoration.assessment import Said

Kind = Literal["restoration", "objection"]


@dataclass(frozen=True)
class Move:
    """What somebody does: from which states, to which (None: it stays), and whether it takes an
    official with name, office and reason.
    """

    said: Said
    states: tuple[str, ...]
    to: str | None
    by_official: bool = True


_OPEN = ("filed", "returned", "accepted")
_WITHDRAW = Said("申请人撤回", "withdrawn by the applicant")

MOVES: dict[Kind, dict[str, Move]] = {
    "restoration": {
        "file": Move(Said("提出申请", "filed"), (), "filed", by_official=False),
        "accept": Move(Said("受理", "accepted"), ("filed",), "accepted"),
        "return": Move(Said("退回补正", "returned for completion"), ("filed",), "returned"),
        "refile": Move(Said("补正后重新提出", "filed again"), ("returned",), "filed", False),
        "classify": Move(Said("认定失信程度", "class set by hand"), ("filed", "accepted"), None),
        "grant": Move(Said("准予修复", "granted"), ("accepted",), "granted"),
        "refuse": Move(Said("不予修复", "refused"), ("accepted",), "refused"),
        "publish": Move(
            Said("停止公示并告知各平台", "effects published"), ("granted",), "published"
        ),
        "withdraw": Move(_WITHDRAW, _OPEN, "withdrawn", by_official=False),
        # what was obtained by false materials, or against whose pledge was acted, is taken back
        "revoke": Move(
            Said("撤销修复", "restoration revoked"), ("granted", "published"), "revoked"
        ),
        "resume": Move(
            Said("恢复公示并告知各平台", "publication resumed"), ("revoked",), "resumed"
        ),
    },
    "objection": {
        "file": Move(Said("提出异议", "filed"), (), "filed", by_official=False),
        "mark": Move(Said("作异议标注", "marked as disputed"), ("filed",), "marked"),
        "forward": Move(Said("转交信息提供单位", "passed on"), ("marked",), "forwarded"),
        "uphold": Move(Said("异议成立", "upheld"), ("marked", "forwarded"), "upheld"),
        "reject": Move(Said("异议不成立", "rejected"), ("marked", "forwarded"), "rejected"),
        "withdraw": Move(
            _WITHDRAW, ("filed", "marked", "forwarded"), "withdrawn", by_official=False
        ),
    },
}

STATES = {
    "filed": Said("已提出", "filed"),
    "returned": Said("待补正", "returned for completion"),
    "accepted": Said("已受理", "accepted"),
    "granted": Said("准予修复，待停止公示", "granted, effects not yet published"),
    "refused": Said("不予修复", "refused"),
    "published": Said("已停止公示", "effects published"),
    "revoked": Said("修复已撤销，待恢复公示", "restoration revoked, platforms not yet told"),
    "resumed": Said("修复已撤销，已恢复公示", "restoration revoked, publication resumed"),
    "withdrawn": Said("已撤回", "withdrawn"),
    "marked": Said("已标注", "marked as disputed"),
    "forwarded": Said("已转交", "passed on to the provider"),
    "upheld": Said("异议成立", "upheld"),
    "rejected": Said("异议不成立", "rejected"),
}
#: after these the same record may be asked for again
OVER = frozenset({"refused", "withdrawn", "rejected", "revoked", "resumed"})
#: after these nothing more is to be done by anybody, unless a grant turns out to be wrong
DEALT_WITH = OVER | {"published", "upheld"}
#: what takes a record out of use, and why it then no longer counts
WITHDRAWING = {"grant": "restored", "uphold": "objection"}
#: what an official must have found to revoke a restoration; both bar the enterprise for a time
REVOKED_FOR = ("false_materials", "broken_pledge")


def after(kind: Kind, state: str, act: str) -> str:
    """The state after an act.

    Raises:
        BadInput: there is no such act.
        WrongState: it does not fit the state; the message says what does.
    """
    moves = MOVES[kind]
    if act not in moves or act == "file":
        known = ", ".join(name for name in moves if name != "file")
        raise BadInput(f'unknown step "{act}" of {kind}; choose one of: {known}')
    move = moves[act]
    if state not in move.states:
        may = ", ".join(name for name, m in moves.items() if state in m.states) or "nothing more"
        raise WrongState(f'"{act}" does not fit: it is {state}; now possible: {may}')
    return move.to or state
