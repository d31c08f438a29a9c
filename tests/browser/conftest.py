"""A real server over the sample district, and a real browser in front of it."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.site import QUIET, build, running


@pytest.fixture(scope="package")
def browser():
    """Debian's Chromium; the tests are left out where it is not installed."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium; install it with: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield started
        started.close()  # Playwright's event loop ends too: tests elsewhere start their own


@pytest.fixture(scope="package")
def district(tmp_path_factory):
    """The sample district: warehouse, two published nights, officers."""
    return build(tmp_path_factory.mktemp("district"))


@pytest.fixture(scope="package")
def site(district):
    """Where the server of the district answers."""
    with running(district) as address:
        yield address
