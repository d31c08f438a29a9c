"""Records of the catalogue, of access and of delivery, each at its address."""

from tests.walk.records import Record
from xhcredit.store.night.saved_views import EVERYBODY


def runs_records(inventory):
    for row in inventory.store.reader.runs():
        yield Record(f"/v1/runs/{row['run']}", (row["as_of"],), 200, "")


def releases_records(inventory):
    for row in inventory.store.reader.releases():
        yield Record(f"/v1/releases/{row['digest']}", ("tables",), 200, "")


def keys_records(inventory):
    for row in inventory.keys:
        yield Record(f"/v1/keys/{row['prefix']}", (row["name"],), 200, row["bureau"])


def dead_records(inventory):
    for row in inventory.subscriptions:
        yield Record(f"/v1/subscriptions/{row.id}/dead-messages", ("messages",), 200, "")


def subscriptions_records(inventory):
    for row in inventory.subscriptions:
        yield Record(f"/v1/subscriptions/{row.id}", (row.name,), 200, "")


def views_records(inventory):
    for view in inventory.store.views.visible_to("", ""):
        bureau = "" if view.bureau == EVERYBODY else view.bureau
        yield Record(f"/v1/views/{view.name}", (view.name,), 200, bureau)


def rule_pages(address):
    def records(inventory):
        for name, rule in inventory.rules.items():
            yield Record(
                address.format(rule=name), (name, str(rule.entries[-1].effective_from)), 200, ""
            )

    return records


def readers_records(inventory):
    """Who looked at whom: of any code that is right, known or not."""
    for code in (*(row["code"] for row in inventory.listed), *inventory.gone):
        yield Record(f"/v1/enterprises/{code}/readers", ("readers",), 200, "")
