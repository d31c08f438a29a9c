"""A release: the points tables that score together, as one JSON file with one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import rfc8785

from xhcredit.domain.rows import JsonObject
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadDeclaration
from xhcredit.rules.field_loader import shipped_fields
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.fields import SupervisedField
from xhcredit.scores.points import Indicator, PointsTable, points_table

EXPERT = "expert.json"


@dataclass(frozen=True)
class Release:
    """Points tables by score, the general one first; all share one scale."""

    name: str
    tables: dict[str, PointsTable]

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON of the release."""
        return hashlib.sha256(rfc8785.dumps(self.as_data())).hexdigest()

    @property
    def general(self) -> PointsTable:
        """The points table of the general score."""
        return self.tables["general"]

    @property
    def x(self) -> dict[str, PointsTable]:
        """Points tables of the X scores, by name."""
        return {name: t for name, t in self.tables.items() if name != "general"}

    def features(self) -> list[str]:
        """Ids of all features that any table reads, each once."""
        return list(dict.fromkeys(f for t in self.tables.values() for f in t.features))

    def as_data(self) -> JsonObject:
        """The release as JSON-ready values."""
        tables = [t.model_dump(mode="json") for t in self.tables.values()]
        return {"release": self.name, "tables": tables}

    def save(self, path: Path) -> None:
        """Write the release as JSON that people can read."""
        text = json.dumps(self.as_data(), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def release_of(raw: object, source_name: str) -> Release:
    """Return a release from parsed JSON.

    Raises:
        BadDeclaration: no general table, two of one score, or two scales (the same points would
            then mean different odds).
    """
    if not isinstance(raw, dict) or set(raw) != {"release", "tables"}:
        raise BadDeclaration(
            f'{source_name}: a release has "release" and "tables", and nothing else'
        )
    if not isinstance(raw["release"], str) or not raw["release"].strip():
        raise BadDeclaration(f'{source_name}: "release" is no name; write which release it is')
    if not isinstance(raw["tables"], list):
        raise BadDeclaration(f'{source_name}: "tables" is no list; give one points table per score')
    tables = [points_table(t, f"{source_name}: table {k + 1}") for k, t in enumerate(raw["tables"])]
    by_name = {t.score: t for t in tables}
    if len(by_name) != len(tables):
        raise BadDeclaration(f"{source_name}: two tables for one score; keep one")
    if "general" not in by_name:
        raise BadDeclaration(f'{source_name}: no table for "general"; every enterprise needs it')
    # The composite averages log-odds by averaging points, which holds on one common scale only.
    if len({t.scale for t in tables}) != 1:
        raise BadDeclaration(
            f"{source_name}: tables differ in scale; points must mean the same odds"
        )
    return Release(raw["release"], {"general": by_name.pop("general"), **by_name})


def load_release(path: Path | None = None, rules: Rulebook | None = None) -> Release:
    """Return a release from its file; by default the expert tables.

    The expert tables are the general one and the first points table of each field
    (``points.json`` of its folder): of the fields of ``rules``, else of the shipped ones.

    Raises:
        BadDeclaration: the file is no release, or a field's points table is none of it.
    """
    if path is None:
        text = files("xhcredit.scores.data").joinpath(EXPERT).read_text(encoding="utf-8")
        return _with_fields(text, shipped_fields() if rules is None else rules.fields)
    try:
        return release_of(json.loads(path.read_text(encoding="utf-8")), path.name)
    except (OSError, ValueError) as error:
        raise BadDeclaration(f'"{path}" cannot be read as a release: {error}') from None


def _with_fields(text: str, fields: Sequence[SupervisedField]) -> Release:
    """The expert release with the tables of fields after the general one."""
    general = json.loads(text)
    tables = [expert_table(field).model_dump(mode="json") for field in fields]
    return release_of({**general, "tables": [*general["tables"], *tables]}, EXPERT)


def expert_table(field: SupervisedField) -> PointsTable:
    """The first points table of a field, from its folder.

    Raises:
        BadDeclaration: it is no points table, or that of another score.
    """
    name = f"{field.folder}/points.json"
    table = points_table(json.loads(field.points), name)
    if table.score != field.score:
        raise BadDeclaration(
            f'{name}: score: "{table.score}" is not that of its folder; write "{field.score}"'
        )
    return table


def release_problems(
    release: Release, features: dict[str, Feature], forbidden: Collection[str]
) -> list[str]:
    """Problems of a release: unknown or unscored features, rows against direction.

    Args:
        release: the points tables.
        features: all declared features by id.
        forbidden: ids that must never be scored.
    """
    problem_list = []
    for table in release.tables.values():
        for indicator in table.indicators:
            f = features.get(indicator.feature)
            place = f'{table.score}: "{indicator.feature}"'
            if f is None:
                problem_list.append(f"{place} is not declared")
            elif f.use != "score" or f.id in forbidden:
                problem_list.append(f"{place} may not be scored (use: {f.use})")
            elif not is_monotone(indicator, f.direction):
                # Points that rise with a risk cannot be explained to the enterprise, whatever
                # the sample said.
                problem_list.append(f"{place}: points do not follow the direction {f.direction}")
    return problem_list


def is_monotone(indicator: Indicator, direction: str) -> bool:
    """Whether points never rise as a ``riskier`` indicator grows (never fall for ``safer``).

    >>> is_monotone(Indicator(feature="f", cuts=(1,), points=(0, -5), missing=0), "riskier")
    True
    """
    ascending = indicator.points if direction == "safer" else tuple(reversed(indicator.points))
    return list(ascending) == sorted(ascending)
