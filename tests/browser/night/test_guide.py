"""The first visit is guided, bars filter, and what is filtered can be taken along or printed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.site import SIZES, barriers, overflow, visit
from tests.browser.test_every_page import save_picture

LIST = "/console/watchlist"


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_tour_is_offered_walked_by_keys_and_not_offered_again(browser, site, language, size):
    with visit(browser, site, "wang", size, bypass=True) as page:
        page.goto(f"{LIST}?lang={language}")
        offer, tour = page.locator("#tour-offer"), page.locator("#tour")
        expect(tour).to_be_hidden()
        offer.locator("[data-tour=start]").click()
        heads = set()
        for _ in range(10):
            expect(page.locator(".lit")).to_be_visible()
            heads.add(page.locator("#tour-title").inner_text())
            assert overflow(page) <= 0
            page.keyboard.press("ArrowRight")
        assert barriers(page) == []
        save_picture(page, f"{LIST}#tour", language, size)
        expect(page.locator("#tour-at")).to_have_text("10 / 10")
        page.keyboard.press("Escape")
        expect(tour).to_be_hidden()
        page.reload()
        page.locator("tr[data-row]").first.wait_for()

        assert len(heads) == 10
        expect(offer).to_be_hidden()


def test_the_tour_can_be_put_off_and_started_again_from_help_elsewhere(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto(LIST)
        page.click("[data-tour=later]")
        page.goto("/console/rules")
        page.keyboard.press("?")
        page.locator("#help a").click()

        expect(page.locator("#tour")).to_be_visible()
        expect(page).to_have_url(re.compile(LIST + "$"))


def test_a_click_on_a_bar_filters_by_it(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto(LIST)
        chart = page.locator("#found .chart").first
        bars = chart.locator("svg path[fill='#b3261e' i]")
        bars.first.wait_for()
        bars.first.click()
        page.wait_for_url("**tier=D**")

        expect(page.locator("caption")).to_contain_text("43")


def test_files_and_language_follow_the_filter_that_is_shown(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto(LIST)
        page.get_by_label("D", exact=True).check()
        expect(page.locator("caption")).to_contain_text("43")
        with page.expect_download() as download:
            page.get_by_role("link", name="PDF").click()
        pdf_bytes = Path(download.value.path()).read_bytes()
        page.locator("a[data-language]").click()
        page.wait_for_url("**lang=en**")

        assert "tier=D" in page.locator("#files a").first.get_attribute("href")
        assert page.get_by_label("D", exact=True).is_checked()
        assert pdf_bytes.startswith(b"%PDF-")
        assert b"/Type/Page/" in pdf_bytes.replace(b" ", b"").replace(b"\n", b"")


def test_in_print_the_list_stands_alone(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto(f"{LIST}?tier=D")
        page.emulate_media(media="print")
        save_picture(page, f"{LIST}?print", "zh", SIZES[0])

        for hidden in ("#files", "#filters", ".top nav", "#tour-offer", "#views"):
            expect(page.locator(hidden)).to_be_hidden()
        expect(page.locator("tr[data-row]").first).to_be_visible()
