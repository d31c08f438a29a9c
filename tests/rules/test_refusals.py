"""What is a rule file refused for, and what is its author told?"""

import re

import pytest

from tests.rules.files import SOURCE, entry, rules, text, write
from xhcredit.errors import BadRule
from xhcredit.rules.loader import load_folder

BAD_ENTRIES = {
    "unknown key of an entry": (
        entry(extra="    valeu: 3\n"),
        'entries[0].valeu: unknown key; did you mean "value"?',
    ),
    "missing source": (
        "  - effective_from: 2020-01-01\n    value: 5\n    verification: V1\n",
        "entries[0].source: is missing; add it",
    ),
    "incomplete source": (
        entry(source="{title: 某办法, number: 1号, article: 第1条}"),
        "entries[0].source.published_on: is missing; add it",
    ),
    "unknown key of a source": (
        entry(source=SOURCE.replace("title", "titel")),
        'entries[0].source.titel: unknown key; did you mean "title"?',
    ),
    "a day that is no day": (
        entry(source=SOURCE.replace("2019-12-01", "2019")),
        'entries[0].source.published_on: "2019" is not a day; write it as 2026-04-01, or 待核'
        " if not known",
    ),
    "a number where text belongs": (
        entry(source=SOURCE.replace("某令第1号", "8")),
        "entries[0].source.number: 8 is not text; write text; a number goes in quotes",
    ),
    "an empty text": (
        entry(source=SOURCE.replace("第1条", '""')),
        "entries[0].source.article: is empty; say what is meant",
    ),
    "no web address": (
        entry(source=SOURCE.replace("}", ", url: www.gov.cn}")),
        'entries[0].source.url: "www.gov.cn" is no web address; begin it with https://'
        " or leave url out",
    ),
    "unknown verification mark": (
        entry(mark="V9"),
        "entries[0].verification: \"V9\" is not known here; write 'V1', 'V2'"
        ", 'V3', 'M-H', 'M-M', 'M-L' or 'proposal'",
    ),
    "value and repealed": (
        entry(extra="    repealed: true\n"),
        'entries[0]: both "value" and "repealed"; keep the one that is meant',
    ),
    "neither value nor repealed": (
        entry(value="null"),
        'entries[0]: neither "value" nor "repealed: true"; write one of them',
    ),
    "repealed that is false": (
        entry(value="repealed").replace("true", "false"),
        'entries[0]: neither "value" nor "repealed: true"; write one of them',
    ),
    "a day in another form": (
        entry("2020-1-1"),
        'entries[0].effective_from: "2020-1-1" is not a day; write it as 2026-04-01, without'
        " quotes",
    ),
    "a day of no calendar": (
        entry("2023-02-30"),
        "line 9: 2023-02-30 is no day of the calendar; correct the date",
    ),
    "an end before the first day": (
        entry(until="2019-12-31"),
        "entries[0]: effective_to 2019-12-31 is before effective_from 2020-01-01; correct one"
        " of the two",
    ),
    "a repeal with an end": (
        entry() + entry("2021-01-01", "repealed", until="2021-12-31"),
        'entries[1]: a repeal with "effective_to"; a repeal has no end, delete it',
    ),
    "overlapping entries": (
        entry(until="2021-01-01") + entry("2021-01-01", "7"),
        "entries[1].effective_from: 2021-01-01 begins before the entry before has ended "
        "(2021-01-01); they overlap; "
        "let the entry before end earlier, or take its effective_to out",
    ),
    "a repeal of what has ended": (
        entry(until="2020-12-31") + entry("2022-01-01", "repealed"),
        "entries[1].repealed: the entry before has ended by itself on 2020-12-31; delete"
        " the repeal, or the effective_to of the entry before",
    ),
    "newest first": (
        entry("2021-01-01") + entry("2020-01-01"),
        "entries[1].effective_from: 2020-01-01 comes after 2021-01-01; put the entries oldest"
        " first",
    ),
    "equal days": (
        entry() + entry(),
        "entries[1].effective_from: 2020-01-01 is also the day of the entry before; keep one"
        " of the two, or correct the day",
    ),
    "a repeal of nothing": (
        entry(value="repealed"),
        "entries[0].repealed: there is nothing to repeal yet; begin with the value"
        " that was repealed",
    ),
    "two repeals": (
        entry() + entry("2021-01-01", "repealed") + entry("2022-01-01", "repealed"),
        "entries[2].repealed: the entry before is already a repeal; delete one of the two",
    ),
    "an expression": (
        entry(value="months * 12"),
        "entries[0].value: months * 12 is not a whole number; write one; expressions"
        " belong in Python",
    ),
    "a flag that YAML 1.1 would read into off": (
        entry(value="off"),
        "entries[0].value: off is not a whole number; write one; expressions belong in Python",
    ),
    "a number that YAML 1.1 would read into 12:30": (
        entry(value="12:30"),
        "entries[0].value: 12:30 is not a whole number; write one; expressions belong in Python",
    ),
}

