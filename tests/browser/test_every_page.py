"""Every page, in both languages and sizes: no barrier, nothing sticks out, nothing from outside."""

import os
from pathlib import Path

import pytest

from tests.browser.site import SIZES, barriers, log_in, overflow, visit

ANSWERED = (
    "/console/restoration/question?from=done&kind=penalty&authority=samr&field=food"
    "&procedure=ordinary&penalty_kinds=fine&penalty_kinds=closure&decided_on=2026-05-10"
    "&duties_done_on=2026-06-01&pledge=yes&harm_remains=no"
)
PAGES = {
    "wang": [
        "/console/watchlist",
        "/console/watchlist?tier=D&text=91",
        "/console/watchlist?text=zzz",
        "/console/enterprises/92000000MA2NRQ7D0W",
        "/console/enterprises/91000000MA1HLG3440",
        "/console/alerts",
        "/console/alerts?street=nowhere",
        "/console/alerts/1",
        "/console/alerts/999999",
        "/console/draws",
        "/console/report?half=2026H1",
        "/console/report?half=2025H2",
        "/console/report?half=1H1",
        "/console/quality",
        "/console/rules",
        "/console/rules/tiers.cutoffs",
        "/console/restoration",
        "/console/restoration?state=now&street=nowhere",
        "/console/restoration/question",
        "/console/restoration/question?from=kind&kind=penalty",
        "/console/restoration/question?from=penalty&kind=penalty&authority=samr&field=food",
        "/console/restoration/question?step=days&kind=penalty",
        ANSWERED,
        "/console/restoration/applications",
        "/console/restoration/applications?kind=objection&overdue=1&code=91",
        "/console/restoration/applications/999",
        "/console/restoration/apply?code=91000000MA1HLG344Q&table=penalty&key.doc_no=1",
        "/console/models",
        "/console/models?score=x_food",
        "/console/nowhere",
        "/console/password",
    ],
    "chen": ["/console/audit", "/console/audit?action=nothing", "/console/watchlist"],
    "li": ["/console/accounts"],
    None: ["/console/login?next=/console/watchlist", "/console/public/verify"],
}


@pytest.mark.parametrize("login", PAGES)
def test_a_page_has_no_barrier_and_fits(browser, site, login):
    with visit(browser, site, login, SIZES[0], bypass=True) as page:
        for address in PAGES[login]:
            for language in ("zh", "en"):
                page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
                page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
                page.mishaps[:] = [m for m in page.mishaps if "status of 4" not in m]
                assert barriers(page) == [], f"{address} {language}"
                assert page.title().count("·") >= 1
                for width, height in SIZES:
                    page.set_viewport_size({"width": width, "height": height})
                    save_picture(page, address, language, (width, height))
                    assert overflow(page) <= 0, f"{address} {language} {width}"


def save_picture(page, address, language, size):
    """Keep a picture where XHCREDIT_PICTURES says, to be looked at."""
    folder = os.environ.get("XHCREDIT_PICTURES")
    if folder:
        name = "".join(c if c.isalnum() else "_" for c in address.removeprefix("/console/"))
        page.screenshot(path=Path(folder) / f"{name}_{language}_{size[0]}.png", full_page=True)


def test_the_first_load_is_small_and_from_here(browser, site):
    with visit(browser, site, "wang") as page:
        loaded = []
        page.context.clear_cookies()
        log_in(page, "wang")
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        page.on("response", lambda r: loaded.append(r))
        page.goto("/console/watchlist")

        assert len(loaded) <= 6, [r.url for r in loaded]
        assert sum(len(r.body()) for r in loaded) <= 700_000
