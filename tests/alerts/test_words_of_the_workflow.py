"""What acts, states and measures are called on pages and in files, and how an alert begins."""

from dataclasses import asdict

import pytest

from xhcredit.alerts.workflow import MEASURES, STATES, TRANSITIONS, Standing, next_state
from xhcredit.errors import BadInput, WrongState


def test_acts_states_and_measures_are_called_as_officers_know_them():
    assert {act: (move.zh, move.en) for act, move in TRANSITIONS.items()} == {
        "screen": ("筛查", "screened"),
        "dismiss": ("筛除", "dismissed"),
        "issue": ("发布", "issued"),
        "verify": ("核查", "verified"),
        "dispose": ("处置", "disposed"),
        "feed_back": ("反馈", "fed back"),
        "close": ("关闭", "closed"),
        "escalate": ("升级", "escalated"),
        "snooze": ("暂缓", "snoozed"),
        "merge": ("合并", "merged"),
        "expire": ("失效", "expired"),
        "redate": ("重定期限", "given another due day"),
    }
    assert STATES == {
        "detected": ("已发现", "detected"),
        "screened": ("已筛查", "screened"),
        "dismissed": ("已筛除", "dismissed"),
        "issued": ("已发布", "issued"),
        "verified": ("已核查", "verified"),
        "disposed": ("已处置", "disposed"),
        "fed_back": ("已反馈", "fed back"),
        "escalated": ("已升级", "escalated"),
        "closed": ("已关闭", "closed"),
        "merged": ("已合并", "merged"),
        "expired": ("已失效", "expired"),
    }
    assert MEASURES == {
        "remind": ("提醒", "reminded"),
        "guide": ("指导约谈", "guided"),
        "rectify": ("责令改正", "ordered to rectify"),
        "triggered_check": ("触发式检查", "triggered check"),
        "file_case": ("立案", "case filed"),
        "transfer": ("移送", "transferred"),
        "none": ("无须处置", "nothing to do"),
    }


def test_a_new_alert_has_no_owner_and_no_days():
    assert asdict(Standing("detected", "red")) == {
        "state": "detected",
        "colour": "red",
        "owner": "",
        "due_on": "",
        "snoozed_until": "",
    }


def test_an_act_that_nobody_knows_is_refused_with_all_that_there_are():
    words = (
        '^unknown act "bless"; choose one of: screen, dismiss, issue, verify, dispose, feed_back, '
        "close, escalate, snooze, merge, expire, redate$"
    )
    with pytest.raises(BadInput, match=words):
        next_state("detected", "bless")


def test_an_act_out_of_order_is_refused_with_those_that_are_possible():
    words = '^"close" does not fit: it is screened; now possible: dismiss, issue, snooze, merge$'
    with pytest.raises(WrongState, match=words):
        next_state("screened", "close")
    with pytest.raises(WrongState, match=r"now possible: nothing more$"):
        next_state("closed", "issue")
