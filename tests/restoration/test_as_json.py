"""An assessment as plain values, key by key."""

from datetime import date

import pytest

from tests.restoration.records import listing, penalty
from xhcredit.restoration.as_json import assessment_json
from xhcredit.restoration.assess import assess
from xhcredit.rules.check import MARKS
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
DAY = date(2026, 8, 10)


def test_everything_of_an_answer_is_in_its_data():
    answer = assess(penalty(), applied_on=DAY, rules=BOOK)
    answer_json = assessment_json(answer)

    assert answer_json["applied_on"] == "2026-08-10"
    assert (answer_json["authority"], answer_json["route"], answer_json["eligible"]) == (
        answer.authority,
        "restoration",
        True,
    )
    assert answer_json["summary"] == {"zh": answer.summary.zh, "en": answer.summary.en}
    assert answer_json["severity_by"] == {"zh": answer.severity_by.zh, "en": answer.severity_by.en}
    assert answer_json["decides"] == {"zh": answer.decides.zh, "en": answer.decides.en}
    for name in ("materials", "effects", "lawyer"):
        assert answer_json[name] == [{"zh": s.zh, "en": s.en} for s in getattr(answer, name)]
    assert answer_json["needs_lawyer"] is bool(answer.lawyer)


def test_each_condition_has_its_day_its_words_and_its_basis():
    answer = assess(penalty(), applied_on=DAY, rules=BOOK)

    for shown, condition in zip(
        assessment_json(answer)["conditions"], answer.conditions, strict=True
    ):
        zh, en = MARKS[condition.basis.mark]
        assert shown == {
            "met": condition.met,
            "met_from": condition.met_from.isoformat() if condition.met_from else None,
            "zh": condition.text.zh,
            "en": condition.text.en,
            "basis": {
                "rule": condition.basis.rule_id,
                "title": condition.basis.title,
                "article": condition.basis.article,
                "effective_from": condition.basis.effective_from.isoformat(),
                "verification": {"id": condition.basis.mark, "zh": zh, "en": en},
            },
        }


#: Monday 10 August 2026: terms in working days, counted by hand; None runs from a later act
DEADLINES = [
    (
        penalty(),
        [
            ("decide", 3, None, "作出修复决定", "decide"),
            ("answer", 10, "2026-08-24", "反馈修复结果", "answer the applicant"),
            (
                "share",
                3,
                None,
                "将修复结论共享至有关部门和系统",
                "share the result with other systems",
            ),
        ],
    ),
    (
        penalty(authority="samr", decided_on=date(2026, 1, 5), duties_done_on=date(2026, 1, 10)),
        [
            ("accept", 2, "2026-08-12", "决定是否受理", "accept or return"),
            ("decide", 7, "2026-08-21", "作出修复决定", "decide"),  # after two for acceptance
            ("take_down", 3, None, "停止公示、撤回信息", "take the record down"),
        ],
    ),
    (
        listing("abnormal_listing", decided_on=date(2026, 1, 1), corrected_on=date(2026, 8, 1)),
        [
            (
                "remove_abnormal",
                5,
                "2026-08-17",
                "移出经营异常名录",
                "remove from the abnormal-operation list",
            ),
        ],
    ),
]


@pytest.mark.parametrize(("record", "deadlines"), DEADLINES)
def test_each_deadline_has_its_step_its_days_and_its_last_day(record, deadlines):
    answer = assess(record, applied_on=DAY, rules=BOOK)
    shown = assessment_json(answer)["deadlines"]

    assert [(d["step"], d["days"], d["by"], d["zh"], d["en"]) for d in shown] == deadlines
    assert {d["unit"] for d in shown} == {"working_days"}
    assert [d["basis"]["rule"] for d in shown] == [d.basis.rule_id for d in answer.deadlines]
    assert {(d["provisional"], d["provisional_note"]) for d in shown} == {(False, None)}
