"""Training run: split by time, fit, calibrate, judge, and write everything to one folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.domain.disk import disk_error, not_writable
from xhcredit.domain.progress import Progress
from xhcredit.errors import BadSample
from xhcredit.features.registry import features
from xhcredit.jobs.scoring.model import code_version
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Cutoffs
from xhcredit.rules.schemas.common import Scale as ScaleRule
from xhcredit.rules.schemas.training import LeakLimits
from xhcredit.scores.points import Scale
from xhcredit.scores.release import Release, load_release
from xhcredit_training.additive_model import Additive
from xhcredit_training.alarms import (
    Alarm,
    drifted,
    identifiers,
    own_rows,
    random_gap,
    single,
    years,
)
from xhcredit_training.challenger import Full
from xhcredit_training.dataset import Array, Frame
from xhcredit_training.evaluate import Report, evaluate
from xhcredit_training.identifiers import numbering
from xhcredit_training.models import MODELS, Fitted, calibrated, fit
from xhcredit_training.plots import draw
from xhcredit_training.points_spreadsheet import write_sheet
from xhcredit_training.sample_io import load
from xhcredit_training.search import GRIDS, Trial, best, search
from xhcredit_training.split import Split, split_by_time, split_days

NAMES = {
    "general": ("通用信用分", "general score"),
    "x_food": ("食品安全专业分", "food safety score"),
    "x_elderly_care": ("养老服务专业分", "elderly care score"),
    "x_construction": ("建设工程专业分", "construction score"),
}


@dataclass(frozen=True)
class Order:
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
class Done:
    """Result of a training run."""

    folder: Path
    fitted: Fitted
    report: Report
    alarms: tuple[Alarm, ...]
    release: Release | None


def train(order: Order, rules: Rulebook, tell: Progress) -> Done:
    """Run one training and write its folder: release, figures, pictures, judged rows.

    Raises:
        BadSample: the sample, or one of its parts, teaches nothing.
        NotWritable, DiskFull: the folder cannot be written.
    """
    sample, told = load(order.sample)
    split = parts(sample, int(told["horizon_days"]), order)
    tell("fit", 0, 1)
    fitted, trials = learn(order, split, tell)
    tell("evaluate", 0, 1)
    report = evaluate(fitted.model, split.learn, split.judge)
    tell("alarms", 0, 1)
    alarms = alarms_of(sample, split, order.model, rules, order.on)
    base = load_release(order.base)
    release = release_of(fitted, str(told["score"]), base, rules, order)
    done = Done(order.out, fitted, report, alarms, release)
    _write(done, order, told, trials, split, moves_of(done, base, split, rules, order.on, told))
    tell("evaluate", 1, 1)
    return done


def parts(sample: Frame, horizon: int, order: Order) -> Split:
    """The split by time: at the days asked for, or where the gaps leave the most.

    Raises:
        BadSample: a part is empty, or only one of the two days was given.
    """
    if (order.calibrate_from is None) != (order.judge_from is None):
        raise BadSample("give both --calibrate-from and --judge-from, or neither")
    if order.calibrate_from and order.judge_from:
        second, third = order.calibrate_from, order.judge_from
    else:
        second, third = split_days(sample, horizon)
    return split_by_time(sample, horizon, calibrate_from=second, judge_from=third)


def learn(order: Order, split: Split, tell: Progress) -> tuple[Fitted, list[Trial]]:
    """Fit and calibrate, with a search for settings if it is asked for."""
    if not order.search:
        return fit(order.model, split.learn, split.calibrate), []
    trials = search(order.model, split.learn, tell)
    model = best(order.model, trials)(split.learn)
    return calibrated(order.model, model, split.calibrate), trials


def alarms_of(
    sample: Frame, split: Split, kind: str, rules: Rulebook, on: date
) -> tuple[Alarm, ...]:
    """All alarms that a sample can raise."""
    limits = rules.serving("promotion.leak_limits", LeakLimits, as_of=on)
    found = single(split.learn, limits) + own_rows(split.learn, split.judge, limits)
    found += identifiers(split.learn, limits, numbering(split.learn))
    found += years(sample, limits) + drifted(split.learn, split.judge, limits)
    if kind in GRIDS:
        both = sample.rows(
            (sample.day <= split.learn.day.max()) | (sample.day >= split.judge.day.min())
        )

        def how(part: Frame) -> Callable[[Frame], Array]:
            model = MODELS[kind](part)
            return lambda rest: model.risk(rest.x, rest.ids)

        found += random_gap(both, how, limits, int(split.judge.day.min()))
    return tuple(found)


def release_of(
    fitted: Fitted, score: str, base: Release, rules: Rulebook, order: Order
) -> Release | None:
    """The release: this table beside the others of the base; None if the model is no table.

    Raises:
        BadSample: there is no such score.
    """
    if not isinstance(fitted.model, Additive):
        return None
    if score not in NAMES:
        raise BadSample(f'no name for score "{score}"; there are: {", ".join(NAMES)}')
    scale = Scale(**rules.serving("scores.scale", ScaleRule, as_of=order.on).model_dump())
    table = fitted.model.table(scale, score, NAMES[score], fitted.kind)
    return Release(order.out.name, {**base.tables, score: table})


def moves_of(
    done: Done, base: Release, split: Split, rules: Rulebook, on: date, told: dict[str, Any]
) -> Array | None:
    """How many judged rows move from a grade (rows, by the base) to another (columns)."""
    score = str(told["score"])
    if done.release is None or score not in base.tables:
        return None
    cutoffs = rules.serving("tiers.cutoffs", Cutoffs, as_of=on)
    edges = [cutoffs.C, cutoffs.B, cutoffs.A]
    grades = []
    for release in (base, done.release):
        model = table_risk(release, score, split.judge)
        grades.append(3 - np.searchsorted(edges, model, side="right"))
    moves = np.zeros((4, 4), np.int64)
    np.add.at(moves, tuple(grades), 1)
    return moves


def table_risk(release: Release, score: str, sample: Frame) -> Array:
    """Points of a release's table by row; indicators that the sample lacks are missing."""
    table = release.tables[score]
    at = {name: k for k, name in enumerate(sample.ids)}
    nothing = np.full(len(sample), np.nan)
    total = np.full(len(sample), table.base)
    for i in table.indicators:
        x = sample.x[at[i.feature]] if i.feature in at else nothing
        bins = np.searchsorted(i.cuts, x, side="right")
        own = np.asarray(i.points)[np.minimum(bins, len(i.cuts))]
        total += np.where(np.isnan(x), i.missing, own)
    clipped: Array = np.clip(total, table.scale.lowest, table.scale.highest)
    return clipped


