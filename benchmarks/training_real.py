"""Our models against published figures on real data, with the same protocol.

``python -m benchmarks.training_real [SET ...]`` prints one table per set; needs
``XHCREDIT_REAL_DATA``.  Nothing is tuned on judged rows: the settings are those that ``fit`` uses.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold
from xhcredit_training.bootstrap import with_intervals
from xhcredit_training.dataset import Dataset
from xhcredit_training.metrics import auc, capture, days_earlier, ks, precision
from xhcredit_training.models import blend, boosted, challenger, woe

from benchmarks import training_sets as sets
from benchmarks import training_visits as visits

Risk = Callable[[Dataset], np.ndarray]


def untuned(learn: Dataset) -> Risk:
    """The baseline of the data's README: LightGBM as it comes, 200 trees of rate 0.05."""
    tree_options = {"n_estimators": 200, "learning_rate": 0.05, "verbosity": -1, "n_jobs": 1}
    model = lgb.LGBMClassifier(**tree_options).fit(learn.x.T, learn.bad)
    return lambda later_rows: model.predict(later_rows.x.T, raw_score=True)


def ours(fit: Callable[[Dataset], Any]) -> Callable[[Dataset], Risk]:
    """One of our models as a function of rows."""

    def learned(learn: Dataset) -> Risk:
        model = fit(learn)
        return lambda later_rows: model.risk(later_rows.x, later_rows.ids)

    return learned


MODELS = {
    "untuned": untuned,
    "woe": ours(woe),
    "boosted": ours(boosted),
    "blend": ours(blend),
    "full": ours(challenger),
}


def folds(name: str, sample: Dataset, splits: Any, reference: str) -> None:
    """AUC and KS over folds, with the standard error of the difference to the full model."""
    print(f"\n{name}: {len(sample):,} rows, {int(sample.bad.sum()):,} bad; reference {reference}")
    metrics_by_model: dict[str, list[tuple[float, float]]] = {m: [] for m in MODELS}
    cpu = dict.fromkeys(MODELS, 0.0)
    cuts = list(splits.split(sample.x.T, sample.bad))
    for learned_rows, later_rows in cuts:
        learn, judge = sample.rows(learned_rows), sample.rows(later_rows)
        for model, fit in MODELS.items():
            start = time.process_time()
            risk = fit(learn)(judge)
            cpu[model] += time.process_time() - start
            metrics_by_model[model].append(
                (auc(risk, judge.bad, judge.weight), ks(risk, judge.bad, judge.weight))
            )
    base = np.array(metrics_by_model["full"])[:, 0]
    for model, values in metrics_by_model.items():
        metric_rows = np.array(values)
        gap = metric_rows[:, 0] - base
        se = gap.std(ddof=1) / np.sqrt(len(gap))
        print(
            f"  {model:8} AUC {metric_rows[:, 0].mean():.4f} KS {metric_rows[:, 1].mean():.4f} "
            f"less full {gap.mean():+.4f} (se {se:.4f}), CPU-s {cpu[model] / len(cuts):.2f}",
            flush=True,
        )


def heloc() -> None:
    folds(
        "HELOC, 5 folds",
        sets.heloc(),
        StratifiedKFold(5, shuffle=True, random_state=42),
        "LightGBM .797, WoE .794",
    )


def give_me_some_credit() -> None:
    folds(
        "Give Me Some Credit, 5 folds",
        sets.give_me_some_credit(),
        StratifiedKFold(5, shuffle=True, random_state=42),
        "LightGBM .866, WoE .857",
    )


def german() -> None:
    folds(
        "German, 5 x 5 folds, seed 42",
        sets.german(),
        RepeatedStratifiedKFold(n_splits=5, n_repeats=5, random_state=42),
        "LightGBM .7883, optbinning card .7863",
    )


def polish() -> None:
    ten = StratifiedKFold(10, shuffle=True, random_state=42)
    folds("Polish year 1, 10 folds", sets.polish(), ten, "LightGBM .957, WoE .888")


