"""Does the check find what needs a person's eye, and does a shown rule say how sure it is?"""

from datetime import date

import pytest

from tests.rules.files import entry, rules, switch, text, write
from xhcredit.rules.check import (
    MARKS,
    Finding,
    check,
    describe,
    ending_soon,
    history,
    referenced_features,
)
from xhcredit.rules.loader import load_folder
from xhcredit.rules.rulebook import Rulebook

DAY = date(2026, 6, 1)
REVIEWED = {"status": "reviewed", "extra": "reviewed_on: 2026-01-01\n"}


def finding_texts(folder, content, day=DAY):
    """Kinds and English words found for the rule query.years."""
    findings = check(Rulebook.of(rules(folder, content).values()), day)
    return [(f.kind, f.en) for f in findings if f.rule_id == "query.years"]


def test_a_reviewed_rule_in_force_needs_nothing(tmp_path):
    assert finding_texts(tmp_path, text(**REVIEWED)) == []


CASES = {
    "draft never checked": (
        text(),
        [
            ("not_checked", "never compared with its source"),
            ("unconfirmed", "unconfirmed: no lawyer has confirmed it yet"),
        ],
    ),
    "checked over a year ago": (
        text(status="reviewed", extra="reviewed_on: 2025-05-31\n"),
        [("not_checked", "last compared with its source on 2025-05-31, over a year ago")],
    ),
    "reviewed long ago, checked since": (
        text(status="reviewed", extra="reviewed_on: 2020-01-01\nlast_checked_on: 2026-05-01\n"),
        [],
    ),
    "ends soon": (
        text(entry(), entry("2026-09-01", "repealed"), **REVIEWED),
        [("ends", "repealed, last day 2026-08-31")],
    ),
    "ends later": (text(entry(), entry("2026-09-02", "repealed"), **REVIEWED), []),
    "expires in three months": (
        text(entry(until="2026-09-01"), **REVIEWED),
        [
            (
                "ends",
                "某令第1号 ends by its own terms, last day 2026-09-01; nothing follows: look for "
                "its renewal or successor",
            )
        ],
    ),
    "expires today": (
        text(entry(until="2026-06-01"), **REVIEWED),
        [
            (
                "ends",
                "某令第1号 ends by its own terms, last day 2026-06-01; nothing follows: look for "
                "its renewal or successor",
            )
        ],
    ),
    # a day is not its own successor
    "in force for a single day": (
        text(entry("2026-06-01", until="2026-06-01"), **REVIEWED),
        [
            (
                "ends",
                "某令第1号 ends by its own terms, last day 2026-06-01; nothing follows: look for "
                "its renewal or successor",
            )
        ],
    ),
    "expires later": (text(entry(until="2026-09-02"), **REVIEWED), []),
    "expires soon, renewed": (
        text(entry(until="2026-08-31"), entry("2026-09-01", "7"), **REVIEWED),
        [
            ("ends", "某令第1号 ends by its own terms, last day 2026-08-31; an entry follows"),
            ("changes", "new entry from 2026-09-01"),
        ],
    ),
    "changes soon": (
        text(entry(), entry("2026-07-01", "7"), **REVIEWED),
        [("changes", "new entry from 2026-07-01")],
    ),
    "changed today": (text(entry(), entry("2026-06-01", "7"), **REVIEWED), []),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_the_check_finds_what_needs_a_persons_eye(tmp_path, content, expected):
    assert sorted(finding_texts(tmp_path, content)) == sorted(expected)


def test_a_coming_entry_names_its_first_day_in_both_languages(tmp_path):
    content = text(entry(), entry("2026-07-01", "7"), **REVIEWED)
    book = Rulebook.of(rules(tmp_path, content).values())
    [coming] = [f for f in check(book, DAY) if f.rule_id == "query.years"]

    assert coming == Finding(
        "changes", "query.years", "2026-07-01 起有新条目", "new entry from 2026-07-01"
    )


CHINESE = {
    "draft never checked": (
        text(),
        ["从未与依据核对", "待法制核：草案，尚未经法制部门确认"],
    ),
    "checked over a year ago": (
        text(status="reviewed", extra="reviewed_on: 2025-05-31\n"),
        ["上次与依据核对是 2025-05-31，已超过一年"],
    ),
    "ends soon": (
        text(entry(), entry("2026-09-01", "repealed"), **REVIEWED),
        ["2026-09-01 起废止"],
    ),
    "expires soon": (
        text(entry(until="2026-09-01"), **REVIEWED),
        [
            "某办法（某令第1号）有效期至 2026-09-01，其后没有条目：请核对是否续期，或者补充新规定",
        ],
    ),
    "expires soon, renewed": (
        text(entry(until="2026-08-31"), entry("2026-09-01", "7"), **REVIEWED),
        ["2026-09-01 起有新条目", "某办法（某令第1号）有效期至 2026-08-31，其后已有新条目"],
    ),
    "expired": (
        text(entry(until="2026-05-31"), **REVIEWED),
        ["2026-06-01 没有施行中的条目，有效期已于 2026-05-31 届满"],
    ),
    "not yet in force": (
        text(entry("2027-01-01"), **REVIEWED),
        ["2026-06-01 没有施行中的条目"],
    ),
}


@pytest.mark.parametrize(("content", "expected"), CHINESE.values(), ids=CHINESE)
def test_what_needs_a_persons_eye_is_said_in_chinese(tmp_path, content, expected):
    findings = check(Rulebook.of(rules(tmp_path, content).values()), DAY)

    assert [f.zh for f in findings if f.rule_id == "query.years"] == expected


def test_a_rule_not_in_force_is_found_with_its_days(tmp_path):
    [(kind, words)] = finding_texts(tmp_path, text(**REVIEWED), date(2019, 1, 1))

    assert kind == "not_in_force"
    assert "the first day in force is 2020-01-01" in words


def test_an_expired_rule_without_successor_is_found_with_its_last_day(tmp_path):
    content = text(entry(until="2026-05-31"), **REVIEWED)
    [(kind, words)] = finding_texts(tmp_path, content)

    assert kind == "not_in_force"
    assert "it ended on 2026-05-31, its last day; no later entry takes its place" in words


def test_the_standard_of_small_fines_is_announced_three_months_before_it_ends():
    book = Rulebook.load()
    ending_by_day = {
        day: [f.rule_id for f in ending_soon(book, day)]
        for day in (date(2027, 3, 29), date(2027, 3, 30), date(2027, 6, 30), date(2027, 7, 1))
    }

    assert ending_by_day == {
        date(2027, 3, 29): [],
        date(2027, 3, 30): ["restoration.samr.small_fine"],
        date(2027, 6, 30): ["restoration.samr.small_fine"],
        date(2027, 7, 1): ["restoration.samr.small_fine"],
    }
    [after] = [f for f in check(book, date(2027, 7, 1)) if f.kind == "not_in_force"]
    assert (after.rule_id, "it ended on 2027-06-30" in after.en) == (
        "restoration.samr.small_fine",
        True,
    )


def test_a_pack_out_of_service_is_found_with_its_reason(tmp_path):
    off = switch("core", entry(value="{in_service: false, why: 上级叫停}"))
    rulebook = Rulebook.of(load_folder(write(tmp_path, off, "packs/core.yaml")).values())

    assert Finding(
        "out_of_service", "packs.core", "规则包已停用：上级叫停", "pack out of service: 上级叫停"
    ) in check(rulebook, DAY)


def test_a_shown_rule_says_how_sure_it_is(tmp_path):
    content = text(entry(mark="M-L"), entry("2027-01-01", "7"))
    shown = describe(rules(tmp_path, content)["query.years"], DAY)

    assert (shown["value"], shown["in_force"], shown["last_day"]) == (5, True, "2026-12-31")
    assert shown["status"] == {
        "id": "draft",
        "zh": "待法制核",
        "en": "unconfirmed",
        "confirmed": False,
    }
    assert shown["verification"]["en"] == "from memory, unverified, about 50% sure"
    assert shown["source"] == {
        "title": "某办法",
        "number": "某令第1号",
        "article": "第1条",
        "published_on": "2019-12-01",
        "url": None,
        "note": None,
    }


def test_a_rule_shown_on_a_day_without_it_says_why(tmp_path):
    shown = describe(rules(tmp_path, text())["query.years"], date(2019, 1, 1))

    assert not shown["in_force"]
    assert "value" not in shown
    assert "the first day in force is 2020-01-01" in shown["why"]


def test_the_history_of_a_rule_tells_values_and_repeals(tmp_path):
    content = text(entry(), entry("2021-01-01", "repealed"), entry("2022-01-01", "7"))
    history_entries = history(rules(tmp_path, content)["query.years"])

    assert [(e["value"], e["repealed"], e["last_day"]) for e in history_entries] == [
        (5, False, "2020-12-31"),
        (None, True, "2021-12-31"),
        (7, False, None),
    ]


def test_every_mark_has_its_meaning_in_two_languages():
    assert MARKS == {
        "V1": ("已核对法规原文", "the legal text itself was read in a stored copy"),
        "V2": (
            "已核对载有原文或官方通知的网页（多为开头部分）",
            "a page with the text or an official notice was read, often its first part only",
        ),
        "V3": ("见于二手来源，较可信", "seen in a secondary source; probable"),
        "M-H": ("凭记忆，未核对，把握约九成", "from memory, unverified, about 90% sure"),
        "M-M": ("凭记忆，未核对，把握约七成", "from memory, unverified, about 70% sure"),
        "M-L": ("凭记忆，未核对，把握约五成", "from memory, unverified, about 50% sure"),
        "proposal": ("本系统的建议值，不是法律规定", "a proposal of this system, not law"),
    }


def test_the_features_that_rules_read_are_known_with_their_readers():
    readers = referenced_features(Rulebook.load())

    assert readers["national_grade"] == ("scores.x_caps",)
    assert readers["serious_listings_open"] == ("tiers.direct", "tolerance.period")
    assert readers["age_days"] == ("tolerance.period",)
