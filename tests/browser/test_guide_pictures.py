"""Pictures of the guides are of pages as they are; ``make pictures`` takes them anew."""

import os
import re
from pathlib import Path

import pytest

from tests.browser.site import SIZES, visit

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
#: picture: address, and a text of the page that shows it is ready
PICTURES = {
    "watchlist.zh": ("/console/watchlist?tier=D", "关注名单"),
    "watchlist.en": ("/console/watchlist?tier=D", "Watchlist"),
    "enterprise.zh": ("/console/enterprises/92000000MA2NRQ7D0W", "分"),
    "alerts.zh": ("/console/alerts", "预警"),
    "draws.zh": ("/console/draws", "抽查"),
    "restoration.zh": ("/console/restoration", "修复"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_of_the_guides_can_be_taken(browser, site, name):
    address, text = PICTURES[name]
    language = name.rpartition(".")[2]
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist")
        page.locator("[data-tour=later]").click()
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        page.locator("h1").first.wait_for()
        page.wait_for_load_state("networkidle")
        picture = page.screenshot()

        assert text in page.locator("main").inner_text()
    if os.environ.get("XHCREDIT_GUIDE_PICTURES"):
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.png").write_bytes(picture)
    size_of_width = picture[16:20]  # of the PNG's header
    assert (FOLDER / f"{name}.png").read_bytes()[16:20] == size_of_width
    assert int.from_bytes(size_of_width, "big") == SIZES[0][0]


def test_every_picture_of_the_guides_is_one_of_these():
    pages = [*FOLDER.parent.glob("*.md"), *FOLDER.parents[1].glob("README*.md")]
    named = {m for page in pages for m in re.findall(r"pictures/([\w.]+)\.png", page.read_text())}

    assert named <= set(PICTURES)
    assert {file.stem for file in FOLDER.glob("*.png")} == set(PICTURES)
