"""What the documents say is true: commands, targets, links, paths, versions, words, rules."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache

import pytest
from typer.main import get_command
from xhcredit_serving.main import cli as server
from xhcredit_training.cli import app as training

from tests.walks import ROOT, python_files, shown, tracked
from xhcredit.cli.main import app as shell
from xhcredit.features.registry import features
from xhcredit.rules.listing import rules_page
from xhcredit.rules.rulebook import Rulebook

DOCUMENTS = [
    "README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md", "GLOSSARY.md",
    "docs/architecture.md", "docs/index.md", "docs/operator.md", "docs/officer.md",
    "docs/modeler.md", "docs/developer.md", "docs/api.md", "docs/python-api.md",
    "client/README.md",
]  # fmt: skip
PROGRAMS = {"xhcredit": shell, "xhcredit-serve": server, "xhcredit-train": training}
FOLDERS = (
    "xhcredit", "tests", "data", "benchmarks", ".ci", "training", "serving", "client", "notebooks",
    "docs",
)  # fmt: skip
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@cache
def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def code_in(text):
    """What stands in fences and backticks, one piece each (of fences, one line each)."""
    fences = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    joined = "\n".join(fences).replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines()] + re.findall(r"`([^`\n]+)`", prose)


def unknown_targets(text):
    """Make targets that are named but not in the Makefile."""
    targets = set(re.findall(r"^([a-z][\w-]*):", text_of("Makefile"), flags=re.MULTILINE))
    named = [re.match(r"(?:\$ )?make ((?:[A-Z]+=\S+ )*)([a-z][\w-]*)", c) for c in code_in(text)]
    return sorted({m[2] for m in named if m} - targets)


def calls_in(text):
    """Calls of our programs, as lists of words, up to a comment sign or a pipe."""
    pattern = r"(?:\$ )?(?:[\d* ]+)?(?:\S*/)?(xhcredit(?:-\w+)?) (.+)"
    calls = (re.match(pattern, code) for code in code_in(text))
    return [[m[1], *re.split(r"\s[#|>]", m[2])[0].split()] for m in calls if m]


def wrong_in_call(words):
    """What the program would not understand of a call, or nothing."""
    command = get_command(PROGRAMS[words[0]])
    remaining_words = list(words[1:])
    while (
        remaining_words and not remaining_words[0].startswith("-") and hasattr(command, "commands")
    ):
        names = re.split(r"\\?\|", remaining_words.pop(0))
        unknown = [n for n in names if n not in command.commands]
        if unknown:
            return f'no command "{unknown[0]}"'
        command = command.commands[names[0]]
        command = getattr(command, "loaded", command)
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    options = [
        re.sub(r"[=\]].*", "", w.lstrip("["))
        for w in remaining_words
        if w.lstrip("[").startswith("-")
    ]
    return "".join(f'no option "{o}"' for o in options if o not in known)


def dead_paths(text, folder=ROOT):
    """Links (from the page's folder) and paths in code that lead nowhere; globs are left out."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    words = [w.strip(".,;:()'\"") for c in code_in(text) for w in c.split()]
    paths = [w for w in words if w.startswith(tuple(f"{f}/" for f in FOLDERS))]
    named_paths = [t for t in (*links, *paths) if "://" not in t and not set("<>*…{") & set(t)]
    places = {t: [ROOT / t, folder / t] for t in named_paths if not t.startswith("mailto:")}
    return sorted(t for t, paths in places.items() if not any(p.exists() for p in paths))


def wrong_versions(text):
    """Versions of Python that are named and are not the one of pyproject.toml."""
    lowest = PROJECT["requires-python"].removeprefix(">=")
    named = re.findall(r"\b[Pp]ython ?(?:>=|≥)? ?(3\.\d+)", text)
    return sorted(set(named) - {lowest})


