"""May a district add to the rulebook without rewriting it?"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.files import entry, rules, switch, text, write
from xhcredit.errors import BadRule
from xhcredit.rules.district import refuse_rewriting, with_district
from xhcredit.rules.field_files import SHIPPED_FIELDS
from xhcredit.rules.loader import SHIPPED
from xhcredit.rules.rulebook import Rulebook

OLD = entry()
NEW = entry("2021-01-01", "7")


@pytest.fixture
def shipped(tmp_path):
    return rules(tmp_path / "shipped", text(OLD))


def test_a_district_may_add_entries_after_the_shipped_ones(shipped, tmp_path):
    merged = with_district(shipped, write(tmp_path / "own", text(OLD, NEW)))

    assert [e.value for e in merged["query.years"].entries] == [5, 7]


def test_a_district_may_add_a_rule_and_confirm_one(shipped, tmp_path):
    district_rules = tmp_path / "own"
    confirmed = text(OLD, status="reviewed", extra="reviewed_on: 2026-12-01\n")
    write(district_rules, confirmed)
    write(district_rules, switch("x_fire"), "packs/x_fire.yaml")

    merged = with_district(shipped, district_rules)

    assert list(merged) == ["packs.core", "packs.x_fire", "query.years"]
    assert merged["query.years"].is_confirmed


REWRITES = {
    "value changed": (text(entry(value="6"), NEW), "entries[0]: the shipped entry of 2020-01-01"),
    "source changed": (
        text(OLD.replace("第1条", "第2条")),
        "entries[0]: the shipped entry of 2020-01-01 is changed or lacking; copy all shipped",
    ),
    "entry lacking": (text(NEW), "entries[0]: the shipped entry of 2020-01-01 is changed or"),
    "entry before": (
        text(entry("2019-01-01", "4"), OLD),
        "entries[0]: the shipped entry of 2020-01-01 is changed or lacking",
    ),
    "unit changed": (
        text(OLD).replace("unit: years", "unit: months"),
        'unit: "months", where the shipped rule has "years"; keep it; another meaning needs',
    ),
    "day changed": (
        text(OLD).replace("selected_by: as_of", "selected_by: applied_on"),
        'selected_by: "applied_on", where the shipped rule has "as_of"; keep it',
    ),
    "pack changed": (
        text(OLD, pack="other"),
        'pack: "other", where the shipped rule has "core"; keep it',
    ),
}


@pytest.mark.parametrize(("content", "message"), REWRITES.values(), ids=REWRITES)
def test_a_district_may_not_rewrite_a_shipped_rule(shipped, tmp_path, content, message):
    district_rules = write(tmp_path / "own", content)

    with pytest.raises(BadRule, match=re.escape(f"own/query/years.yaml: {message}")):
        with_district(shipped, district_rules)


@pytest.mark.slow
@given(old_entries=st.integers(0, 4), added=st.integers(0, 3))
def test_only_what_begins_with_all_old_entries_extends(old_entries, added):
    """Append-only: every prefix may grow, and nothing may shrink."""
    base = Rulebook.load().rule("scope.x_food")
    first = base.entries[0]
    entries = tuple(
        first.model_copy(update={"effective_from": first.effective_from.replace(year=2018 + i)})
        for i in range(8)
    )
    old = base.model_copy(update={"entries": entries[:4]})
    new = base.model_copy(update={"entries": entries[:old_entries] + entries[4 : 4 + added]})

    if old_entries == 4:
        refuse_rewriting(old, new, "f.yaml")
    else:
        with pytest.raises(BadRule, match="is changed or lacking"):
            refuse_rewriting(old, new, "f.yaml")


def test_a_district_takes_a_shipped_pack_out_of_service(tmp_path):
    """As the comment in the shipped file says: copy it, add an entry."""
    stop = entry("2026-12-01", "{in_service: false, why: 市级通知暂停}", mark="V2")
    path = "fields/construction/pack.yaml"
    shipped = (SHIPPED_FIELDS / path).read_text(encoding="utf-8")
    district_rules = write(tmp_path / "own", shipped + stop, path)

    rulebook = Rulebook.load(district_rules)

    first, last = (e.effective_from for e in rulebook.rule("packs.x_construction").entries)
    assert rulebook.in_service("x_construction", first)
    assert not rulebook.in_service("x_construction", last)
    assert "x_construction" not in rulebook.scopes(as_of=last)
    assert rulebook.digest != Rulebook.load().digest


def x_fire(district_rules):
    """A district's own X: its switch, its scope, its weight."""
    write(district_rules, switch("x_fire"), "packs/x_fire.yaml")
    scope = entry(value="{feature: fire_sites_open, at_least: 1}")
    write(district_rules, text(scope, rule_id="scope.x_fire", pack="x_fire"), "scope/x_fire.yaml")
    weight = text(entry(value="0.2"), rule_id="scores.weights.x_fire", pack="x_fire")
    return write(district_rules, weight, "scores/weights/x_fire.yaml")