BAD_HEADERS = {
    "unknown key": (
        text(extra="unti: years\n"),
        'unti: unknown key; did you mean "unit"?',
    ),
    "unknown key like no other": (
        text(extra="zzz: 1\n"),
        "zzz: unknown key; remove it or correct its spelling",
    ),
    "repeated key": (
        text(extra="unit: years\n"),
        'line 8: key "unit" stands twice; delete one of the two',
    ),
    "key that is not text": (
        text(extra="1: years\n"),
        "line 8: key 1 is not text; put it in quotes",
    ),
    "alias": (
        text(extra="a: &a 1\nb: *a\n"),
        "line 9: a YAML alias; write the value out in full",
    ),
    "python object": (
        text(extra="a: !!python/name:os.system 1\n"),
        "line 8: could not determine a constructor for the tag"
        " 'tag:yaml.org,2002:python/name:os.system'; correct the YAML there",
    ),
    "id that is not the path": (
        text(rule_id="query.year"),
        'id: "query.year" is not what the path says; call it "query.years" or move the file',
    ),
    "id that is no id": (
        text(rule_id="Query.years"),
        'id: "Query.years" is not a name; write a name'
        " (^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$); expressions belong in Python",
    ),
    "unknown status": (
        text(status="final"),
        "status: \"final\" is not known here; write 'draft' or 'reviewed'",
    ),
    "reviewed without a day": (
        text(status="reviewed"),
        'file: reviewed without a day; add "reviewed_on"',
    ),
    "draft with a day of review": (
        text(extra="reviewed_on: 2026-01-01\n"),
        'file: a draft with "reviewed_on"; delete it or set status to reviewed',
    ),
    "no entries": (
        text().partition("entries:")[0] + "entries: []\n",
        "entries: is empty; add at least one entry",
    ),
    "empty file": ("", "file: nothing in it; write id, name_zh, ... entries as keys"),
    "a list": ("- 1\n", "file: no mapping in it; write id, name_zh, ... entries as keys"),
    "broken YAML": ("id: [1\n", "line 2: did not find expected ',' or ']'; correct the YAML there"),
    "control characters": (b"id: \x00", "text: this is not YAML; correct the YAML there"),
    "endless nesting": ("[" * 5000, "text: this is not YAML; correct the YAML there"),
    "GB18030": (
        "name_zh: 年限".encode("gb18030"),
        "text: byte 9 is not UTF-8; save the file as UTF-8",
    ),
}


def whole_line(folder, line):
    return f"(?m)^{re.escape(f'{folder.name}/{line}')}$"


