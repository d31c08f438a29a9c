"""Training run: split by time, fit, calibrate, judge, and write everything to one folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.domain.disk import disk_error, not_writable
from xhcredit.domain.progress import Progress
from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit.features.registry import features
from xhcredit.jobs.scoring.model import code_version
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Cutoffs
from xhcredit.rules.schemas.common import Scale as ScaleRule
from xhcredit.rules.schemas.training import LeakLimits
from xhcredit.scores.points import Scale
from xhcredit.scores.release import Release, load_release
from xhcredit.store.models.rows import TrainingAlarm
from xhcredit_training.additive_model import Additive
from xhcredit_training.alarms import (
    Alarm,
    drift_alarms,
    identifier_alarms,
    own_row_leaks,
    random_gap_alarms,
    too_good_indicators,
    year_rate_alarms,
)
from xhcredit_training.challenger import Challenger
from xhcredit_training.dataset import Dataset
from xhcredit_training.evaluate import Report, evaluate
from xhcredit_training.identifiers import numbering
from xhcredit_training.models import (
    MODELS,
    FittedModel,
    calibrate_model,
    fit,
    with_rules_of_thumb,
)
from xhcredit_training.plots import write_plots
from xhcredit_training.points_spreadsheet import write_spreadsheet
from xhcredit_training.rows import Provenance, RunRecord, TrialRow
from xhcredit_training.sample_io import load_sample
from xhcredit_training.search import GRIDS, Trial, best_fit, search
from xhcredit_training.split import Split, split_by_time, split_days

_GENERAL_NAMES = ("通用信用分", "general score")


@dataclass(frozen=True)
class TrainingRequest:
    """Settings of a training run.

    ``on``: the day whose rules (scale, limits) hold.  ``base``: release whose other tables go
    along, and with which tiers are compared; the shipped one if None.
    """

    sample: Path
    model: str
    out: Path
    on: date
    calibrate_from: date | None = None
    judge_from: date | None = None
    search: bool = False
    base: Path | None = None


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training run."""

    folder: Path
    fitted: FittedModel
    report: Report
    alarms: tuple[Alarm, ...]
    release: Release | None


def train(request: TrainingRequest, rules: Rulebook, report_progress: Progress) -> TrainingResult:
    """Run one training and write its folder: release, figures, pictures, judged rows.

    Raises:
        BadSample: the sample, or one of its parts, teaches nothing.
        NotWritable, DiskFull: the folder cannot be written.
    """
    sample, provenance = load_sample(request.sample)
    sample = with_rules_of_thumb(sample, str(provenance["score"]), rules)
    split = split_sample(sample, int(provenance["horizon_days"]), request)
    report_progress("fit", 0, 1)
    fitted, trials = fit_and_calibrate(request, split, report_progress)
    report_progress("evaluate", 0, 1)
    report = evaluate(fitted.model, split.learning_part, split.judging_part)
    report_progress("alarms", 0, 1)
    alarms = alarms_of(sample, split, request.model, rules, request.on)
    base = load_release(request.base, rules)
    score = str(provenance["score"])
    names, scale = names_of_score(score, rules), scale_on(rules, request.on)
    release = release_of(fitted, score, names, base, scale, request.out.name)
    run_result = TrainingResult(request.out, fitted, report, alarms, release)
    _write(
        run_result,
        request,
        rules,
        provenance,
        trials,
        split,
        tier_moves_of(run_result, base, split, rules, request.on, provenance),
    )
    report_progress("evaluate", 1, 1)
    return run_result


def split_sample(sample: Dataset, horizon: int, request: TrainingRequest) -> Split:
    """The split by time: at the days asked for, or where the gaps leave the most.

    Raises:
        BadSample: a part is empty, or only one of the two days was given.
    """
    if (request.calibrate_from is None) != (request.judge_from is None):
        raise BadSample("give both --calibrate-from and --judge-from, or neither")
    if request.calibrate_from and request.judge_from:
        calibrate_from, judge_from = request.calibrate_from, request.judge_from
    else:
        calibrate_from, judge_from = split_days(sample, horizon)
    return split_by_time(sample, horizon, calibrate_from=calibrate_from, judge_from=judge_from)


