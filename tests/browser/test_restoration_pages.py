"""The proactive list of restoration, used as an officer would."""

import io

import openpyxl

from tests.browser.site import visit


def test_an_officer_filters_and_takes_the_list_along(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/restoration?lang=en")
        every = page.locator("table caption").last.inner_text()
        page.select_option("#table", "abnormal_listing")
        page.click("button.main")

        assert "table=abnormal_listing" in page.url
        rows = page.locator("tr[data-row]")
        told = page.locator("table caption").last.inner_text()
        assert told != every
        kinds = rows.locator("td:nth-child(2)").all_inner_texts()
        assert kinds
        assert all(k.startswith("listings as abnormal") for k in kinds)

        answer = page.request.get(page.get_by_role("link", name="XLSX").get_attribute("href"))
        sheet = openpyxl.load_workbook(io.BytesIO(answer.body())).worksheets[0]
        codes = {c for row in sheet.iter_rows(values_only=True) for c in row}
        assert set(page.locator("tr[data-row] td:first-child .mono").all_inner_texts()) <= codes
        assert sheet.max_row >= int(told.split()[0].replace(",", ""))

        name = rows.locator("a").first.inner_text()
        rows.locator("a").first.click()
        assert name in page.locator("h1").inner_text()
        assert "Restoration possibilities" in page.locator("main").inner_text()


def test_a_wrong_code_is_told_and_nothing_is_listed(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/restoration?lang=en&code=91000000MA1HLG3441")

        assert "91000000MA1HLG3441" in page.locator("#wrong").inner_text()
        assert page.locator("tr[data-row]").count() == 0
        assert page.get_by_role("link", name="XLSX").count() == 0


def test_strange_addresses_list_from_the_beginning(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/restoration?lang=en&state=nonsense&start=-5&table=%00")
        first = page.locator("tr[data-row]").first.inner_text()
        page.goto("/console/restoration?lang=en&start=999999999")

        assert page.locator("tr[data-row]").first.inner_text() == first


def test_who_may_not_see_applications_gets_no_list(browser, site):
    with visit(browser, site, "li") as page:
        assert page.goto("/console/restoration").status == 403
        page.mishaps[:] = [m for m in page.mishaps if "status of 40" not in m]
