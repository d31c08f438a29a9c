"""The half-year report counts what the store holds: of the half, and of one's bureaus only."""

from datetime import date

import openpyxl
import pytest

from tests.store.alerts.test_alerts import candidate, go, night
from xhcredit.alerts.workflow import CLOSED_STATES
from xhcredit.errors import BadInput
from xhcredit.jobs.documents.pdf import FONTS
from xhcredit.jobs.half_year_report import as_pdf, as_xlsx, build_report, half_of, parse_half
from xhcredit.store.half_year_counts import count_half_year
from xhcredit.store.store import Store

H1 = parse_half("2026H1")
TODAY = date(2026, 7, 1)


@pytest.fixture
def store(tmp_path):
    with Store.open(str(tmp_path / "store.db")) as opened:
        yield opened


@pytest.fixture
def followed(store):
    """Three alerts of June, one closed; one of July."""
    night(store, candidate(1), candidate(2, "blue"), candidate(3, bureau="民政局"), on=H1.last)
    go(store, [1], "screen", "issue", "verify", "dispose", "feed_back", "close")
    night(store, candidate(4), on=date(2026, 7, 2), inputs="j")
    return store


def alerts_of(store, half, within=None):
    report = build_report(store, parse_half(half), date(2026, 12, 1), within, zh=False)
    return {tuple(row[:2]): row[2] for row in report.sections[3].rows}


def test_alerts_are_counted_in_their_half(followed):
    first, second = alerts_of(followed, "2026H1"), alerts_of(followed, "2026H2")

    assert (first["raised", "yellow"], first["raised", "blue"]) == (2, 1)
    assert (second["raised", "yellow"], second["raised", "blue"]) == (1, 0)
    assert (first["done", "closed"], first["verdict", "found true"]) == (1, 1)
    assert (first["at the end", "under way"], second["at the end", "under way"]) == (2, 3)


def test_only_ones_own_bureaus_are_counted(followed):
    figures = alerts_of(followed, "2026H1", frozenset({"民政局"}))

    assert (figures["raised", "yellow"], figures["done", "closed"]) == (1, 0)


def test_a_half_without_a_night_says_so(store):
    report = build_report(store, H1, TODAY, None, zh=True)
    counts = count_half_year(store.database, H1.first, H1.last, CLOSED_STATES)

    assert (report.sections[0].rows, report.sections[0].note) == ([], "本期没有发布任何批次")
    assert (counts.runs, counts.drawn, counts.open) == (None, [], 0)


def test_a_half_that_goes_on_is_marked_and_one_to_come_refused(store):
    assert "期间未结束" in build_report(store, half_of(TODAY), TODAY, None, zh=True).notes[-1]
    with pytest.raises(BadInput, match="begins on 2027-01-01; choose a half that has begun"):
        build_report(store, parse_half("2027H1"), TODAY, None, zh=True)


@pytest.mark.parametrize(
    "text", ["2026", "2026H3", "26H1", "0000H1", "２０２６H1x", "H1", "２０２６H"]
)
def test_what_is_no_half_is_refused(text):
    with pytest.raises(BadInput, match="is no half of a year; write it as 2026H1"):
        parse_half(text)


def test_the_spreadsheet_and_the_document_hold_the_same_tables(followed, tmp_path):
    report = build_report(followed, H1, TODAY, None, zh=True)
    as_xlsx(report, tmp_path / "r.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "r.xlsx").active.iter_rows(values_only=True))
    first = [row[0] for row in rows]

    assert all(section.title in first for section in report.sections)
    assert ("新增", "黄色", 2) in [row[:3] for row in rows]
    assert as_pdf(report).startswith(b"%PDF-")


def test_without_a_chinese_font_no_empty_boxes_are_printed(store):
    report = build_report(store, H1, TODAY, None, zh=True)
    with pytest.raises(BadInput, match=f"no Chinese font is installed; install one of: {FONTS[0]}"):
        as_pdf(report, fonts={"Courier": 1})
