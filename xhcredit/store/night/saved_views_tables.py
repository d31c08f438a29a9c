"""Table of saved views."""

from __future__ import annotations

from sqlalchemy import Index

from xhcredit.store.core.columns import integer, plain, store_table, words

#: filters of a list under a name (append-only): the last version counts, unless it is ``gone``;
#: ``bureau`` is with whom it is shared (empty: nobody, ``*``: everybody)
saved_views = store_table(
    "saved_views",
    *plain("owner", "name", key=True),
    *integer("version", key=True),
    *words("query"),
    *plain("bureau"),
    *integer("gone"),
    Index("ix_saved_views_bureau", "bureau"),
)
