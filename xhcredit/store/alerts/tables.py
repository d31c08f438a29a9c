"""Tables of alerts, their steps, nights, and back-tests."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, UniqueConstraint

from xhcredit.store.core.columns import (
    Number,
    integer,
    number,
    plain,
    reference,
    store_table,
    words,
)

#: what a trigger found, as it was found (append-only); where it stands is said by its last step.
#: ``kind`` is enterprise, node or area, ``subject`` its code, node or street and industry; the same
#: ``fact`` about the same subject alerts once.  ``earlier`` is the alert before about the subject
alerts = store_table(
    "alerts",
    *number("id", key=True),
    *plain("trigger"),
    *plain("numbers"),  # digest of the trigger's numbers
    *plain("family", "kind", "subject", "fact", "code"),
    *words("name"),
    *plain("bureau"),  # that follows it up
    *plain("bureaus"),  # that may be told of it, ";a;b;"
    *plain("street", "first_colour"),
    Column("strength", Double, nullable=False),
    Column("p", Double),
    *plain("detected_on"),
    Column("earlier", Number),
    *words("evidence"),
    UniqueConstraint("trigger", "subject", "fact"),
    Index("ix_alerts_code", "code", "id"),
)

#: what was done about it, step by step (append-only), and where it stands after each
alert_steps = store_table(
    "alert_steps",
    reference("alert", "alerts.id", Number, key=True),
    *integer("step", key=True),
    *plain("act", "actor", "done_on"),
    *words("reason", "details"),
    *plain("state", "colour", "owner"),
    *plain("due_on"),  # empty: not issued
    *plain("snoozed_until"),  # empty: not snoozed
    Index("ix_alert_steps_activity", "activity"),
    Index("ix_alert_steps_state", "state", "alert"),
)

#: nights whose alerts were raised: the same inputs again do nothing (append-only)
alert_nights = store_table(
    "alert_nights",
    *plain("as_of", "inputs", key=True),
    *words("report"),
)

#: back-tests of triggers; only a trigger whose present numbers have one is switched on
alert_proofs = store_table(
    "alert_proofs",
    *number("id", key=True),
    *plain("trigger", "numbers", "as_of", "data_digest"),
    *words("report"),
    Index("ix_alert_proofs_of", "trigger", "numbers", "as_of"),
)
