"""Tables of restoration applications, objections and their steps."""

from __future__ import annotations

from sqlalchemy import Index

from xhcredit.store.core.columns import (
    Number,
    integer,
    number,
    plain,
    reference,
    store_table,
    words,
)

#: what was asked for, as it was filed (append-only); where it stands is said by its last step.
#: ``record`` names the record by table, ``key`` by the columns of its key, as canonical JSON
applications = store_table(
    "applications",
    *number("id", key=True),
    *plain("kind"),  # restoration, objection
    *plain("code", "record", "key", "authority", "bureau", "filed_on"),
    Index("ix_applications_of", "code", "record", "key"),
    Index("ix_applications_bureau", "bureau", "id"),
)

#: what was done about it, step by step (append-only); the first is the filing itself.
#: ``state`` is where it then stands, ``details`` canonical JSON: what was brought or found, and
#: the assessment that was before who did it
application_steps = store_table(
    "application_steps",
    reference("application", "applications.id", Number, key=True),
    *integer("step", key=True),
    *plain("act", "state", "done_on"),
    *words("official", "role", "reason", "details"),
    Index("ix_application_steps_state", "state", "application"),
)
