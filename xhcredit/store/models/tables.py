"""Tables of candidate releases, their steps, shadow tier changes, and champions."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index

from xhcredit.store.core.columns import (
    Number,
    empty,
    integer,
    number,
    plain,
    reference,
    store_table,
    words,
)

#: releases that may become the champion (append-only), with their evaluation and its gates
candidates = store_table(
    "candidates",
    *number("id", key=True),
    reference("digest", "releases.digest"),
    *plain("name", "score", "model"),
    *words("evaluation", "gates"),
    Index("ix_candidates_digest", "digest"),
)

#: submitted, judged, approved by two, in shadow, switched (append-only)
candidate_steps = store_table(
    "candidate_steps",
    reference("candidate", "candidates.id", Number, key=True),
    *integer("step", key=True),
    *plain("act", "state", "recorded_at", "actor"),
    *words("reason", "details"),
)

#: who would move to another tier (append-only), by the step of shadow that found it
tier_moves = store_table(
    "tier_moves",
    *number("candidate", key=True),
    *integer("step", key=True),
    *plain("code", key=True),
    *words("name"),
    *plain("bureau", "tier_before", "tier_after"),
    *empty("bureaus"),  # all of them, ";a;b;"
    Column("composite_before", Double, nullable=False),
    Column("composite_after", Double, nullable=False),
)

#: which release scores from which as-of day (append-only); the last entry that holds counts
champions = store_table(
    "champions",
    *number("id", key=True),
    reference("digest", "releases.digest"),
    reference("replaces", "releases.digest"),
    *plain("from_day"),
    Column("candidate", Number),
    *plain("act", "recorded_at", "actor"),
    *words("reason"),
)
