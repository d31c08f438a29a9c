"""How versions make tables.  What stands here never changes: another way gets another name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.sql.schema import SchemaItem

#: text that both databases sort by its bytes
Plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
#: a counting number; SQLite numbers rows by itself only if the type is INTEGER
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def plain(*names: str) -> list[sa.Column[str]]:
    """Columns of text that is sorted or compared; never NULL."""
    return [sa.Column(name, Plain, nullable=False) for name in names]


def words(*names: str) -> list[sa.Column[str]]:
    """Columns of text that nobody sorts by; never NULL."""
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def empty(*names: str) -> list[sa.Column[str]]:
    """Like ``plain``; empty if nothing is inserted."""
    return [sa.Column(name, Plain, nullable=False, server_default="") for name in names]


def optional(*names: str) -> list[sa.Column[str]]:
    """Like ``plain``, but may be NULL."""
    return [sa.Column(name, Plain) for name in names]


def number(*names: str) -> list[sa.Column[int]]:
    """Columns of counting numbers that no database fills by itself; never NULL."""
    return [sa.Column(name, Number, nullable=False, autoincrement=False) for name in names]


def integer(*names: str) -> list[sa.Column[int]]:
    """Columns of small numbers that no database fills by itself; never NULL."""
    return [sa.Column(name, sa.Integer, nullable=False, autoincrement=False) for name in names]


def refers(table_: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    """A reference from a column to another one, written ``table.column``."""
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table_}_{column}")


def table(
    name: str,
    key: str,
    *columns: SchemaItem,
    linked: bool = True,
    sqlite_autoincrement: bool = False,
) -> None:
    """Make a table with the primary key ``key`` (columns, apart by blanks).

    A ``linked`` one has ``activity``, the entry under which a row is written; it is inserted last,
    hence deferred.
    """
    link: tuple[SchemaItem, ...] = (
        sa.Column("activity", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["activity"],
            ["activity.seq"],
            name=f"fk_{name}_activity",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    primary = sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")
    op.create_table(
        name,
        *columns,
        *(link if linked else ()),
        primary,
        sqlite_autoincrement=sqlite_autoincrement,
    )


def index(name: str, table_: str, columns: str, *, unique: bool = False) -> None:
    """Make an index over ``columns`` (apart by blanks)."""
    op.create_index(name, table_, columns.split(), unique=unique)
