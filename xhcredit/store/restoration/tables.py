"""Tables of restoration applications, objections and their steps."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from xhcredit.store.core.tables import METADATA, Number, Plain, activity_reference

#: what was asked for, as it was filed (append-only); where it stands is said by its last step.
#: ``record`` names the record by table, ``key`` by the columns of its key, as canonical JSON
applications = Table(
    "applications",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("kind", Plain, nullable=False),  # restoration, objection
    Column("code", Plain, nullable=False),
    Column("record", Plain, nullable=False),
    Column("key", Plain, nullable=False),
    Column("authority", Plain, nullable=False),
    Column("bureau", Plain, nullable=False),
    Column("filed_on", Plain, nullable=False),
    activity_reference(),
    Index("ix_applications_of", "code", "record", "key"),
    Index("ix_applications_bureau", "bureau", "id"),
)

#: what was done about it, step by step (append-only); the first is the filing itself.
#: ``state`` is where it then stands, ``details`` canonical JSON: what was brought or found, and
#: the assessment that was before who did it
application_steps = Table(
    "application_steps",
    METADATA,
    Column("application", Number, ForeignKey("applications.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("act", Plain, nullable=False),
    Column("state", Plain, nullable=False),
    Column("done_on", Plain, nullable=False),
    Column("official", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
    activity_reference(),
    Index("ix_application_steps_state", "state", "application"),
)
