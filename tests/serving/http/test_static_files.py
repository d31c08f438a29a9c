"""What the console carries along is what its makers published, and every text of it has Chinese."""

import hashlib
import re
from pathlib import Path

import pytest
from jinja2 import nodes
from xhcredit_serving.console.enterprise import enterprise
from xhcredit_serving.console.night import watchlist
from xhcredit_serving.console.shell import error_page
from xhcredit_serving.console.shell.language import catalogue
from xhcredit_serving.console.shell.layout import NAV_ITEMS, environment

ROOT = Path(__file__).parents[3]
VENDORED = ("serving/xhcredit_serving/console/static/vendor", "tests/browser/vendor")
_ROW = re.compile(r"^\| `([^`]+)` \|.*\| ([0-9a-f]{64}) \|$", re.MULTILINE)


def documented_digests(folder):
    """Files of others with the digests that their table gives."""
    return dict(_ROW.findall((ROOT / folder / "README.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", VENDORED)
def test_files_of_others_are_as_published_and_have_their_licence(folder):
    digest_by_name = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / folder).glob("*.min.js")
    }
    licences = {path.name.split(".")[0] for path in (ROOT / folder).glob("*.LICENSE")}

    assert digest_by_name == documented_digests(folder)
    assert len(digest_by_name) > 0
    assert {name.split(".")[0] for name in digest_by_name} == licences


def texts():
    """Every text that templates ask for, and those that they are handed."""
    page_environment = environment("zh")
    for name in page_environment.list_templates(["html"]):
        source, *_ = page_environment.loader.get_source(page_environment, name)
        for call in page_environment.parse(source).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                for argument in call.args:
                    if isinstance(argument, nodes.Const):
                        yield argument.value, name
    places = [p.name for p in NAV_ITEMS]
    unknown = error_page.UNKNOWN_MESSAGES.values()
    for handed in (*places, *watchlist.MOVES.values(), *enterprise.PRESETS, *unknown):
        yield handed, "Python"


def test_no_text_is_without_chinese():
    missing = {f"{name}: {text}" for text, name in texts() if text not in catalogue()}

    assert missing == set()


def test_no_chinese_is_left_over_in_two_places():
    """A text that two catalogues translate could be translated in two ways."""
    ids = [
        line
        for path in sorted((ROOT / "serving/xhcredit_serving/console/locale").glob("*.po"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith('msgid "') and line != 'msgid ""'
    ]

    assert sorted({i for i in ids if ids.count(i) > 1}) == []


def test_pages_ask_nobody_else_for_anything():
    outside = re.compile(r"(?:src|href|action|url\()\s*=?\s*[\"']?(?:https?:)?//", re.IGNORECASE)
    parts = [
        *Path(ROOT / "serving/xhcredit_serving/console/templates").glob("**/*.html"),
        *Path(ROOT / "serving/xhcredit_serving/console/static").glob("*.*"),
    ]
    asking = [p.name for p in parts if outside.search(p.read_text(encoding="utf-8"))]

    assert (asking, len(parts) > 20) == ([], True)
