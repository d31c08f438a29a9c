"""Binning and card, and the additive model, against peers in their own environment.

``python -m benchmarks.training_speed --peer-python PATH`` (an interpreter that has optbinning and
toad, and interpret-core for EBM if wanted; by default this one, which has optbinning).  A B A B,
CPU seconds of one thread, medians; the same 100,000 rows by 60 columns, judged on 50,000 others.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
which, path = sys.argv[1:]
data = np.load(path)
names = [f"f{k}" for k in range(60)]
words = names[50:]
def table(x):
    t = pd.DataFrame(x.T, columns=names)
    t[words] = t[words].astype(int).astype(str)
    return t
learn, judge = table(data["x"]), table(data["x2"])
y = data["y"].astype(int)
start = time.process_time()
if which == "optbinning":
    from optbinning import BinningProcess, Scorecard
    process = BinningProcess(names, categorical_variables=words, special_codes=[-9999])
    card = Scorecard(process, LogisticRegression(max_iter=300))
    card.fit(learn, y, metric_missing="empirical", metric_special="empirical")
    spent = time.process_time() - start
    risk = card.predict_proba(judge)[:, 1]
elif which == "toad":
    import toad
    both = learn.assign(target=y)
    combiner = toad.transform.Combiner()
    combiner.fit(both, y="target", method="dt", n_bins=10, empty_separate=True)
    woe = toad.transform.WOETransformer()
    x = woe.fit_transform(combiner.transform(both), y, exclude=["target"]).drop(columns="target")
    model = LogisticRegression(max_iter=300).fit(x, y)
    spent = time.process_time() - start
    risk = model.predict_proba(woe.transform(combiner.transform(judge)))[:, 1]
else:
    from interpret.glassbox import ExplainableBoostingClassifier
    model = ExplainableBoostingClassifier(interactions=0, outer_bags=4, n_jobs=1)
    model.fit(learn, y)
    spent = time.process_time() - start
    risk = model.predict_proba(judge)[:, 1]
print(json.dumps({"cpu": spent, "auc": roc_auc_score(data["y2"], risk)}))
"""

OURS = """
import json, sys, time
import numpy as np
from benchmarks.training_sets import synthetic
from training import models
from xhcredit_training.metrics import auc
which, path = sys.argv[1:]
data = np.load(path)
sample = synthetic(10, 1)
from xhcredit_training.dataset import make_dataset
learn = make_dataset(sample.columns, data["x"], data["y"])
getattr(models, which)(learn.rows(slice(0, 4000)))  # loads what has to be loaded
start = time.process_time()
model = getattr(models, which)(learn)
spent = time.process_time() - start
risk = model.risk(data["x2"], learn.ids)
print(json.dumps({"cpu": spent, "auc": auc(risk, data["y2"].astype(int), np.ones(risk.size))}))
"""


def once(python: str, code: str, which: str, path: Path) -> dict[str, float] | None:
    """CPU seconds and AUC of one fit in a process of its own; None if it cannot be run there."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-c", code, which, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **threads},
    )
    if done.returncode:
        print(f"  {which}: not run ({done.stderr.strip().splitlines()[-1][:120]})")
        return None
    seconds_by_step: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds_by_step


def main() -> int:
    """Run every contestant in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--peers", default="optbinning,toad,ebm")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from xhcredit_training.metrics import auc

    from benchmarks.training_sets import synthetic

    learn, judge = synthetic(100_000, 1), synthetic(50_000, 2)
    oracle = auc(judge.groups["oracle"], judge.bad, judge.weight)
    print(f"{learn.bad.mean():.4f} bad, AUC of the oracle {oracle:.4f}")
    turns = [(sys.executable, OURS, m) for m in ("woe", "boosted", "full")]
    turns += [(options.peer_python, PEER, p) for p in options.peers.split(",") if p]
    runs_by_way: dict[str, list[dict[str, float]]] = {which: [] for _, _, which in turns}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        np.savez(path, x=learn.x, y=learn.bad, x2=judge.x, y2=judge.bad)
        for number in range(options.rounds):
            for python, code, which in turns:
                seconds_by_step = (
                    None if number and not runs_by_way[which] else once(python, code, which, path)
                )
                if seconds_by_step:
                    runs_by_way[which].append(seconds_by_step)
                    print(
                        f"  round {number + 1}: {which} {seconds_by_step['cpu']:.2f} CPU-s",
                        flush=True,
                    )
    for which, seconds_by_step in runs_by_way.items():
        if seconds_by_step:
            print(
                f"  {which:10} {median(t['cpu'] for t in seconds_by_step):7.2f} CPU-s, "
                f"AUC {seconds_by_step[0]['auc']:.4f} ({len(seconds_by_step)} runs)"
            )
    print(time.strftime("%Y-%m-%d"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
