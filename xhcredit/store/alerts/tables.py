"""Tables of alerts, their steps, nights, and back-tests."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from xhcredit.store.core.tables import METADATA, Number, Plain, activity_reference

#: what a trigger found, as it was found (append-only); where it stands is said by its last step.
#: ``kind`` is enterprise, node or area, ``subject`` its code, node or street and industry; the same
#: ``fact`` about the same subject alerts once.  ``earlier`` is the alert before about the subject
alerts = Table(
    "alerts",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("trigger", Plain, nullable=False),
    Column("numbers", Plain, nullable=False),  # digest of the trigger's numbers
    Column("family", Plain, nullable=False),
    Column("kind", Plain, nullable=False),
    Column("subject", Plain, nullable=False),
    Column("fact", Plain, nullable=False),
    Column("code", Plain, nullable=False),
    Column("name", Text, nullable=False),
    Column("bureau", Plain, nullable=False),
    Column("street", Plain, nullable=False),
    Column("first_colour", Plain, nullable=False),
    Column("strength", Double, nullable=False),
    Column("p", Double),
    Column("detected_on", Plain, nullable=False),
    Column("earlier", Number),
    Column("evidence", Text, nullable=False),
    activity_reference(),
    UniqueConstraint("trigger", "subject", "fact"),
    Index("ix_alerts_code", "code", "id"),
    Index("ix_alerts_bureau", "bureau", "id"),
)

#: what was done about it, step by step (append-only), and where it stands after each
alert_steps = Table(
    "alert_steps",
    METADATA,
    Column("alert", Number, ForeignKey(alerts.c.id), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("act", Plain, nullable=False),
    Column("actor", Plain, nullable=False),
    Column("done_on", Plain, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("state", Plain, nullable=False),
    Column("colour", Plain, nullable=False),
    Column("owner", Plain, nullable=False),
    Column("due_on", Plain, nullable=False),  # empty: not issued
    Column("snoozed_until", Plain, nullable=False),  # empty: not snoozed
    activity_reference(),
    Index("ix_alert_steps_state", "state", "alert"),
)

#: nights whose alerts were raised: the same inputs again do nothing (append-only)
alert_nights = Table(
    "alert_nights",
    METADATA,
    Column("as_of", Plain, primary_key=True),
    Column("inputs", Plain, primary_key=True),
    Column("report", Text, nullable=False),
    activity_reference(),
)

#: back-tests of triggers; only a trigger whose present numbers have one is switched on
alert_proofs = Table(
    "alert_proofs",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("trigger", Plain, nullable=False),
    Column("numbers", Plain, nullable=False),
    Column("as_of", Plain, nullable=False),
    Column("data_digest", Plain, nullable=False),
    Column("report", Text, nullable=False),
    activity_reference(),
    Index("ix_alert_proofs_of", "trigger", "numbers", "as_of"),
)
