"""What cannot be shown is a page in the reader's language with a way back, never JSON."""

import re
import shutil
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from xhcredit_serving.app import create_app
from xhcredit_serving.console.shell import error_page
from xhcredit_serving.console.shell.error_page import UNKNOWN_MESSAGES
from xhcredit_serving.console.shell.language import translated
from xhcredit_serving.http.problem_catalogue import BY_CODE
from xhcredit_serving.service import Settings

from tests.serving.district import BUREAUS, CODES, WRONG, served
from tests.serving.district import UNKNOWN as NOBODY
from tests.serving.visitors import browser, visitor
from xhcredit.errors import StoreUnavailable

LANGUAGES = {"zh": ("zh-CN", "返回首页"), "en": ("en", "To the start")}
#: addresses with the id of nothing, by the part of the address that names it
NOT_THERE = {
    "code": (f"/console/enterprises/{NOBODY}", f"/console/enterprises/{NOBODY}/drawer"),
    "alert": ("/console/alerts/99", "/console/alerts/abc", f"/console/alerts/{10**30}"),
    "draw": ("/console/draws/none", "/console/draws/none/ceremony", "/console/draws/没有"),
    "joint": ("/console/draws-joint/none",),
    "check": ("/console/draws-checks/none",),
    "candidate": ("/console/models/99", "/console/models/abc", f"/console/models/{10**30}"),
    "application": (
        "/console/restoration/applications/99",
        "/console/restoration/applications/abc",
        f"/console/restoration/applications/{10**30}",
    ),
    "rule_id": ("/console/rules/no.such", "/console/rules/<script>"),
}
#: words of interfaces, which say nothing to an officer
TECHNICAL = re.compile(r"/docs|/v1/|JSON|X-[A-Z]|Retry-After|instance|\bdetail\b|Idempotency")


@pytest.fixture(scope="module")
def client(published, nights):
    """One for all: what is wrong changes nothing."""
    file = shutil.copy(published, nights / "error-pages.db")
    with served(str(file), warehouse=nights / "warehouse") as client:
        yield client


@pytest.fixture(scope="module")
def officer(client):
    roles = ("draw_officer", "restoration_officer", "model_manager")
    return visitor(client, "wrong.turn", *((role, "") for role in roles))


def is_page(answer, status, language):
    """A whole page in a language, with the number of the request and the way back."""
    lang, back = LANGUAGES[language]
    assert answer.status_code == status, answer.text[-600:]
    assert answer.headers["content-type"].startswith("text/html")
    assert f'<html lang="{lang}">' in answer.text
    assert f'<a class="button main" href="/console">{back}</a>' in answer.text
    assert answer.headers["x-request-id"] in answer.text
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    shown = re.sub(r"<details>.*?</details>", "", main, flags=re.DOTALL)
    assert not TECHNICAL.search(re.sub(r"<[^>]+>", "", shown)), shown
    return shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("named", UNKNOWN_MESSAGES)
def test_an_unknown_id_of_any_kind_is_a_page_that_says_so(officer, named, language):
    before, _, after = translated(UNKNOWN_MESSAGES[named], language).partition("{}")
    for address in NOT_THERE[named]:
        shown = is_page(officer.get(f"{quote(address)}?lang={language}"), 404, language)
        assert before in shown
        assert after.replace("'", "&#39;") in shown
        assert "<script>" not in shown


def test_every_part_of_an_address_that_names_something_has_its_sentence(client):
    named = {
        part
        for route in client.app.routes
        for context in getattr(route, "effective_route_contexts", list)()
        for part in re.findall(r"{(\w+)", context.path)
        if context.path.startswith("/console") and "GET" in (context.methods or ())
    }

    assert named - {"name"} == set(UNKNOWN_MESSAGES)
    assert set(NOT_THERE) == set(UNKNOWN_MESSAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console/nowhere", 404),
        ("GET", "/console/draws/none/files/secret.txt", 404),
        ("GET", "/console/static/nothing.js", 404),
        ("DELETE", "/console/watchlist", 405),
        ("POST", "/console/quality", 405),
        ("GET", f"/console/enterprises/{WRONG}", 400),
        ("GET", "/console/report?half=1H1", 400),
        ("GET", "/console/audit", 403),
        ("POST", "/console/draws/none/publication", 404),
    ],
)
def test_what_cannot_be_shown_is_a_page(officer, method, path, status, language):
    mark = "&" if "?" in path else "?"
    answer = officer.request(method, f"{path}{mark}lang={language}")

    assert 'class="error"' in is_page(answer, status, language)


