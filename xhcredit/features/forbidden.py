"""Check of all declarations against forbidden indicators.

Half of the check reads declarations (tables, columns, relations); the other half computes them:
events that must not weigh are put before a feature, and nothing may move (see ``probes``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from xhcredit.engine.compile import inputs_of
from xhcredit.engine.parsing import parse
from xhcredit.engine.spec import Feature
from xhcredit.features.bans import (
    COLUMNS,
    RELATED,
    RELATION_ALLOWED,
    TABLES,
    Ban,
)
from xhcredit.features.probes import moved_features
from xhcredit.ingest.schema import directory


def violations(features: Iterable[Feature]) -> list[str]:
    """Sentences on every forbidden indicator and its ban; empty if all are lawful.

    Args:
        features: indicators together with all that they read.
    """
    by_id = {f.id: f for f in features}
    sentences = [_sentence(f, ban) for f in by_id.values() for ban in _bans_read(f, by_id)]
    sentences += [_sentence(by_id[id_], ban) for id_, ban in moved_features(list(by_id.values()))]
    return list(dict.fromkeys(sentences))


def _sentence(f: Feature, ban: Ban) -> str:
    return (
        f'feature "{f.id}" (use "{f.use}") {ban.what}: {ban.why} [{ban.source}]; '
        f"{'use it for warnings or display only' if ban.score_only else 'remove it'}"
    )


def _bans_read(f: Feature, by_id: Mapping[str, Feature]) -> Iterator[Ban]:
    """Bans broken by what a feature reads; a scored one answers for its inputs too."""
    # A ban that held for the feature alone could be walked around by a derived one that reads
    # it.
    for part in _made_of(f, by_id) if f.use == "score" else [f]:
        yield from (ban for ban in _own_bans(part) if f.use == "score" or not ban.score_only)
    # What no indicator may read in any way (spared violations, who inspected) may not come in
    # through a warning or a rule's condition either.
    if f.use in ("warning", "rule"):
        for part in _made_of(f, by_id):
            yield from (ban for ban in _own_bans(part) if not ban.score_only and part is not f)


def _made_of(f: Feature, by_id: Mapping[str, Feature]) -> list[Feature]:
    """The feature and all that it reads, directly or not."""
    inputs = [part for id_ in inputs_of(f) for part in _made_of(by_id[id_], by_id)]
    return [f, *inputs]


def _own_bans(f: Feature) -> Iterator[Ban]:
    """Bans on a feature's own table, columns and relation."""
    if f.table in TABLES and f.use not in TABLES[f.table].allowed:
        yield TABLES[f.table]
    for column in columns_read(f):
        if (f.table, column) in COLUMNS:
            yield COLUMNS[f.table, column]
        elif directory()[f.table].column(column).never_feature:
            yield COLUMNS["inspection", "inspector"]
    if f.aggregate == "neighbours" and (f.relation, f.of) not in RELATION_ALLOWED:
        yield RELATED


def columns_read(f: Feature) -> list[str]:
    """Columns of its table that a feature's own expressions name, sorted."""
    if not f.table:
        return []
    columns = {c.name for c in directory()[f.table].columns}
    trees = [parse(text, f'feature "{f.id}"') for text in (f.where, f.value) if text]
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name))
    return sorted({node.id for node in nodes} & columns)
