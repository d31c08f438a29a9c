"""In which order applications and objections are dealt with, act by act, and what is said of it."""

import re

import pytest

from xhcredit.errors import BadInput, WrongState
from xhcredit.restoration.workflow import (
    CLOSED_STATES,
    DEALT_WITH,
    REVOKED_FOR,
    STATES,
    TRANSITIONS,
    WITHDRAWING,
    next_state,
)

#: act: from which states, to which, what is said of it
RESTORATION = {
    "accept": (["filed"], "accepted", "受理", "accepted"),
    "return": (["filed"], "returned", "退回补正", "returned for completion"),
    "refile": (["returned"], "filed", "补正后重新提出", "filed again"),
    "classify": (["filed", "accepted"], None, "认定失信程度", "class set by hand"),
    "grant": (["accepted"], "granted", "准予修复", "granted"),
    "refuse": (["accepted"], "refused", "不予修复", "refused"),
    "publish": (["granted"], "published", "停止公示并告知各平台", "effects published"),
    "withdraw": (["filed", "returned", "accepted"], "withdrawn", "申请人撤回",
                 "withdrawn by the applicant"),
    "revoke": (["granted", "published"], "revoked", "撤销修复", "restoration revoked"),
    "resume": (["revoked"], "resumed", "恢复公示并告知各平台", "publication resumed"),
}  # fmt: skip
OBJECTION = {
    "mark": (["filed"], "marked", "作异议标注", "marked as disputed"),
    "forward": (["marked"], "forwarded", "转交信息提供单位", "passed on"),
    "uphold": (["marked", "forwarded"], "upheld", "异议成立", "upheld"),
    "reject": (["marked", "forwarded"], "rejected", "异议不成立", "rejected"),
    "withdraw": (["filed", "marked", "forwarded"], "withdrawn", "申请人撤回",
                 "withdrawn by the applicant"),
}  # fmt: skip
WORKFLOWS = {"restoration": RESTORATION, "objection": OBJECTION}
ORDERS = [
    (kind, act, state) for kind, acts in WORKFLOWS.items() for act in acts for state in STATES
]


@pytest.mark.parametrize(("kind", "act", "state"), ORDERS)
def test_an_act_fits_its_states_only_and_leads_to_one(kind, act, state):
    states, to, _, _ = WORKFLOWS[kind][act]
    if state in states:
        assert next_state(kind, state, act) == (to or state)
        return
    possible = (
        ", ".join(a for a, (s, *_) in WORKFLOWS[kind].items() if state in s) or "nothing more"
    )
    message = f'"{act}" does not fit: it is {state}; now possible: {possible}'
    with pytest.raises(WrongState, match=f"^{re.escape(message)}$"):
        next_state(kind, state, act)


@pytest.mark.parametrize(
    ("kind", "act", "known"),
    [
        ("objection", "grant", "mark, forward, uphold, reject, withdraw"),
        ("objection", "file", "mark, forward, uphold, reject, withdraw"),
        (
            "restoration",
            "mark",
            "accept, return, refile, classify, grant, refuse, publish, withdraw, revoke, resume",
        ),
    ],
)
def test_an_act_that_there_is_not_is_named_with_those_that_there_are(kind, act, known):
    message = f'unknown step "{act}" of {kind}; choose one of: {known}'
    with pytest.raises(BadInput, match=f"^{re.escape(message)}$"):
        next_state(kind, "filed", act)


@pytest.mark.parametrize("kind", WORKFLOWS)
def test_every_act_is_said_in_both_languages_and_takes_an_official_but_for_the_applicants(kind):
    filed = {"restoration": ("提出申请", "filed"), "objection": ("提出异议", "filed")}
    act_texts = {"file": filed[kind]} | {
        a: (zh, en) for a, (_, _, zh, en) in WORKFLOWS[kind].items()
    }

    assert {a: (m.text.zh, m.text.en) for a, m in TRANSITIONS[kind].items()} == act_texts
    assert {a for a, m in TRANSITIONS[kind].items() if not m.by_official} == (
        {"file", "refile", "withdraw"} & act_texts.keys()
    )
    assert (TRANSITIONS[kind]["file"].states, TRANSITIONS[kind]["file"].to) == ((), "filed")


def test_every_state_is_said_in_both_languages():
    assert {state: (state_text.zh, state_text.en) for state, state_text in STATES.items()} == {
        "filed": ("已提出", "filed"),
        "returned": ("待补正", "returned for completion"),
        "accepted": ("已受理", "accepted"),
        "granted": ("准予修复，待停止公示", "granted, effects not yet published"),
        "refused": ("不予修复", "refused"),
        "published": ("已停止公示", "effects published"),
        "revoked": ("修复已撤销，待恢复公示", "restoration revoked, platforms not yet told"),
        "resumed": ("修复已撤销，已恢复公示", "restoration revoked, publication resumed"),
        "withdrawn": ("已撤回", "withdrawn"),
        "marked": ("已标注", "marked as disputed"),
        "forwarded": ("已转交", "passed on to the provider"),
        "upheld": ("异议成立", "upheld"),
        "rejected": ("异议不成立", "rejected"),
    }


def test_which_states_are_over_and_what_takes_a_record_out_of_use():
    assert {"refused", "withdrawn", "rejected", "revoked", "resumed"} == CLOSED_STATES
    assert CLOSED_STATES | {"published", "upheld"} == DEALT_WITH
    assert WITHDRAWING == {"grant": "restored", "uphold": "objection"}
    assert REVOKED_FOR == ("false_materials", "broken_pledge")
    # nobody can act any more in a state that is over, but for a revoked one that is resumed
    for kind, acts in WORKFLOWS.items():
        assert {s for states, *_ in acts.values() for s in states} & CLOSED_STATES == (
            {"revoked"} if kind == "restoration" else set()
        )
