"""Inspections as officers come to them: drawn before everybody's eyes, drawn jointly, triggered."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from playwright.sync_api import expect

from tests.browser.site import MORNING, NIGHTS, SAMPLE, SIZES, barriers, overflow, visit
from tests.browser.test_every_page import save_picture
from xhcredit.jobs.draws.steps import file_plan
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

FILES = SAMPLE / "draw"
PLAN = yaml.safe_load((FILES / "plan.yaml").read_text(encoding="utf-8"))
#: id of the draw, bureau of its plan, seed
DRAWS = (("b-1", PLAN["bureau"], "07 11 19"), ("b-2", "示例区市场监督管理局", "03 08 24"))
RATIOS = {"A": "0.01", "B": "0.02", "C": "0.1", "D": "0.5"}  # so that both find some doors
CODE = "92000000MA2NRQ7D0W"


@pytest.fixture(scope="module")
def planned(district, site):
    """Two plans are filed, each of another bureau."""
    with Store.open(str(district.store), clock=lambda: MORNING) as store:
        for draw, bureau, _ in DRAWS:
            plan = PLAN | {
                "id": f"p-{draw}",
                "title": f"抽查 {draw}",
                "bureau": bureau,
                "ratios": RATIOS,
            }
            act = Act("wang", "draw.plan", "test")
            file_plan(store, act, plan, Rulebook.load(), date.fromisoformat(f"{NIGHTS[-1]}"))
    return site


@pytest.fixture(scope="module")
def drawn(browser, planned):
    """Both draws, from the frozen frame to the list, as an officer does it with a projector."""
    for draw, _, seed in DRAWS:
        with visit(browser, planned, "wang") as page:
            page.goto("/console/draws")
            page.select_option("#plan", f"p-{draw}")
            page.fill("#draw", draw)
            page.set_input_files("#inspectors", FILES / "inspectors.csv")
            page.set_input_files("#recusals", FILES / "recusals.csv")
            page.get_by_role("button", name="冻结").click()
            expect(page.locator("h1")).to_contain_text(draw)
            page.locator("a.button.main").click()
            page.fill("#first", seed)
            page.fill("#second", seed + "0")
            page.locator("form button.main").click()
            expect(page.get_by_role("alert")).to_be_visible()  # the two entries differ
            page.mishaps[:] = [m for m in page.mishaps if "422" not in m]
            page.goto(f"/console/draws/{draw}/ceremony")
            page.fill("#first", seed)
            page.fill("#second", seed)
            page.locator("form button.main").click()
            page.wait_for_selector("#reveal")
    return planned


def test_a_list_is_drawn_before_everybodys_eyes(browser, drawn):
    with visit(browser, drawn, "zhao") as page:
        page.goto(f"/console/draws/{DRAWS[0][0]}/ceremony")
        hidden = page.locator("li[data-reveal]")
        many = hidden.count()
        assert many > 10
        expect(hidden.first).to_be_hidden()
        page.keyboard.press("Tab")
        page.locator("#reveal").press("Enter")
        expect(hidden.last).to_be_visible(timeout=60_000)

        page.goto(f"/console/draws/{DRAWS[0][0]}")
        expect(page.locator("ol.steps li.past")).to_have_count(3)
        assert page.locator("tr[data-row]").count() == many


def test_results_are_entered_and_what_they_teach_is_told(browser, drawn, tmp_path):
    with visit(browser, drawn, "wang") as page:
        page.goto(f"/console/draws/{DRAWS[0][0]}")
        codes = page.locator("tr[data-row] span.mono.soft").all_inner_texts()
        rows = [
            f"{code},{'corrected' if n % 5 == 0 else 'no_problem'},2026-07-01,,"
            for n, code in enumerate(codes)
        ]
        file = tmp_path / "results.csv"
        file.write_text("code,result,inspected_on,item,note\n" + "\n".join(rows), encoding="utf-8")
        page.set_input_files("#results", file)
        page.locator("form[action$='/results'] button").click()
        expect(page.get_by_text("待公示")).to_be_visible()
        expect(page.locator("main")).to_contain_text("±")


def test_what_two_bureaus_drew_becomes_one_visit_a_door(browser, drawn):
    with visit(browser, drawn, "wang") as page:
        page.goto("/console/draws-joint")
        page.fill("#joint", "joint-b")
        page.check("input[value='b-1']")
        page.locator("form button.main").click()
        expect(page.get_by_role("alert")).to_be_visible()  # one alone is no joint draw
        page.mishaps[:] = [m for m in page.mishaps if "422" not in m]
        for draw, _, _ in DRAWS:
            page.check(f"input[value='{draw}']")
        page.fill("#joint", "joint-b")
        page.locator("form button.main").click()
        expect(page.locator("h1")).to_contain_text("joint-b")
        inspections, visits, together, saved = (
            int(b.replace(",", "")) for b in page.locator(".tile b").all_inner_texts()
        )
        assert inspections - visits == saved >= together > 0
        assert page.locator("tr[data-row]").count() == visits
        looked_at(
            page,
            "/console/draws-joint/joint-b",
            "/console/draws-joint",
            "/console/draws",
            "/console/draws/b-1",
        )


def looked_at(page, *addresses):
    """No barrier and nothing that sticks out, in both languages and sizes."""
    page.context.set_extra_http_headers({})
    for size in SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for address in addresses:
            for language in ("en", "zh"):
                page.goto(f"{address}?lang={language}")
                save_picture(page, address, language, size)
                assert overflow(page) <= 0, f"{address} {language} {size}"


@pytest.mark.parametrize("where", ["joint", "checks"])
def test_the_pages_have_no_barrier(browser, drawn, where):
    with visit(browser, drawn, "wang", bypass=True) as page:
        for language in ("zh", "en"):
            page.goto(f"/console/draws-{where}?lang={language}")
            assert barriers(page) == []


def test_a_check_is_opened_for_a_reason_corrected_and_another_called_off(browser, planned):
    with visit(browser, planned, "wang", bypass=True) as page:
        for check, code in (("ts-1", CODE[:-1] + "X"), ("ts-1", CODE), ("ts-2", CODE)):
            page.goto("/console/draws-checks")
            page.fill("#id", check)
            page.fill("#code", code)
            page.fill("#bureau", "示例区市场监督管理局")
            page.select_option("#source", "complaint")
            page.get_by_label("登记事项与公示信息检查").check()
            page.fill("#reason", "举报无证经营，已核实线索")
            page.locator("form[action$='draws-checks'] button.main").click()
            if code != CODE:
                expect(page.get_by_role("alert")).to_contain_text("check")
                expect(page.locator("#reason")).to_have_value("举报无证经营，已核实线索")
                page.mishaps[:] = [m for m in page.mishaps if "422" not in m]
        expect(page.locator("h1")).to_contain_text("ts-2")
        page.fill("#why", "投诉人撤回")
        page.locator("form[action$='calling-off'] button").click()
        expect(page.locator("ol.timeline li")).to_have_count(2)
        assert page.locator("form[action$='result']").count() == 0

        page.goto("/console/draws-checks/ts-1")
        page.fill("#inspected_on", "2026-08-01")
        page.locator("form[action$='result'] button").click()
        expect(page.get_by_role("alert")).to_contain_text("correct the day")
        page.mishaps[:] = [m for m in page.mishaps if "422" not in m]
        for result in ("no_problem", "corrected"):
            page.select_option("#result", result)
            page.fill("#inspected_on", "2026-07-01")
            page.locator("form[action$='result'] button").click()
        expect(page.locator("ol.timeline li")).to_have_count(3)
        assert barriers(page) == []

        page.goto("/console/draws-checks?state=closed")
        expect(page.locator("tr[data-row]")).to_have_count(1)
        expect(page.locator("main")).to_contain_text("投诉举报")
        looked_at(page, "/console/draws-checks/ts-1", "/console/draws-checks")


def test_a_check_that_is_not_there_says_so(browser, planned):
    with visit(browser, planned, "wang") as page:
        for address in ("/console/draws-checks/none", "/console/draws-joint/none"):
            page.goto(address)
            expect(page.locator("main")).to_contain_text("none")
        page.mishaps[:] = [m for m in page.mishaps if "404" not in m]
