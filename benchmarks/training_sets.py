"""Real credit sets as frames: HELOC, German, Give Me Some Credit, Polish; and the synthetic one.

Directions are declared where the meaning of a column leaves no doubt, before any result was seen.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
from xhcredit_training.dataset import Column, Dataset, make_dataset

REAL = Path(os.environ.get("XHCREDIT_REAL_DATA", "../shared/data"))


def coded(table: pd.DataFrame, known: pd.DataFrame | None = None) -> tuple[np.ndarray, list[bool]]:
    """Numbers as they are, words as codes of ``known`` (a word not there is -1, never seen)."""
    known = table if known is None else known
    rows, words = [], []
    for name in table:
        is_word = not pd.api.types.is_numeric_dtype(known[name])
        words.append(is_word)
        if is_word:
            names = sorted(known[name].dropna().astype(str).unique())
            codes = {n: float(k) for k, n in enumerate(names)}
            coded_column = table[name].map(
                lambda v, c=codes: np.nan if pd.isna(v) else c.get(str(v), -1.0)
            )
            rows.append(coded_column.to_numpy(float))
        else:
            rows.append(table[name].to_numpy(float))
    return np.stack(rows), words


def heloc() -> Dataset:
    """FICO HELOC: special codes -9, -8, -7; bad = Bad."""
    raw = pd.read_csv(REAL / "heloc" / "heloc_dataset_v1.csv")
    bad = (raw.pop("RiskPerformance") == "Bad").astype(int)
    down = {"ExternalRiskEstimate", "MSinceOldestTradeOpen", "AverageMInFile",
            "NumSatisfactoryTrades", "PercentTradesNeverDelq", "MSinceMostRecentDelq",
            "MSinceMostRecentInqexcl7days"}  # fmt: skip
    up = {"NumTrades60Ever2DerogPubRec", "NumTrades90Ever2DerogPubRec", "NumInqLast6M",
          "NumInqLast6Mexcl7days", "NetFractionRevolvingBurden", "NetFractionInstallBurden",
          "NumBank2NatlTradesWHighUtilization"}  # fmt: skip
    word = {**dict.fromkeys(down, "safer"), **dict.fromkeys(up, "riskier")}
    columns = [Column(c, word.get(c, "none"), (-9.0, -8.0, -7.0)) for c in raw]
    return make_dataset(columns, raw.to_numpy(float).T, bad)


#: words of the German set that have an order; what is not named is a value of its own
_GERMAN_ORDER = {
    "status_of_existing_checking_account": ("safer", "... < 0 DM", "0 <= ... < 200 DM",
        "... >= 200 DM / salary assignments for at least 1 year", "no checking account"),
    "savings_account_and_bonds": ("safer", "... < 100 DM", "100 <= ... < 500 DM",
        "500 <= ... < 1000 DM", "... >= 1000 DM"),
    "present_employment_since": ("safer", "unemployed", "... < 1 year", "1 <= ... < 4 years",
        "4 <= ... < 7 years", "... >= 7 years"),
}  # fmt: skip
_GERMAN_UP = {"duration_in_month", "installment_rate_in_percentage_of_disposable_income"}


def german() -> Dataset:
    """Statlog German credit; bad = creditability "bad".  Ordered words are taken as ordered."""
    raw = pd.read_csv(REAL / "german_credit" / "germancredit.csv")
    bad = (raw.pop("creditability") == "bad").astype(int)
    columns, rows = [], []
    for name in raw:
        if name in _GERMAN_ORDER:
            direction, *words = _GERMAN_ORDER[name]
            place = {word: float(k) for k, word in enumerate(words)}
            rows.append(raw[name].map(lambda v, p=place: p.get(v, -1.0)).to_numpy(float))
            columns.append(Column(name, direction, (-1.0,) if -1.0 in rows[-1] else ()))
            continue
        x, words = coded(raw[[name]])
        word = "riskier" if name in _GERMAN_UP else "safer" if name == "age_in_years" else "none"
        rows.append(x[0])
        columns.append(Column(name, word, category=words[0]))
    return make_dataset(columns, np.stack(rows), bad)


def give_me_some_credit() -> Dataset:
    """Kaggle 2011 training part; bad = seriously delinquent within two years."""
    raw = pd.read_csv(REAL / "give_me_some_credit" / "cs-training.csv.zip", index_col=0)
    bad = raw.pop("SeriousDlqin2yrs")
    past = [c for c in raw if "PastDue" in c or "DaysLate" in c]
    word = {"RevolvingUtilizationOfUnsecuredLines": "none", "age": "safer"}
    columns = [
        Column(c, "riskier", (96.0, 98.0)) if c in past else Column(c, word.get(c, "none"))
        for c in raw
    ]
    return make_dataset(columns, raw.to_numpy(float).T, bad)


def polish() -> Dataset:
    """Polish companies, year 1: 64 ratios, many missing; bad = bankrupt."""
    raw = pd.read_csv(REAL / "polish_bankruptcy" / "year1.csv.gz")
    bad = raw.pop("class")
    return make_dataset([Column(c) for c in raw], raw.to_numpy(float).T, bad)


def synthetic(rows: int, seed: int) -> Dataset:
    """Sixty columns: 50 numbers, 10 categories, missing and special values that tell something.

    Made after the description of the set in the project's notes (its generator is not at hand):
    about 4.6 % bad, half-lines, U-shapes and two interactions; the oracle's AUC is about 0.815.
    """
    fixed, rng = np.random.default_rng(20260101), np.random.default_rng(seed)
    slope = fixed.normal(0, 0.22, 50) * (fixed.random(50) < 0.8)
    kind = fixed.integers(0, 4, 50)
    levels = (2, 3, 4, 5, 6, 8, 12, 20, 50, 100)
    effects = [fixed.normal(0, 0.3, n) for n in levels]
    z = 0.85 * rng.normal(size=(50, rows)) + 0.3 * rng.normal(size=rows)
    x, eta = np.empty((60, rows)), np.zeros(rows)
    for k, v in enumerate(z):
        forms = (v, np.maximum(v, 0) * 1.5 - 0.6, (v**2 - 1) * 0.7, np.tanh(2 * v))
        eta += slope[k] * forms[kind[k]]
        x[k] = np.exp(v) if k % 3 == 0 else v
        if k % 5 == 0:
            gone = rng.random(rows) < 0.1 + 0.1 * (v > 1)
            x[k, gone], eta = np.nan, eta + 0.25 * gone
        if k % 7 == 0:
            code = rng.random(rows) < 0.05
            x[k, code], eta = -9999.0, eta - 0.3 * code
    for k, (n, effect) in enumerate(zip(levels, effects, strict=True), 50):
        code = rng.integers(0, n, rows)
        x[k], eta = code, eta + effect[code]
    eta += 0.15 * z[0] * z[1] + 0.15 * z[2] * z[3]
    chance = 1 / (1 + np.exp(3.87 - 0.96 * eta))
    columns = [
        Column(f"f{k}", "none", (-9999.0,) if k < 50 and k % 7 == 0 else (), k >= 50)
        for k in range(60)
    ]
    return make_dataset(columns, x, rng.random(rows) < chance, groups={"oracle": chance})
