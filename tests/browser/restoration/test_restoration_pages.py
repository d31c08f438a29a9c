"""The proactive list of restoration, used as an officer would."""

import io

import openpyxl
from playwright.sync_api import expect

from tests.browser.site import SIZES, barriers, overflow, visit
from tests.browser.test_every_page import save_picture


def test_an_officer_filters_and_takes_the_list_along(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/restoration?lang=en")
        full_caption = page.locator("table caption").last.inner_text()
        page.select_option("#table", "abnormal_listing")
        page.click("button.main")

        assert "table=abnormal_listing" in page.url
        rows = page.locator("tr[data-row]")
        filtered_caption = page.locator("table caption").last.inner_text()
        assert filtered_caption != full_caption
        kinds = rows.locator("td:nth-child(2)").all_inner_texts()
        assert kinds
        assert all(k.startswith("listings as abnormal") for k in kinds)

        answer = page.request.get(page.get_by_role("link", name="XLSX").get_attribute("href"))
        sheet = openpyxl.load_workbook(io.BytesIO(answer.body())).worksheets[0]
        codes = {c for row in sheet.iter_rows(values_only=True) for c in row}
        assert set(page.locator("tr[data-row] td:first-child .mono").all_inner_texts()) <= codes
        assert sheet.max_row >= int(filtered_caption.split()[0].replace(",", ""))

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


def choose(page, *values):
    for value in values:
        page.check(f"input[value={value}]")


def go_on(page):
    page.get_by_role("button", name="Continue").click()


def test_a_citizens_question_is_answered_one_thing_a_page(browser, site):
    """As at the counter: no enterprise; an error beside its field; back and change work."""
    with visit(browser, site, "wang") as page:
        page.goto("/console/restoration/question?lang=en")
        go_on(page)
        expect(page.locator("#wrong")).to_contain_text("What is the record?")
        expect(page.locator("#kind-hint")).to_contain_text("Choose or fill in this.")
        choose(page, "penalty")
        go_on(page)
        choose(page, "samr", "food")
        go_on(page)
        choose(page, "ordinary", "fine")
        page.fill("#amount_yuan", "60000")
        go_on(page)
        page.fill("#decided_on", "2026-02-30")
        go_on(page)
        expect(page.locator("#decided_on-hint")).to_contain_text("a day that exists")
        assert page.input_value("#decided_on") == "2026-02-30"
        page.fill("#decided_on", "2026-05-10")
        page.fill("#published_on", "2026-05-10")
        page.fill("#applied_on", "2026-08-09")
        go_on(page)
        page.fill("#duties_done_on", "2026-06-01")
        page.check("#pledge input[value=yes]")
        page.check("#harm_remains input[value=no]")
        go_on(page)

        expect(page.locator("#answer")).to_contain_text("2026-08-10")
        expect(page.locator("#earliest")).to_have_text("2026-08-10")
        expect(page.locator("main")).to_contain_text("What to bring")
        page.get_by_role("link", name="Change On which day do you want to apply?").click()
        page.fill("#applied_on", "2026-08-10")
        go_on(page)
        go_on(page)
        expect(page.locator("#answer.done")).to_be_visible()
        page.go_back()
        assert page.is_checked("#pledge input[value=yes]")
        page.mishaps[:] = [m for m in page.mishaps if "status of 422" not in m]


def test_the_calculator_can_be_used_by_keys_alone(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/restoration/question?lang=zh")
        page.focus("input[name=kind]")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("因何列入？")
        page.focus("input[value=annual_report]")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")

        expect(page.locator("h1")).to_have_text("有关日期")


def test_strange_questions_are_asked_again_and_break_nothing(browser, site):
    with visit(browser, site, "wang") as page:
        for query in (
            "from=done",
            "from=done&kind=x",
            "step=nothing&kind=penalty",
            "from=done&kind=penalty&authority=samr&field=food&procedure=ordinary"
            "&penalty_kinds=fine&decided_on=2026-05-10&applied_on=9999-12-31"
            "&pledge=yes&harm_remains=no&amount_yuan=nan",
        ):
            assert page.goto(f"/console/restoration/question?{query}").status in (200, 422)
            expect(page.locator("form.card")).to_be_visible()
        page.mishaps[:] = [m for m in page.mishaps if "status of 422" not in m]


def decide(page, name, **fields):
    """Open a step, fill it in, do it."""
    form = page.get_by_role("form", name=name, exact=True)
    if not form.is_visible():
        page.locator("summary", has_text=name).click()
    for label, value in {"Office": "Head of section", "Why": "papers complete", **fields}.items():
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_role("button").click()


def test_an_application_goes_from_the_list_to_its_effects_and_is_taken_back(browser, site):
    with visit(browser, site, "wang", bypass=True) as page:
        page.goto("/console/restoration?lang=en&state=now&table=penalty")
        page.get_by_role("link", name="File an application").first.click()
        page.select_option("#pledge", "yes")
        page.select_option("#harm_remains", "no")
        page.get_by_role("button", name="File", exact=True).click()
        page.wait_for_url("**/console/restoration/applications/*")
        number = page.url.rsplit("/", 1)[1]
        expect(page.locator("#state")).to_have_text("filed")
        expect(page.locator("main")).to_contain_text("working days left")
        seen_by_everybody(page, f"/console/restoration/applications/{number}", "filed")

        decide(page, "accepted")
        expect(page.locator("#state")).to_have_text("accepted")
        decide(page, "granted")
        expect(page.locator("#state")).to_contain_text("granted")
        decide(page, "effects published")
        expect(page.locator("#state")).to_have_text("effects published")
        decide(page, "restoration revoked")
        expect(page.locator("#wrong")).to_contain_text("say false_materials or broken_pledge")
        page.get_by_label("False materials were found", exact=False).check()
        decide(page, "restoration revoked")
        expect(page.locator("#state")).to_have_text("restoration revoked, platforms not yet told")
        expect(page.locator(".timeline")).to_contain_text("false materials")

        page.goto("/console/restoration/applications?state=revoked")
        assert number in page.locator("tr[data-row] td:first-child").all_inner_texts()
        seen_by_everybody(page, "/console/restoration/applications", "revoked_listed")
        page.goto(f"/console/restoration/applications/{number}?lang=en")
        decide(page, "publication resumed")
        expect(page.locator("#state")).to_have_text("restoration revoked, publication resumed")
        page.mishaps[:] = [m for m in page.mishaps if "status of 409" not in m]


def seen_by_everybody(page, address, name):
    """No barrier, nothing sticks out, in both languages and sizes."""
    for size in SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for language in ("zh", "en"):
            page.goto(f"{address}?lang={language}")
            save_picture(page, f"/console/{name}", language, size)
            assert barriers(page) == []
            assert overflow(page) <= 0


def test_an_objection_has_its_clocks_and_a_second_officer_is_told(browser, site):
    with visit(browser, site, "wang") as page:
        page.goto("/console/restoration?lang=en&table=abnormal_listing")
        page.get_by_role("link", name="File an application").first.click()
        page.check("input[value=objection]")
        page.get_by_role("button", name="File", exact=True).click()
        expect(page.locator("#wrong")).to_contain_text("an objection without a reason")
        page.fill("#reason", "not this enterprise")
        page.get_by_role("button", name="File", exact=True).click()
        page.wait_for_url("**/console/restoration/applications/*")
        days = page.locator("td.n").all_inner_texts()
        assert sorted(days) == ["1", "2", "5"]

        other = page.context.new_page()
        other.goto(page.url)
        decide(page, "marked as disputed")
        expect(page.locator("#state")).to_have_text("marked as disputed")
        decide(other, "marked as disputed")
        expect(other.locator("#wrong")).to_contain_text('"mark" does not fit: it is marked')
        decide(page, "passed on")
        assert sorted(page.locator("td.n").all_inner_texts()) == ["1", "2", "5", "5"]
        page.goto("/console/restoration/applications?kind=objection")
        expect(page.locator("tr[data-row]")).to_have_count(1)
        page.mishaps[:] = [m for m in page.mishaps if "status of 409" not in m]
