"""What is refused, and in which words?  Not being eligible never is."""

import re
from dataclasses import fields
from datetime import date

import pytest

from tests.restoration.records import penalty
from xhcredit.errors import BadInput, RuleNotInForce, WrongApplicant
from xhcredit.restoration.as_json import record_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.cases import case_from, load_cases
from xhcredit.restoration.record import AdverseRecord, record_from
from xhcredit.restoration.rows import RecordRow
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
DAY = date(2026, 8, 10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "penalti"}, 'unknown kind "penalti"; give one of: penalty, abnormal_listing'),
        ({"authority": "moon"}, 'unknown authority "moon"; give one of: ndrc, samr, shanghai'),
        ({"penalty_kinds": ["flogging"]}, 'unknown penalty_kinds "flogging"'),
        ({"penalty_kinds": []}, "a penalty without penalty_kinds; name at least one"),
        ({"field": "space"}, 'unknown field "space"'),
        ({"procedure": "secret"}, 'unknown procedure "secret"; give one of: ordinary, summary'),
        ({"decided_on": "2026-02-30"}, 'decided_on "2026-02-30" is not a day; write it as'),
        ({"decided_on": None}, 'a record without "decided_on"; add it'),
        ({"published_on": "2026-05-09"}, "published_on 2026-05-09 is before decided_on 2026-05-10"),
        ({"amount_yuan": "3万元"}, 'amount_yuan "3万元" is not a number'),
        ({"amount_yuan": -1}, "amount_yuan -1.0 is negative"),
        ({"pledge": "yes"}, 'pledge is "yes"; write true or false'),
        ({"colour": "red"}, 'unknown key "colour" in a record'),
        ({"override": {"severity": "minor"}}, "give severity, official, reason, all of them"),
        ({"amount_yuan": float("nan")}, 'amount_yuan "nan" is not a number'),
        ({"amount_yuan": True}, 'amount_yuan "True" is not a number'),
        ({"ban_months": "1e999"}, 'ban_months "1e999" is not a number'),
        ({"ban_months": -1}, "ban_months -1 is negative; give months"),
        ({"penalty_kinds": 7}, 'penalty_kinds is "7"; write a list of: warning, criticism'),
        ({"kind": ["penalty"]}, r"""unknown kind "\['penalty'\]"; give one of"""),
        ({"also_under": {"samr": 1}}, "also_under is .* write a list of: ndrc, samr, shanghai"),
    ],
)
def test_a_record_without_sense_is_refused(changes, message):
    with pytest.raises(BadInput, match=message):
        penalty(**changes)


def test_nobody_applies_before_the_decision():
    with pytest.raises(BadInput, match="decided_on 2026-05-10 is after applied_on 2026-05-09"):
        assess(penalty(), applied_on=date(2026, 5, 9), rules=BOOK)


def test_only_the_holder_applies():
    record = penalty(holder="91310115MA1K3CUM7M")

    with pytest.raises(WrongApplicant, match='but the record is of "91310115MA1K3CUM7M"'):
        assess(record, applied_on=DAY, rules=BOOK, applicant="91350100M000100Y43")
    assert assess(record, applied_on=DAY, rules=BOOK, applicant="91310115MA1K3CUM7M").eligible


@pytest.mark.parametrize(("authority", "first"), [("ndrc", "2023-05-01"), ("samr", "2021-09-01")])
def test_a_day_outside_the_rulebook_is_refused_with_the_first_day(authority, first):
    record = penalty(authority=authority, decided_on="2020-01-10", duties_done_on=None)

    with pytest.raises(RuleNotInForce, match=f"the first day in force is {first}"):
        assess(record, applied_on=date(2021, 1, 10), rules=BOOK)


def test_a_case_is_refused_by_name():
    record = {"kind": "x", "authority": "ndrc", "decided_on": "2026-01-01"}

    with pytest.raises(BadInput, match='case "一": no applied_on; a case has name, source'):
        case_from({"name": "一", "record": record})
    with pytest.raises(BadInput, match='case "一": unknown kind "x"'):
        case_from({"name": "一", "record": record, "applied_on": "2026-01-02"})


