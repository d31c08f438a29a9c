"""Table of saved views."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from xhcredit.store.core.tables import METADATA, Plain, activity_reference

#: filters of a list under a name (append-only): the last version counts, unless it is ``gone``;
#: ``bureau`` is with whom it is shared (empty: nobody, ``*``: everybody)
saved_views = Table(
    "saved_views",
    METADATA,
    Column("owner", Plain, primary_key=True),
    Column("name", Plain, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("query", Text, nullable=False),
    Column("bureau", Plain, nullable=False),
    Column("gone", Integer, nullable=False),
    activity_reference(),
    Index("ix_saved_views_bureau", "bureau"),
)
