"""What is past its time is told by the rules of the day; nothing is removed."""

from datetime import UTC, date, datetime

import pytest

from tests.store.nights import night
from xhcredit.errors import RuleNotInForce
from xhcredit.jobs.night.publish import publish
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.delivery.deliveries import DeliveryOutcome
from xhcredit.store.retention import retention_report
from xhcredit.store.store import Store

BOOK = Rulebook.load()


@pytest.fixture
def old(address, tmp_path):
    """A store with two nights of 2022, the second of which still answers."""
    with Store.open(address, clock=lambda: datetime(2022, 1, 31, tzinfo=UTC)) as store:
        publish(night(tmp_path / "1", "2022-01-30", "ABCD"), store, actor="n")
        act = Act("deliverer", "outbox.spread", "delivery")
        number, _ = store.subscriptions.add(act, "平台", "https://a.cn", (), "")
        publish(night(tmp_path / "2", "2022-01-31", "BBCDD"), store, actor="n")
        store.deliveries.enqueue_messages(act)
        message = store.outbox.waiting()[0]["id"]
        store.deliveries.record_outcomes(
            act, number, [DeliveryOutcome(message, "delivered", "HTTP 200", "")]
        )
        yield store


def rows(store, as_of):
    return {k.rule.partition(".")[2]: k.rows for k in retention_report(store.database, BOOK, as_of)}


def test_before_its_time_nothing_may_be_removed(old):
    assert rows(old, date(2022, 4, 30)) == {
        "activity_months": 0,
        "snapshot_months": 0,
        "outbox_months": 0,
        "changes_months": 0,
        "idempotency_months": 0,
        "impact_assessment_months": None,
    }


@pytest.mark.parametrize(
    ("kind", "last_day_kept", "count"),
    [
        ("activity_months", date(2022, 7, 31), 6),
        ("idempotency_months", date(2022, 4, 30), 2),
        ("outbox_months", date(2023, 1, 31), 1),
        ("changes_months", date(2022, 4, 30), 4),  # two tiers, two scores
        ("snapshot_months", date(2027, 1, 31), 4),
    ],
)
def test_each_kind_is_told_from_the_day_after_its_time(old, kind, last_day_kept, count):
    after = date.fromordinal(last_day_kept.toordinal() + 1)

    assert rows(old, last_day_kept)[kind] == 0
    assert rows(old, after)[kind] == count


def test_the_mark_of_each_rule_is_told(old):
    marks = {k.rule: k.verification for k in retention_report(old.database, BOOK, date(2026, 1, 1))}

    assert marks["retention.snapshot_months"] == "proposal"
    assert marks["retention.activity_months"] != "proposal"


def test_a_day_before_the_rules_is_refused(old):
    with pytest.raises(RuleNotInForce, match="first day in force is"):
        retention_report(old.database, BOOK, date(2017, 1, 1))
