"""People read Beijing time: on every page, in every file, in both languages."""

from __future__ import annotations

import re
from io import BytesIO

import openpyxl
import pytest
from xhcredit_serving.auth.permissions import ROLES
from xhcredit_serving.console.shell import layout

from tests.serving.district import ACT, CODES, headers, new_key
from tests.serving.visitors import person, visitor
from tests.test_house_rules import ROOT

#: tests are done at eight in the morning in UTC
SHOWN = "2026-06-30 16:00"
PAGES = (
    "watchlist",
    "alerts",
    "draws",
    "restoration",
    "models",
    "report",
    "quality",
    "rules",
    "accounts",
    "audit",
    f"enterprises/{CODES[0]}",
)
TEMPLATES = sorted((ROOT / "serving" / "xhcredit_serving" / "console" / "templates").glob("*.html"))


@pytest.fixture(scope="module")
def everyone(steady):
    """Browsers of people, one for each role, over a store with a night, keys and a lock."""
    person(steady, "locked", ("viewer", ""), locked_until="2026-06-30T08:30:00.000000Z")
    new_key(steady.store)
    browsers = {role: visitor(steady, f"t-{role.replace('_', '-')}", (role, "")) for role in ROLES}
    steady.store.access.add_user(ACT, "late", "Late", "x", must_change=True)
    return browsers


def pages(everyone, path, language):
    answers = [b.get(f"/console/{path}?lang={language}") for b in everyone.values()]
    texts = [a.text for a in answers if a.status_code == 200]
    return [re.sub(r"(?s)<details>.*?</details>", "", t) for t in texts]  # entries as they are kept


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_speaks_of_utc_or_shows_its_time(everyone, path, language):
    shown = pages(everyone, path, language)

    assert shown
    for text in shown:
        assert "UTC" not in text
        assert not re.search(r"2026-06-30 08:|T08:00|\d\d:\d\dZ", text)


@pytest.mark.parametrize(
    ("language", "words"), [("zh", f"北京时间 {SHOWN}"), ("en", f"{SHOWN} Beijing time")]
)
def test_every_page_says_when_the_night_was_published(everyone, language, words):
    assert all(words in text for text in pages(everyone, "rules", language))


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "北京时间 2026-06-30 16:30"), ("en", "16:30 Beijing time")]
)
def test_a_lock_ends_at_a_time_of_beijing(everyone, language, words):
    assert any(words in text for text in pages(everyone, "accounts", language))


def test_who_looked_and_did_is_shown_in_beijing_time(everyone):
    everyone["viewer"].get(f"/console/enterprises/{CODES[0]}")

    assert any(f"{SHOWN}:00" in text for text in pages(everyone, "audit", "zh"))


@pytest.mark.parametrize("path", ["watchlist.xlsx", "alerts.xlsx"])
def test_exports_say_in_beijing_time_when_they_were_made(steady, path):
    key = new_key(steady.store, roles=["viewer", "alert_officer"])
    answer = steady.get(f"/v1/{path}", headers=headers(key))
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
    cells = [str(c) for row in sheet.iter_rows(values_only=True) for c in row if c]

    assert any(f"北京时间 {SHOWN}" in c for c in cells)


def test_machines_read_offsets(steady):
    key = new_key(steady.store, roles=["auditor"])
    entries = steady.get("/v1/activity", headers=headers(key)).json()["entries"]

    assert {e["recorded_at"] for e in entries} == {"2026-06-30T08:00:00.000000Z"}


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda f: f.stem)
def test_no_template_cuts_a_time_out_of_a_moment(file):
    text = file.read_text("utf-8")

    assert "UTC" not in text
    assert not re.search(r'(?:at|until)\[:\d+\]|replace\("T"', text)


def test_moments_are_told_in_the_words_of_the_language():
    source = '{{ "2026-11-29T23:30:00Z" | beijing }}|{{ "2026-11-29T23:30:00Z" | china_day }}'

    text_by_language = {n: layout.environment(n).from_string(source).render() for n in ("zh", "en")}

    assert text_by_language == {
        "zh": "北京时间 2026-11-30 07:30|2026-11-30",
        "en": "2026-11-30 07:30 Beijing time|2026-11-30",
    }
