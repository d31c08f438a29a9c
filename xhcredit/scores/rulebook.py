"""Rulebook whose every name is looked up: indicators, tables, columns, values, points tables."""

from __future__ import annotations

from pathlib import Path

from xhcredit.engine.spec import Feature
from xhcredit.errors import BadDeclaration
from xhcredit.features.field_features import refuse_unknown_columns
from xhcredit.features.registry import features
from xhcredit.ingest.schema import directory
from xhcredit.rules.check import feature_references
from xhcredit.rules.consistency import nearest_hint
from xhcredit.rules.field_files import NAMES_FILE, POINTS_FILE
from xhcredit.rules.field_loader import shipped_fields
from xhcredit.rules.loader import display_path, rule_files
from xhcredit.rules.rule import Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Events, Trigger
from xhcredit.rules.schemas.draws import CoverageDuty
from xhcredit.rules.schemas.fields import SupervisedField
from xhcredit.rules.schemas.training import Outcome
from xhcredit.rules.strict_yaml import bad_rule
from xhcredit.scores.release import Release, expert_table, release_problems

#: where events of a trigger stand in its value
_EVENTS = ("events", "member")


def load_rulebook(extra: Path | None = None) -> Rulebook:
    """Return the shipped rulebook with a district's own rules and fields from ``extra``.

    As ``Rulebook.load``, and every indicator, table, column and value that the district's files
    name is looked up.

    Raises:
        BadRule: as ``Rulebook.load``; or a file names what does not exist.
        BadDeclaration: an indicator of a field makes no sense.  Every message names file and key.
    """
    rules = Rulebook.load(extra)
    if extra is None:  # what is shipped is held by tests; commands need not wait for it
        return rules
    declared = features(rules)
    for field in rules.fields:
        if field not in shipped_fields():
            refuse_unknown_columns(field)
            _refuse_baseline(field)
            _refuse_points(field, declared)
    files = {i: display_path(file, extra) for i, file in rule_files(extra).items()}
    _refuse_unknown_features(rules, declared, files)
    for rule_id, file in files.items():
        _refuse_unknown_values(rules.rules[rule_id], file)
    return rules


def _refuse_unknown_features(
    rules: Rulebook, declared: dict[str, Feature], files: dict[str, str]
) -> None:
    """Refuse a rule that reads an indicator which is not declared."""
    for reference in feature_references(rules):
        if reference.feature not in declared:
            remedy = nearest_hint(reference.feature, declared, 'see "xhcredit features list"')
            file = files.get(reference.rule_id, reference.rule_id)
            raise bad_rule(file, reference.place, f'"{reference.feature}" is no indicator', remedy)


def _refuse_points(field: SupervisedField, declared: dict[str, Feature]) -> None:
    """Refuse a first points table that may not score."""
    table = expert_table(field)
    problems = release_problems(Release(field.name, {field.score: table}), declared, ())
    if problems:
        raise BadDeclaration(f"{field.folder}/{POINTS_FILE}: {'; '.join(problems)}; correct it")


def _refuse_baseline(field: SupervisedField) -> None:
    baseline, names = field.names.baseline, [feature_id for feature_id, _ in field.features]
    if baseline is not None and baseline not in names:
        remedy = nearest_hint(baseline, names, "name an indicator of its features.yaml")
        file = f"{field.folder}/{NAMES_FILE}"
        raise bad_rule(file, "baseline", f'"{baseline}" is no indicator of this field', remedy)


def _refuse_unknown_values(rule: Rule, file: str) -> None:
    """Refuse a rule that names a table, column or value that the directory does not have."""
    for number, entry in enumerate(rule.entries):
        place = f"entries[{number}].value"
        if isinstance(entry.value, Trigger):
            for key in _EVENTS:
                events = getattr(entry.value, key, None)
                if isinstance(events, Events):
                    _refuse_unknown_events(events, file, f"{place}.{key}")
        elif isinstance(entry.value, Outcome):
            for name in entry.value.fields:
                _refuse_unknown("inspection", "field", name, file, f"{place}.fields")
        elif isinstance(entry.value, CoverageDuty):
            _refuse_unknown("inspection", "field", entry.value.field, file, f"{place}.field")


def _refuse_unknown_events(events: Events, file: str, place: str) -> None:
    tables = directory()
    if events.table not in tables:
        remedy = nearest_hint(events.table, tables, f"there are: {', '.join(tables)}")
        raise bad_rule(file, f"{place}.table", f'there is no table "{events.table}"', remedy)
    columns = {column.name: column for column in tables[events.table].columns}
    for key, conditions in (("where", events.where), ("unless", events.unless)):
        for name, allowed in conditions.items():
            if name not in columns:
                problem = f'table "{events.table}" has no column "{name}"'
                remedy = nearest_hint(name, columns, f"it has: {', '.join(columns)}")
                raise bad_rule(file, f"{place}.{key}", problem, remedy)
            for value in allowed:
                _refuse_unknown(events.table, name, value, file, f"{place}.{key}.{name}")


def _refuse_unknown(table: str, column: str, value: object, file: str, place: str) -> None:
    """Refuse a value that a category does not have."""
    known = directory()[table].column(column).value_ids
    if known and value not in known:
        remedy = nearest_hint(str(value), known, f"there are: {', '.join(known)}")
        raise bad_rule(file, place, f'"{value}" is no value of {table}.{column}', remedy)
