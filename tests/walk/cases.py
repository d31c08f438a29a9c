"""Applications and objections of a district, and their steps, as the routes are walked for."""

from tests.walk.records import Record


def applications(kind):
    """Every application of a kind."""
    plural = {"restoration": "applications", "objection": "objections"}[kind]

    def records(inventory):
        for row in inventory.applications:
            if row["kind"] == kind:
                address = f"/v1/restoration/{plural}/{row['id']}"
                yield Record(address, (row["code"],), 200, row["bureau"])

    return records


def case_steps(kind):
    """Every step of every application of a kind."""

    def records(inventory):
        for case in applications(kind)(inventory):
            number = int(case.address.rpartition("/")[2])
            for step in inventory.store.applications.get(number)["steps"]:
                address = f"{case.address}/steps/{step['step']}"
                yield Record(address, (step["done_on"],), 200, case.bureau)

    return records


def first_of(kind):
    """The code that an application of a kind is about; nothing where there is none."""
    return lambda inventory: next(
        (a["code"] for a in inventory.applications if a["kind"] == kind), ""
    )