@pytest.mark.parametrize(("entries", "message"), BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_a_bad_entry_is_refused_and_said_why(tmp_path, entries, message):
    write(tmp_path, text(entries))

    with pytest.raises(BadRule, match=whole_line(tmp_path, f"query/years.yaml: {message}")):
        load_folder(tmp_path)


@pytest.mark.parametrize(("content", "message"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_bad_file_is_refused_and_said_why(tmp_path, content, message):
    write(tmp_path, content)

    with pytest.raises(BadRule, match=whole_line(tmp_path, f"query/years.yaml: {message}")):
        load_folder(tmp_path)


ITEM = "{id: a, feature: f, at_least: 1, no_better_than: B, zh: 甲, en: a}"
BAD_VALUES = {
    ("tiers.cutoffs", "{A: 500, B: 600, C: 400}"): (
        "value: A 500, B 600, C 400 do not fall; give the safer grade the higher score"
    ),
    ("tiers.cutoffs", "{A: 600, B: 500}"): "value.C: is missing; add it",
    ("tiers.cutoffs", "{A: 600, B: 500, C: 400, D: 0}"): "value.D: unknown key; remove it"
    " or correct its spelling",
    (
        "tiers.cutoffs",
        "{A: 1001, B: 500, C: 400}",
    ): "value.A: 1001: Input should be less than or equal to 1000; correct the value",
    (
        "scores.x_grades",
        "{A: 600.5, B: 500, C: 400}",
    ): "value.A: 600.5 is not a whole number; write one; expressions belong in Python",
    ("tiers.caps", f"[{ITEM}, {ITEM}]"): 'value: item id "a" stands twice; give each item its'
    " own id",
    ("tiers.caps", f"[{ITEM.replace('feature: f', 'feature: f >= 1')}]"): (
        'value[0].feature: "f >= 1" is not a name; write a name'
        " (^[a-z][a-z0-9_]*$); expressions belong in Python"
    ),
    ("scores.x_caps", f"[{ITEM.replace(': B', ': A')}]"): 'value[0].no_better_than: "A" is not'
    " known here; write 'B', 'C' or 'D'",
    ("tiers.direct", f"[{ITEM}]"): "value[0].tier: is missing; add it",
    ("scores.weights", "{x_food: 0.4}"): "value.general: is missing; add it",
    ("scores.weights", "{general: 0.6, food: 0.4}"): 'value.food: "food" is not a name; write'
    " a name (^x_[a-z0-9_]+$); expressions belong in Python",
    (
        "scores.weights",
        "{general: 0.6, x_food: 0}",
    ): "value.x_food: 0: Input should be greater than 0; correct the value",
    (
        "scores.scale",
        "{anchor_points: 0, anchor_odds: 20, points_to_double_odds: 50, lowest: 0, highest: 9}",
    ): "value: anchor 0 is not inside 0-9; put lowest < anchor_points < highest",
    (
        "tolerance.period",
        "{months_from_establishment: 1, covers: {new_form: true, sizes: [micro], kinds: []},"
        " no_worse_than: B, never: []}",
    ): "value.covers: sizes ['micro']; name both small and micro, or neither"
    ": no feature tells which",
    (
        "draws.plan",
        "{annual_month: 2, annual_day: 29, special_months: 1, places: 2}",
    ): "value: month 2 has no day 29 in every year; name a day of every year",
    (
        "alerts.triggers.annual_report_due",
        "{kind: not_filed, family: f, colour: blue, quiet_days: 1, events: {table: t}, "
        "year: year, month: 6, day: 31, days_before: 30}",
    ): "value.not_filed: month 6 has no day 31 in every year; name a day of every year",
    ("scores.weights", "{general: many}"): "value.general: many is not a number; write one"
    "; expressions belong in Python",
    ("tiers.caps", "none"): "value: none is not a list; write [...], or one item a line"
    " after a dash",
    ("packs.core", "true"): "value: True is not a mapping; write keys and values",
    (
        "restoration.conflicts.samr_clock",
        "{prevails: milder}",
    ): "value.prevails: \"milder\" is not known here; write 'older' or 'newer'",
    ("packs.core", '{in_service: false, why: ""}'): "value.why: is empty; say what is meant",
    (
        "packs.core",
        "{in_service: no, why: 停}",
    ): "value.in_service: no is not a flag; write true or false",
}


@pytest.mark.parametrize(("rule", "message"), BAD_VALUES.items(), ids=str)
def test_a_value_of_the_wrong_shape_is_refused(tmp_path, rule, message):
    rule_id, value = rule
    path = rule_id.replace(".", "/") + ".yaml"
    write(tmp_path, text(entry(value=value), rule_id=rule_id), path)

    with pytest.raises(BadRule, match=whole_line(tmp_path, f"{path}: entries[0].{message}")):
        load_folder(tmp_path)


def test_everything_wrong_in_a_file_is_told_at_once(tmp_path):
    write(tmp_path, text(entry(mark="V9"), status="final"))

    with pytest.raises(BadRule, match=r"status: .*\n.*entries\[0\]\.verification: "):
        load_folder(tmp_path)


def test_an_id_of_no_family_is_refused(tmp_path):
    write(tmp_path, text(rule_id="zzz.zzz"), "zzz/zzz.yaml")

    with pytest.raises(BadRule, match=r'id: no family of rules has "zzz\.zzz"; see: xhcredit'):
        load_folder(tmp_path)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("draws.ratois", "draws.ratios"),
        ("restoration.conflicts.transitions", "restoration.conflicts.transition"),
        ("restoration.samr.sevreity", "restoration.samr.severity"),
        ("restoration.ndrc.x", "restoration.ndrc.pledge"),
        ("alerts.flwo", "alerts.flow"),
    ],
)
def test_a_misspelt_id_is_refused_with_the_nearest(tmp_path, misspelt, meant):
    path = misspelt.replace(".", "/") + ".yaml"
    write(tmp_path, text(rule_id=misspelt), path)
    message = f'id: no family of rules has "{misspelt}"; did you mean "{meant}"?'

    with pytest.raises(BadRule, match=re.escape(message)):
        load_folder(tmp_path)


def test_a_file_that_would_be_left_out_silently_is_refused(tmp_path):
    write(tmp_path, text(), "query/years.yml")

    with pytest.raises(BadRule, match=r'query/years\.yml: file: ends in "\.yml"; rename it'):
        load_folder(tmp_path)


def test_notes_beside_the_rules_are_no_rules(tmp_path):
    write(tmp_path, "how to", "README.md")

    assert list(rules(tmp_path, text())) == ["packs.core", "query.years"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadRule, match=r"there is none; give the folder that holds rule files"):
        load_folder(tmp_path / "nowhere")