def fit_and_calibrate(
    request: TrainingRequest, split: Split, report_progress: Progress
) -> tuple[FittedModel, list[Trial]]:
    """Fit and calibrate, with a search for settings if it is asked for."""
    if not request.search:
        return fit(request.model, split.learning_part, split.calibration_part), []
    trials = search(request.model, split.learning_part, report_progress)
    model = best_fit(request.model, trials)(split.learning_part)
    return calibrate_model(request.model, model, split.calibration_part), trials


def alarms_of(
    sample: Dataset, split: Split, kind: str, rules: Rulebook, rules_day: date
) -> tuple[Alarm, ...]:
    """All alarms that a sample can raise."""
    limits = rules.serving("promotion.leak_limits", LeakLimits, as_of=rules_day)
    alarms = too_good_indicators(split.learning_part, limits) + own_row_leaks(
        split.learning_part, split.judging_part, limits
    )
    alarms += identifier_alarms(split.learning_part, limits, numbering(split.learning_part))
    alarms += year_rate_alarms(sample, limits) + drift_alarms(
        split.learning_part, split.judging_part, limits
    )
    if kind in GRIDS:
        learning_and_judging = sample.rows(
            (sample.day <= split.learning_part.day.max())
            | (sample.day >= split.judging_part.day.min())
        )

        def fit_model(learning_rows: Dataset) -> Callable[[Dataset], Array]:
            model = MODELS[kind](learning_rows)
            return lambda other_rows: model.risk(other_rows.x, other_rows.ids)

        alarms += random_gap_alarms(
            learning_and_judging, fit_model, limits, int(split.judging_part.day.min())
        )
    return tuple(alarms)


def scale_on(rules: Rulebook, day: date) -> Scale:
    """Scale of points in force on a day.

    Raises:
        RuleNotInForce: there was none.
    """
    return Scale(**rules.serving("scores.scale", ScaleRule, as_of=day).model_dump())


def release_of(
    fitted: FittedModel,
    score: str,
    names: tuple[str, str],
    base: Release,
    scale: Scale,
    name: str,
) -> Release | None:
    """The release: this table beside the others of the base; None if the model is no table."""
    if not isinstance(fitted.model, Additive):
        return None
    table = fitted.model.table(scale, score, names, fitted.kind)
    return Release(name, {**base.tables, score: table})


def names_of_score(score: str, rules: Rulebook) -> tuple[str, str]:
    """The name of a score, Chinese and English: a field's own name with "专业分" and "score".

    Raises:
        BadSample: there is no such score.
    """
    if score == "general":
        return _GENERAL_NAMES
    field = rules.field(score)
    if field is None:
        remedy = "give the --rules folder with its field, as for the sample"
        raise BadSample(f'there is no score "{score}" in these rules; {remedy}')
    return f"{field.names.name_zh}专业分", f"{field.names.name_en} score"


def tier_moves_of(
    run_result: TrainingResult,
    base: Release,
    split: Split,
    rules: Rulebook,
    rules_day: date,
    provenance: Provenance,
) -> Array | None:
    """How many judged rows move from a grade (rows, by the base) to another (columns)."""
    score = str(provenance["score"])
    if run_result.release is None or score not in base.tables:
        return None
    cutoffs = rules.serving("tiers.cutoffs", Cutoffs, as_of=rules_day)
    edges = [cutoffs.C, cutoffs.B, cutoffs.A]
    grades = []
    for release in (base, run_result.release):
        grade_points = table_points(release, score, split.judging_part)
        grades.append(3 - np.searchsorted(edges, grade_points, side="right"))
    moves = np.zeros((4, 4), np.int64)
    np.add.at(moves, tuple(grades), 1)
    return moves


