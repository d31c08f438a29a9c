"""What must never be an indicator: the registry is clean, and planted offenders are caught."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xhcredit.engine.spec import Feature
from xhcredit.features.bans import COLUMNS, TABLES
from xhcredit.features.forbidden import columns_read, violations
from xhcredit.features.registry import feature, features
from xhcredit.ingest.schema import directory


def planted(aggregate: str = "count", **parts: object) -> Feature:
    """A scored feature with only what matters here."""
    declaration = {"zh": "植入", "en": "planted", "dimension": "supervision", "unit": "count"}
    declaration |= {"direction": "riskier", "source": "test", "missing": "none"}
    return Feature(id="planted", aggregate=aggregate, **(declaration | parts))  # type: ignore[arg-type]


def register(value: str) -> Feature:
    return planted("attribute", table="enterprise", value=value)


def near(relation: str, of: str) -> list[Feature]:
    return [feature(of), planted("neighbours", relation=relation, of=of)]


def test_the_registry_is_lawful():
    assert violations(features().values()) == []


def test_every_ban_on_a_column_names_a_column_of_the_directory():
    assert all(column in columns(name) for name, column in COLUMNS)
    assert all(name in directory() for name in TABLES)


def columns(name: str) -> list[str]:
    return [c.name for c in directory()[name].columns]


def test_tables_that_the_directory_does_not_score_are_banned():
    unscored = {name for name, t in directory().items() if not t.scored}

    assert unscored <= set(TABLES)


PENALTY = {"table": "penalty", "window": "24m"}
INSPECTION = {"table": "inspection", "window": "24m"}
COMPLAINT = {"table": "complaint", "window": "24m"}
TRUE = "outcome == 'verified'"
HEAVY = "'fine' in penalty_kinds"
SERIOUS = feature("serious_listings_open")
SMALL = feature("is_small_or_micro")

OFFENDERS = {
    "spared violations": ([planted(table="spared_violation")], "reads spared violations"),
    "spared, only shown": (
        [planted(table="spared_violation", use="display")],
        "reads spared violations",
    ),
    "national grade": (
        [planted("last", table="national_evaluation", value="grade")],
        "reads the national evaluation",
    ),
    "who supervises": ([planted(table="supervision")], "reads who supervises"),
    "size": ([register("size in ('small', 'micro')")], "reads the size"),
    "staff": ([register("staff")], "reads the size"),
    "capital": ([register("registered_capital_yuan")], "reads the size"),
    "legal form": ([register("kind == 'company'")], "reads the legal form"),
    "size through another": (
        [SMALL, planted("derived", derive="is_small_or_micro * 2")],
        "reads the size",
    ),
    "tax amount": (
        [planted("sum", table="tax_arrears", value="amount_yuan", where="open")],
        "reads amounts of tax",
    ),
    "shareholders": (
        [planted(table="relation", where="kind == 'shareholder'")],
        "scores relations as such",
    ),
    "same address": (near("address", "penalties_24m"), "scores what others did"),
    "same agent": (near("agent", "abnormal_listings_open"), "scores what others did"),
    "same representative": (
        near("legal_representative", "serious_listings_open"),
        "scores what others did",
    ),
    "controller, other things": (near("controller", "penalties_24m"), "scores what others did"),
    "neighbour through another": (
        [
            feature("penalties_24m"),
            feature("representative_penalties_24m"),
            planted("derived", derive="representative_penalties_24m * 2"),
        ],
        "scores what others did",
    ),
    "all complaints": ([planted(**COMPLAINT)], "not verified"),
    "serial claimants": ([planted(**COMPLAINT, where=TRUE)], "not verified"),
    "complaint share": (
        [
            feature("complaints_verified_24m"),
            replace(planted(**COMPLAINT), id="n", use="display", direction="none"),
            planted("derived", derive="complaints_verified_24m / n"),
        ],
        "not verified",
    ),
    "malicious": (
        [planted(**COMPLAINT, where="outcome == 'malicious'", use="warning")],
        "not verified",
    ),
    "all penalties": ([planted(**PENALTY)], "counts slight penalties"),
    "summary procedure": (
        [planted(**PENALTY, where="severity != 'minor' and " + HEAVY)],
        "counts slight penalties",
    ),
    "only a warning": (
        [planted(**PENALTY, where="procedure == 'ordinary' and is_missing(severity)")],
        "counts slight penalties",
    ),
    "slight in a rule": ([planted(**PENALTY, use="rule")], "counts slight penalties"),
    "ended listings": ([planted(table="serious_listing", window="36m")], "have ended"),
    "days on a list": (
        [planted("sum", table="abnormal_listing", value="duration", window="60m")],
        "have ended",
    ),
    "without window": ([replace(feature("penalties_24m"), window="")], "older than 60 months"),
    "72 months": ([replace(feature("penalties_24m"), window="72m")], "older than 60 months"),
    "old, only shown": (
        [replace(feature("inspections_failed_12m"), window="", use="display")],
        "older than 60 months",
    ),
    "unreachable": ([planted(**INSPECTION, where="failed")], "met nobody"),
    "share diluted": ([planted("mean", **INSPECTION, value="failed")], "met nobody"),
    "orders met in time": ([planted(table="rectification_order", window="24m")], "met in time"),
    "moving": (
        [planted(table="registration_change", where="kind == 'address'")],
        "counts moves",
    ),
    "labels": ([planted(table="food_sample", where="failed", window="24m")], "flaws of a food"),
}


@pytest.mark.parametrize("name", OFFENDERS)
def test_a_planted_offender_is_caught(name):
    declared, reason = OFFENDERS[name]

    sentences = violations(declared)

    assert any(reason in sentence for sentence in sentences), sentences
    lawful = [f.id for f in declared if features().get(f.id) == f]
    assert not any(s.startswith(f'feature "{id_}"') for s in sentences for id_ in lawful), sentences


@pytest.mark.parametrize("column", ["inspector", "inclusion_probability"])
def test_who_inspected_is_caught_for_any_use(column):
    """The engine cannot even run it; the declaration alone is enough."""
    looked_at = planted("last", **INSPECTION, value=column, use="display")

    with pytest.raises(Exception, match=f'"{column}"'):
        violations([looked_at])
    assert columns_read(looked_at) == [column]


def test_the_same_things_are_lawful_for_warnings():
    """A relation or a size may be watched; it may not cost points."""
    for declared in (near("address", "penalties_24m"), [register("staff")]):
        watched = [*declared[:-1], replace(declared[-1], use="warning")]

        assert violations(watched) == []


def test_a_sentence_says_what_why_source_and_what_to_do():
    (sentence,) = violations([register("staff")])

    assert sentence == (
        'feature "planted" (use "score") reads the size or capital of the enterprise: '
        "规模不是信用 (size may scale exposure, never credit) "
        "[民营经济促进法 第五十一、五十二条 [V1]；docs/law-notes.md §6、§9.23]; "
        "use it for warnings or display only"
    )
