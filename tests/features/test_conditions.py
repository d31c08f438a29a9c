"""Which events count: each delicate filter at every value that it reads, worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from xhcredit.engine.one_enterprise import compute_one
from xhcredit.engine.spec import Feature
from xhcredit.features import conditions
from xhcredit.ingest.schema import table

DAY = date(2026, 6, 30)
KINDS = table("penalty").column("penalty_kinds").value_ids


def counted(name: str, condition: str, **event: object) -> bool:
    """Whether one event of a table counts under a condition on 30 June 2026."""
    feature = Feature(
        id="counted",
        zh="计入",
        en="counted",
        dimension="supervision",
        unit="count",
        direction="riskier",
        source="test",
        missing="none",
        aggregate="count",
        table=name,
        where=condition,
    )
    keys = {c: "1" for c in table(name).key if table(name).column(c).type in ("text", "person")}
    day = {"occurred_on": date(2026, 5, 1), "known_on": date(2026, 5, 2)}
    events = {name: [{**keys, "code": "91310000000000000X", **day, **event}]}
    return compute_one([feature], events, DAY)["counted"] == 1


def penalty(condition: str, *kinds: str, severity: str | None = None, procedure: str = "ordinary"):
    """Whether a penalty of these kinds counts."""
    return counted(
        "penalty",
        condition,
        penalty_kinds=";".join(dict.fromkeys(kinds)),
        severity=severity,
        procedure=procedure,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_penalty_weighs_but_warnings_and_public_criticism(kind):
    weighs = kind not in ("warning", "criticism")

    assert penalty(conditions.ADVERSE, kind) is weighs
    assert penalty(conditions.ADVERSE, kind, severity="ordinary") is weighs
    assert penalty(conditions.ADVERSE, kind, severity="serious") is weighs
    assert penalty(conditions.ADVERSE, "warning", kind) is weighs


@pytest.mark.parametrize("kind", KINDS)
def test_no_penalty_weighs_that_is_minor_or_of_the_summary_procedure(kind):
    assert not penalty(conditions.ADVERSE, kind, severity="minor")
    assert not penalty(conditions.ADVERSE, kind, procedure="summary")
    assert not penalty(conditions.ADVERSE, kind, severity="serious", procedure="summary")


def test_slight_kinds_together_stay_slight():
    assert not penalty(conditions.ADVERSE, "warning", "criticism")


SERIOUS_KINDS = {"licence_revocation", "occupation_ban", "closure"}
#: 行政处罚法 art 9(3) and (4)
RESTRICTING_KINDS = SERIOUS_KINDS | {
    "suspension",
    "business_restriction",
    "downgrade",
    "permit_suspension",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_penalty_is_serious_by_its_class_or_until_there_is_one_by_its_kind(kind):
    assert penalty(conditions.SERIOUS, kind, severity="serious")
    assert penalty(conditions.SERIOUS, kind) is (kind in SERIOUS_KINDS)
    assert not penalty(conditions.SERIOUS, kind, severity="ordinary")
    assert not penalty(conditions.SERIOUS, kind, severity="minor")
    assert penalty(conditions.SERIOUS, "fine", kind) is (kind in SERIOUS_KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_penalty_restricts_business_by_its_kind_whatever_its_class(kind):
    for severity in (None, "minor", "ordinary", "serious"):
        restricts = penalty(conditions.RESTRICTING, kind, severity=severity)
        assert restricts is (kind in RESTRICTING_KINDS), (kind, severity)
    assert penalty(conditions.RESTRICTING, "fine", kind) is (kind in RESTRICTING_KINDS)


RESULTS = table("inspection").column("result").value_ids


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("failed", [True, False])
def test_nobody_met_at_the_registered_place_is_a_question_and_not_a_fault(result, failed):
    tells = result not in ("unreachable", "no_activity")
    event = {"result": result, "failed": failed}

    assert counted("inspection", conditions.CONCLUSIVE, **event) is tells
    assert counted("inspection", conditions.FAILED, **event) is (tells and failed)


OUTCOMES = table("complaint").column("outcome").value_ids


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_complaint_counts_that_was_true_or_whose_settlement_was_not_kept(outcome):
    counts = outcome in ("verified", "mediation_unmet")
    ended = {"outcome": outcome, "ended_on": DAY, "ended_known_on": DAY}

    assert counted("complaint", conditions.VERIFIED, **ended) is counts
    assert counted("complaint", conditions.VERIFIED, **ended, serial_claimant=0) is counts
    assert not counted("complaint", conditions.VERIFIED, **ended, serial_claimant=1)
    assert not counted("complaint", conditions.VERIFIED, outcome=outcome)  # not decided yet


@pytest.mark.parametrize(
    ("due_on", "ended_on", "overdue", "late"),
    [
        (date(2026, 6, 29), None, True, False),
        (date(2026, 6, 30), None, False, False),  # the last day is in time
        (date(2026, 7, 1), None, False, False),
        (date(2026, 6, 1), date(2026, 6, 1), False, False),
        (date(2026, 6, 1), date(2026, 5, 31), False, False),
        (date(2026, 6, 1), date(2026, 6, 2), False, True),
        (None, date(2026, 6, 2), False, False),
    ],
)
def test_a_rectification_order_is_overdue_or_late_after_its_last_day(
    due_on, ended_on, overdue, late
):
    order = {"due_on": due_on, "ended_on": ended_on, "ended_known_on": ended_on}

    assert counted("rectification_order", conditions.OVERDUE, **order) is overdue
    assert counted("rectification_order", conditions.LATE, **order) is late


@pytest.mark.parametrize("hazard", [None, *table("food_sample").column("hazard").value_ids])
@pytest.mark.parametrize("failed", [True, False])
def test_a_failed_sample_concerns_safety_unless_only_its_label_was_wrong(hazard, failed):
    unsafe = failed and hazard != "label"

    assert counted("food_sample", conditions.UNSAFE_SAMPLE, failed=failed, hazard=hazard) is unsafe


UNSETTLING_KINDS = {
    "name", "legal_representative", "shareholder", "capital_decrease", "manager", "type",
}  # fmt: skip


@pytest.mark.parametrize("kind", table("registration_change").column("kind").value_ids)
def test_what_healthy_enterprises_do_does_not_unsettle(kind):
    is_unsettling = counted("registration_change", conditions.UNSETTLING, kind=kind)

    assert is_unsettling is (kind in UNSETTLING_KINDS)
