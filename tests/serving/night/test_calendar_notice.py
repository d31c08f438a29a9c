"""Next year's notice on holidays is missing: who can add it is told; its days say so."""

from dataclasses import replace
from datetime import date

import pytest
from xhcredit_serving.auth.permissions import ACCOUNTS, ROLES

from tests.serving.alerts.test_alerts import raise_alerts
from tests.serving.district import ACT, headers, new_key
from tests.serving.visitors import visitor
from xhcredit.alerts.workflow import AlertAction
from xhcredit.jobs.alerts.follow_up import AlertContext, perform_on_alerts
from xhcredit.rules.rulebook import Rulebook

BANNER = {
    "zh": "该年节假日安排尚未录入",
    "en": "The notice on holidays of this year is missing",
}


def on(client, day):
    """Let the service's day be another one; keys of before have ended then."""
    client.clock.forward(days=(day - client.clock.now.date()).days)
    client.headers.update(headers(new_key(client.store, days=3000)))


def metric(client):
    [line] = [
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("xhcredit_missing_notice_year ")
    ]
    return float(line.split()[1])


@pytest.mark.parametrize(
    ("day", "year"), [(date(2026, 10, 31), 0), (date(2026, 11, 1), 2027), (date(2027, 3, 1), 2027)]
)
def test_from_november_on_those_who_can_add_it_are_told(client, day, year):
    on(client, day)
    assert metric(client) == year
    for role, permissions in ROLES.items():
        browser = visitor(client, f"notice.{role}", (role, ""))
        for language, words in BANNER.items():
            browser.cookies.set("xhcredit_language", language)
            page = browser.get("/console").text
            assert (words in page) == (bool(year) and ACCOUNTS in permissions), (role, language)


def test_a_due_day_of_a_year_without_a_notice_is_provisional_everywhere(client):
    """Issued on Wednesday 30 December 2026, due in January: 2 January may be a day of swaps."""
    on(client, date(2026, 12, 30))
    raise_alerts(client)
    for name, details in (("screen", {}), ("issue", {"owner": "li"})):
        doing = AlertAction(name, date(2026, 12, 30), "li", "核查", details)
        perform_on_alerts(
            AlertContext(client.store, Rulebook.load()),
            replace(ACT, action="alert.act"),
            [1],
            doing,
        )

    alert = client.get("/v1/alerts/1").json()
    assert alert["due_on"].startswith("2027-01-")
    assert (alert["provisional"], bool(alert["provisional_note"])) == (True, True)
    officer = visitor(client, "li", ("inspector", ""))
    for address in ("/console/alerts", "/console/alerts/1"):
        for language, word in (("zh", "暂定"), ("en", "provisional")):
            assert f">{word}</span>" in officer.get(f"{address}?lang={language}").text, address