def judged(
    name: str, learn: Dataset, judge: Dataset, reference: str, figures: dict[str, Any]
) -> None:
    """Figures on later rows, with bootstrap intervals by enterprise."""
    print(
        f"\n{name}: {len(learn):,} rows to learn, {len(judge):,} judged, "
        f"{int(judge.bad.sum()):,} bad; reference {reference}"
    )
    for model, fit in MODELS.items():
        risk = fit(learn)(judge)
        intervals = with_intervals(figures, risk, judge.bad, judge.weight, judge.ent)
        print(f"  {model:8} " + "; ".join(f"{n} {t}" for n, t in intervals.items()), flush=True)


def customs() -> None:
    learn, judge = visits.customs()
    judged(
        "customs, second quarter of 2021",
        learn,
        judge,
        "precision .762 / .641, LightGBM",
        {"at 5 %": precision(0.05), "at 10 %": precision(0.1), "AUC": auc},
    )


def san_francisco() -> None:
    learn, judge = visits.san_francisco()
    judged(
        "San Francisco from July 2017",
        learn,
        judge,
        "AUC .813, capture at 20 % .52",
        {"AUC": auc, "capture 20": capture(0.2)},
    )


def beijing() -> None:
    learn, judge = visits.beijing()
    reference = "AUC .64, .67 with history, plain rule .634 (other years); above .8 means a leak"
    judged("Beijing 2023, every visit", learn, judge, reference, {"AUC": auc})
    before = judge.rows(judge.groups["visited"] == 1)
    judged("Beijing 2023, visited before", learn, before, reference, {"AUC": auc})
    _, first = np.unique(judge.ent, return_index=True)
    judged("Beijing 2023, first visit of each", learn, judge.rows(first), reference, {"AUC": auc})


def chicago() -> None:
    """Days earlier without the inspector, and with the inspector's severity taken out."""
    plain, known = visits.chicago(), visits.chicago(inspector=True)
    print(
        f"\nChicago: {len(plain[1]):,} judged, {int(plain[1].bad.sum())} critical; published "
        "7.44 days with the inspector (their stored column 7.79), 3.3 without"
    )
    _days("published", plain[1].groups["published"], plain[1])
    for name, fit in (("woe", woe), ("boosted", boosted), ("blend", blend)):
        bare = fit(plain[0])
        _days(f"{name}, no inspector", bare.risk(plain[1].x, plain[1].ids), plain[1])
        model = fit(known[0])
        clean = model.without(["inspector"])
        _days(f"{name}, severity removed", clean.risk(known[1].x, known[1].ids), known[1])
        _days(f"{name}, with inspector", model.risk(known[1].x, known[1].ids), known[1])
    _inner_check(known[0])


def _inner_check(learn: Dataset) -> None:
    """The same comparison inside the learning part: its last two months, learned from before."""
    cut = int(learn.day.max()) - 60
    early, late = learn.rows(learn.day < cut), learn.rows(learn.day >= cut)
    clean = woe(early).without(["inspector"])
    bare = woe(early.only([i for i in early.ids if i != "inspector"]))
    print("  within the learning part, its last 60 days:")
    _days("woe, no inspector", bare.risk(late.x, late.ids), late)
    _days("woe, severity removed", clean.risk(late.x, late.ids), late)


def _days(name: str, risk: np.ndarray, judge: Dataset) -> None:
    rng = np.random.default_rng(1)
    again = []
    for _ in range(400):
        resampled = rng.integers(0, len(judge), len(judge))
        again.append(days_earlier(risk[resampled], judge.bad[resampled], judge.day[resampled]))
    low, high = np.quantile(again, [0.025, 0.975])
    figure = days_earlier(risk, judge.bad, judge.day)
    print(
        f"  {name:26} {figure:5.2f} days earlier [{low:.2f}, {high:.2f}], "
        f"AUC {auc(risk, judge.bad, judge.weight):.4f}",
        flush=True,
    )


SETS = {
    f.__name__: f
    for f in (chicago, customs, san_francisco, beijing, heloc, german, polish, give_me_some_credit)
}


def main() -> int:
    """Run the sets that are named, or all."""
    if not sets.REAL.is_dir():
        print(f'no real data at "{sets.REAL}"; set XHCREDIT_REAL_DATA to the folder of the sets')
        return 1
    for name in sys.argv[1:] or SETS:
        SETS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
