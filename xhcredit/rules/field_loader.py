"""Loader of supervised fields: names, indicators and first points table of each folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from xhcredit.errors import BadRule
from xhcredit.rules.field_files import (
    FEATURES_FILE,
    NAMES_FILE,
    POINTS_FILE,
    REQUIRED,
    SHIPPED_FIELDS,
    field_folders,
    rule_files_of_field,
)
from xhcredit.rules.loader import display_path, refused
from xhcredit.rules.schemas.fields import Declaration, FieldNames, SupervisedField
from xhcredit.rules.strict_yaml import bad_rule, read_yaml


@cache
def shipped_fields() -> tuple[SupervisedField, ...]:
    """The shipped fields in order of position and name."""
    return in_order(_load(folder, SHIPPED_FIELDS) for folder in field_folders(SHIPPED_FIELDS))


def district_fields(root: Path) -> tuple[SupervisedField, ...]:
    """The shipped fields with those of a district's folder, in order of position and name.

    A folder with the name of a shipped field may hold rules only (it extends that field).

    Raises:
        BadRule: a required file is missing, a file is refused, or a shipped field is declared anew.
    """
    shipped = {field.name: field for field in shipped_fields()}
    district_fields = []
    for folder in field_folders(root):
        if folder.name not in shipped:
            district_fields.append(_load(folder, root))
            continue
        for file in (NAMES_FILE, FEATURES_FILE, POINTS_FILE):
            if (folder / file).exists():
                problem = f'"{folder.name}" is a shipped field; its names and indicators are ours'
                remedy = "take the file out, or give your field another name"
                raise bad_rule(display_path(folder / file, root), "file", problem, remedy)
    return in_order((*shipped.values(), *district_fields))


def in_order(fields: Iterable[SupervisedField]) -> tuple[SupervisedField, ...]:
    """Fields in the order in which they show: by position, then by name."""
    return tuple(sorted(fields, key=lambda field: (field.names.position, field.name)))


def _load(folder: Path, root: Path) -> SupervisedField:
    """The field of one folder; everything that it lacks is named at once."""
    name = display_path(folder, root)
    rule_files_of_field(folder, name)  # a misspelt name is told before what is missing for it
    missing = [file for file in REQUIRED if not (folder / file).is_file()]
    if missing:
        lines = [
            f"{name}/{file}: file: is missing; write it with {REQUIRED[file]}" for file in missing
        ]
        raise BadRule("\n".join(lines))
    return SupervisedField(
        name=folder.name,
        folder=name,
        names=_names(folder / NAMES_FILE, f"{name}/{NAMES_FILE}"),
        features=_declarations(folder / FEATURES_FILE, f"{name}/{FEATURES_FILE}"),
        points=_points(folder / POINTS_FILE, f"{name}/{POINTS_FILE}"),
    )


def _names(file: Path, name: str) -> FieldNames:
    try:
        return FieldNames.model_validate(read_yaml(name, file.read_bytes()))
    except ValidationError as error:
        raise refused(name, error, keys=FieldNames.model_fields) from None


def _declarations(file: Path, name: str) -> tuple[tuple[str, Declaration], ...]:
    """The indicators by id, as written; whether they make sense is the registry's to say."""
    declarations = []
    for feature_id, keys in read_yaml(name, file.read_bytes()).items():
        try:
            declarations.append((feature_id, Declaration.model_validate(keys)))
        except ValidationError as error:
            raise refused(name, error, (feature_id,), Declaration.model_fields) from None
    return tuple(declarations)


def _points(file: Path, name: str) -> str:
    try:
        text = file.read_text(encoding="utf-8")
        json.loads(text)
    except ValueError as error:
        raise bad_rule(name, "text", f"this is not JSON: {error}", "correct it there") from None
    return text
