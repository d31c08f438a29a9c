"""Lists in print: all cells as they are, none of them an instruction to the typesetter."""

from pathlib import Path

import pytest

from xhcredit.jobs.documents import pdf
from xhcredit.jobs.documents.pdf import list_content, write_pdf
from xhcredit.jobs.documents.spreadsheets import Column

COLUMNS = [Column("名称", 20), Column("综合分", 8)]
HOSTILE = ['#panic("run")', '#read("/etc/passwd")', "*b* _i_ $x$ <l> @ref `raw` \\", "= 标题", "//"]


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_cell_is_text_whatever_it_says(tmp_path, cell):
    file = tmp_path / "list.pdf"
    write_pdf(file, cell, [cell], [Column(cell, 20), COLUMNS[1]], [[cell, 1.0]])

    assert file.read_bytes().startswith(b"%PDF-")


def test_rows_are_printed_in_order_with_one_decimal_and_empty_where_missing():
    content = list_content("t", ["n"], COLUMNS, [["甲", 45.25], ["乙", None], ["丙\u3000丁", -3.0]])

    assert content["rows"] == [["甲", "45.2"], ["乙", ""], ["丙\u3000丁", "-3.0"]]
    assert content["numbers"] == [1]
    assert content["heads"] == ["名称", "综合分"]


def test_signs_that_turn_text_around_are_left_out():
    content = list_content("t", ["n"], COLUMNS, [["a\u202egpj\x07.\u200b", 1.0]])

    assert content["rows"] == [["agpj.", "1.0"]]


def test_a_long_list_goes_on_over_pages_with_its_headings(tmp_path):
    few, many = tmp_path / "few.pdf", tmp_path / "many.pdf"
    write_pdf(few, "t", ["n"], COLUMNS, [["甲", 1.0]])
    write_pdf(many, "t", ["n"], COLUMNS, [["甲", 1.0]] * 200)

    assert [_pages(few), _pages(many) > 1] == [1, True]


def _pages(file: Path) -> int:
    pdf_bytes = file.read_bytes()
    return pdf_bytes.count(b"/Type/Page") - pdf_bytes.count(b"/Type/Pages")


def test_without_a_chinese_font_it_says_which_to_install():
    with pytest.raises(pdf.BadInput, match=pdf.FONTS[0]):
        pdf.typeset(Path("unread.typ"), {}, fonts={"Courier"})