@pytest.mark.parametrize(
    ("text", "message"),
    [("{a: 1}", "holds no list of cases"), ("- [", "is not YAML"), ("1", "holds no list")],
)
def test_a_file_that_holds_no_cases_is_refused(tmp_path, text, message):
    file = tmp_path / "cases.yaml"
    file.write_text(text)

    with pytest.raises(BadInput, match=message):
        load_cases(file)


@pytest.mark.parametrize(
    ("text", "place"), [("- name: a\n- name: [\n", "line 3"), ("- name: \x00", "somewhere")]
)
def test_a_file_that_is_not_yaml_is_refused_with_the_line_if_the_reader_knows_it(
    tmp_path, text, place
):
    file = tmp_path / "cases.yaml"
    file.write_text(text)

    words = rf'^"cases\.yaml" is not YAML \({place}\); correct it there$'
    with pytest.raises(BadInput, match=words):
        load_cases(file)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r'no file "none\.yaml" to read'):
        load_cases(tmp_path / "none.yaml")


def test_a_record_is_read_from_what_json_gives():
    record = record_from(
        {
            "kind": "penalty",
            "authority": "samr",
            "decided_on": "2026-05-10",
            "penalty_kinds": "warning,fine",
            "also_under": ["shanghai", "samr"],
        }
    )

    assert record.penalty_kinds == {"warning", "fine"}
    assert record.authorities == ("samr", "shanghai")


def test_what_nobody_states_of_a_record_is_null():
    """What is kept of the barest record, and that it is read again as the same."""
    barest = AdverseRecord("serious_listing", "samr", date(2026, 5, 10))
    stated = {
        "kind": "serious_listing", "authority": "samr", "decided_on": "2026-05-10",
        "field": "general", "procedure": "ordinary", "penalty_kinds": [], "amount_yuan": 0,
        "on_abnormal_list": False, "on_serious_list": False, "pledge": False, "also_under": [],
        "harm_remains": False, "ban_months": 0, "holder": "", "penalty_followed": False,
    }  # fmt: skip

    assert record_json(barest) == dict.fromkeys(RecordRow.__annotations__) | stated
    assert record_from(record_json(barest)) == barest


def test_a_record_and_its_row_have_the_same_fields():
    assert list(RecordRow.__annotations__) == [f.name for f in fields(AdverseRecord)]


RECORD = {"kind": "penalty", "authority": "ndrc", "decided_on": "2026-01-01",
          "penalty_kinds": ["fine"]}  # fmt: skip
CASE = {"name": "一", "record": RECORD, "applied_on": "2026-01-02"}
HAS = "a case has name, source, quote, count, record, applied_on, applicant, expect"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("abc", '"abc" is no case; write "- name: ...", "record: {...}"'),
        (
            ["x" * 50],
            f'"[\'{"x" * 10}...{"x" * 11}\']" is no case; write "- name: ...", "record: {{...}}"',
        ),
        (CASE | {"colour": 1, "about": 2}, f'case "一": unknown key "about"; {HAS}'),
        ({"record": RECORD}, f'case "?": no name and no applied_on; {HAS}'),
        (CASE | {"name": ""}, f'case "?": no name; {HAS}'),
        (CASE | {"record": {}}, f'case "一": no record; {HAS}'),
        (
            CASE | {"record": "fine"},
            'case "一": record is "fine"; write it as {kind: penalty, ...}',
        ),
        (CASE | {"expect": "yes"}, 'case "一": expect is "yes"; write it as {eligible: true, ...}'),
    ],
)
def test_a_case_of_another_form_is_refused_in_words(case, words):
    with pytest.raises(BadInput, match=f"^{re.escape(words)}$"):
        case_from(case)


def test_a_case_without_an_applicant_or_an_expectation_is_one():
    case = case_from(CASE)

    assert (case.name, case.applied_on, case.applicant) == ("一", date(2026, 1, 2), "")
    assert case_from(CASE | {"applicant": 913}).applicant == "913"
