"""Candidate releases, what was decided about them, and which release scores."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Number, Plain, because

revision = "0009"
down_revision = "0008"


def _plain(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, Plain, nullable=False) for name in names]


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Add the tables of promotion."""
    _candidates()
    _moves()
    op.create_table(
        "champions",
        sa.Column("id", Number, autoincrement=False),
        *_plain("digest", "replaces", "from_day"),
        sa.Column("candidate", Number),
        *_plain("act", "at", "actor"),
        *_text("reason"),
        *because("champions"),
        sa.PrimaryKeyConstraint("id", name="pk_champions"),
        sa.ForeignKeyConstraint(["digest"], ["releases.digest"], name="fk_champions_digest"),
        sa.ForeignKeyConstraint(["replaces"], ["releases.digest"], name="fk_champions_replaces"),
    )


def _candidates() -> None:
    op.create_table(
        "candidates",
        sa.Column("id", Number, autoincrement=False),
        *_plain("digest", "name", "score", "model"),
        *_text("evaluation", "gates"),
        *because("candidates"),
        sa.PrimaryKeyConstraint("id", name="pk_candidates"),
        sa.ForeignKeyConstraint(["digest"], ["releases.digest"], name="fk_candidates_digest"),
    )
    op.create_index("ix_candidates_digest", "candidates", ["digest"])
    op.create_table(
        "candidate_steps",
        sa.Column("candidate", Number, autoincrement=False),
        sa.Column("step", sa.Integer, autoincrement=False),
        *_plain("act", "state", "at", "actor"),
        *_text("reason", "details"),
        *because("candidate_steps"),
        sa.PrimaryKeyConstraint("candidate", "step", name="pk_candidate_steps"),
        sa.ForeignKeyConstraint(
            ["candidate"], ["candidates.id"], name="fk_candidate_steps_candidate"
        ),
    )


def _moves() -> None:
    op.create_table(
        "tier_moves",
        sa.Column("candidate", Number, autoincrement=False),
        sa.Column("step", sa.Integer, autoincrement=False),
        sa.Column("code", Plain),
        *_text("name"),
        *_plain("bureau", "tier_before", "tier_after"),
        sa.Column("composite_before", sa.Double, nullable=False),
        sa.Column("composite_after", sa.Double, nullable=False),
        *because("tier_moves"),
        sa.PrimaryKeyConstraint("candidate", "step", "code", name="pk_tier_moves"),
    )
