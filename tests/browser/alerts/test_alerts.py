"""Alerts as officers deal with them: step by step, in bulk, by two persons, two at once."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.site import OVERDUE, PASSWORD, visit


@pytest.fixture(scope="module")
def free(browser, site):
    """Numbers of alerts that nobody dealt with, by colour; each test takes its own."""
    free_alerts = {}
    with visit(browser, site, "wang") as page:
        for colour in ("yellow", "orange"):
            page.goto(f"/console/alerts?state=detected&colour={colour}")
            links = page.locator("tbody a[href^='/console/alerts/']").all()
            free_alerts[colour] = [link.get_attribute("href").split("/")[-1] for link in links]
    return free_alerts


def step(page, act, reason="现场核查", **filled):
    """Do a step as a person would: open it if it is closed, fill it in, press its button."""
    part = page.locator("details.act").filter(has=page.locator(f"input[value='{act}']"))
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    for name, value in filled.items():
        field = part.locator(f"[name='{name}']")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    part.locator("[name='reason']").fill(reason)
    part.locator("button").click()


def stands(page, words):
    expect(page.locator("dl.facts dd").first).to_have_text(words)


def test_an_alert_goes_the_whole_way_and_the_timeline_tells_it(browser, site, free):
    with visit(browser, site, "wang") as page:
        page.goto("/console/alerts?state=detected&colour=yellow")
        page.locator(f"tbody a[href='/console/alerts/{free['yellow'][0]}']").click()
        step(page, "screen")
        stands(page, "已筛查")
        step(page, "issue", owner="user:zhao")
        stands(page, "已发布")
        expect(page.locator("main")).to_contain_text("2026-07-15")
        step(page, "verify", verdict="true", evidence="现场照片三张")
        step(page, "dispose", measure="guide")
        step(page, "feed_back", result="已整改")
        step(page, "close")
        stands(page, "已关闭")

        expect(page.locator("ol.timeline").first.locator("li")).to_have_count(7)
        expect(page.locator("ol.timeline").first).to_contain_text("现场照片三张")
        assert page.locator("details.act").count() == 0


def test_orange_takes_a_second_officer(browser, site, free):
    number = free["orange"][0]
    with visit(browser, site, "wang") as page:
        page.goto(f"/console/alerts/{number}")
        step(page, "screen")
        expect(page.locator("details.act").first).to_contain_text("须由另一名人员")
        step(page, "issue", owner="user:zhao", reason="我自己发布")
        expect(page.locator("#wrong")).to_contain_text("somebody else")
        assert page.locator("#issue-reason").input_value() == "我自己发布"
        page.mishaps.clear()  # the browser itself complains about the 409
    with visit(browser, site, "zhao") as page:
        page.goto(f"/console/alerts/{number}")
        step(page, "issue", owner="user:zhao")
        stands(page, "已发布")


def test_of_two_officers_at_once_the_second_is_told_where_it_stands(browser, site, free):
    where = f"/console/alerts/{free['yellow'][1]}"
    with visit(browser, site, "wang") as wang_page, visit(browser, site, "zhao") as two:
        wang_page.goto(where)
        two.goto(where)
        step(wang_page, "screen")
        stands(wang_page, "已筛查")
        step(two, "screen")

        expect(two.locator("#wrong")).to_contain_text("it is screened")
        stands(two, "已筛查")
        two.mishaps.clear()


def test_the_same_step_on_many(browser, site, free):
    chosen = free["yellow"][2:5]
    with visit(browser, site, "wang") as page:
        page.goto("/console/alerts?state=detected")
        for number in chosen:
            page.locator(f"input[name='alert'][value='{number}']").check()
        page.fill("#reason", "批量筛查")
        page.get_by_role("button", name="对所选预警办理").click()
        page.goto("/console/alerts?state=screened")

        for number in chosen:
            expect(page.locator(f"input[name='alert'][value='{number}']")).to_be_visible()


def test_what_is_overdue_is_marked_and_can_be_filtered(browser, site):
    with visit(browser, site, "zhao") as page:
        page.goto("/console/alerts?overdue=1")
        expect(page.locator("tr[data-row]")).to_have_count(1)
        expect(page.locator("tr[data-row]")).to_contain_text("逾期")
        page.goto(f"/console/alerts/{OVERDUE}")

        expect(page.locator("dl.facts").first).to_contain_text("逾期")


def test_a_filter_that_matches_no_alert_leads_back(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/alerts?street=nowhere")
        page.get_by_role("link", name="清除全部条件").click()

        assert page.locator("tbody tr[data-row]").count() > 0


def test_a_session_that_ends_over_a_form_returns_to_the_alert(browser, site, free):
    where = f"/console/alerts/{free['yellow'][5]}"
    with visit(browser, site, "wang") as page:
        page.goto(where)
        page.context.clear_cookies(name="xhcredit")
        step(page, "screen")
        expect(page).to_have_url(re.compile("/console/login"))
        page.fill("#login", "wang")
        page.fill("#password", PASSWORD)
        page.click("main button")

        expect(page).to_have_url(re.compile(re.escape(where) + "$"))
        stands(page, "已发现")