def extended(district_rules, rule_id, added_entry):
    """A shipped rule with one more entry, as a district writes it."""
    path = rule_id.replace(".", "/") + ".yaml"
    return write(district_rules, (SHIPPED / path).read_text(encoding="utf-8") + added_entry, path)


def test_a_district_adds_an_x_by_files_alone(tmp_path):
    rulebook = Rulebook.load(x_fire(tmp_path / "own"))

    assert "x_fire" in rulebook.scopes(
        as_of=rulebook.rule("scope.x_fire").entries[0].effective_from
    )


def test_an_x_of_a_district_without_a_weight_is_refused(tmp_path):
    district_rules = x_fire(tmp_path / "own")
    (district_rules / "scores" / "weights" / "x_fire.yaml").unlink()

    with pytest.raises(BadRule, match='"x_fire" has a scope but no weight; '):
        Rulebook.load(district_rules)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("query.negativ_years", "query.negative_years"),
        ("retention.snapshot_month", "retention.snapshot_months"),
        ("restoration.nrdc.severity", "restoration.ndrc.severity"),
    ],
)
def test_an_id_that_nothing_reads_is_refused_with_the_nearest(tmp_path, misspelt, meant):
    """Such a file has a family and a good shape, and would change nothing."""
    content = (SHIPPED / f"{meant.replace('.', '/')}.yaml").read_text(encoding="utf-8")
    district_rules = write(
        tmp_path / "own",
        content.replace(f"id: {meant}", f"id: {misspelt}"),
        f"{misspelt.replace('.', '/')}.yaml",
    )

    with pytest.raises(
        BadRule, match=re.escape(f'nothing reads a rule "{misspelt}"; did you mean "{meant}"?')
    ):
        Rulebook.load(district_rules)


def test_a_switch_that_nothing_hangs_on_is_refused(tmp_path):
    district_rules = write(tmp_path / "own", switch("alrets"), "packs/alrets.yaml")

    with pytest.raises(BadRule, match=r'belongs to pack "alrets"; did you mean "alerts"\?'):
        Rulebook.load(district_rules)


def test_an_outcome_of_no_score_is_refused(tmp_path):
    content = (SHIPPED_FIELDS / "fields/food/outcome.yaml").read_text(encoding="utf-8")
    district_rules = write(
        tmp_path / "own",
        content.replace("id: outcomes.x_food", "id: outcomes.x_fodo"),
        "outcomes/x_fodo.yaml",
    )

    with pytest.raises(BadRule, match=r'no score "x_fodo"; did you mean "x_food"\?'):
        Rulebook.load(district_rules)


def test_a_family_of_alerts_of_which_nobody_is_told_is_refused(tmp_path):
    shipped = (SHIPPED / "alerts" / "triggers" / "tax_arrears.yaml").read_text(encoding="utf-8")
    content = shipped.replace("tax_arrears\n", "tax_late\n", 1).replace(": finance,", ": finanec,")
    district_rules = write(tmp_path / "own", content, "alerts/triggers/tax_late.yaml")

    with pytest.raises(BadRule, match=r'not route the family "finanec"; did you mean "finance"\?'):
        Rulebook.load(district_rules)


def test_a_later_routing_that_leaves_out_a_family_is_refused(tmp_path):
    routing_entry = entry("2026-12-01", "{from_colour: yellow, departments: {score: []}}")

    with pytest.raises(BadRule, match=r"routing of 2026-12-01 does not route the family"):
        Rulebook.load(extended(tmp_path / "own", "alerts.routing", routing_entry))


def test_triggers_without_any_routing_are_refused():
    rules = [r for r in Rulebook.load().rules.values() if r.id != "alerts.routing"]

    with pytest.raises(BadRule, match=r'nobody is told; add the rule "alerts\.routing"'):
        Rulebook.of(rules)
