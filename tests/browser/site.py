"""The sample district as it stands one morning, served as in production."""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import uvicorn
from pwdlib import PasswordHash
from xhcredit_serving.app import create_app
from xhcredit_serving.service import Settings

from xhcredit.alerts.workflow import AlertAction
from xhcredit.jobs.alerts.back_test import back_test, store_back_tests
from xhcredit.jobs.alerts.follow_up import AlertContext, perform_on_alerts
from xhcredit.jobs.alerts.nightly_update import update_alerts
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
NIGHTS = (date(2026, 5, 31), date(2026, 6, 30))
MORNING = datetime(2026, 7, 1, 0, 30, tzinfo=UTC)
PASSWORD = "fort-Linde-9-Ufer"  # noqa: S105 - of a district that lives for one test run
SIZES = ((1366, 768), (1920, 1080))
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
OVERDUE = 1  #: an alert that should have been dealt with
#: login: name, roles for the whole district
OFFICERS = {
    "wang": ("王芳", ("draw_officer", "restoration_officer", "model_manager")),
    "zhao": ("赵敏", ("draw_officer", "inspector")),
    "chen": ("陈静", ("auditor",)),
    "li": ("李强", ("security_admin",)),
}


@dataclass(frozen=True)
class District:
    """Where its data is."""

    warehouse: Path
    store: Path


def build(folder: Path) -> District:
    """Ingest the exports, score and publish two nights, let officers in."""
    warehouse, file = folder / "warehouse", folder / "store.db"
    run_ingest(str(SAMPLE / "exports"), SAMPLE / "mappings", warehouse, today=date(2026, 6, 30))
    release = load_release()
    with Store.open(str(file), clock=lambda: MORNING) as store:
        for day in NIGHTS:
            run_night(warehouse, folder / f"{day}", model_on(Rulebook.load(), release, day))
            publish(folder / f"{day}", store, actor="night", release=release.as_data())
        _warn(warehouse, store)
        _let_in(store)
    return District(warehouse, file)


def _warn(warehouse: Path, store: Store) -> None:
    """Back-test the triggers and raise the alerts of both nights; the oldest is overdue by now."""
    book, release = Rulebook.load(), load_release()
    data_digest, proofs = back_test(warehouse, book, NIGHTS[-1], release=release)
    store_back_tests(
        store, Act("setup", "alert.prove", "back-test"), NIGHTS[-1], data_digest, proofs
    )
    for day in NIGHTS:
        update_alerts(warehouse, store, book, day, Act("night", "alert.update", "nightly alerts"))
    desk, owner = AlertContext(store, book), {"owner": "user:zhao"}
    for act, officer, step_fields in (("screen", "user:wang", {}), ("issue", "user:zhao", owner)):
        doing = AlertAction(act, date(2026, 6, 1), officer, "test", step_fields)
        perform_on_alerts(desk, Act(officer, f"alert.{act}", "test"), [OVERDUE], doing)


def _let_in(store: Store) -> None:
    act, hashed = Act("setup", "account.new", "test"), PasswordHash.recommended().hash(PASSWORD)
    for login, (name, roles) in OFFICERS.items():
        store.access.add_user(act, login, name, hashed, must_change=False)
        for role in roles:
            store.access.grant(act, login, role, "*")


def ticking():
    """A clock that goes on by a millisecond whenever it is asked: a seed must come later."""
    steps = count(1)
    return lambda: MORNING + timedelta(milliseconds=next(steps))


@contextmanager
def running(district: District):
    """A server of the district; gives its address."""
    with Store.open(str(district.store), clock=ticking()) as store:
        settings = Settings(warehouse=district.warehouse, log=io.StringIO())
        config = uvicorn.Config(create_app(store, settings), port=0, log_level="critical")
        server, listening = uvicorn.Server(config), config.bind_socket()
        listening.listen()  # who comes before the server is ready waits
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@contextmanager
def visit(browser, site, login=None, size=SIZES[0], *, bypass=False):
    """A page of a new visitor; afterwards nothing may have gone wrong in it."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, bypass_csp=bypass, base_url=site
    )
    page, mishaps = context.new_page(), []
    page.on("pageerror", lambda e: mishaps.append(str(e)))
    page.on("console", lambda m: mishaps.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: mishaps.append(r.url) if _outside(r.url, site) else None)
    if login:
        log_in(page, login)
    page.mishaps = mishaps
    yield page
    context.close()
    assert mishaps == [], mishaps


def log_in(page, login):
    page.goto("/console/login")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(lambda url: not url.endswith("/console/login"))


def _outside(url, site):
    return not url.startswith((site, "data:", "blob:"))


def barriers(page):
    """What axe finds against WCAG 2.2 AA, in words."""
    page.evaluate(AXE)
    axe_report = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})"
    )
    return [
        f"{v['id']}: {node['html'][:100]}"
        for v in axe_report["violations"]
        for node in v["nodes"][:3]
    ]


def overflow(page):
    """Pixels that stick out to the right."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
