"""The data-quality page as a person sees it, in a real browser."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from xhcredit.ingest.quality import write_quality_page
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.warehouse.ingest import run_ingest

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """The page of two real exports, one with quarantined rows."""
    folder = tmp_path_factory.mktemp("quality")
    exports = folder / "exports"
    exports.mkdir()
    for name in ("register.csv", "inspections.csv", "registration_changes.csv"):
        shutil.copy(SAMPLE / "exports" / name, exports)
    run_ingest(str(exports), SAMPLE / "mappings", folder / "w", today=date(2026, 11, 22))
    write_quality_page(Warehouse(folder / "w"), folder / "quality.html")
    return folder / "quality.html"


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
def test_the_page_fits_says_what_is_wrong_and_asks_nobody_outside(browser, page_file, size):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    requested_urls, console_lines = [], []
    page.on("request", lambda request: requested_urls.append(request.url))
    page.on("console", lambda message: console_lines.append(message.text))
    page.goto(page_file.as_uri())
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    tables = "[...document.querySelectorAll('.wide')]"
    inner = page.evaluate(f"Math.max(...{tables}.map(d => d.scrollWidth - d.clientWidth))")

    assert page.get_by_role("heading", name="数据质量").is_visible()
    assert page.get_by_text("code_length 3", exact=False).first.is_visible()
    assert (overflow, inner) == (0, 0)
    assert requested_urls == [page_file.as_uri()]
    assert console_lines == []
    page.close()
