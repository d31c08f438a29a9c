"""Tables of the store and their columns by kind.

Days and moments are text (ISO, UTC), JSON is text in canonical form, so that both databases keep
and compare the very same bytes.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Select, Table, Text
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine

# Named by rule: each database would invent names of its own, by which no migration could call them.
METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

#: a statement whose rows are read by the names of their columns, which SQLAlchemy cannot type
RowSelect = Select[Any]

#: text that both databases sort by its bytes
Plain = Text().with_variant(Text(collation="C"), "postgresql")
#: a counting number; SQLite numbers rows by itself only if the type is INTEGER
Number = BigInteger().with_variant(Integer(), "sqlite")


def store_table(
    name: str, *items: SchemaItem, linked: bool = True, sqlite_autoincrement: bool = False
) -> Table:
    """Table of the store.

    Args:
        name: its name in the database.
        items: its columns in their order, indexes and constraints.
        linked: whether its last column is ``activity``, the audit log entry under which a row was
            written; that entry is inserted last, hence the reference is deferred.
        sqlite_autoincrement: whether SQLite never gives the number of a deleted row again.
    """
    link: tuple[SchemaItem, ...] = ()
    if linked:
        entry = ForeignKey("activity.seq", deferrable=True, initially="DEFERRED")
        link = (Column("activity", Number, entry, nullable=False),)
    columns = [item for item in items if isinstance(item, Column)]
    # Before the indexes, which may name it.
    constraints = [item for item in items if not isinstance(item, Column)]
    return Table(
        name, METADATA, *columns, *link, *constraints, sqlite_autoincrement=sqlite_autoincrement
    )


def plain(*names: str, key: bool = False) -> list[Column[str]]:
    """Columns of text that is sorted or compared, never NULL; ``key``: of the primary key."""
    return [Column(name, Plain, primary_key=key, nullable=False) for name in names]


def words(*names: str) -> list[Column[str]]:
    """Columns of text that nobody sorts by, never NULL."""
    return [Column(name, Text, nullable=False) for name in names]


def optional(*names: str) -> list[Column[str]]:
    """Like ``plain``, but may be NULL."""
    return [Column(name, Plain) for name in names]


def empty(*names: str) -> list[Column[str]]:
    """Like ``plain``; empty where nothing is inserted."""
    return [Column(name, Plain, nullable=False, server_default="") for name in names]


def number(*names: str, key: bool = False) -> list[Column[int]]:
    """Columns of counting numbers, never NULL, that no database fills by itself."""
    return [
        Column(name, Number, primary_key=key, autoincrement=False, nullable=False) for name in names
    ]


def integer(*names: str, key: bool = False) -> list[Column[int]]:
    """Columns of small numbers, never NULL, that no database fills by itself."""
    return [
        Column(name, Integer, primary_key=key, autoincrement=False, nullable=False)
        for name in names
    ]


def reference(
    name: str, to: str, kind: TypeEngine[str] | TypeEngine[int] = Plain, *, key: bool = False
) -> SchemaItem:
    """Column that names a row of another table, written ``table.column``; never NULL."""
    return Column(name, kind, ForeignKey(to), primary_key=key, autoincrement=False, nullable=False)
