"""The security administrator lets somebody in, and shuts them out again."""

from playwright.sync_api import expect

from tests.browser.site import visit


def row_of(page, login):
    return page.locator("tr[data-row]").filter(has=page.get_by_text(login, exact=True))


def test_somebody_is_let_in_with_a_password_shown_once_and_shut_out(browser, site):
    with visit(browser, site, "li") as page:
        page.goto("/console/accounts")
        page.fill("#login", "sun.yi")
        page.fill("#name", "孙毅")
        page.get_by_role("button", name="新建", exact=True).click()
        password = page.locator("#secret").inner_text().split(": ")[1]
        page.select_option("#whom", "sun.yi")
        page.select_option("#role", "inspector")
        page.fill("#bureau", "市场监管局")
        page.get_by_role("button", name="授权").click()
        expect(row_of(page, "sun.yi")).to_contain_text("检查人员 · 示例区市场监督管理局")
        assert page.locator("#secret").count() == 0
        with visit(browser, site) as other:
            other.goto("/console/login")
            other.fill("#login", "sun.yi")
            other.fill("#password", password)
            other.click("main button")
            other.wait_for_url("**/console/password")
        row_of(page, "sun.yi").get_by_role("button", name="停用").click()
        expect(row_of(page, "sun.yi")).to_contain_text("已停用")
        row_of(page, "sun.yi").get_by_role("button", name="启用").click()
        expect(row_of(page, "sun.yi")).not_to_contain_text("已停用")


def test_what_is_refused_says_why(browser, site):
    with visit(browser, site, "li") as page:
        page.goto("/console/accounts")
        page.select_option("#whom", "li")
        page.select_option("#role", "viewer")
        page.get_by_role("button", name="授权").click()
        expect(page.locator("#wrong")).to_be_visible()
        page.mishaps.clear()  # the browser itself complains about the 409


def test_a_key_is_shown_once_and_can_be_revoked(browser, site):
    with visit(browser, site, "li") as page:
        page.goto("/console/accounts")
        page.fill("#key-name", "区平台")
        page.get_by_role("button", name="新建密钥").click()
        expect(page.locator("#secret")).to_contain_text("xhc_")
        page.goto("/console/accounts")
        assert page.locator("#secret").count() == 0
        page.get_by_role("button", name="停用密钥").click()

        expect(page.get_by_role("region", name="其他系统的访问密钥")).to_contain_text("已停用")


def test_nobody_else_may_open_the_page(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/accounts")
        expect(page.locator("h1")).not_to_have_text("账户")
        assert "not_allowed" in page.content() or page.locator("tr[data-row]").count() == 0
        page.mishaps.clear()
