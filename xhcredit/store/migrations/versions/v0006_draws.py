"""Plans, draws and their steps."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Plain, because

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables of draws."""
    op.create_table(
        "plans",
        sa.Column("id", Plain),
        sa.Column("bureau", Plain, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("digest", Plain, nullable=False),
        *because("plans"),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
    )
    op.create_table(
        "draws",
        sa.Column("id", Plain),
        sa.Column("plan", Plain, nullable=False),
        sa.Column("bureau", Plain, nullable=False),
        sa.Column("round", Plain, nullable=False),
        sa.Column("as_of", Plain, nullable=False),
        sa.Column("replaces", Plain),
        *because("draws"),
        sa.PrimaryKeyConstraint("id", name="pk_draws"),
        sa.UniqueConstraint("replaces", name="uq_draws_replaces"),
        sa.ForeignKeyConstraint(["plan"], ["plans.id"], name="fk_draws_plan"),
    )
    op.create_index("ix_draws_round", "draws", ["round"])
    op.create_index("ix_draws_plan", "draws", ["plan"])
    _parts()


def _parts() -> None:
    _part(
        "draw_steps",
        ["step"],
        sa.Column("step", sa.Integer, autoincrement=False),
        sa.Column("state", Plain, nullable=False),
        sa.Column("at", Plain, nullable=False),
        sa.Column("actor", Plain, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
    )
    _part(
        "draw_files",
        ["name"],
        sa.Column("name", Plain),
        sa.Column("digest", Plain, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "draw_seeds",
        sa.Column("digest", Plain),
        sa.Column("round", Plain, nullable=False),
        *because("draw_seeds"),
        sa.PrimaryKeyConstraint("digest", name="pk_draw_seeds"),
        sa.UniqueConstraint("round", name="uq_draw_seeds_round"),
    )
    _afterwards()


def _afterwards() -> None:
    _part(
        "draw_results",
        ["code", "entry"],
        sa.Column("code", Plain),
        sa.Column("entry", sa.Integer, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    _part(
        "draw_replacements",
        ["code", "place", "attempt"],
        sa.Column("code", Plain),
        sa.Column("place", sa.Integer, autoincrement=False),
        sa.Column("attempt", sa.Integer, autoincrement=False),
        sa.Column("away", Plain, nullable=False),
        sa.Column("instead", Plain, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _part(name: str, key: list[str], *columns: sa.Column[object]) -> None:
    """A table whose rows belong to a draw."""
    op.create_table(
        name,
        sa.Column("draw", Plain),
        *columns,
        *because(name),
        sa.PrimaryKeyConstraint("draw", *key, name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["draw"], ["draws.id"], name=f"fk_{name}_draw"),
    )
