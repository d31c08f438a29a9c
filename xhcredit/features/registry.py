"""Registry of indicators: found in their modules, checked once, looked up by id."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

from xhcredit.engine.compile import dependency_order
from xhcredit.engine.spec import Direction, Feature, Use
from xhcredit.errors import BadDeclaration
from xhcredit.features import x
from xhcredit.ingest.schema import table

UNITS = ("count", "days", "yuan", "share", "flag", "grade", "points")

#: the five dimensions of the general score, as 国市监信发〔2022〕6号 orders them
GENERAL = ("basic", "dynamic", "supervision", "relation", "social")


def x_domains() -> tuple[str, ...]:
    """Names of the fields that have a module in ``features/x``."""
    return tuple(sorted(module.name for module in iter_modules(x.__path__)))


def score_names() -> tuple[str, ...]:
    """Names of the scores: the general one and one per X.

    >>> score_names()
    ('general', 'x_construction', 'x_elderly_care', 'x_food')
    """
    return ("general", *(f"x_{domain}" for domain in x_domains()))


@cache
def features() -> dict[str, Feature]:
    """All declared indicators by id: general dimensions first, then each X.

    Raises:
        BadDeclaration: two features share an id, one stands in the wrong module, reads one that
            does not exist, or reads itself through others.
    """
    modules = [(name, f"xhcredit.features.{name}") for name in GENERAL]
    # An X is a module that is there or not: a pack can be taken out without a list to be kept
    # in step.
    modules += [(name, f"xhcredit.features.x.{name}") for name in x_domains()]
    declared: list[Feature] = []
    for dimension, module in modules:
        declared += in_dimension(dimension, import_module(module).FEATURES)
    return check_features(declared)


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
    """Refuse a unit, direction or use that the declaration language does not know."""
    allowed = {"unit": UNITS, "direction": get_args(Direction), "use": get_args(Use)}
    for part, words in allowed.items():
        word = getattr(f, part)
        if word not in words:
            raise BadDeclaration(
                f'feature "{f.id}": {part} "{word}" is not one of {", ".join(words)}'
            )


def feature(id_: str) -> Feature:
    """Return one indicator.

    Raises:
        BadDeclaration: no such indicator.
    """
    known = features()
    if id_ not in known:
        raise BadDeclaration(f'no feature "{id_}"; see "xhcredit features list"')
    return known[id_]


def scored_features(dimension: str) -> list[Feature]:
    """Indicators of one dimension or X that may enter a points table."""
    return [f for f in features().values() if f.dimension == dimension and f.use == "score"]


def features_for_score(score: str) -> list[Feature]:
    """Indicators that may enter the points table of a score: ``general`` or ``x_<domain>``.

    Raises:
        BadDeclaration: no such score.
    """
    if score not in score_names():
        raise BadDeclaration(f'no score "{score}"; there are: {", ".join(score_names())}')
    dimensions = GENERAL if score == "general" else (score.removeprefix("x_"),)
    return [f for dimension in dimensions for f in scored_features(dimension)]
