"""Registry of indicators: found in modules and in folders of fields, checked once, by id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import get_args

from xhcredit.engine.compile import dependency_order
from xhcredit.engine.spec import Aggregate, Direction, Feature, Use
from xhcredit.errors import BadDeclaration
from xhcredit.features.field_features import features_of_field
from xhcredit.ingest.schema import table
from xhcredit.rules.field_loader import shipped_fields
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.fields import SupervisedField

UNITS = ("count", "days", "yuan", "share", "flag", "grade", "points")

#: the five dimensions of the general score, as 国市监信发〔2022〕6号 orders them
GENERAL = ("basic", "dynamic", "supervision", "relation", "social")


def score_names(rules: Rulebook | None = None) -> tuple[str, ...]:
    """Names of the scores: the general one and one per X, in the order in which they show.

    >>> score_names()
    ('general', 'x_food', 'x_elderly_care', 'x_construction')
    """
    return ("general", *(field.score for field in _fields(rules)))


def features(rules: Rulebook | None = None) -> dict[str, Feature]:
    """All declared indicators by id: general dimensions first, then each X.

    Args:
        rules: whose fields; the shipped ones by default.

    Raises:
        BadDeclaration: two features share an id, one stands in the wrong module, reads one that
            does not exist, or reads itself through others.
    """
    return _features_of(tuple(_fields(rules)))


def _fields(rules: Rulebook | None) -> Sequence[SupervisedField]:
    return shipped_fields() if rules is None else rules.fields


@cache
def _features_of(fields: tuple[SupervisedField, ...]) -> dict[str, Feature]:
    declared: list[Feature] = []
    for dimension in GENERAL:
        module = import_module(f"xhcredit.features.{dimension}")
        declared += in_dimension(dimension, module.FEATURES)
    for field in fields:
        if field.name in GENERAL:
            raise BadDeclaration(
                f'{field.folder}: "{field.name}" is a dimension of the general score; rename the '
                "folder"
            )
        declared += features_of_field(field)
        if field not in shipped_fields():
            _check_in_file(declared, field)
    return check_features(declared)


def _check_in_file(declared: list[Feature], field: SupervisedField) -> None:
    """Check the indicators up to a field's, so that what is wrong is told with its file."""
    try:
        check_features(declared)
    except BadDeclaration as error:
        raise BadDeclaration(f"{field.folder}/features.yaml: {error}") from None


def in_dimension(dimension: str, declared: Iterable[Feature]) -> list[Feature]:
    """Return a module's features after checking that they belong to it.

    Raises:
        BadDeclaration: a feature names another dimension than its module.
    """
    feature_list = list(declared)
    for f in feature_list:
        if f.dimension != dimension:
            raise BadDeclaration(
                f'feature "{f.id}" of dimension "{f.dimension}" stands in "{dimension}.py"; '
                "move it, or correct its dimension"
            )
    return feature_list


def check_features(declared: Iterable[Feature]) -> dict[str, Feature]:
    """Return features by id after checking them against each other and the directory.

    Raises:
        BadDeclaration: as for ``features``.
    """
    by_id: dict[str, Feature] = {}
    for f in declared:
        if f.id in by_id:
            raise BadDeclaration(f'feature "{f.id}" is declared twice; rename one of them')
        if f.table:
            table(f.table)
        _check_words(f)
        by_id[f.id] = f
    dependency_order(list(by_id.values()))
    for f in by_id.values():
        # Neighbours are summed once everybody's own values are known; a sum of sums would need
        # another round and reach half the district.
        if f.aggregate == "neighbours" and by_id[f.of].aggregate == "neighbours":
            raise BadDeclaration(
                f'feature "{f.id}" sums "{f.of}", itself of neighbours; neighbours go one step only'
            )
    return by_id


def _check_words(f: Feature) -> None:
    """Refuse a unit, direction, use or aggregate that the declaration language does not know."""
    allowed = {
        "unit": UNITS,
        "direction": get_args(Direction),
        "use": get_args(Use),
        "aggregate": get_args(Aggregate),
    }
    for part, words in allowed.items():
        word = getattr(f, part)
        if word not in words:
            raise BadDeclaration(
                f'feature "{f.id}": {part} "{word}" is not one of {", ".join(words)}'
            )


def feature(id_: str, rules: Rulebook | None = None) -> Feature:
    """Return one indicator; of the shipped fields unless ``rules`` has others.

    Raises:
        BadDeclaration: no such indicator.
    """
    known = features(rules)
    if id_ not in known:
        raise BadDeclaration(f'no feature "{id_}"; see "xhcredit features list"')
    return known[id_]


def scored_features(dimension: str, rules: Rulebook | None = None) -> list[Feature]:
    """Indicators of one dimension or X that may enter a points table."""
    return [f for f in features(rules).values() if f.dimension == dimension and f.use == "score"]


def features_for_score(score: str, rules: Rulebook | None = None) -> list[Feature]:
    """Indicators that may enter the points table of a score: ``general`` or ``x_<field>``.

    Raises:
        BadDeclaration: no such score.
    """
    names = score_names(rules)
    if score not in names:
        raise BadDeclaration(f'no score "{score}"; there are: {", ".join(names)}')
    dimensions = GENERAL if score == "general" else (score.removeprefix("x_"),)
    return [f for dimension in dimensions for f in scored_features(dimension, rules)]
