"""The page of rules: one row per entry, with what is in force, from where, and how sure."""

from tests.rules import files
from xhcredit.rules.listing import rules_page
from xhcredit.rules.loader import SHIPPED
from xhcredit.rules.rulebook import Rulebook

#: title, number and article that do not exist are left out; a bar would end the cell of a table
PROPOSAL_SOURCE = "{title: 建议|草案, number: 无, article: 无, published_on: 待核}"


def rows_of(folder, *entries, **fields):
    book = Rulebook(files.rules(folder, files.text(*entries, **fields)))
    return [line for line in rules_page(book).splitlines() if line.startswith("| `query.")]


def test_a_row_has_id_name_day_instrument_mark_and_who_confirmed_it(tmp_path):
    later = files.entry("2024-11-01", mark="proposal", source=PROPOSAL_SOURCE)

    assert rows_of(tmp_path, files.entry(), later) == [
        "| `query.years` | 年限 | 2020-01-01 | 某办法 某令第1号 第1条 | V1 | 待核 |",
        "| `query.years` | 年限 | 2024-11-01 | 建议¦草案 | proposal | 待核 |",
    ]


def test_an_own_last_day_and_a_repeal_are_told(tmp_path):
    ends, again = files.entry(until="2023-12-31"), files.entry("2024-07-01")
    rows = rows_of(tmp_path, ends, again, files.entry("2025-01-01", "repealed"))

    assert [row.split(" | ")[2] for row in rows] == [
        "2020-01-01至 2023-12-31",
        "2024-07-01",
        "2025-01-01（废止）",
    ]


def test_what_a_lawyer_has_confirmed_is_told_apart(tmp_path):
    [row] = rows_of(tmp_path, status="reviewed", extra=REVIEWED)

    assert row.endswith("| V1 | 已核 |")


REVIEWED = "reviewed_on: 2026-11-01\n"


def test_the_page_begins_with_its_title_and_holds_every_entry_of_the_shipped_rules_in_order():
    book = Rulebook.load(SHIPPED)
    page = rules_page(book)
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert page.startswith("# 规则一览 Rules\n\n由 `make docs` 自规则库生成，请勿手改。")
    assert page.endswith(" |\n")
    assert "\n|---|---|---|---|---|---|\n| `" in page
    assert [row.split("`")[1] for row in rows] == [
        id_ for id_, rule in book.rules.items() for _ in rule.entries
    ]
