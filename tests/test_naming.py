"""The walks over names find what is planted for them, and nothing in plain text."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests import naming

PLAIN = '''
"""Penalties of an enterprise, newest first."""

COLOURS = (
    "red", "blue",
)  # fmt: skip


def penalties_of(code: str) -> list[str]:
    """Penalties known by the as-of day."""
    from json import loads  # only this function waits for it

    penalties = loads(code)
    return [penalty for penalty in penalties if penalty]
'''
WALKS = [
    naming.vague_public_names, naming.silent_imports, naming.packed_statements,
    naming.questioning_docstrings, naming.vague_module_names, naming.vague_fields,
    naming.vague_columns, naming.vague_routes,
]  # fmt: skip


def complaints(walk, text, name="penalties.py"):
    return list(walk(name, dedent(text).strip("\n")))


@pytest.mark.parametrize("walk", WALKS)
def test_plain_text_raises_no_complaint(walk):
    assert complaints(walk, PLAIN) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("class Told: ...", "Told"),
        ("def found(): ...", "found"),
        ("def penalties(asked): ...", "asked"),
        ("class Draw:\n    def own(self): ...", "own"),
        ("async def draw(*, kept=None): ...", "kept"),
        ("def draw(*rest): ...", "rest"),
    ],
)
def test_vague_names_of_what_others_use_are_named(text, word):
    [complaint] = complaints(naming.vague_public_names, text)

    assert f'"{word}"' in complaint


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("NOW = 1", "NOW"),
        ("AT, LATER = 1, 2", "AT"),
        ("MORE: dict = {}", "MORE"),
        ("if True:\n    _HERE = 1", "_HERE"),
        ("for one in (1, 2): pass", "one"),
        ("def _told(): ...", "_told"),
        ("async def kept(): ...", "kept"),
        ("class Held: ...", "Held"),
        ("class Load:\n    async def _one(self): ...", "_one"),
        ("class Load:\n    own = 1", "own"),
    ],
)
def test_vague_names_that_a_module_of_tests_binds_are_named(text, word):
    [complaint] = complaints(naming.vague_module_names, text)

    assert f'"{word}"' in complaint


def test_what_functions_bind_and_others_read_is_no_name_of_the_module():
    text = "def walk(told):\n    now = told\n\nwalk(found)\nPAGE.here = [x for x in kept]\n"

    assert complaints(naming.vague_module_names, text) == []


@pytest.mark.parametrize(
    ("walk", "text", "word"),
    [
        (naming.vague_fields, "class Proof:\n    told: int", "told"),
        (naming.vague_fields, "class Page:\n    rows: list\n    _more: bool = False", "_more"),
        (naming.vague_columns, "Table('data', METADATA)", "data"),
        (naming.vague_columns, "t = Table('runs', METADATA, Column('at', Text))", "at"),
        (naming.vague_columns, "sa.Column('one', sa.Integer)", "one"),
        (naming.vague_routes, "@router.get('/v1/runs')\ndef found(): ...", "found"),
        (naming.vague_routes, "@router.post('/v1/runs')\nasync def _run(asked): ...", "asked"),
        (naming.vague_routes, "@router.get(ADDRESS + '/{one}')\ndef run(): ...", "one"),
        (naming.vague_keys, "entries:\n- from: 2026-01-01\n  value: {given: 3}", "given"),
    ],
)
def test_vague_names_of_fields_columns_routes_and_keys_are_named(walk, text, word):
    [complaint] = complaints(walk, text)

    assert f'"{word}"' in complaint


def test_what_is_no_column_route_or_field_may_hold_such_a_word():
    text = "Column(name)\n\n@cache\ndef f(): return {'at': 1}\n"

    assert complaints(naming.vague_columns, text) == []
    assert complaints(naming.vague_routes, text) == []
    assert complaints(naming.vague_keys, "from: 2026-01-01\nvalue: at\n") == []
    assert complaints(naming.vague_keys, "outcome: {values: {kept: 已履行}}") == []


def test_a_module_with_a_vague_name_is_named():
    assert "a module named" in complaints(naming.vague_public_names, "", "jobs/data.py")[0]


def test_private_functions_may_be_short_of_words_but_their_locals_count():
    text = "def _f(told):\n    for one in told:\n        kept = lambda at: at\n"

    assert complaints(naming.vague_public_names, text) == []
    assert sorted(naming.local_names(text)) == ["at", "kept", "one", "told"]


def test_an_import_inside_a_function_without_a_reason_is_named():
    text = "def f():\n    import json\n    return json\n"

    assert "an import inside f" in complaints(naming.silent_imports, text)[0]


def test_a_packed_statement_that_is_no_table_is_named():
    text = "draw = freeze(\n    1, 2,\n)  # fmt: skip\n"

    assert "fmt: skip" in complaints(naming.packed_statements, text)[0]


@pytest.mark.parametrize("text", ['"""Who is drawn?"""', 'def f():\n    """Drawn？"""\n'])
def test_a_docstring_that_asks_is_named(text):
    assert "asks" in complaints(naming.questioning_docstrings, text)[0]


TEMPLATE = """{% from "parts.html" import chart with context %}
{% macro fact(term, text) %}<dt>{{ term }}</dt><dd>{{ text }}</dd>{% endmacro %}
{% for penalty in penalties %}{{ fact(penalty.decided_on, term=penalty.said) }}{% endfor %}
{{ _("told") }}
"""
SCRIPT = """/* told, found */
const rows = document.querySelectorAll("data-row"); // now
rows.every((row) => row.dataset.given !== `one ${row.id}`);
const option = { data: rows };
"""


def test_plain_templates_and_scripts_raise_no_complaint():
    assert complaints(naming.vague_template_names, TEMPLATE, "a.html") == []
    assert complaints(naming.vague_script_names, SCRIPT, "a.js") == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{{ told }}", "told"),
        ("{{ page.found }}", "found"),
        ("{% for one in rows %}{% endfor %}", "one"),
        ("{% set here = 1 %}", "here"),
        ("{% macro told(x) %}{% endmacro %}", "told"),
        ("{% macro f(given) %}{% endmacro %}", "given"),
        ("{{ f(now=1) }}", "now"),
        ('{% from "x.html" import kept %}', "kept"),
    ],
)
def test_vague_names_in_templates_are_named(text, word):
    named = complaints(naming.vague_template_names, text, "a.html")

    assert f'"{word}"' in named[0]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('context = {"told": draw}', "told"),
        ('page(request, "a.html", visitor, asked=1)', "asked"),
        ('chart = {"series": [{"data": [1]}]}', "data"),
    ],
)
def test_vague_names_that_pages_hand_over_are_named(text, word):
    [complaint] = complaints(naming.vague_context_keys, text)

    assert f'"{word}"' in complaint


def test_constants_and_entries_of_the_audit_log_are_left_as_they_are():
    text = 'WORDS = {"now": "x"}\naudit_details = {"seen": 1}\n'

    assert complaints(naming.vague_context_keys, text) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("const told = 1;", "told"),
        ("function f(...rest) {}", "rest"),
        ("rows.map((one) => one.x);", "one"),
        ("const text = `${now} rows`;", "now"),
        ("const {given} = rows;", "given"),
    ],
)
def test_vague_names_in_scripts_are_named(text, word):
    [complaint] = complaints(naming.vague_script_names, text, "a.js")

    assert f'"{word}"' in complaint