def _write(
    done: Done,
    order: Order,
    told: dict[str, Any],
    trials: list[Trial],
    split: Split,
    moves: Array | None,
) -> None:
    try:
        done.folder.mkdir(parents=True, exist_ok=True)
        _write_model(done)
        names = {f.id: f.zh for f in features().values()}
        draw(done.fitted.model, split.judge, done.folder / "plots", names, moves)
        _write_judged(done, split.judge)
        content = json.dumps(
            _content(done, order, told, trials, split, moves), indent=1, ensure_ascii=False
        )
        (done.folder / "run.json").write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise disk_error(error) or not_writable(str(done.folder), str(error)) from None


def _write_model(done: Done) -> None:
    if done.release is not None:
        done.release.save(done.folder / "release.json")
        write_sheet(done.release, done.folder / "points.xlsx")
    elif isinstance(done.fitted.model, Full):
        (done.folder / "model.txt").write_text(done.fitted.model.text, encoding="utf-8")


def _write_judged(done: Done, judge: Frame) -> None:
    """Risk and outcome of every judged row, so that runs can be compared without the sample."""
    risk = done.fitted.model.risk(judge.x, judge.ids)
    columns = {
        "risk": risk,
        "bad": judge.bad,
        "weight": judge.weight,
        "day": judge.day,
        "ent": judge.ent,
        **{f"group_{n}": v for n, v in judge.groups.items()},
    }
    pq.write_table(pa.table(columns), done.folder / "judged.parquet")


def _content(
    done: Done,
    order: Order,
    told: dict[str, Any],
    trials: list[Trial],
    split: Split,
    moves: Array | None,
) -> dict[str, Any]:
    fitted = done.fitted
    return {
        "model": fitted.kind,
        "score": told["score"],
        "parameters": {
            **{k: v for k, v in told.items() if not isinstance(v, dict)},
            "model": fitted.kind,
            "on": order.on.isoformat(),
            "learn_rows": len(split.learn),
            "learn_bad": int(split.learn.bad.sum()),
            "calibrate_rows": len(split.calibrate),
            "judge_rows": len(split.judge),
            "sample_digest": split.learn.digest,
            "slope": fitted.slope,
            "shift": fitted.shift,
            "curve_gap": fitted.largest_gap,
        },
        "weights": told.get("weights", {}),
        "metrics": done.report.flat(),
        "report": done.report.as_data(),
        "alarms": [asdict(a) for a in done.alarms],
        "trials": [asdict(t) for t in trials],
        "indicators": list(fitted.model.ids),
        "calibration": fitted.steps,
        "tier_moves": None if moves is None else moves.tolist(),
        "release_digest": done.release.digest if done.release else "",
        "code_commit": commit(),
    }


def commit() -> str:
    """The commit of the code, or its digest outside a checkout."""
    ask = ["git", "-C", str(Path(__file__).parents[2]), "rev-parse", "HEAD"]
    try:
        found = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - fixed words, no input
    except (OSError, subprocess.SubprocessError):
        return code_version()
    return f"{found.stdout.strip()} {code_version()}"
