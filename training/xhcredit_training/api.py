"""Functions behind ``import xhcredit_training``: sample, split, train, compare, judge by the gates.

Results are pandas frames and frozen types; MLflow and folders of runs are ``xhcredit-train``'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from xhcredit.api.days import Day, as_day, rules_or_shipped
from xhcredit.api.warehouse import OpenWarehouse
from xhcredit.engine.columns import Array
from xhcredit.engine.spec import Direction
from xhcredit.errors import BadInput
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release, load_release
from xhcredit_training.comparison import compare_figures
from xhcredit_training.dataset import Column, Dataset, make_dataset
from xhcredit_training.evaluate import evaluate
from xhcredit_training.fairness import group_treatments
from xhcredit_training.metrics import METRICS, days_earlier
from xhcredit_training.models import MODELS, FittedModel, RiskModel, fit, with_rules_of_thumb
from xhcredit_training.promotion import evaluate_on_rows, with_first_table
from xhcredit_training.promotion_gates import Evaluation, judge
from xhcredit_training.rows import AlarmSubject
from xhcredit_training.run import alarms_of, judged_columns, names_of_score, release_of, scale_on
from xhcredit_training.sample import SampleSpec, build_sample, quarter_ends
from xhcredit_training.split import Split, day_of, split_by_time, split_days

__all__ = [
    "SampleParts", "TrainedModel", "TrainingSample", "compare_models", "fit_model", "gate_verdicts",
    "group_rates", "outcome_sample", "quarter_ends", "ranking_figures", "sample_of_frame",
    "split_sample", "train_model",
]  # fmt: skip


@dataclass(frozen=True)
class TrainingSample:
    """A sample: one row per enterprise and as-of day.

    ``frame`` has the indicators (missing is NaN) after ``bad`` (1 if the outcome happened) and
    ``weight`` (how many enterprises a row stands for). ``horizon_days``: how long an outcome may
    take.
    """

    score: str
    frame: pd.DataFrame
    horizon_days: int
    dataset: Dataset = field(repr=False)


@dataclass(frozen=True)
class SampleParts:
    """A sample split by time, with a gap of one horizon between the parts.

    ``summary``: index ``part`` (learning, calibration, judging), with first and last as-of day,
    ``rows`` and ``bad``.
    """

    sample: TrainingSample
    summary: pd.DataFrame
    split: Split = field(repr=False)


@dataclass(frozen=True)
class TrainedModel:
    """A model that learned from the first part of a sample and was judged on the last.

    ``figures``: by name (``auc``, ``ks``, ``brier``, ``calibration_slope``, ``psi_worst_month`` …),
    with ``_low`` and ``_high`` of 95 %. ``months``: stability by month (index ``month``, ``rows``,
    ``rate``, ``psi``). ``alarms``: what must be explained first (leaks, drift). ``release``: its
    points table beside the others, None if the model is no table. ``indicators``: what it reads.
    """

    kind: str
    figures: Mapping[str, float]
    months: pd.DataFrame
    alarms: pd.DataFrame
    indicators: tuple[str, ...]
    release: Release | None
    parts: SampleParts = field(repr=False)
    fitted: FittedModel = field(repr=False)
    rows: Mapping[str, Array] = field(repr=False)


def outcome_sample(
    warehouse: OpenWarehouse,
    days: Sequence[Day],
    *,
    score: str = "general",
    defined_on: Day | None = None,
    weighting: str = "auto",
    rules: Rulebook | None = None,
) -> TrainingSample:
    """Sample of a score: indicators as known on as-of days, and what happened within the horizon.

    Args:
        warehouse: from ``xhcredit.open_warehouse``.
        days: as-of days, such as ``quarter_ends(first, last)``.
        score: ``general``, ``x_food``, ``x_elderly_care`` or ``x_construction``.
        defined_on: the day whose rule ``outcomes.<score>`` says what counts; the last as-of day by
            default.
        weighting: ``logged`` (visits by draws whose probability was logged), ``propensity``
            (estimated), ``none``, or ``auto``.
        rules: a rulebook; the shipped one by default.

    Raises:
        BadSample: nobody is left, or an outcome reaches beyond what is known.
        RuleNotInForce: the outcome was not yet defined on that day.
    """
    as_of_days = tuple(as_day(day, "days") for day in days)
    defined_day = max(as_of_days) if defined_on is None else as_day(defined_on, "defined_on")
    sample_spec = SampleSpec(score, as_of_days, defined_day, weighting)
    event_columns = warehouse.event_columns
    dataset, outcome = build_sample(event_columns, rules_or_shipped(rules), sample_spec)
    index = pd.MultiIndex.from_arrays(
        [event_columns.codes[dataset.ent].astype(str), _days_of(dataset.day)],
        names=["code", "as_of"],
    )
    return TrainingSample(score, _frame_of(dataset, index), outcome.horizon_days, dataset)


def sample_of_frame(
    frame: pd.DataFrame,
    bad: pd.Series[int],
    *,
    directions: Mapping[str, Direction] | None = None,
    day: pd.Series[pd.Timestamp] | None = None,
    enterprise: pd.Series[str] | None = None,
) -> TrainingSample:
    """Sample of indicators from elsewhere, to fit on and to judge; it has no score and no horizon.

    Args:
        frame: one row per case, one numeric column per indicator; missing is NaN.
        bad: 1 if the outcome happened, else 0, by row.
        directions: by column, which way risk goes as the value grows (``riskier``, ``safer``);
            columns that are not named are left free.
        day: when, by row.
        enterprise: whose row it is; every row its own by default.

    Raises:
        BadSample: parts do not fit, or outcomes are not 0 and 1.
    """
    of_column = directions or {}
    columns = [Column(str(name), of_column.get(str(name), "none")) for name in frame.columns]
    dataset = make_dataset(
        columns,
        frame.to_numpy(float).T,
        bad.to_numpy(),
        day=None if day is None else day.to_numpy("datetime64[D]").astype(np.int64),
        ent=None if enterprise is None else pd.factorize(enterprise)[0],
    )
    return TrainingSample("", _frame_of(dataset, frame.index), 0, dataset)


def _days_of(numbers: Array) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(numbers.astype("datetime64[D]").astype("datetime64[s]"))


def _frame_of(dataset: Dataset, index: pd.Index) -> pd.DataFrame:
    frame = pd.DataFrame(dataset.x.T, index=index, columns=dataset.ids)
    frame.insert(0, "bad", dataset.bad)
    frame.insert(1, "weight", dataset.weight)
    return frame


def split_sample(
    sample: TrainingSample, *, calibrate_from: Day | None = None, judge_from: Day | None = None
) -> SampleParts:
    """Split by time, so that nothing that was learned can be known in the part that judges.

    Args:
        sample: from ``outcome_sample``.
        calibrate_from: first as-of day of the calibration part; with ``judge_from`` left out, half
            of what the gaps leave is learned from.
        judge_from: first as-of day of the judging part.

    Raises:
        BadSample: a part is empty or has one outcome only; says which days there are.
        BadInput: only one of the two days.
    """
    if (calibrate_from is None) != (judge_from is None):
        raise BadInput("give both calibrate_from and judge_from, or neither")
    horizon = sample.horizon_days
    if calibrate_from is None or judge_from is None:
        second, third = split_days(sample.dataset, horizon)
    else:
        second = as_day(calibrate_from, "calibrate_from")
        third = as_day(judge_from, "judge_from")
    split = split_by_time(sample.dataset, horizon, calibrate_from=second, judge_from=third)
    rows = [
        {
            "part": name,
            "first": day_of(part.day.min()),
            "last": day_of(part.day.max()),
            "rows": len(part),
            "bad": int(part.bad.sum()),
        }
        for name in ("learning", "calibration", "judging")
        for part in [getattr(split, f"{name}_part")]
    ]
    return SampleParts(sample, pd.DataFrame(rows).set_index("part"), split)


def fit_model(kind: str, sample: TrainingSample) -> RiskModel:
    """Fit a model on a whole sample, without calibration.

    Args:
        kind: ``woe``, ``boosted``, ``blend``, ``revised``, ``full``, ``expert`` or ``plain``.
        sample: what it learns from.

    Raises:
        BadSample: no such model, or the sample teaches nothing.
    """
    return fit(kind, sample.dataset, None).model


def ranking_figures(model: RiskModel, sample: TrainingSample) -> pd.Series[float]:
    """Figures of a model on other rows: how well it orders them.

    Args:
        model: from ``fit_model``.
        sample: rows that it did not learn from.

    Returns:
        ``auc``, ``ks``, ``brier`` …, and ``days_earlier``: by how many days bad rows would be met
        earlier, on average, if the riskiest were visited first.
    """
    dataset = sample.dataset
    risk = model.risk(dataset.x, dataset.ids)
    figures = {n: metric(risk, dataset.bad, dataset.weight) for n, metric in METRICS.items()}
    return pd.Series({**figures, "days_earlier": days_earlier(risk, dataset.bad, dataset.day)})


def train_model(
    parts: SampleParts,
    kind: str,
    *,
    on: Day,
    name: str = "",
    base: Release | None = None,
    rules: Rulebook | None = None,
) -> TrainedModel:
    """Train a model: fit, calibrate on the second part, judge on the third, look for leaks.

    Args:
        parts: from ``split_sample``.
        kind: ``woe``, ``boosted``, ``blend``, ``revised``, ``full``, ``expert`` or ``plain``.
        on: the day whose rules hold (scale of points, limits of alarms).
        name: of the release; the kind by default.
        base: release whose other tables go along; the shipped expert tables by default.
        rules: a rulebook; the shipped one by default.

    Raises:
        BadSample: no such model, or a part teaches nothing.
        RuleNotInForce: scale or limits were not in force on that day.
    """
    if kind not in MODELS:
        raise BadInput(f'no model "{kind}"; there are: {", ".join(MODELS)}')
    rulebook, day, score = rules_or_shipped(rules), as_day(on, "on"), parts.sample.score
    learning_part = with_rules_of_thumb(parts.split.learning_part, score, rulebook)
    split = replace(parts.split, learning_part=learning_part)
    dataset = with_rules_of_thumb(parts.sample.dataset, score, rulebook)
    fitted = fit(kind, split.learning_part, split.calibration_part)
    report = evaluate(fitted.model, split.learning_part, split.judging_part)
    alarms = alarms_of(dataset, split, kind, rulebook, day)
    tables = load_release(None, rulebook) if base is None else base
    names, scale = names_of_score(score, rulebook), scale_on(rulebook, day)
    months = [
        {"month": m.month, "rows": m.rows, "rate": m.rate, "psi": m.psi} for m in report.months
    ]
    return TrainedModel(
        kind=kind,
        figures=report.flat(),
        months=pd.DataFrame(months).set_index("month"),
        alarms=pd.DataFrame(
            [asdict(alarm) for alarm in alarms],
            columns=["code", "about", "measured", "limit", "zh", "en"],
        ),
        indicators=tuple(fitted.model.ids),
        release=release_of(fitted, score, names, tables, scale, name or kind),
        parts=parts,
        fitted=fitted,
        rows=judged_columns(fitted, split.judging_part),
    )


def compare_models(a: TrainedModel, b: TrainedModel) -> pd.DataFrame:
    """Figures of two models on the same judged rows, and their difference.

    Args:
        a: a trained model.
        b: another one, of the same parts.

    Returns:
        Index ``figure``; a column per model, ``difference`` (a less b), and its 95 % interval
        ``low`` … ``high`` from drawing whole enterprises again. If 0 is inside, the data does not
        tell the two apart.

    Raises:
        BadInput: they were judged on different rows.
    """
    if a.parts.split is not b.parts.split:
        raise BadInput("the models are of different parts; train both on one split")
    rows = [
        {
            "figure": figure,
            f"{a.kind}": first,
            f"{b.kind}": second,
            "difference": gap.value,
            "low": gap.low,
            "high": gap.high,
        }
        for figure, (first, second, gap) in compare_figures(a.rows, b.rows).items()
    ]
    return pd.DataFrame(rows).set_index("figure")


def gate_verdicts(
    model: TrainedModel,
    on: Day,
    *,
    champion: Release | None = None,
    rules: Rulebook | None = None,
) -> pd.DataFrame:
    """Verdicts of the promotion gates on a model, against what scores now.

    Args:
        model: a trained points table.
        on: the day whose rule ``promotion.gates`` holds.
        champion: the release that scores now; the shipped expert tables by default.
        rules: a rulebook; the shipped one by default.

    Returns:
        Index ``gate``: ``open``, and the reason with its figures in ``zh`` and ``en``. A figure
        that could not be computed closes its gate.

    Raises:
        BadInput: the model is no points table.
        RuleNotInForce: there were no gates on that day.
    """
    if model.release is None:
        raise BadInput(f'"{model.kind}" is no points table; only a table can be promoted')
    alarms: list[AlarmSubject] = [
        {"code": str(a.code), "about": str(a.about)} for a in model.alarms.itertuples()
    ]
    candidate = Evaluation(model.release, model.rows, model.figures, alarms)
    sample = model.parts.sample
    rulebook = rules_or_shipped(rules)
    tables = load_release(None, rulebook) if champion is None else champion
    tables = with_first_table(tables, sample.score, rulebook)
    current = evaluate_on_rows(tables, sample.score, sample.dataset, model.rows)
    verdicts = judge(candidate, current, rulebook, as_day(on, "on"))
    return pd.DataFrame([asdict(verdict) for verdict in verdicts]).set_index("gate")


def group_rates(model: TrainedModel, share: float) -> pd.DataFrame:
    """Rates by which groups are flagged among the riskiest, each group against all others.

    Args:
        model: a trained model.
        share: riskiest share that would be visited, 0 to 1.

    Returns:
        One row per group with enough cases: ``grouping``, ``value`` (the column's code), ``rows``,
        ``selected``, ``false_alarms``, ``missed``, ``overstated``, and ``differs`` (rates whose
        whole 95 % interval against all others lies on one side of 0).

    Raises:
        BadSample: the judged rows have one outcome only.
    """
    rows = [
        {
            "grouping": t.grouping,
            "value": t.value,
            "rows": t.rows,
            **t.rates,
            "differs": ", ".join(t.differs),
        }
        for t in group_treatments(model.rows, share)
    ]
    return pd.DataFrame(rows)