def test_who_is_logged_in_keeps_the_navigation_and_a_stranger_has_none(client, officer):
    assert 'href="/console/draws"' in officer.get("/console/nowhere").text
    assert 'href="/console/draws"' not in browser(client).get("/console/nowhere").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_mistake_below_the_console_is_a_page_with_a_number(client, language):
    @client.app.get(f"/console/broken-{language}")
    async def broken():
        raise RuntimeError("secret words of the exception")

    answer = browser(client).get(f"/console/broken-{language}?lang={language}")

    shown = is_page(answer, 500, language)
    assert "secret" not in answer.text
    assert ("运维" if language == "zh" else "operator") in shown


def test_a_store_that_is_away_is_a_page_that_asks_it_nothing(client, officer):
    @client.app.get("/console/away")
    async def away():
        raise StoreUnavailable("no route to db-7.internal")

    answer = officer.get("/console/away?lang=zh")

    is_page(answer, 503, "zh")
    assert answer.headers["retry-after"] == "1"
    assert "db-7" not in answer.text


def test_an_error_page_that_fails_in_its_turn_is_answered_as_a_problem(client, monkeypatch):
    """Even without templates the caller gets a number."""

    @client.app.get("/console/broken-twice")
    async def broken():
        raise RuntimeError("first")

    monkeypatch.setitem(error_page.BY_CODE, "internal", None)
    answer = browser(client).get("/console/broken-twice")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"


def test_a_busy_service_and_a_long_body_are_pages_too(client, officer):
    with TestClient(create_app(client.store, Settings(in_flight=0, log=client.log))) as busy:
        answer = busy.get("/console/watchlist?lang=en")
        is_page(answer, 503, "en")
        assert answer.headers["retry-after"] == "1"
    answer = officer.post("/console/login?lang=zh", content=b"x" * (2 << 20))
    is_page(answer, 413, "zh")


def test_htmx_gets_the_part_that_it_asked_for(officer):
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "aside#drawer"}
    shown = officer.get(f"/console/enterprises/{NOBODY}/drawer", headers=part).text
    assert "<html" not in shown
    assert 'id="drawer"' not in shown
    assert "data-close" in shown
    whole = {"HX-Request": "true", "HX-Request-Type": "full", "HX-Target": "div#list"}
    assert (
        '<div class="centre" id="list">'
        in officer.get("/console/rules/no.such", headers=whole).text
    )


def test_the_bare_name_of_the_service_leads_to_its_pages(client, officer):
    answer = officer.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/console")
    assert "/console/login" in str(browser(client).get("/").url)


def test_a_browser_that_mistypes_reads_a_page_and_a_program_a_problem(client):
    typed = browser(client).get("/consol", headers={"Accept": "text/html,*/*"})
    is_page(typed, 404, "zh")
    for path in ("/consol", "/v1/nowhere"):
        answer = browser(client).get(path)
        assert answer.headers["content-type"] == "application/problem+json"
    answer = browser(client).get("/v1/nowhere", headers={"Accept": "text/html"})
    assert answer.json()["code"] == "not_found"


def test_another_bureaus_enterprise_reads_as_one_that_is_not_there(client):
    bureau_viewer = visitor(client, "own.bureau", ("viewer", BUREAUS[0]))
    shown = [
        is_page(bureau_viewer.get(f"/console/enterprises/{c}"), 404, "zh")
        for c in (CODES[1], NOBODY)
    ]
    plain = [re.sub(r"<span class=.mono. id=.incident.>\w+</span>", "", s) for s in shown]

    assert plain[0].replace(CODES[1], "") == plain[1].replace(NOBODY, "")


@pytest.mark.parametrize("code", BY_CODE)
def test_what_a_page_advises_names_no_header_or_field(code):
    kind = BY_CODE[code]
    for advice in (kind.page_zh or kind.do_zh, kind.page_en or kind.do_en):
        assert not TECHNICAL.search(advice), advice
