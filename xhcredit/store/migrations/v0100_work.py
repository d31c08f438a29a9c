"""Tables of version 0.1.0 in which officers work: applications, draws, alerts, models, views."""

import sqlalchemy as sa

from xhcredit.store.migrations.columns import (
    Number,
    empty,
    index,
    integer,
    number,
    optional,
    plain,
    refers,
    table,
    words,
)


def make_work_tables() -> None:
    """Make them; the activity chain and the releases must be there."""
    _applications()
    _plans()
    _visits_and_checks()
    _alerts()
    _models()
    _views()


def _applications() -> None:
    table(
        "applications",
        "id",
        *number("id"),
        *plain("kind", "code", "record", "key", "authority", "bureau", "filed_on"),
    )
    index("ix_applications_bureau", "applications", "bureau id")
    index("ix_applications_of", "applications", "code record key")
    table(
        "application_steps",
        "application step",
        *number("application"),
        *integer("step"),
        *plain("act", "state", "done_on"),
        *words("official", "role", "reason", "details"),
        refers("application_steps", "application", "applications.id"),
    )
    index("ix_application_steps_state", "application_steps", "state application")


def _plans() -> None:
    table("plans", "id", *plain("id", "bureau"), *words("body"), *plain("digest"))
    table(
        "draws",
        "id",
        *plain("id", "plan", "bureau", "round", "as_of"),
        *optional("replaces"),
        refers("draws", "plan", "plans.id"),
        sa.UniqueConstraint("replaces", name="uq_draws_replaces"),
    )
    index("ix_draws_plan", "draws", "plan")
    index("ix_draws_round", "draws", "round")
    table(
        "draw_steps",
        "draw step",
        *plain("draw"),
        *integer("step"),
        *plain("state", "recorded_at", "actor"),
        *words("details"),
        refers("draw_steps", "draw", "draws.id"),
    )
    table(
        "draw_files",
        "draw name",
        *plain("draw", "name", "digest"),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        refers("draw_files", "draw", "draws.id"),
    )
    table(
        "draw_seeds",
        "digest",
        *plain("digest", "round"),
        sa.UniqueConstraint("round", name="uq_draw_seeds_round"),
    )


def _visits_and_checks() -> None:
    table(
        "draw_results",
        "draw code entry",
        *plain("draw", "code"),
        *integer("entry"),
        *words("body"),
        refers("draw_results", "draw", "draws.id"),
    )
    table(
        "draw_replacements",
        "draw code place attempt",
        *plain("draw", "code"),
        *integer("place", "attempt"),
        *plain("away", "instead"),
        *words("reason"),
        refers("draw_replacements", "draw", "draws.id"),
    )
    table("joint_draws", "id", *plain("id", "first", "last", "digest"), *words("body"))
    table(
        "joint_members",
        "draw",
        *plain("draw", "joint"),
        refers("joint_members", "draw", "draws.id"),
        refers("joint_members", "joint", "joint_draws.id"),
    )
    index("ix_joint_members_joint", "joint_members", "joint")
    table("triggered_checks", "id", *plain("id", "bureau", "code"), *words("body"))
    index("ix_triggered_checks_code", "triggered_checks", "code")
    table(
        "triggered_steps",
        "id step",
        *plain("id"),
        *integer("step"),
        *plain("state", "recorded_at", "actor"),
        *words("details"),
        refers("triggered_steps", "id", "triggered_checks.id"),
    )


def _alerts() -> None:
    table(
        "alerts",
        "id",
        *number("id"),
        *plain("trigger", "numbers", "family", "kind", "subject", "fact", "code"),
        *words("name"),
        *plain("bureau", "bureaus", "street", "first_colour"),
        sa.Column("strength", sa.Double, nullable=False),
        sa.Column("p", sa.Double),
        *plain("detected_on"),
        sa.Column("earlier", Number),
        *words("evidence"),
        sa.UniqueConstraint("trigger", "subject", "fact", name="uq_alerts_trigger_subject_fact"),
    )
    index("ix_alerts_code", "alerts", "code id")
    table(
        "alert_steps",
        "alert step",
        *number("alert"),
        *integer("step"),
        *plain("act", "actor", "done_on"),
        *words("reason", "details"),
        *plain("state", "colour", "owner", "due_on", "snoozed_until"),
        refers("alert_steps", "alert", "alerts.id"),
    )
    index("ix_alert_steps_activity", "alert_steps", "activity")
    index("ix_alert_steps_state", "alert_steps", "state alert")
    table("alert_nights", "as_of inputs", *plain("as_of", "inputs"), *words("report"))
    table(
        "alert_proofs",
        "id",
        *number("id"),
        *plain("trigger", "numbers", "as_of", "data_digest"),
        *words("report"),
    )
    index("ix_alert_proofs_of", "alert_proofs", "trigger numbers as_of")


def _models() -> None:
    table(
        "candidates",
        "id",
        *number("id"),
        *plain("digest", "name", "score", "model"),
        *words("evaluation", "gates"),
        refers("candidates", "digest", "releases.digest"),
    )
    index("ix_candidates_digest", "candidates", "digest")
    table(
        "candidate_steps",
        "candidate step",
        *number("candidate"),
        *integer("step"),
        *plain("act", "state", "recorded_at", "actor"),
        *words("reason", "details"),
        refers("candidate_steps", "candidate", "candidates.id"),
    )
    table(
        "tier_moves",
        "candidate step code",
        *number("candidate"),
        *integer("step"),
        *plain("code"),
        *words("name"),
        *plain("bureau", "tier_before", "tier_after"),
        *empty("bureaus"),
        sa.Column("composite_before", sa.Double, nullable=False),
        sa.Column("composite_after", sa.Double, nullable=False),
    )
    table(
        "champions",
        "id",
        *number("id"),
        *plain("digest", "replaces", "from_day"),
        sa.Column("candidate", Number),
        *plain("act", "recorded_at", "actor"),
        *words("reason"),
        refers("champions", "digest", "releases.digest"),
        refers("champions", "replaces", "releases.digest"),
    )


def _views() -> None:
    table(
        "saved_views",
        "owner name version",
        *plain("owner", "name"),
        *integer("version"),
        *words("query"),
        *plain("bureau"),
        *integer("gone"),
    )
    index("ix_saved_views_bureau", "saved_views", "bureau")
