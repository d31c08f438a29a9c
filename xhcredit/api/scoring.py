"""Scores, tiers, reasons and indicators as of a day.

Only what was known by the as-of day is visible, however much the warehouse holds.

```python
import xhcredit

district = xhcredit.open_warehouse("out/warehouse")
scored = xhcredit.score_enterprises(district, as_of="2026-06-30")
print(scored.tiers)
lowest = scored.frame.sort_values("composite").index[0]
explanation = xhcredit.explain_enterprise(district, lowest, as_of="2026-06-30")
print(explanation.tier, explanation.decided_by)
print(explanation.indicators.head())
catalogue = xhcredit.feature_catalogue()
features = xhcredit.feature_table(district, as_of="2026-06-30", score="x_food")
print(features.describe().T.join(catalogue["en"]))
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from xhcredit.api.days import Day, as_day, rules_or_shipped
from xhcredit.api.warehouse import OpenWarehouse
from xhcredit.engine.columns import Array
from xhcredit.engine.compile import compile_features, with_inputs
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import UnknownEnterprise
from xhcredit.features.describe import describe
from xhcredit.features.registry import features, features_for_score
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.enterprise.rows import EnterpriseEvent
from xhcredit.jobs.enterprise.rows import Explanation as ExplanationRow
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.scoring.score_columns import present_rows, score_rows
from xhcredit.jobs.warehouse.supervision import register_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release
from xhcredit.scores.release import load_release as read_release

__all__ = [
    "Explanation", "Release", "ScoredDay", "explain_enterprise", "feature_catalogue",
    "feature_table", "load_release", "score_enterprises",
]  # fmt: skip


@dataclass(frozen=True)
class ScoredDay:
    """Scores of everybody on a day.

    ``frame`` has one row per enterprise, index ``code``: ``general``, ``x_…`` (missing: does not
    apply), ``composite`` (points, more is safer), ``tier``, ``decided_by`` (id of the rule),
    ``reasons`` (those that cost most, first, each with its ``value`` and, where it counts the days
    from one day on, ``since``; where it moves daily otherwise, its ``bin`` of the points table and
    no value), ``x_…_grade``, ``national_evaluation``, ``name``,
    ``bureau`` (the leading one), ``bureaus`` (all, as ``;a;b;``), ``listings`` (lists,
    likewise), ``street``, ``kind``, ``size``. ``tiers`` counts enterprises; the same
    ``provenance`` gives the same frame; ``mark`` belongs on whatever shows it.
    """

    as_of: date
    frame: pd.DataFrame
    tiers: Mapping[str, int]
    provenance: Mapping[str, str]
    mark: str = MARK


@dataclass(frozen=True)
class Explanation:
    """Why one enterprise has its score and tier.

    ``decided_by`` is the rule that gave the tier. ``scores``: index ``score``, with ``points``,
    ``base``, ``weight`` in the composite (they add up to 1), ``grade``, ``odds`` (good to 1 bad).
    ``indicators``: one row per score and indicator, costliest first, with ``value`` (missing:
    nothing known), ``points``, ``best`` attainable, ``costs_composite``. ``events``: newest first,
    with ``table``, ``occurred_on``, ``known_on``, ``counts``, ``indicators`` that read it or
    ``why_none``; persons are left out.
    """

    code: str
    as_of: date
    composite: float
    tier: str
    decided_by: str
    national_evaluation: str | None
    scores: pd.DataFrame
    indicators: pd.DataFrame
    events: pd.DataFrame
    provenance: Mapping[str, str]
    mark: str = MARK


def load_release(file: Path | str | None = None) -> Release:
    """Load points tables: the shipped expert tables, or those of a file.

    Raises:
        BadDeclaration: the file is no release.
    """
    return read_release(None if file is None else Path(file))


def score_enterprises(
    warehouse: OpenWarehouse,
    as_of: Day,
    *,
    rules: Rulebook | None = None,
    release: Release | None = None,
) -> ScoredDay:
    """Score every enterprise known on a day: 1 + X, composite, tier A–D.

    In memory; to write a night that can be published, run ``xhcredit score``.

    Args:
        warehouse: an open warehouse.
        as_of: the day; what became known later is not seen.
        rules: a rulebook; the shipped one by default.
        release: points tables; the shipped expert tables by default.

    Raises:
        NothingKnown: nobody was known by then; says from which day on somebody was.
        RuleNotInForce: a needed rule was not in force on that day.
        BadDeclaration: the release may not score; says why.
    """
    model = _model(as_of, rules, release)
    event_columns = warehouse.event_columns
    rows = present_rows(event_columns, model.as_of)
    results = score_rows(event_columns, model, rows)
    register = register_columns(warehouse.folder, event_columns, model.as_of).take(pa.array(rows))
    frame = results.table(event_columns.codes[rows], register).to_pandas().set_index("code")
    provenance = model.provenance(warehouse.digest)
    return ScoredDay(model.as_of, frame, results.distribution(), provenance)


def explain_enterprise(
    warehouse: OpenWarehouse,
    code: str,
    as_of: Day,
    *,
    shown_on: Day | None = None,
    rules: Rulebook | None = None,
    release: Release | None = None,
) -> Explanation:
    """Explain the score and tier of one enterprise: points, rules, and the events behind them.

    Args:
        warehouse: an open warehouse.
        code: unified social credit code.
        as_of: the day; what became known later is not seen.
        shown_on: the day on which people read it: events withdrawn by then (restored, revoked) are
            left out of ``events``, as the law wants it; the as-of day by default.
        rules: a rulebook; the shipped one by default.
        release: points tables; the shipped expert tables by default.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
        RuleNotInForce: a needed rule was not in force on that day.
    """
    model = _model(as_of, rules, release)
    shown_day = model.as_of if shown_on is None else as_day(shown_on, "shown_on")
    body = explain(warehouse.folder, warehouse.event_columns, model, code, shown_day)
    return _explanation(model, body)


def _explanation(model: Model, body: ExplanationRow) -> Explanation:
    scores = pd.DataFrame(body["scores"]).drop(columns="indicators").set_index("score")
    indicators = [
        {"score": score["score"], **row} for score in body["scores"] for row in score["indicators"]
    ]
    by_cost = pd.DataFrame(indicators).sort_values(
        "costs_composite", ascending=False, kind="stable", ignore_index=True
    )
    events = [_flat_event(event) for event in body["events"]]
    columns = ("table", "occurred_on", "known_on", "counts", "indicators", "why_none")
    return Explanation(
        code=body["code"],
        as_of=model.as_of,
        composite=body["composite"],
        tier=body["tier"],
        decided_by=body["decided_by"],
        national_evaluation=body["national_evaluation"],
        scores=scores,
        indicators=by_cost,
        events=pd.DataFrame(events, columns=None if events else list(columns)),
        provenance=body["provenance"],
    )


def _flat_event(event: EnterpriseEvent) -> dict[str, object]:
    """An event whose own columns stand beside its days; what nobody told is left out."""
    plain_fields = {k: v for k, v in event.items() if k != "facts" and v is not None}
    return plain_fields | {fact["column"]: fact["value"] for fact in event["facts"]}


def _model(as_of: Day, rules: Rulebook | None, release: Release | None) -> Model:
    rulebook = rules_or_shipped(rules)
    tables = read_release(None, rulebook) if release is None else release
    return model_on(rulebook, tables, as_day(as_of))


def feature_catalogue(*, rules: Rulebook | None = None) -> pd.DataFrame:
    """Catalogue of all declared indicators: names, direction, unit, what missing means.

    Args:
        rules: a rulebook, whose fields count; the shipped one by default.

    Returns:
        One row per indicator, index ``id``: ``zh``, ``en``, ``dimension``, ``direction`` (which way
        risk goes as the value grows), ``use`` (only ``score`` may enter a points table), ``unit``,
        ``window``, ``missing`` (what it means), ``source``, ``how`` (its definition), ``reads``.
    """
    rulebook = rules_or_shipped(rules)
    return pd.DataFrame([describe(f, rulebook) for f in features(rulebook).values()]).set_index(
        "id"
    )


def feature_table(
    warehouse: OpenWarehouse,
    as_of: Day,
    *,
    score: str = "general",
    ids: Sequence[str] | None = None,
    codes: Sequence[str] | None = None,
    rules: Rulebook | None = None,
) -> pd.DataFrame:
    """Indicators of enterprises as of a day, by the kernel that scores the night.

    Args:
        warehouse: an open warehouse.
        as_of: the day; what became known later is not seen.
        score: whose indicators: ``general``, or the X of a field (``x_food`` …);
            everybody has a row, also whom that X does not apply to.
        ids: indicators by id instead.
        codes: only these enterprises, in this order; everybody known on the day by default.
        rules: a rulebook, whose fields count; the shipped one by default.

    Returns:
        Float columns by indicator, one row per enterprise, index ``code``. Missing (NaN) means what
        ``feature_catalogue()["missing"]`` says, never 0; units are there too.

    Raises:
        BadDeclaration: no such score or indicator.
        UnknownEnterprise: nobody has one of the codes, or it was not yet known on that day.
        NothingKnown: nobody was known by then.
    """
    day, event_columns = as_day(as_of), warehouse.event_columns
    wanted_ids = [f.id for f in features_for_score(score, rules)] if ids is None else list(ids)
    rows = present_rows(event_columns, day)
    if codes is not None:
        rows = _rows_of(warehouse, codes, rows, day)
    compiled = compile_features(with_inputs(wanted_ids, features(rules)))
    matrix = compiled.run(event_columns, rows, np.full(rows.shape, day_number(day), np.int32))
    index = pd.Index(event_columns.codes[rows].astype(str), name="code")
    return pd.DataFrame(matrix.T, index=index, columns=compiled.ids)[wanted_ids]


def _rows_of(warehouse: OpenWarehouse, codes: Sequence[str], present: Array, day: date) -> Array:
    """Positions of enterprises by code.

    Raises:
        UnknownEnterprise: nobody has one of the codes, or it was not yet known on that day.
    """
    rows = np.array([warehouse.event_columns.row(code) for code in codes], present.dtype)
    absent = np.flatnonzero(~np.isin(rows, present))
    if absent.size:
        problem = f'enterprise "{codes[absent[0]]}" was not known on {day}'
        raise UnknownEnterprise(f"{problem}; choose a later day, or leave it out")
    return rows
