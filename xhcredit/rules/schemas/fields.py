"""Schemas of the folder of a supervised field (an X) that are no rules: names and indicators."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from xhcredit.rules.schemas.common import Name, Shape, Text

#: the last of all positions, for a field that does not say where it stands
LAST = 1000


class FieldNames(Shape):
    """``field.yaml``: names of a field, and its place among the X where their order shows.

    ``name_zh`` and ``name_en`` stand before "专业分" and "score".  ``baseline`` is the indicator
    that alone is the rule of thumb which a trained model must beat; empty: there is none.
    """

    name_zh: Text
    name_en: Text
    position: Annotated[int, Field(ge=1, le=LAST)] = LAST
    baseline: Name | None = None


class Declaration(Shape):
    """One indicator of ``features.yaml``: the keys of ``xhcredit.engine.spec.Feature``.

    ``$NAME`` in ``where`` and ``value`` stands for a filter of ``xhcredit.features.conditions``;
    in ``source`` for a source of ``xhcredit.features.sources``.
    """

    zh: Text
    en: Text
    unit: Text
    direction: Text
    source: Text
    missing: Text
    aggregate: Text
    table: str = ""
    value: str = ""
    where: str = ""
    window: str = ""
    half_life: int = 0
    derive: str = ""
    relation: str = ""
    of: str = ""
    hub_limit: int = 50
    use: str = "score"


class SupervisedField(Shape):
    """A supervised field as its folder declares it, the rules apart.

    ``name`` is that of the folder; its score is ``x_<name>``.  ``folder`` is how messages call the
    folder.  ``points`` is the text of ``points.json``, its first points table.
    """

    name: Name
    folder: str
    names: FieldNames
    features: tuple[tuple[str, Declaration], ...]
    points: str

    @property
    def score(self) -> str:
        """Name of its score."""
        return f"x_{self.name}"