def dead_citations(file):
    """Pages (and their sections) that a file names and nobody who has the repository can open."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    dead = re.findall(r"protocol,? (?:section|§) ?\d+", text)
    pages = re.finditer(r"(?<![\w*{}./-])([\w./-]*\w\.md)\b(?: §(\d+(?:\.\d+)?))?", text)
    # Every field's folder has files of the same names: one stands for all.
    a_field = ROOT / "xhcredit" / "fields" / "food"
    bases = (ROOT, ROOT / "docs", ROOT / "data" / "sample", a_field, file.parent)
    for name, section in {(m[1], m[2]) for m in pages}:
        place = next((f / name for f in bases if (f / name).is_file()), None)
        if place is None or (section and not has_section(place.read_text("utf-8"), section)):
            dead.append(f"{name} §{section}" if section else name)
    return dead


def has_section(page, number):
    """Whether a page has a heading with this number, or an item of it under its heading."""
    headings = re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", page, flags=re.MULTILINE)
    if number in headings:
        return True
    chapter, _, item = number.partition(".")
    body = re.search(rf"^## {chapter}\. .*?(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    return bool(item and body and re.search(rf"^{item}\. ", body[0], flags=re.MULTILINE))


def glossary_terms():
    """Names in the third column of the first table."""
    rows = re.findall(r"^\|[^|]*\|[^|]*\|([^|]*)\|$", text_of("GLOSSARY.md"), flags=re.MULTILINE)
    return sorted({term for cell in rows for term in re.findall(r"`([^`]+)`", cell)})


@cache
def words_in_code():
    files = [*python_files("xhcredit"), *(ROOT / "xhcredit").rglob("*.yaml")]
    names = " ".join(f.relative_to(ROOT).with_suffix("").as_posix() for f in files)
    return "\n".join([*(f.read_text(encoding="utf-8") for f in files), names.replace("/", ".")])


def stands_in_code(term):
    return re.search(rf"(?<!\w){re.escape(term)}(?!\w)", words_in_code()) is not None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_targets_exist(name):
    assert unknown_targets(text_of(name)) == [], "add the target to Makefile or correct the name"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name):
    wrong = {" ".join(c): wrong_in_call(c) for c in calls_in(text_of(name))}

    assert {call: what for call, what in wrong.items() if what} == {}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_paths_lead_somewhere(name):
    assert dead_paths(text_of(name), (ROOT / name).parent) == [], (
        "correct the path, or make the file"
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_version_of_python_is_that_of_the_project(name):
    assert wrong_versions(text_of(name)) == []


def test_commands_in_the_help_exist():
    calls = calls_in(shell.info.help)

    assert len(calls) >= 5
    assert [c for c in calls if wrong_in_call(c)] == []


def test_the_readme_shows_how_to_begin():
    text = text_of("README.md")

    assert {"demo", "test"} <= set(re.findall(r"\bmake (\w+)", "\n".join(code_in(text))))
    assert calls_in(text), "name at least one command of the program"
    assert re.search(r"Python ?(?:>=|≥)? ?3\.\d+", text), "say which Python is needed"
    assert len(text.splitlines()) <= 120, "move what is long into its own file"


@pytest.mark.parametrize("term", glossary_terms())
def test_a_term_of_the_glossary_stands_in_the_code(term):
    assert stands_in_code(term), "the glossary says so, the code does not; correct one of them"


def test_features_named_as_examples_exist():
    text = "".join(text_of(name) for name in DOCUMENTS)
    named = set(re.findall(r"`([a-z_]+_\d+[md])`", text))

    assert named - set(features()) == set()


def test_the_page_of_rules_is_the_rulebook():
    assert text_of("docs/rules.md") == rules_page(Rulebook.load()), 'run "make docs"'


def test_every_citation_can_be_opened():
    """A page that is named is in the repository, and has the section that is named."""
    # The site has names of its own for some pages; its builder refuses links that lead nowhere.
    files = [f for f in tracked() if not {"vendor", "site", "test_docs.py"} & set(f.parts)]
    dead = [f"{shown(file)}: {c}" for file in files for c in dead_citations(file)]

    assert dead == [], "cite the instrument itself, or a section of a page in docs/"


@pytest.mark.parametrize(
    "planted",
    [
        "see no_such_page.md",
        "docs/law-notes.md §99",
        "docs/law-notes.md §7.9",
        "the draw protocol, section 2",
    ],
)
def test_a_citation_that_leads_nowhere_is_seen(tmp_path, planted):
    file = tmp_path / "planted.py"
    file.write_text(planted, encoding="utf-8")

    assert dead_citations(file)


def test_a_citation_of_a_section_is_followed(tmp_path):
    file = tmp_path / "planted.py"
    file.write_text("docs/law-notes.md §7.2, docs/law-notes.md §9.23", encoding="utf-8")

    assert dead_citations(file) == []


def test_the_changelog_has_its_four_headings():
    unreleased = text_of("CHANGELOG.md").partition("## [Unreleased]")[2].partition("\n## ")[0]

    assert re.findall(r"^### (.+)$", unreleased, flags=re.MULTILINE) == [
        "规则",
        "评分",
        "接口",
        "其他",
    ]


PLANTED = """
Run `make tset`, then `xhcredit scroe`, see [there](nowhere.md) and `xhcredit/nosuch.py`.
It needs Python 3.8.
```
make demo
xhcredit score --asof 2026-06-30
xhcredit features lsit
xhcredit features show penalties_24m --sql  # fine
```
"""


def test_planted_untruths_are_found():
    assert unknown_targets(PLANTED) == ["tset"]
    assert [wrong_in_call(c) for c in calls_in(PLANTED)] == [
        'no option "--asof"',
        'no command "lsit"',
        "",
        'no command "scroe"',
    ]
    assert dead_paths(PLANTED) == ["nowhere.md", "xhcredit/nosuch.py"]
    assert wrong_versions(PLANTED) == ["3.8"]
    assert not stands_in_code("SeriousListing")


def test_the_site_is_built_without_a_dead_link_and_asks_nobody(tmp_path):
    """Offline: the builder is strict, and no page loads anything from elsewhere."""
    site = tmp_path / "site"
    built = subprocess.run(  # the builder is a program of its own
        [sys.executable, "docs/site/build.py", str(site)], cwd=ROOT, capture_output=True, text=True
    )

    assert built.returncode == 0, built.stdout + built.stderr
    pages = {page.stem: page.read_text(encoding="utf-8") for page in site.glob("*.html")}
    assert {"index", "operator", "officer", "modeler", "developer", "api", "rules"} <= set(pages)
    loaded = r"""<(?:script|img|link|iframe)[^>]+(?:src|href)=["']?(?:https?:)?//"""
    assert [name for name, page in pages.items() if re.search(loaded, page)] == []
    assert "关注名单" in (site / "search.json").read_text(encoding="utf-8")
