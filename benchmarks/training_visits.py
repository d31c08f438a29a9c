"""Real inspections as frames: Chicago, San Francisco, customs, Beijing; learning and judged rows.

Everything is known before the visit: histories are strictly earlier, and for a plan that is made
once (Chicago) nothing after the last day that was learned from is used.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from xhcredit_training.dataset import Column, Dataset, make_dataset

from benchmarks.training_past import last, past
from benchmarks.training_sets import REAL, coded
from xhcredit.rules.rulebook import Rulebook

UP, DOWN = "riskier", "safer"


def _days(text: pd.Series) -> np.ndarray:
    days = pd.to_datetime(text.astype(str)).to_numpy().astype("datetime64[D]")
    return days.astype(np.int64).astype(np.int32)


#: published indicators of a Chicago visit, with the direction that their meaning declares
_CHICAGO = {
            "pastFail": UP, "pastCritical": UP, "pastSerious": UP, "pastMinor": UP,
            "timeSinceLast": "none", "firstRecord": "none", "ageAtInspection": "none",
            "consumption_on_premises_incidental_activity": "none", "outdoor_patio": "none",
            "tobacco_retail_over_counter": "none", "package_goods": "none", "tavern": "none",
            "heat_burglary": UP, "heat_garbage": UP, "heat_sanitation": UP,
            "temperatureMax": UP,
        }  # fmt: skip


def chicago(*, inspector: bool = False) -> tuple[Dataset, Dataset]:
    """Chicago: 17,075 visits to learn from, 1,637 to order; groups hold the day and inspector."""
    raw = pd.read_csv(REAL / "chicago_food" / "chicago_model_data.csv.gz")
    features = pd.read_csv(REAL / "chicago_food" / "chicago_inspection_features.csv.gz")
    raw = raw.merge(features[["Inspection_ID", "Zip", "Risk"]], on="Inspection_ID", how="left")
    day, bad = _days(raw.Inspection_Date), raw.criticalFound.to_numpy(int)
    test = raw.Test.to_numpy(bool)
    until = int(day[~test].max())
    parts = {name: (raw[name].to_numpy(float), word) for name, word in _CHICAGO.items()}
    keys = (("licence", raw.License, 4), ("business", raw.Business_ID, 4), ("zip", raw.Zip, 30),
            ("facility", raw.Facility_Type, 30))  # fmt: skip
    for name, key, prior in keys:
        codes = pd.factorize(key)[0]
        share, count = past(codes, day, bad, prior=prior, known_until=until)
        parts[f"{name}_share"] = share, UP
        if name == "licence":
            parts["licence_visits"] = count, "none"
    who = pd.factorize(raw.Inspector_Assigned)[0]
    violations = pd.read_csv(REAL / "chicago_food" / "chicago_violation_matrix.csv.gz")
    violations = violations.set_index("Inspection_ID").reindex(raw.Inspection_ID).fillna(0)
    parts |= _chicago_history(raw, violations.to_numpy(), who, day, until)
    words = {"Risk": raw.Risk, "Facility_Type": raw.Facility_Type}
    x, _ = coded(pd.DataFrame(words))
    columns = [Column(name, word) for name, (_, word) in parts.items()]
    columns += [Column(name, category=True) for name in words]
    matrix = [values for values, _ in parts.values()] + list(x)
    if inspector:
        columns.append(Column("inspector", category=True))
        matrix.append(who.astype(float))
    dataset = make_dataset(
        columns,
        np.stack(matrix),
        bad,
        day=day,
        ent=pd.factorize(raw.License)[0],
        groups={"inspector": who, "published": raw.score.to_numpy()},
    )
    return dataset.rows(~test), dataset.rows(test)


def _chicago_history(
    raw: pd.DataFrame, violations: np.ndarray, who: np.ndarray, day: np.ndarray, until: int
) -> dict[str, tuple[np.ndarray, str]]:
    """Earlier findings of the same licence, with the severity of whoever found them taken out.

    Severity is an inspector's own rate over the days that were learned from.
    """
    learned = day <= until
    findings = {
        "critical": violations[:, :14].any(axis=1).astype(float),
        "serious": violations[:, 14:29].any(axis=1).astype(float),
        "violations": violations.sum(axis=1),
    }
    parts = {}
    for name, finding in findings.items():
        earlier_rate = (
            pd.Series(finding[learned]).groupby(who[learned]).mean().reindex(who).to_numpy()
        )
        beyond = finding - np.where(np.isnan(earlier_rate), finding[learned].mean(), earlier_rate)
        licence = raw.License.to_numpy()
        parts[f"{name}_last"] = last(licence, day, finding)[0], UP
        parts[f"{name}_beyond_last"] = last(licence, day, beyond)[0], UP
        for key, codes, prior in (("licence", licence, 2), ("zip", raw.Zip.to_numpy(), 20)):
            share, _ = past(codes, day, beyond, prior=prior, known_until=until)
            parts[f"{name}_beyond_{key}"] = share, UP
    return parts


def san_francisco() -> tuple[Dataset, Dataset]:
    """San Francisco: routine visits; bad = grade below "Adequate" (score of at most 85)."""
    raw = pd.read_csv(REAL / "sf_restaurants" / "inspections.csv")
    raw = raw[raw.type == "routine"].reset_index(drop=True)
    findings = pd.read_csv(REAL / "sf_restaurants" / "violations.csv.gz")
    day, who = _days(raw.date), raw.business_id.to_numpy()
    bad = (raw.score <= 85).to_numpy(int)
    severe = findings[
        findings.description.str.contains("High risk|vermin|Unclean hands", regex=True)
    ]
    counts = severe.groupby(["business_id", "date"]).size()
    high = counts.reindex(pd.MultiIndex.from_frame(raw[["business_id", "date"]])).fillna(0)
    all_of = findings.groupby(["business_id", "date"]).size()
    finding_counts = all_of.reindex(pd.MultiIndex.from_frame(raw[["business_id", "date"]])).fillna(
        0
    )
    place = pd.read_csv(REAL / "sf_restaurants" / "businesses.csv", encoding="latin-1").set_index(
        "business_id"
    )
    post = pd.factorize(place.postal_code.reindex(raw.business_id).astype(str))[0]
    score, since = last(who, day, raw.score.to_numpy(float))
    share, count = past(who, day, bad, prior=2)
    mean, _ = past(who, day, (100 - raw.score).to_numpy(float), prior=1)
    parts = {
        "last_score": (score, DOWN),
        "days_since": (since, "none"),
        "bad_share": (share, UP),
        "visits": (count, "none"),
        "points_off": (mean, UP),
        "last_high_risk": (last(who, day, high.to_numpy())[0], UP),
        "last_violations": (last(who, day, finding_counts.to_numpy())[0], UP),
        "post_share": (past(post, day, bad, prior=30)[0], UP),
    }
    columns = [Column(name, word) for name, (_, word) in parts.items()]
    x = np.stack([values for values, _ in parts.values()])
    dataset = make_dataset(columns, x, bad, day=day, ent=pd.factorize(who)[0])
    late = day >= _days(pd.Series(["2017-07-01"]))[0]
    return dataset.rows(~late), dataset.rows(late)


def customs(*, own_rows: bool = False) -> tuple[Dataset, Dataset]:
    """Customs: 2020 and the first quarter of 2021 to learn from, the second quarter judged.

    ``own_rows`` is the trap: shares of fraud computed with each row's own outcome in them.
    """
    names = [f"df_syn_{part}_eng.csv" for part in ("train", "valid", "test")]
    tables = [pd.read_csv(REAL / "customs" / name) for name in names]
    raw = pd.concat(tables, ignore_index=True)
    part = np.repeat([0, 1, 2], [len(t) for t in tables])
    day, bad = _days(raw.Date), raw.Fraud.to_numpy(int)
    hs = raw["HS6 Code"].astype(int)
    keys = {
        "declarant": raw["Declarant ID"],
        "importer": raw["Importer ID"],
        "seller": raw["Seller ID"],
        "courier": raw["Courier ID"],
        "office": raw["Office ID"],
        "hs6": hs,
        "hs4": hs // 100,
        "hs2": hs // 10000,
        "origin": raw["Country of Origin"],
        "departure": raw["Country of Departure"],
        "tax_type": raw["Tax Type"],
        "importer_hs": raw["Importer ID"] + hs.astype(str),
        "origin_hs4": raw["Country of Origin"] + (hs // 100).astype(str),
        "declarant_importer": raw["Declarant ID"] + raw["Importer ID"],
        "office_declarant": raw["Office ID"].astype(str) + raw["Declarant ID"],
        "seller_importer": raw["Seller ID"].astype(str) + raw["Importer ID"],
    }
    until = int(day[part < 2].max())
    matrix, columns = [], []
    for name, key in keys.items():
        codes = pd.factorize(key.fillna("?") if key.dtype != np.int64 else key)[0]
        if own_rows:
            rate = pd.Series(bad[part < 2]).groupby(codes[part < 2]).mean()
            share = rate.reindex(codes).to_numpy()
            matrix.append(np.where(np.isnan(share), bad[part < 2].mean(), share))
            columns.append(Column(f"{name}_share", UP))
            continue
        share, count = past(codes, day, bad, prior=8, known_until=until)
        matrix += [share, np.log1p(count)]
        columns += [Column(f"{name}_share", UP), Column(f"{name}_seen")]
    amounts = _amounts(raw, hs)
    matrix, columns = [*matrix, *amounts.values()], columns + [Column(n) for n in amounts]
    named = ["Process Type", "Import Type", "Import Use", "Payment Type", "Mode of Transport",
             "Country of Origin Indicator"]  # fmt: skip
    x, _ = coded(raw[named].astype(str))
    matrix, columns = [*matrix, *x], columns + [Column(n, category=True) for n in named]
    dataset = make_dataset(columns, np.stack(matrix), bad, day=day)
    return dataset.rows(part < 2), dataset.rows(part == 2)


def _amounts(raw: pd.DataFrame, hs: pd.Series) -> dict[str, np.ndarray]:
    """Tax rate, mass, price, and how far the unit price lies from what is usual for the goods."""
    mass, price = np.log1p(raw["Net Mass"].to_numpy()), np.log1p(raw["Item Price"].to_numpy())
    unit = price - mass
    usual = pd.Series(unit).groupby(hs).transform("median").to_numpy()
    return {
        "tax_rate": raw["Tax Rate"].to_numpy(float),
        "mass": mass,
        "price": price,
        "unit_price": unit,
        "unit_gap": unit - usual,
    }


def beijing(fields: tuple[str, ...] = ("culture", "press")) -> tuple[Dataset, Dataset]:
    """Beijing: visits up to 2022 to learn from, those of 2023 judged; indicators of the day before.

    Everything goes through ingestion and the engine.  ``groups``: whether visited before.
    """
    from xhcredit_training.sample import learnable_features

    from benchmarks.beijing import MAPPINGS, visits
    from xhcredit.engine.compile import compile_features, with_inputs
    from xhcredit.engine.one_enterprise import day_number
    from xhcredit.features.registry import features
    from xhcredit.ingest.schema import table
    from xhcredit.jobs.warehouse.clustered_store import open_event_columns
    from xhcredit.jobs.warehouse.ingest import run_ingest

    with tempfile.TemporaryDirectory() as work:
        for name in ("inspections", "penalties"):
            run_ingest(
                str(REAL / "beijing"),
                MAPPINGS / f"{name}.yaml",
                Path(work),
                today=date(2026, 11, 22),
            )
        store = open_event_columns(Path(work))
        v = visits(store)
        names = table("inspection").column("field").value_ids
        of_fields = np.isin(v["field"], [names.index(f) for f in fields])
        rows, days = (
            v["ent"][of_fields].astype(np.int64),
            (v["day"][of_fields] - 1).astype(np.int32),
        )
        wanted = [f.id for f in learnable_features("general", Rulebook.load())]
        shown = ["inspections_60m", "inspections_12m", "days_since_last_inspection"]
        compiled = compile_features(with_inputs([*wanted, *shown], features()))
        x = compiled.run(store, rows, days)
        column_of = {name: k for k, name in enumerate(compiled.ids)}
        declared = features()
        columns = [Column(i, declared[i].direction) for i in wanted]
        visited = x[column_of["inspections_60m"]] > 0
        dataset = make_dataset(
            columns,
            x[[column_of[i] for i in wanted]],
            v["failed"][of_fields].astype(int),
            day=days,
            ent=rows,
            groups={"visited": visited.astype(int)},
        )
    late = days >= day_number(date(2022, 12, 31))
    return dataset.rows(~late), dataset.rows(late)
