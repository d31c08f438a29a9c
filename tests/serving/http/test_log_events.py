"""What the library logs comes out of the service's own log, as long as it serves."""

import json

from tests.serving.district import served
from tests.store.nights import night
from xhcredit.jobs.night.publish import publish
from xhcredit.store.store import Store


def events(client, name):
    lines = [json.loads(line) for line in client.log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == name]


def test_a_job_within_the_service_is_told_between_its_requests(tmp_path):
    with served(str(tmp_path / "s.db")) as client:
        client.get("/healthz")
        done = publish(night(tmp_path / "n", "2026-06-30", "ABCD"), client.store, actor="n")
    with Store.open(str(tmp_path / "other.db")) as store:
        publish(night(tmp_path / "m", "2026-06-30", "AB"), store, actor="n")
    [request], [published] = events(client, "request"), events(client, "night.published")

    assert (published["run"], published["enterprises"]) == (done.run, 4)
    assert list(request)[:3] == list(published)[:3] == ["timestamp", "level", "event"]
    assert request["timestamp"][-6:] == published["timestamp"][-6:] == "+00:00"
    assert events(client, "store.migrated") == [], "that was before and after it served"
