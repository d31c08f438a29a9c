"""Indicators of a supervised field, from the declarations of its folder (``features.yaml``).

Declarations of fields are data and not Python: a district's folder says what is counted, in the
declaration language alone, and can run nothing on the regulator's machine.
"""

from __future__ import annotations

from string import Template

from xhcredit.engine.spec import Feature
from xhcredit.engine.sql import show_sql
from xhcredit.errors import BadDeclaration
from xhcredit.features import conditions, sources
from xhcredit.rules.consistency import nearest_hint
from xhcredit.rules.schemas.fields import Declaration, SupervisedField


def _texts(module: object) -> dict[str, str]:
    return {n: t for n, t in vars(module).items() if n.isupper() and n[0] != "_"}


#: what ``$NAME`` stands for, by key of a declaration
_NAMED = {
    "where": _texts(conditions),
    "value": _texts(conditions),
    "source": _texts(sources),
}


def features_of_field(field: SupervisedField) -> list[Feature]:
    """The indicators of a field in the order of its file; its name is their dimension.

    Raises:
        BadDeclaration: ``file: indicator.key: what was found; what to do``.
    """
    return [_feature(field, id_, declaration) for id_, declaration in field.features]


def refuse_unknown_columns(field: SupervisedField) -> None:
    """Refuse an indicator that names a table, column or value that the directory does not have.

    Raises:
        BadDeclaration: ``file: indicator: what was found; what there is``.
    """
    for feature in features_of_field(field):
        try:
            show_sql(feature)
        except BadDeclaration as error:
            raise BadDeclaration(f"{field.folder}/features.yaml: {feature.id}: {error}") from None


def _feature(field: SupervisedField, id_: str, declaration: Declaration) -> Feature:
    place = f"{field.folder}/features.yaml: {id_}"
    parts = declaration.model_dump()
    for key, names in _NAMED.items():
        parts[key] = _expanded(parts[key], names, f"{place}.{key}")
    try:
        return Feature(id=id_, dimension=field.name, **parts)
    except BadDeclaration as error:
        raise BadDeclaration(f"{place}: {error}") from None


def _expanded(text: str, names: dict[str, str], place: str) -> str:
    """A text with what its names stand for.

    Raises:
        BadDeclaration: a name that stands for nothing.
    """
    try:
        return Template(text).substitute(names)
    except KeyError as error:
        name = str(error.args[0])
        remedy = nearest_hint(name, names, f"there are: {', '.join(sorted(names))}")
        raise BadDeclaration(f'{place}: "${name}" stands for nothing; {remedy}') from None
    except ValueError:
        raise BadDeclaration(f'{place}: a "$" without a name; write $NAME, or $$ for a $') from None
