"""Tables of candidate releases, their steps, shadow tier changes, and champions."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, Table, Text

from xhcredit.store.core.tables import METADATA, Number, Plain, activity_reference

#: releases that may become the champion (append-only), with their evaluation and its gates
candidates = Table(
    "candidates",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("digest", Plain, ForeignKey("releases.digest"), nullable=False),
    Column("name", Plain, nullable=False),
    Column("score", Plain, nullable=False),
    Column("model", Plain, nullable=False),
    Column("evaluation", Text, nullable=False),
    Column("gates", Text, nullable=False),
    activity_reference(),
    Index("ix_candidates_digest", "digest"),
)

#: submitted, judged, approved by two, in shadow, switched (append-only)
candidate_steps = Table(
    "candidate_steps",
    METADATA,
    Column("candidate", Number, ForeignKey("candidates.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("act", Plain, nullable=False),
    Column("state", Plain, nullable=False),
    Column("recorded_at", Plain, nullable=False),
    Column("actor", Plain, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
    activity_reference(),
)

#: who would move to another tier (append-only), by the step of shadow that found it
tier_moves = Table(
    "tier_moves",
    METADATA,
    Column("candidate", Number, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("code", Plain, primary_key=True),
    Column("name", Text, nullable=False),
    Column("bureau", Plain, nullable=False),
    Column("tier_before", Plain, nullable=False),
    Column("tier_after", Plain, nullable=False),
    Column("composite_before", Double, nullable=False),
    Column("composite_after", Double, nullable=False),
    activity_reference(),
)

#: which release scores from which as-of day (append-only); the last entry that holds counts
champions = Table(
    "champions",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("digest", Plain, ForeignKey("releases.digest"), nullable=False),
    Column("replaces", Plain, ForeignKey("releases.digest"), nullable=False),
    Column("from_day", Plain, nullable=False),
    Column("candidate", Number),
    Column("act", Plain, nullable=False),
    Column("recorded_at", Plain, nullable=False),
    Column("actor", Plain, nullable=False),
    Column("reason", Text, nullable=False),
    activity_reference(),
)
