"""The walks over pages find what is planted for them, and nothing in clean text."""

from __future__ import annotations

import pytest

from tests import page_walks

TEMPLATE = """{# Penalties of an enterprise. #}
<p class="soft" {% if wrong %}id="wrong"{% endif %}>
  <a href="#main">{{ penalty.decided_on }}</a>
</p>
"""
SHEET = """:root {
  --ink: #1b2430;
  --shadow: rgba(10, 25, 50, 0.22);
}
a {
  color: var(--ink);
}
"""


@pytest.mark.parametrize("walk", [page_walks.inline_styles, page_walks.scattered_colours,
                                  page_walks.glued_attributes])  # fmt: skip
def test_clean_pages_raise_no_complaint(walk):
    assert list(walk("a.html", TEMPLATE)) == []
    assert list(walk("a.css", SHEET)) == []


def test_lines_and_files_are_measured():
    text = "<td>" + "x" * 120 + "</td>\n<p></p>\n"

    [long_line] = page_walks.long_lines("a.html", text, width=120)
    [long_file] = page_walks.long_files("a.html", text, lines=1)

    assert "a.html:1: 129 characters" in long_line
    assert "2 lines" in long_file
    assert list(page_walks.long_lines("a.html", text, width=129)) == []
    assert list(page_walks.long_files("a.html", text, lines=2)) == []


@pytest.mark.parametrize(
    "text", ['<p style="color: red">', "<td  style='width: 1px'>", "<p\n  style={{ width }}>"]
)
def test_a_style_at_an_element_is_named(text):
    assert "style=" in next(page_walks.inline_styles("a.html", text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.css", SHEET + "b {\n  color: #fff;\n}\n"),
        ("a.css", "b {\n  box-shadow: 0 0 1px rgba(0, 0, 0, 0.5);\n}\n"),
        ("a.js", 'const COLOURS = {A: "#1b6e3c"};'),
        ("a.py", 'COLOURS = {"red": "#b3261e"}'),
        ("a.html", '<circle fill="#123a6b" />'),
    ],
)
def test_a_colour_outside_the_variables_is_named(name, text):
    assert "make it a variable" in next(page_walks.scattered_colours(name, text))


def test_attributes_that_a_trimmed_line_end_would_glue_are_named():
    text = '<input\n  {% if a %}required{% endif %}\n  {% if b %}placeholder="x"{% endif %}\n>'
    apart = '<input\n  {% if a %}required{% endif %}{% if b %} placeholder="x"{% endif %}\n>'

    assert "a.html:3" in next(page_walks.glued_attributes("a.html", text))
    assert list(page_walks.glued_attributes("a.html", apart)) == []
