"""Estimates from the results of a draw: prevalence, comparison of designs, quality of the score.

Input is the internal frame of a draw (never published) with the results of its visits; output is
plain data for JSON, pages and plots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Final, Literal, cast

import numpy as np
import pandas as pd

from xhcredit.draws.burden import burden, exploration
from xhcredit.draws.comparison import DrawResults, compare_designs
from xhcredit.draws.estimate import Estimate
from xhcredit.draws.numerics import Array, Flags, Ints
from xhcredit.draws.variance import deville_variance, ht_total, stratified_variance
from xhcredit.draws.weighted import Figure, WeightedVisits, calibration_ratio, weighted_auc
from xhcredit.errors import BadInput, NothingKnown
from xhcredit.jobs.draws.estimate_rows import (
    BurdenReport,
    DesignComparison,
    DrawEstimate,
    ExplorationReport,
    FigureWithInterval,
    GroupEstimate,
    Grouping,
    PrevalenceEstimate,
    ScoreQuality,
    ViolationTotal,
)

GROUPS: Final[tuple[Grouping, ...]] = ("tier", "field", "street")
#: visits expected in a cell of individual odds
_VISITS_PER_CELL = 5
REQUIRED_COLUMNS = ("code", "stratum", "odds", "drawn", "failed")


def estimate(
    frame: pd.DataFrame, *, design: Literal["stratified", "individual"] = "stratified"
) -> DrawEstimate:
    """Estimates of one draw.

    Args:
        frame: one row per enterprise of the frame with ``code``, ``stratum``, ``odds`` (this
            draw's inclusion probability, decimal text or number in [0, 1]; 0 in a pause),
            ``drawn`` and ``failed`` (True, False; missing where there is no result).  Optional:
            ``tier``, ``field``, ``street`` (groups asked about), ``rate`` (long-run rate, orders
            strata so that the paused stand beside their like), ``risk`` (score, high = risky),
            ``probability`` (of a violation as the score promises).
        design: "stratified" or "individual".

    Raises:
        BadInput: a column is missing, a code comes twice, or an enterprise outside the draw has a
            result.
        NothingKnown: nobody drawn has a result yet.
    """
    _refuse_bad_frame(frame)
    frame = _ordered(frame) if design == "stratified" else _ordered_by_odds(frame)
    stratum = frame["cell"].to_numpy(np.int64)
    visited = (frame["drawn"].astype(bool) & frame["failed"].notna()).to_numpy()
    failed = _failed_flags(frame["failed"])
    if not visited.any():
        raise NothingKnown("no drawn enterprise has a result yet; enter results first")
    sampled = DrawResults(stratum, visited, failed)
    return {
        "design": design,
        "drawn": int(frame["drawn"].sum()),
        "without_result": int(frame["drawn"].sum() - visited.sum()),
        "total": _total(frame, stratum, visited, failed, design),
        "whole": _prevalence(sampled.estimate_in(np.ones(len(frame), bool))),
        "groups": {g: _by_group(frame[g], sampled) for g in GROUPS if g in frame},
        "comparison": _comparison(frame, sampled),
        "score": _score(frame, sampled),
    }


def _refuse_bad_frame(frame: pd.DataFrame) -> None:
    missing = [c for c in REQUIRED_COLUMNS if c not in frame]
    if missing:
        raise BadInput(
            f"the frame has no column {', '.join(missing)}; give all of {REQUIRED_COLUMNS}"
        )
    repeated_codes = frame["code"][frame["code"].duplicated()]
    if len(repeated_codes):
        raise BadInput(f"{repeated_codes.iloc[0]} is in the frame twice; each code has one row")
    undrawn_codes = frame["code"][frame["failed"].notna() & ~frame["drawn"].astype(bool)]
    if len(undrawn_codes):
        raise BadInput(
            f"{undrawn_codes.iloc[0]} has a result and was not drawn; only visits of this draw "
            "count "
            "(trigger-based and other checks have no known odds)"
        )


def _failed_flags(results: pd.Series[bool]) -> Flags:
    """Flags; a missing result is False."""
    return cast(Flags, results.eq(True).fillna(False).to_numpy(dtype=bool))


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Strata numbered by their long-run rate, then their odds: neighbours are alike."""
    frame = frame.assign(odds=[float(o) for o in frame["odds"]])
    rate = frame["rate"].astype(float) if "rate" in frame else frame["odds"]
    order = frame.assign(rate=rate).groupby("stratum")[["rate", "odds"]].mean()
    cells = {s: n for n, s in enumerate(order.sort_values(["rate", "odds"]).index)}
    return frame.assign(cell=frame["stratum"].map(cells))


def _ordered_by_odds(frame: pd.DataFrame) -> pd.DataFrame:
    """Neighbours by their odds, so many together that a few visits are expected among them.

    Individual odds have one stratum.  Among neighbours the odds are nearly equal, so that their
    visits are taken as a simple random sample of them.
    """
    frame = frame.assign(odds=[float(o) for o in frame["odds"]]).sort_values("odds", kind="stable")
    return frame.assign(cell=(frame["odds"].cumsum() // _VISITS_PER_CELL).astype(np.int64))


def _total(
    frame: pd.DataFrame, stratum: Ints, visited: Flags, failed: Flags, design: str
) -> ViolationTotal:
    """Horvitz-Thompson total over those who could be drawn, with its standard error."""
    odds = frame["odds"].to_numpy(float)
    values = failed[visited].astype(float)
    if design == "stratified":
        count = int(stratum.max()) + 1
        hits = np.bincount(stratum[visited], values, count).astype(float)
        # By way of text: the odds are decimals, and their exact fraction is the one that the
        # draw counted with.
        ratios = [Fraction(str(o)) for o in frame.groupby("cell")["odds"].first()]
        sizes = np.bincount(stratum).tolist()
        variance, method = stratified_variance(sizes, ratios, hits, hits), "exact joint odds"
    else:
        variance, method = deville_variance(values, odds[visited]), "Deville's approximation"
    return {
        "violations": ht_total(values, odds[visited]),
        "standard_error": max(variance, 0.0) ** 0.5,
        "method": method,
        "in_pause": int((odds == 0).sum()),
    }


def _by_group(labels: pd.Series[str], sampled: DrawResults) -> list[GroupEstimate]:
    group_labels = labels.fillna("?").astype(str)
    return [
        {"group": g, **_prevalence(sampled.estimate_in((group_labels == g).to_numpy()))}
        for g in sorted(group_labels.unique())
    ]


def _prevalence(e: Estimate) -> PrevalenceEstimate:
    return cast(PrevalenceEstimate, {**asdict(e), "total": e.total})


def _comparison(frame: pd.DataFrame, sampled: DrawResults) -> DesignComparison | None:
    if "risk" not in frame:
        return None
    c = compare_designs(sampled, frame["risk"].fillna(-np.inf).to_numpy(float))
    return cast(DesignComparison, {**asdict(c), "price": c.price, "gain": c.gain})


def _score(frame: pd.DataFrame, sampled: DrawResults) -> ScoreQuality | None:
    """Weighted AUC and calibration over visits with a score."""
    if "risk" not in frame:
        return None
    rows = frame[sampled.visited & frame["risk"].notna().to_numpy()]
    sizes = np.bincount(sampled.stratum)
    weight = _weights(sampled)
    visits = WeightedVisits(
        rows["risk"].to_numpy(float),
        _failed_flags(rows["failed"]),
        1 / weight[rows["cell"].to_numpy()],
        rows["cell"].to_numpy(np.int64),
        sizes,
    )
    try:
        auc: Figure | None = weighted_auc(visits)
    except NothingKnown:
        auc = None
    ratio = (
        calibration_ratio(visits, rows["probability"].to_numpy(float))
        if "probability" in rows
        else None
    )
    return {
        "auc": _figure(auc),
        "visits": len(rows),
        "observed_over_promised": _figure(ratio),
    }


def _figure(figure: Figure | None) -> FigureWithInterval | None:
    return None if figure is None else cast(FigureWithInterval, asdict(figure))


def _weights(sampled: DrawResults) -> Array:
    """Enterprises that one visit stands for, by stratum."""
    sizes = np.bincount(sampled.stratum)
    visits = np.bincount(sampled.stratum[sampled.visited], minlength=sizes.size)
    return sizes / np.maximum(visits, 1)


def burden_report(
    visits: pd.DataFrame,
    enterprises: pd.DataFrame,
    *,
    pause: int,
    rounds_per_year: int,
    cap: int,
    groups: Sequence[str] = ("small_or_micro", "new_form"),
) -> BurdenReport:
    """Visits per enterprise and year as a table and in a form ready to plot.

    Args:
        visits: one row per visit: ``code`` and ``round`` (from 0).
        enterprises: one row per enterprise that could be visited: ``code`` and a flag per group.
        pause: T rounds within which nobody is visited twice.
        rounds_per_year: rounds in a year.
        cap: visits per enterprise and year that are allowed (a dated rule).
        groups: names of flags in ``enterprises``.

    Raises:
        BadInput: a visit to an enterprise that is not among ``enterprises``.
    """
    enterprise_index = pd.Index(enterprises["code"]).get_indexer(pd.Index(visits["code"]))
    if (enterprise_index < 0).any():
        raise BadInput(
            f"{visits['code'].iloc[int(np.argmin(enterprise_index))]} was visited and is not listed"
        )
    burden_figures = burden(
        visits["round"].to_numpy(np.int64),
        enterprise_index.astype(np.int64),
        len(enterprises),
        pause=pause,
        year=rounds_per_year,
        cap=cap,
        groups={g: enterprises[g].to_numpy(bool) for g in groups if g in enterprises},
    )
    plot_bars = {
        "visits": list(range(len(burden_figures.by_count))),
        "enterprises": list(burden_figures.by_count),
    }
    return cast(BurdenReport, {**asdict(burden_figures), "plot": plot_bars})


def exploration_report(
    frame: pd.DataFrame, trusted: Sequence[str] = ("A", "B")
) -> ExplorationReport:
    """Cost and use of visits to trusted tiers; ``frame`` as for ``estimate``, with ``tier``."""
    visited = frame[frame["drawn"].astype(bool) & frame["failed"].notna()]
    sizes = frame.groupby("tier").size()
    visits = visited.groupby("tier").size().reindex(sizes.index, fill_value=0)
    violation_rows = visited[_failed_flags(visited["failed"])]
    violations = violation_rows.groupby("tier").size().reindex(sizes.index, fill_value=0)
    is_trusted = np.array([t in trusted for t in sizes.index], dtype=bool)
    columns = [np.asarray(c, dtype=np.float64) for c in (sizes, visits, violations)]
    exploration_figures = exploration(columns[0], columns[1], columns[2], is_trusted)
    return cast(ExplorationReport, {"trusted": list(trusted), **asdict(exploration_figures)})
