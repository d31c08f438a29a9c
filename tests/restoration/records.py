"""Tiny builders of records; each test says what it is about, the rest is an ordinary penalty."""

from datetime import date

from xhcredit.restoration.record import AdverseRecord, record_from

DECIDED = date(2026, 5, 10)


def penalty(**changes: object) -> AdverseRecord:
    """A fine by ordinary procedure, duties done, pledge made."""
    usual: dict[str, object] = {
        "kind": "penalty",
        "authority": "ndrc",
        "penalty_kinds": ["fine"],
        "amount_yuan": 5000,
        "decided_on": DECIDED,
        "published_on": DECIDED,
        "duties_done_on": DECIDED,
        "pledge": True,
    }
    fields = usual | changes
    if "decided_on" in changes and "published_on" not in changes:
        fields["published_on"] = changes["decided_on"]
    return record_from(fields)


def listing(kind: str = "serious_listing", **changes: object) -> AdverseRecord:
    """A listing by market supervision."""
    usual: dict[str, object] = {
        "kind": kind,
        "authority": "samr",
        "decided_on": DECIDED,
        "pledge": True,
        "ground": "annual_report" if kind == "abnormal_listing" else None,
    }
    return record_from(usual | changes)
