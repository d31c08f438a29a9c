"""The pandas side, table by table: what a frame of visible events adds to the features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

_RESTRICTING = "suspension|licence_revocation|business_restriction|occupation_ban|downgrade|closure"


@dataclass(frozen=True)
class Sums:
    """Adds columns of ``size`` enterprises to ``x``."""

    size: int
    x: dict[str, Any]

    def count(self, name: str, frame: pd.DataFrame, keep: Any) -> None:
        ents = frame["ent"].to_numpy()[np.asarray(keep, bool)]
        self.x[name] = np.bincount(ents, minlength=self.size).astype(float)

    def sum(self, name: str, frame: pd.DataFrame, keep: Any, values: Any) -> None:
        chosen = np.asarray(keep, bool)
        ents, weights = frame["ent"].to_numpy()[chosen], np.asarray(values, float)[chosen]
        self.x[name] = np.bincount(ents, weights=weights, minlength=self.size)

    def extreme(self, name: str, frame: pd.DataFrame, keep: Any, how: str) -> None:
        """Smallest or largest age."""
        best = frame.loc[keep].groupby("ent", sort=False)["age"].agg(how)
        self.put(name, best.index, best)

    def distinct(self, name: str, frame: pd.DataFrame, keep: Any, column: str) -> None:
        once = frame.loc[keep, ["ent", column]].dropna().drop_duplicates()
        self.count(name, once, np.ones(len(once), bool))

    def put(self, name: str, ents: Any, values: Any) -> None:
        """Values of some enterprises; the others are missing."""
        self.x[name] = np.full(self.size, np.nan)
        self.x[name][np.asarray(ents)] = np.asarray(values, float)

    def streak(self, name: str, newest: pd.DataFrame, good: Any) -> None:
        """How many in a row are good; ``newest`` is sorted by enterprise, latest first."""
        bad = (~np.asarray(good, bool)).astype(np.int64)
        ents = newest["ent"].to_numpy()
        before = np.cumsum(bad)
        starts = np.r_[True, ents[1:] != ents[:-1]] if ents.size else np.zeros(0, bool)
        base = np.maximum.accumulate(np.where(starts, before - bad, 0)) if ents.size else before
        self.count(name, newest, before == base)


def _latest(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["ent", "age", "event_id"], ascending=[True, True, False])


def _last(sums: Sums, name: str, frame: pd.DataFrame, values: Any) -> None:
    """Value of the latest event of each enterprise."""
    chosen = frame.assign(value=np.asarray(values, float))
    chosen = _latest(chosen).drop_duplicates("ent")
    sums.put(name, chosen["ent"], chosen["value"])


def _changes(f: pd.DataFrame, s: Sums) -> None:
    kind, age = f["kind"], f["age"]
    key = kind.isin(["legal_representative", "shareholder", "manager"])
    s.count("key_person_changes_24m", f, key & (age < 730))
    s.count("capital_decreases_36m", f, (kind == "capital_decrease") & (age < 1095))
    unsettling = ["name", "capital_decrease", "type"]
    s.distinct("change_kinds_24m", f, (key | kind.isin(unsettling)) & (age < 730), "kind")


def _reports(f: pd.DataFrame, s: Sums) -> None:
    s.count("annual_reports_missed_36m", f, (f["outcome"] == "missed") & (f["age"] < 1095))
    s.count("annual_reports_late_36m", f, (f["outcome"] == "late") & (f["age"] < 1095))
    newest = _latest(f[f["age"] < 1826])
    s.streak("annual_reports_on_time_in_a_row", newest, newest["outcome"] == "on_time")


def _courts(f: pd.DataFrame, s: Sums) -> None:
    for name in ("equity_freeze", "dishonest_debtor", "judgment_debtor"):
        plural = "equity_freezes_open" if name == "equity_freeze" else f"{name}_open"
        s.count(plural, f, (f["kind"] == name) & ~f["met"])


def _inspections(f: pd.DataFrame, s: Sums) -> None:
    age, three = f["age"], f["age"] < 1095
    is_conclusive = ~f["result"].isin(["unreachable", "no_activity"]) & (age < 1826)
    bad = is_conclusive & f["failed"]
    random = f["form"] == "random"
    weight = np.round(np.power(2.0, -age.to_numpy() / 365) * 2**30)
    for name, keep in (("inspections", is_conclusive), ("inspections_failed", bad)):
        s.count(f"{name}_36m", f, keep & three)
        s.count(f"{name}_60m", f, keep)
        s.count(f"random_{name}_36m", f, keep & three & random)
        s.sum(f"{name}_decayed_365d", f, keep, weight)
        s.x[f"{name}_decayed_365d"] /= 2**30
    s.extreme("days_since_last_failed_inspection", f, bad, "min")
    s.distinct("fields_failed_36m", f, bad & three, "field")
    s.count("rechecks_failed_36m", f, f["met"] & three & (f["recheck_passed"] == False))  # noqa: E712
    s.count("inspections_refused_36m", f, three & (f["result"] == "refused"))
    hidden = f["result"].isin(["not_published", "concealment"])
    s.count("disclosures_failed_36m", f, three & hidden)
    _inspections_in_order(_latest(f[is_conclusive]), s)


def _inspections_in_order(newest: pd.DataFrame, s: Sums) -> None:
    """Last, last but one, and streaks."""
    place = newest.groupby("ent", sort=False).cumcount()
    for rank, name in enumerate(("last_inspection_failed", "last_but_one_inspection_failed")):
        chosen = newest[place == rank]
        s.put(name, chosen["ent"], chosen["failed"])
    s.streak("inspections_passed_in_a_row", newest, ~newest["failed"].astype(bool))
    s.streak("inspections_failed_in_a_row", newest, newest["failed"])


def _penalties(f: pd.DataFrame, s: Sums) -> None:
    minor = f["severity"] == "minor"
    kinds = f["penalty_kinds"].cat.categories
    adverse = kinds[kinds.str.contains(f"fine|confiscation|{_RESTRICTING}")]
    f = f[(f["procedure"] == "ordinary") & ~minor & f["penalty_kinds"].isin(adverse)]
    age, kind = f["age"], f["penalty_kinds"]
    grave = kind.isin(kinds[kinds.str.contains("licence_revocation|occupation_ban|closure")])
    serious = (f["severity"] == "serious") | (f["severity"].isna() & grave)
    restricting = kind.isin(kinds[kinds.str.contains(_RESTRICTING)])
    s.count("penalties_24m", f, age < 730)
    s.count("penalties_36m", f, age < 1095)
    s.count("penalties_serious_24m", f, serious & (age < 730))
    s.count("penalties_restricting_36m", f, restricting & (age < 1095))
    s.sum("penalty_yuan_36m", f, (age < 1095) & f["amount_yuan"].notna(), f["amount_yuan"])
    s.x["penalty_yuan_36m"] /= 100
    s.extreme("days_since_last_penalty", f, age < 1095, "min")


def _orders(f: pd.DataFrame, s: Sums) -> None:
    day = f["age"] + f["occurred_on"]
    overdue = ~f["met"] & (f["due_on"] < day) & (f["age"] < 1826)
    s.count("rectification_orders_overdue_open", f, overdue)
    late = f["met"] & (f["ended_on"] > f["due_on"]) & (f["age"] < 1095)
    s.count("rectification_orders_late_36m", f, late)


def _abnormal(f: pd.DataFrame, s: Sums) -> None:
    s.count("abnormal_listings_open", f, ~f["met"])
    s.extreme("abnormal_listing_days_open", f, ~f["met"], "max")


def _open(name: str) -> Callable[[pd.DataFrame, Sums], None]:
    return lambda f, s: s.count(name, f, ~f["met"])


def _tax(f: pd.DataFrame, s: Sums) -> None:
    f = f[f["age"] < 730]
    _last(s, "tax_grade_c_or_d", f, f["grade"].isin(["C", "D"]))
    _last(s, "tax_grade_a", f, f["grade"] == "A")


def _letters(f: pd.DataFrame) -> Any:
    letters = np.array([ord(c) - 65 for c in f["grade"].cat.categories], float)
    return letters[f["grade"].cat.codes]


def _nation(f: pd.DataFrame, s: Sums) -> None:
    f = f[f["age"] < 730]
    _last(s, "national_grade", f, _letters(f))


def _associations(f: pd.DataFrame, s: Sums) -> None:
    f = f[f["age"] < 1095]
    _last(s, "association_grade", f, _letters(f))
    s.count("association_disciplines_36m", f, f["disciplined"] == True)  # noqa: E712


def _complaints(f: pd.DataFrame, s: Sums) -> None:
    serial = f["serial_claimant"] == True  # noqa: E712
    true = f["met"] & f["outcome"].isin(["verified", "mediation_unmet"]) & ~serial
    s.count("complaints_verified_12m", f, true & (f["age"] < 365))
    unmet = true & (f["outcome"] == "mediation_unmet") & (f["age"] < 730)
    s.count("mediations_unmet_24m", f, unmet)


def _promises(f: pd.DataFrame, s: Sums) -> None:
    for name in ("kept", "broken"):
        in_window = f["met"] & (f["outcome"] == name) & (f["age"] < 1095)
        s.count(f"promises_{name}_36m", f, in_window)


def _honours(f: pd.DataFrame, s: Sums) -> None:
    s.count("credit_honours_open", f, ~f["met"] & f["kind"].isin(["credit", "quality", "safety"]))


def _findings(f: pd.DataFrame, s: Sums) -> None:
    f = f[f["age"] < 730]
    s.count("construction_accidents_24m", f, f["kind"] == "accident")
    met = f[f["met"]]
    days = (met["ended_on"] - met["occurred_on"]).groupby(met["ent"]).agg(["sum", "size"])
    s.put("construction_correction_days_24m", days.index, days["sum"] / days["size"])


def _incidents(f: pd.DataFrame, s: Sums) -> None:
    s.count("elderly_incidents_24m", f, (f["kind"] == "incident") & (f["age"] < 730))


def _samples(f: pd.DataFrame, s: Sums) -> None:
    unsafe = f["failed"] & ~(f["hazard"] == "label")
    s.count("food_samples_failed_12m", f, unsafe & (f["age"] < 365))
    illegal = unsafe & (f["hazard"] == "illegal_substance") & (f["age"] < 1095)
    s.count("food_illegal_substance_36m", f, illegal)


#: table -> columns to read, whether its events end, what to do
TABLES: dict[str, tuple[list[str], bool, Callable[[pd.DataFrame, Sums], None]]] = {
    "registration_change": (["kind"], False, _changes),
    "annual_report": (["outcome", "event_id"], False, _reports),
    "judicial": (["kind"], True, _courts),
    "inspection": (
        ["form", "field", "result", "failed", "recheck_passed", "event_id"],
        True,
        _inspections,
    ),
    "penalty": (["procedure", "severity", "penalty_kinds", "amount_yuan"], False, _penalties),
    "rectification_order": (["due_on"], True, _orders),
    "abnormal_listing": ([], True, _abnormal),
    "serious_listing": ([], True, _open("serious_listings_open")),
    "tax_arrears": ([], True, _open("tax_arrears_open")),
    "tax_grade": (["grade", "event_id"], False, _tax),
    "national_evaluation": (["grade", "event_id"], False, _nation),
    "complaint": (["outcome", "serial_claimant"], True, _complaints),
    "credit_promise": (["outcome"], True, _promises),
    "honour": (["kind"], True, _honours),
    "association_rating": (["grade", "disciplined", "event_id"], False, _associations),
    "construction_finding": (["kind"], True, _findings),
    "elderly_check": (["kind"], False, _incidents),
    "food_sample": (["failed", "hazard"], False, _samples),
}