def table_points(release: Release, score: str, sample: Dataset) -> Array:
    """Points of a release's table by row; indicators that the sample lacks are missing."""
    table = release.tables[score]
    row_by_id = {name: k for k, name in enumerate(sample.ids)}
    missing_row = np.full(len(sample), np.nan)
    total = np.full(len(sample), table.base)
    for indicator in table.indicators:
        x = (
            sample.x[row_by_id[indicator.feature]]
            if indicator.feature in row_by_id
            else missing_row
        )
        bins = np.searchsorted(indicator.cuts, x, side="right")
        bin_points = np.asarray(indicator.points)[np.minimum(bins, len(indicator.cuts))]
        total += np.where(np.isnan(x), indicator.missing, bin_points)
    clipped: Array = np.clip(total, table.scale.lowest, table.scale.highest)
    return clipped


def _write(
    run_result: TrainingResult,
    request: TrainingRequest,
    rules: Rulebook,
    provenance: Provenance,
    trials: list[Trial],
    split: Split,
    moves: Array | None,
) -> None:
    try:
        run_result.folder.mkdir(parents=True, exist_ok=True)
        _write_model(run_result, rules)
        names = {f.id: f.zh for f in features(rules).values()}
        write_plots(
            run_result.fitted.model, split.judging_part, run_result.folder / "plots", names, moves
        )
        columns = judged_columns(run_result.fitted, split.judging_part)
        pq.write_table(pa.table(columns), run_result.folder / "judged.parquet")
        record_json = json.dumps(
            _run_record(run_result, request, provenance, trials, split, moves),
            indent=1,
            ensure_ascii=False,
        )
        (run_result.folder / "run.json").write_text(record_json + "\n", encoding="utf-8")
    except OSError as error:
        raise disk_error(error) or not_writable(str(run_result.folder), str(error)) from None


def _write_model(run_result: TrainingResult, rules: Rulebook) -> None:
    if run_result.release is not None:
        run_result.release.save(run_result.folder / "release.json")
        write_spreadsheet(run_result.release, run_result.folder / "points.xlsx", features(rules))
    elif isinstance(run_result.fitted.model, Challenger):
        (run_result.folder / "model.txt").write_text(run_result.fitted.model.text, encoding="utf-8")


def judged_columns(fitted: FittedModel, judge: Dataset) -> dict[str, Array]:
    """Risk and outcome of every judged row, so that models can be compared on the same rows."""
    return {
        "risk": fitted.model.risk(judge.x, judge.ids),
        "bad": judge.bad,
        "weight": judge.weight,
        "day": judge.day,
        "ent": judge.ent,
        **{f"group_{n}": v for n, v in judge.groups.items()},
    }


def _run_record(
    run_result: TrainingResult,
    request: TrainingRequest,
    provenance: Provenance,
    trials: list[Trial],
    split: Split,
    moves: Array | None,
) -> RunRecord:
    fitted = run_result.fitted
    return {
        "model": fitted.kind,
        "score": provenance["score"],
        "parameters": {
            **{k: v for k, v in provenance.items() if isinstance(v, str | int | float)},
            "model": fitted.kind,
            "on": request.on.isoformat(),
            "learn_rows": len(split.learning_part),
            "learn_bad": int(split.learning_part.bad.sum()),
            "calibrate_rows": len(split.calibration_part),
            "judge_rows": len(split.judging_part),
            "sample_digest": split.learning_part.digest,
            "slope": fitted.slope,
            "shift": fitted.shift,
            "curve_gap": fitted.largest_gap,
        },
        "weights": provenance.get("weights", {}),
        "metrics": run_result.report.flat(),
        "report": run_result.report.as_data(),
        "alarms": [cast(TrainingAlarm, asdict(a)) for a in run_result.alarms],
        "trials": [cast(TrialRow, asdict(t)) for t in trials],
        "indicators": list(fitted.model.ids),
        "calibration": fitted.steps,
        "tier_moves": None if moves is None else moves.tolist(),
        "release_digest": run_result.release.digest if run_result.release else "",
        "code_commit": code_commit(),
    }


def code_commit() -> str:
    """The commit of the code, or its digest outside a checkout."""
    git_command = ["git", "-C", str(Path(__file__).parents[2]), "rev-parse", "HEAD"]
    try:
        git_output = subprocess.run(  # noqa: S603 - fixed words, no input
            git_command, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return code_version()
    return f"{git_output.stdout.strip()} {code_version()}"
