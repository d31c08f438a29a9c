"""Column types that all versions share.  They never change: a new type gets a new name."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql.schema import SchemaItem

Plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def because(table: str) -> tuple[SchemaItem, ...]:
    """The activity entry under which a row is written; inserted last, hence deferred."""
    return (
        sa.Column("activity", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["activity"],
            ["activity.seq"],
            name=f"fk_{table}_activity",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
