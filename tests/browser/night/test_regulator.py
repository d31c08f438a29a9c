"""What a regulator does in the morning: looks at the list, opens a file, asks what if, leaves."""

import io
import re

import openpyxl
from playwright.sync_api import expect

from tests.browser.site import PASSWORD, log_in, visit

WORST = "91000000MA1HLG344Q"
#: htmx starts in a task of its own, which may come after a user's first key: here it never comes
HTMX_NOT_YET_STARTED = (
    "const later = setTimeout;"
    "window.setTimeout = (f, ms, ...a) => ms === undefined ? 0 : later(f, ms, ...a)"
)


def test_filters_are_in_the_address_and_the_bars_are_filters(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist")
        before = page.locator("tbody tr[data-row]").count()
        page.get_by_label("D", exact=True).check()
        expect(page).to_have_url(re.compile(r"tier=D"))
        expect(page.locator("caption")).to_contain_text("43")
        page.reload()

        assert page.get_by_label("D", exact=True).is_checked()
        assert 0 < page.locator("tbody tr[data-row]").count() < before


def test_a_filter_that_matches_nobody_says_so_and_leads_back(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist?text=nobody-has-this-name")
        page.get_by_role("link", name="清除全部条件").click()

        expect(page.locator("caption")).to_contain_text("1,606")


def test_a_wrong_check_digit_pasted_into_the_search_says_so(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist")
        page.fill("#search", WORST[:-1] + "0")
        page.keyboard.press("Enter")

        expect(page.locator("#wrong")).to_contain_text("check")


def test_a_right_code_leads_to_the_file_which_tells_why_and_what_if(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist")
        page.fill("#search", WORST)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/console/enterprises/{WORST}")
        page.get_by_role("button", name="测算").click()
        drawer = page.locator("#drawer")
        expect(drawer).to_contain_text("近24个月行政处罚次数")
        page.keyboard.press("Escape")

        expect(drawer).to_be_hidden()


def test_the_list_can_be_worked_by_keys_alone(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        drawer = page.locator("#drawer")
        expect(drawer).to_contain_text(WORST)
        page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()
        page.keyboard.press("/")

        assert page.evaluate("document.activeElement.id") == "search"


def test_a_key_pressed_at_once_opens_the_drawer_and_does_not_leave_the_list(browser, site):
    with visit(browser, site, "wang") as page:
        page.add_init_script(HTMX_NOT_YET_STARTED)
        page.goto("/console/watchlist")
        page.keyboard.press("j")
        page.keyboard.press("Enter")

        expect(page.locator("#drawer")).to_contain_text(WORST)


def test_the_spreadsheet_holds_exactly_what_is_filtered(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist?tier=D")
        with page.expect_download() as download:
            page.get_by_role("link", name="XLSX").click()
        book = openpyxl.load_workbook(
            io.BytesIO(download.value.path().read_bytes()), read_only=True
        )
        rows = list(book.active.iter_rows(values_only=True))

        assert "tier=D" in rows[0][0]
        assert len(rows) == 2 + 43
        assert {row[rows[1].index("等级")] for row in rows[2:]} == {"D"}


def test_an_expired_session_returns_to_where_one_was(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist?tier=C")
        page.context.clear_cookies(name="xhcredit")
        page.reload()
        expect(page).to_have_url(re.compile("/console/login"))
        page.fill("#login", "wang")
        page.fill("#password", PASSWORD)
        page.click("main button")

        expect(page).to_have_url(re.compile(r"/console/watchlist\?tier=C"))


def test_a_wrong_password_is_told_and_lets_nobody_in(browser, site):
    with visit(browser, site) as page:
        page.goto("/console/login")
        page.fill("#login", "zhao")
        page.fill("#password", "wrong")
        page.click("main button")
        expect(page.locator("#wrong")).to_be_visible()
        page.mishaps.clear()  # the browser itself complains about the 401
        log_in(page, "zhao")

        expect(page.locator("h1")).to_have_text("关注名单")


def test_the_auditor_sees_who_looked_and_verifies_the_chain(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto(f"/console/enterprises/{WORST}")
    with visit(browser, site, "chen") as page:
        page.goto(f"/console/audit?code={WORST}")
        expect(page.locator("tbody tr").first).to_contain_text("user:wang")
        page.get_by_role("button", name="校验日志链").click()

        expect(page.locator("#verdict")).to_contain_text("日志链完整")


def test_the_list_marks_and_filters_by_open_alerts(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist")
        page.select_option("#alert", "any")
        page.wait_for_url("**alert=any**")
        rows = page.locator("#found tr[data-row]")
        expect(rows.first.locator("td:first-child .tag")).to_contain_text("预警")
        assert rows.count() == page.locator("#found tr[data-row] td:first-child .tag").count()
        named = page.locator("#alert option").nth(2)
        page.select_option("#alert", named.get_attribute("value"))
        page.wait_for_url(f"**alert={named.get_attribute('value')}**")
        words = named.inner_text()
        titles = [tag.get_attribute("title") for tag in rows.locator("td:first-child .tag").all()]
        assert titles
        assert all(words in title for title in titles)


def test_filters_are_saved_under_a_name_and_found_by_a_colleague(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist?tier=D")
        page.get_by_text("常用筛选").click()
        page.fill("#view", "D级早会")
        page.get_by_label("与本部门共享").check()
        page.get_by_role("button", name="保存").click()
        expect(page).to_have_url(re.compile("tier=D$"))
    with visit(browser, site, "zhao") as page:
        page.goto("/console/watchlist")
        page.get_by_text("常用筛选").click()
        page.get_by_role("link", name="D级早会").click()
        expect(page.locator("caption")).to_contain_text("43")
    with visit(browser, site, "wang") as page:
        page.goto("/console/watchlist")
        page.get_by_text("常用筛选").click()
        page.get_by_role("button", name="删除 D级早会").click()
        page.get_by_text("常用筛选").click()
        expect(page.get_by_role("link", name="D级早会")).to_have_count(0)
