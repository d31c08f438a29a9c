"""Tables of inspection plans, draws, their steps, files, results and replacements."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary

from xhcredit.store.core.columns import Plain, integer, plain, reference, store_table, words

#: annual and special plans as they were filed (append-only); another version is another id
plans = store_table(
    "plans",
    *plain("id", key=True),
    *plain("bureau"),
    *words("body"),
    *plain("digest"),
)

#: draws (append-only): a row is there once the frame is frozen
draws = store_table(
    "draws",
    *plain("id", key=True),
    reference("plan", "plans.id"),
    *plain("bureau", "round", "as_of"),
    Column("replaces", Plain, unique=True),
    Index("ix_draws_round", "round"),
    Index("ix_draws_plan", "plan"),
)

#: frozen, seeded, drawn, published (append-only), in this order and each once
draw_steps = store_table(
    "draw_steps",
    reference("draw", "draws.id", key=True),
    *integer("step", key=True),
    *plain("state", "recorded_at", "actor"),
    *words("details"),
)

#: the files of a draw (append-only), packed; ``digest`` is of the file as it is published
draw_files = store_table(
    "draw_files",
    reference("draw", "draws.id", key=True),
    *plain("name", key=True),
    *plain("digest"),
    Column("packed", LargeBinary, nullable=False),
)

#: one seed for one round, for ever (append-only)
draw_seeds = store_table(
    "draw_seeds",
    *plain("digest", key=True),
    Column("round", Plain, nullable=False, unique=True),
)

#: what the visits of a draw found (append-only); a later entry for the same enterprise corrects it
draw_results = store_table(
    "draw_results",
    reference("draw", "draws.id", key=True),
    *plain("code", key=True),
    *integer("entry", key=True),
    *words("body"),
)

#: inspectors who fell out after the draw, and who came instead (append-only)
draw_replacements = store_table(
    "draw_replacements",
    reference("draw", "draws.id", key=True),
    *plain("code", key=True),
    *integer("place", "attempt", key=True),
    *plain("away", "instead"),
    *words("reason"),
)
