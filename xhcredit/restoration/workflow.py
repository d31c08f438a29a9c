"""Workflow of applications and objections: states, transitions, permitted actors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from xhcredit.errors import BadInput, WrongState
from xhcredit.restoration.assessment import Bilingual

Kind = Literal["restoration", "objection"]
CaseState = Literal[
    "filed", "returned", "accepted", "granted", "refused", "published", "revoked", "resumed",
    "withdrawn", "marked", "forwarded", "upheld", "rejected",
]  # fmt: skip


@dataclass(frozen=True)
class CaseTransition:
    """What somebody does: from which states, to which (None: it stays), and whether it takes an
    official with name, office and reason.
    """

    text: Bilingual
    states: tuple[CaseState, ...]
    to: CaseState | None
    by_official: bool = True


_OPEN: tuple[CaseState, ...] = ("filed", "returned", "accepted")
_WITHDRAW = Bilingual("申请人撤回", "withdrawn by the applicant")

TRANSITIONS: dict[Kind, dict[str, CaseTransition]] = {
    "restoration": {
        "file": CaseTransition(Bilingual("提出申请", "filed"), (), "filed", by_official=False),
        "accept": CaseTransition(Bilingual("受理", "accepted"), ("filed",), "accepted"),
        "return": CaseTransition(
            Bilingual("退回补正", "returned for completion"), ("filed",), "returned"
        ),
        "refile": CaseTransition(
            Bilingual("补正后重新提出", "filed again"), ("returned",), "filed", False
        ),
        # An official's class may change the period while the case is open, never after its
        # decision.
        "classify": CaseTransition(
            Bilingual("认定失信程度", "class set by hand"), ("filed", "accepted"), None
        ),
        "grant": CaseTransition(Bilingual("准予修复", "granted"), ("accepted",), "granted"),
        "refuse": CaseTransition(Bilingual("不予修复", "refused"), ("accepted",), "refused"),
        # Granted and published are two states: restoration means to stop publication, sharing
        # and use on all platforms (Order 36 art 3; 民营经济促进法 art 54), and the last step
        # has its own clock.
        "publish": CaseTransition(
            Bilingual("停止公示并告知各平台", "effects published"), ("granted",), "published"
        ),
        "withdraw": CaseTransition(_WITHDRAW, _OPEN, "withdrawn", by_official=False),
        # what was obtained by false materials, or against whose pledge was acted, is taken back
        "revoke": CaseTransition(
            Bilingual("撤销修复", "restoration revoked"), ("granted", "published"), "revoked"
        ),
        "resume": CaseTransition(
            Bilingual("恢复公示并告知各平台", "publication resumed"), ("revoked",), "resumed"
        ),
    },
    "objection": {
        "file": CaseTransition(Bilingual("提出异议", "filed"), (), "filed", by_official=False),
        "mark": CaseTransition(Bilingual("作异议标注", "marked as disputed"), ("filed",), "marked"),
        "forward": CaseTransition(
            Bilingual("转交信息提供单位", "passed on"), ("marked",), "forwarded"
        ),
        "uphold": CaseTransition(
            Bilingual("异议成立", "upheld"), ("marked", "forwarded"), "upheld"
        ),
        "reject": CaseTransition(
            Bilingual("异议不成立", "rejected"), ("marked", "forwarded"), "rejected"
        ),
        "withdraw": CaseTransition(
            _WITHDRAW, ("filed", "marked", "forwarded"), "withdrawn", by_official=False
        ),
    },
}

STATES: Mapping[str, Bilingual] = {
    "filed": Bilingual("已提出", "filed"),
    "returned": Bilingual("待补正", "returned for completion"),
    "accepted": Bilingual("已受理", "accepted"),
    "granted": Bilingual("准予修复，待停止公示", "granted, effects not yet published"),
    "refused": Bilingual("不予修复", "refused"),
    "published": Bilingual("已停止公示", "effects published"),
    "revoked": Bilingual("修复已撤销，待恢复公示", "restoration revoked, platforms not yet told"),
    "resumed": Bilingual("修复已撤销，已恢复公示", "restoration revoked, publication resumed"),
    "withdrawn": Bilingual("已撤回", "withdrawn"),
    "marked": Bilingual("已标注", "marked as disputed"),
    "forwarded": Bilingual("已转交", "passed on to the provider"),
    "upheld": Bilingual("异议成立", "upheld"),
    "rejected": Bilingual("异议不成立", "rejected"),
}
#: after these the same record may be asked for again
CLOSED_STATES = frozenset({"refused", "withdrawn", "rejected", "revoked", "resumed"})
#: after these nothing more is to be done by anybody, unless a grant turns out to be wrong
DEALT_WITH = CLOSED_STATES | {"published", "upheld"}
#: what takes a record out of use, and why it then no longer counts
WITHDRAWING = {"grant": "restored", "uphold": "objection"}
#: what an official must have found to revoke a restoration; both bar the enterprise for a time
REVOKED_FOR = ("false_materials", "broken_pledge")


def next_state(kind: Kind, state: CaseState, act: str) -> CaseState:
    """The state after an act.

    Raises:
        BadInput: there is no such act.
        WrongState: it does not fit the state; the message says what does.
    """
    transitions = TRANSITIONS[kind]
    if act not in transitions or act == "file":
        known_acts = ", ".join(name for name in transitions if name != "file")
        raise BadInput(f'unknown step "{act}" of {kind}; choose one of: {known_acts}')
    transition = transitions[act]
    if state not in transition.states:
        possible_acts = (
            ", ".join(name for name, m in transitions.items() if state in m.states)
            or "nothing more"
        )
        raise WrongState(f'"{act}" does not fit: it is {state}; now possible: {possible_acts}')
    return transition.to or state
