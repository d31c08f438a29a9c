"""What is wrong with a field's folder is told at load, with file, key and what to do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from xhcredit.errors import BadDeclaration, BadRule, XhcreditError
from xhcredit.rules.field_files import REQUIRED
from xhcredit.scores.release import load_release
from xhcredit.scores.rulebook import load_rulebook

DISTRICT = Path(__file__).parent / "district"
FIELD = "fields/special_equipment"


@pytest.fixture
def district_rules(tmp_path):
    """A copy of the example district, to be spoilt."""
    return Path(shutil.copytree(DISTRICT, tmp_path / "district"))


def test_the_example_loads_and_its_table_scores():
    rules = load_rulebook(DISTRICT)

    assert rules.field("x_special_equipment").names.name_zh == "特种设备安全"
    assert list(load_release(None, rules).tables)[-1] == "x_special_equipment"


@pytest.mark.parametrize("file", REQUIRED)
def test_a_file_that_a_field_must_have_is_missed_by_name(district_rules, file):
    (district_rules / FIELD / file).unlink()

    with pytest.raises(
        BadRule, match=rf"^district/{FIELD}/{file}: file: is missing; write it with "
    ):
        load_rulebook(district_rules)


def test_all_that_is_missing_is_told_at_once(district_rules):
    for file in REQUIRED:
        (district_rules / FIELD / file).unlink()

    with pytest.raises(BadRule, match="is missing") as refusal:
        load_rulebook(district_rules)
    assert len(str(refusal.value).splitlines()) == len(REQUIRED)


#: file, what stands in it, what is written instead, what is said
MISTAKES = [
    ("field.yaml", "name_en:", "nam_en:", "field.yaml: nam_en: unknown key; did you mean"),
    ("field.yaml", "name_zh: 特种设备安全\n", "", "field.yaml: name_zh: is missing; add it"),
    (
        "field.yaml",
        "failed_share_36m",
        "failed_share_63m",
        'field.yaml: baseline: "special_equipment_inspection_failed_share_63m" is no indicator',
    ),
    ("features.yaml", "  zh: ", "  zhh: ", "zhh: unknown key; did you mean"),
    ("features.yaml", "$FAILED", "$FAILD", '.where: "$FAILD" stands for nothing; did you mean'),
    ("features.yaml", "$PENALTY", "$PENALITY", '.source: "$PENALITY" stands for nothing; did you'),
    ("features.yaml", "unit: flag", "unit: flags", 'unit "flags" is not one of count, days'),
    ("features.yaml", "table: penalty", "table: penalties", 'no table "penalties" in the'),
    ("features.yaml", "field == 'sp", "feld == 'sp", "features.yaml: special_equipment_insp"),
    ("features.yaml", "== 'special_equipment'", "== 'lifts'", "features.yaml: special_equip"),
    ("features.yaml", "(special_equipment_inspections_failed_36m", "(nothing", 'reads "nothing"'),
    ("features.yaml", "aggregate: last", "aggregate: latest", 'aggregate "latest"'),
    ("features.yaml", "window: 24m", "window: 2y", 'window "2y"; write it as "24m" or "90d"'),
    (
        "scope.yaml",
        "inspections_60m",
        "inspections_6m",
        'scope.yaml: entries[0].value.feature: "special_equipment_inspections_6m" is no indicator'
        '; did you mean "special_equipment_inspections_60m"?',
    ),
    ("tier_caps.yaml", "failed_24m", "faild_24m", "tier_caps.yaml: entries[0].value[0].feature: "),
    ("tolerance.yaml", "failed_24m", "faild_24m", "tolerance.yaml: entries[0].value[0]: "),
    ("weight.yaml", "value: 0.3", "value: 30", "weight.yaml: entries[0].value: 30"),
    ("weight.yaml", "id: scores", "id: score", "weight.yaml: id: "),
    ("weight.yaml", "pack: x_special_equipment", "pack: x_special", 'pack "x_special" has no'),
    ("outcome.yaml", "fields: [special_e", "fields: [specal_e", "outcome.yaml: entries[0].value.f"),
    ("coverage.yaml", "field: special_e", "field: specal_e", "coverage.yaml: entries[0].value.fi"),
    ("items.yaml", "special_equipment_use", "disclosure", '"disclosure" stands also in "draws.it'),
    (
        "alerts/special_equipment_failed.yaml",
        "table: inspection,",
        "table: inspections,",
        'entries[0].value.events.table: there is no table "inspections"; did you mean',
    ),
    (
        "alerts/special_equipment_failed.yaml",
        "failed: [true]",
        "faild: [true]",
        'value.events.where: table "inspection" has no column "faild"; did you mean "failed"?',
    ),
    (
        "alerts/special_equipment_failed.yaml",
        "field: [special_equipment]",
        "field: [lifts]",
        'value.events.where.field: "lifts" is no value of inspection.field; there are: general',
    ),
    (
        "alerts/special_equipment_failed.yaml",
        "family: special_equipment",
        "family: equipment",
        'does not route the family "equipment"',
    ),
]


@pytest.mark.parametrize(("file", "right", "wrong", "message"), MISTAKES)
def test_a_mistake_is_told_with_file_key_and_cure(district_rules, file, right, wrong, message):
    path = district_rules / FIELD / file
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), encoding="utf-8")

    with pytest.raises((BadRule, BadDeclaration), match=re.escape(message)) as refusal:
        load_rulebook(district_rules)
    assert str(refusal.value).startswith(f"district/{FIELD}/{file}: ")


def test_a_file_that_nothing_reads_is_refused_with_the_nearest(district_rules):
    (district_rules / FIELD / "scope.yaml").rename(district_rules / FIELD / "scopes.yaml")

    with pytest.raises(BadRule, match=r'scopes\.yaml: file: nothing reads .*"scope\.yaml"\?'):
        load_rulebook(district_rules)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x_lifts", 'without "x_"'),
        ("Lifts", "write a-z, 0-9 and _"),
        ("food", '"food" is a shipped field'),
        ("social", "rename the folder"),
    ],
)
def test_a_folder_with_a_name_that_no_field_can_have_is_refused(district_rules, name, message):
    folder = district_rules / "fields" / name
    shutil.copytree(district_rules / FIELD, folder)
    for file in folder.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("special_equipment", name)
        file.write_text(text, encoding="utf-8")
        file.rename(file.with_name(file.name.replace("special_equipment", name)))

    with pytest.raises(XhcreditError, match=re.escape(message)):
        load_rulebook(district_rules)


def test_points_of_another_score_or_of_no_score_are_refused(district_rules):
    points = district_rules / FIELD / "points.json"
    text = points.read_text(encoding="utf-8")
    points.write_text(text.replace("x_special_equipment", "x_food"), encoding="utf-8")
    with pytest.raises(BadDeclaration, match=r'points\.json: score: "x_food" is not that of'):
        load_rulebook(district_rules)

    points.write_text(text.replace("inspection_failed_share_36m", "share"), encoding="utf-8")
    with pytest.raises(BadDeclaration, match=r'points\.json: .*"special_equipment_share" is not'):
        load_rulebook(district_rules)

    points.write_text(text[:-9], encoding="utf-8")
    with pytest.raises(BadRule, match=r"points\.json: text: this is not JSON"):
        load_rulebook(district_rules)


def test_a_district_may_lay_another_weight_on_a_shipped_field(tmp_path):
    shipped = Path(load_rulebook.__code__.co_filename).parents[1] / "fields/food/weight.yaml"
    later_entries = shipped.read_text(encoding="utf-8").replace("2017-10-01", "2027-01-01")
    file = tmp_path / "fields/food/weight.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        shipped.read_text(encoding="utf-8")
        + later_entries.partition("entries:\n")[2].replace("0.4", "0.5"),
        encoding="utf-8",
    )

    assert len(load_rulebook(tmp_path).rule("scores.weights.x_food").entries) == 2
