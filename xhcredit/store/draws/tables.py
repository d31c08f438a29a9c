"""Tables of inspection plans, draws, their steps, files, results and replacements."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from xhcredit.store.core.tables import METADATA, Plain, activity_reference

#: annual and special plans as they were filed (append-only); another version is another id
plans = Table(
    "plans",
    METADATA,
    Column("id", Plain, primary_key=True),
    Column("bureau", Plain, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", Plain, nullable=False),
    activity_reference(),
)

#: draws (append-only): a row is there once the frame is frozen
draws = Table(
    "draws",
    METADATA,
    Column("id", Plain, primary_key=True),
    Column("plan", Plain, ForeignKey("plans.id"), nullable=False),
    Column("bureau", Plain, nullable=False),
    Column("round", Plain, nullable=False),
    Column("as_of", Plain, nullable=False),
    Column("replaces", Plain, unique=True),
    activity_reference(),
    Index("ix_draws_round", "round"),
    Index("ix_draws_plan", "plan"),
)

#: frozen, seeded, drawn, published (append-only), in this order and each once
draw_steps = Table(
    "draw_steps",
    METADATA,
    Column("draw", Plain, ForeignKey("draws.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("state", Plain, nullable=False),
    Column("recorded_at", Plain, nullable=False),
    Column("actor", Plain, nullable=False),
    Column("details", Text, nullable=False),
    activity_reference(),
)

#: the files of a draw (append-only), packed; ``digest`` is of the file as it is published
draw_files = Table(
    "draw_files",
    METADATA,
    Column("draw", Plain, ForeignKey("draws.id"), primary_key=True),
    Column("name", Plain, primary_key=True),
    Column("digest", Plain, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    activity_reference(),
)

#: one seed for one round, for ever (append-only)
draw_seeds = Table(
    "draw_seeds",
    METADATA,
    Column("digest", Plain, primary_key=True),
    Column("round", Plain, nullable=False, unique=True),
    activity_reference(),
)

#: what the visits of a draw found (append-only); a later entry for the same enterprise corrects it
draw_results = Table(
    "draw_results",
    METADATA,
    Column("draw", Plain, ForeignKey("draws.id"), primary_key=True),
    Column("code", Plain, primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    activity_reference(),
)

#: inspectors who fell out after the draw, and who came instead (append-only)
draw_replacements = Table(
    "draw_replacements",
    METADATA,
    Column("draw", Plain, ForeignKey("draws.id"), primary_key=True),
    Column("code", Plain, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("away", Plain, nullable=False),
    Column("instead", Plain, nullable=False),
    Column("reason", Text, nullable=False),
    activity_reference(),
)
