"""``xhcredit restoration``: lines for machines, words for people, exit codes by kind of error."""

import json

import pytest

from tests.cli.shell import xhcredit

RECORD = {"kind": "penalty", "authority": "samr", "penalty_kinds": ["fine"], "amount_yuan": 60000,
          "decided_on": "2026-05-10", "published_on": "2026-05-10", "duties_done_on": "2026-06-01",
          "pledge": True}  # fmt: skip

CASE = """
- name: 一般罚款
  source: 信用修复管理办法
  record: {kind: penalty, authority: samr, field: general, procedure: ordinary,
           penalty_kinds: [fine], amount_yuan: 60000, decided_on: 2026-05-10,
           published_on: 2026-05-10, duties_done_on: 2026-06-01, ground: null, corrected_on: null,
           same_kind_again_on: null, on_abnormal_list: false, on_serious_list: false, pledge: true}
  applied_on: 2026-08-10
  expect: {eligible: true, earliest_on: 2026-08-10, unmet: []}
"""
LINE = {"name": "一般罚款", "eligible": True, "earliest_on": "2026-08-10",
        "publication_ends_on": "2027-05-10", "unmet": [], "severity": "ordinary"}  # fmt: skip


@pytest.fixture
def cases(tmp_path):
    file = tmp_path / "cases.yaml"
    file.write_text(CASE, encoding="utf-8")
    return file


def test_a_case_file_gives_one_json_line_per_case(cases):
    outcome = xhcredit("restoration", "assess", "--cases", cases, "--check")

    assert (outcome.exit_code, [json.loads(line) for line in outcome.out.splitlines()]) == (
        0,
        [LINE],
    )


def test_a_case_that_cannot_be_answered_is_told_and_the_others_are_answered(cases):
    bad = CASE.replace("一般罚款", "坏").replace("kind: penalty,", "kind: x,")
    cases.write_text(bad + CASE, encoding="utf-8")

    outcome = xhcredit("restoration", "assess", "--cases", cases)

    assert [json.loads(line) for line in outcome.out.splitlines()] == [LINE]
    assert outcome.exit_code == 12
    assert 'case "坏": unknown kind "x"' in outcome.err


def test_all_bad_items_are_listed_at_once_with_their_place_and_the_good_ones_answered(cases):
    days = CASE.replace("一般罚款", "二月").replace("2026-06-01", "2026-02-30")
    far = CASE.replace("一般罚款", "远").replace("applied_on: 2026-08-10", "applied_on: 9999-12-31")
    text = "- 一句话\n" + CASE + "- {name: 空, record: [1], applied_on: 2026-08-10}\n- 7\n" + days
    cases.write_text(text + far, encoding="utf-8")

    outcome = xhcredit("restoration", "assess", "--cases", cases)

    assert [json.loads(line) for line in outcome.out.splitlines()] == [LINE]
    assert outcome.exit_code == 12
    for item_error in (
        'item 1 (line 1): "一句话" is no case; write "- name: ..."',
        'item 3 (line 11): case "空": record is "[1]"; write it as {kind: penalty, ...}',
        'item 4 (line 12): "7" is no case',
        'item 5 (line 14): case "二月": duties_done_on "2026-02-30" is not a day',
        'item 6 (line 23): case "远": applied_on 9999-12-31 is beyond it: notices on holidays end',
    ):
        assert f'"cases.yaml", {item_error}' in outcome.err


def test_an_unexpected_answer_is_told_with_check_only(cases):
    cases.write_text(CASE.replace("eligible: true", "eligible: false"), encoding="utf-8")

    outcome = xhcredit("restoration", "assess", "--cases", cases, "--check")

    assert outcome.exit_code == 1
    assert "一般罚款: eligible: expected False, answered True" in outcome.err
    assert xhcredit("restoration", "assess", "--cases", cases).exit_code == 0


def test_one_record_is_answered_for_people_and_for_machines():
    words = ("restoration", "assess", "--applied-on", "2026-08-09", "--record", json.dumps(RECORD))

    people, machine = xhcredit(*words), xhcredit(*words, "--json")

    assert "2026年8月10日起可申请" in people.words
    assert machine.json["unmet"] == ["restoration.samr.minimum_publication"]
    assert people.exit_code == machine.exit_code == 0  # "not eligible" is an answer


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--record", "{"), 12, "--record is not JSON"),
        (("--record", "[]"), 12, "--record is no JSON object"),
        ((), 12, "give either --cases FILE or --record JSON"),
        (("--record", json.dumps(RECORD), "--applied-on", "2026-05-09"), 12, "is after applied_on"),
        (
            ("--record", json.dumps(RECORD), "--applied-on", "2199-12-31"),
            24,
            "applied_on 2199-12-31 is beyond it: notices on holidays end on",
        ),
        (
            (
                "--record",
                json.dumps(RECORD | {"decided_on": "2020-01-01"}),
                "--applied-on",
                "2020-06-01",
            ),
            16,
            "was not in force on 2020-06-01",
        ),
        (
            (
                "--record",
                json.dumps(RECORD | {"holder": "91310115MA1K3CUM7M"}),
                "--applied-on",
                "2026-08-10",
                "--applicant",
                "91350100M000100Y43",
            ),
            25,
            "let the holder apply",
        ),
    ],
)
def test_what_cannot_be_answered_has_its_exit_code(words, code, message):
    outcome = xhcredit("restoration", "assess", *words)

    assert (outcome.exit_code, outcome.out) == (code, "")
    assert message in outcome.err


def test_the_notice_is_printed_with_hints_for_lawyers_apart():
    outcome = xhcredit(
        "restoration",
        "notice",
        "--record",
        json.dumps(RECORD),
        "--name",
        "甲公司",
        "--code",
        "91310115MA1K3CUM7M",
        "--agency",
        "某区市场监督管理局",
    )

    assert "信用修复告知书" in outcome.out
    assert "法制" not in outcome.out
    assert "送达前须由法制确认" in outcome.err
