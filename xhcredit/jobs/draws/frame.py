"""Frame of a plan: enterprises in scope, exclusions with reasons, and inclusion probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from sqlalchemy import select

from xhcredit.domain.progress import Progress
from xhcredit.draws import pareto, strata
from xhcredit.draws.calibration import calibrate
from xhcredit.draws.commitment import ExcludedGroup
from xhcredit.draws.frame import Frame, FrameRow, decoded, frame_in_bulk, frame_of
from xhcredit.draws.plan import Plan
from xhcredit.draws.selection import STRATIFIED
from xhcredit.draws.strata import StratumRow
from xhcredit.errors import BadPlan
from xhcredit.jobs.draws.exclusions import apply_exclusions, with_duty
from xhcredit.jobs.draws.pauses import rates_before_plan, rounds_ago
from xhcredit.jobs.warehouse.supervision import supervised_codes
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.store import Store

Salts = Callable[[int], list[str]]


@dataclass(frozen=True)
class FrameDesign:
    """A frame with the ratios of its strata, who was left out, and what the strata are."""

    frame: Frame
    ratios: dict[str, str]
    excluded: list[ExcludedGroup]
    strata: list[StratumRow]


def frame_for(
    plan: Plan,
    store: Store,
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    *,
    salts: Salts,
    progress: Progress,
    replaces: str | None = None,
) -> FrameDesign:
    """Make the frame of a plan from the published run of a day and what was known by then.

    ``replaces`` is a draw that this one repeats: being on its list is no reason to be in a pause.

    Raises:
        BadPlan: no run of the day, or nobody is left in the frame.
    """
    progress("frame", 0, 3)
    scope = _supervised(plan, warehouse, as_of, _enterprises_in_scope(plan, store, as_of))
    enterprises, excluded = apply_exclusions(
        scope,
        plan,
        warehouse,
        rules,
        as_of,
        store.triggered_checks.pending_codes(plan.fields, as_of),
    )
    if enterprises.empty:
        raise BadPlan(f'plan "{plan.id}": nobody is left in the frame; widen its scope')
    progress("frame", 1, 3)
    enterprises = with_duty(enterprises, plan, warehouse, rules, as_of)
    past_rates, enterprises["paused"] = _pauses(plan, store, enterprises["code"], replaces)
    earlier, paused = _pauses_before_plan(plan, store, warehouse, enterprises, as_of, replaces)
    past_rates, enterprises["paused"] = earlier.join(past_rates), enterprises["paused"] | paused
    progress("frame", 2, 3)
    if plan.design != STRATIFIED:
        return FrameDesign(_individual_frame(plan, enterprises, salts), {}, excluded, [])
    return _stratified_design(plan, enterprises, past_rates, excluded, salts)


def _enterprises_in_scope(plan: Plan, store: Store, as_of: date) -> pd.DataFrame:
    """Enterprises of the scope as published for the day."""
    c = snapshots.c
    runs_of_day = select(runs.c.run).where(runs.c.as_of == as_of.isoformat())
    with store.database.reading() as con:
        run = con.scalar(runs_of_day.order_by(runs.c.run.desc()).limit(1))
        if run is None:
            raise BadPlan(f"no run of {as_of} was published; publish that night, or name its day")
        selected_columns = (c.code, c.tier, c.street, c.kind, c.fields, c.composite)
        rows = con.execute(select(*selected_columns).where(c.run == run)).all()
    columns = zip(*rows, strict=True) if rows else ((),) * len(selected_columns)
    enterprises = pd.DataFrame(
        {
            c.name: list(column_values)
            for c, column_values in zip(selected_columns, columns, strict=True)
        }
    )
    _refuse_empty(plan, enterprises)
    is_in_scope = pd.Series(True, index=enterprises.index)
    if plan.scope.x:
        is_in_scope &= enterprises["fields"].str.contains(f";{plan.scope.x};", regex=False)
    if plan.scope.streets:
        is_in_scope &= enterprises["street"].isin(plan.scope.streets)
    if plan.scope.kinds:
        is_in_scope &= enterprises["kind"].isin(plan.scope.kinds)
    return enterprises[is_in_scope].reset_index(drop=True)


def _supervised(
    plan: Plan, warehouse: Path, as_of: date, enterprises: pd.DataFrame
) -> pd.DataFrame:
    """Those that the plan's bureau supervises in one of the plan's fields on the day.

    Others are another bureau's to inspect, and their tiers another bureau's to know.
    """
    codes = supervised_codes(warehouse, plan.bureau, plan.fields, as_of)
    if codes is None:
        return enterprises
    supervised = enterprises[enterprises["code"].isin(codes)].reset_index(drop=True)
    if supervised.empty and not enterprises.empty:
        raise BadPlan(
            f'plan "{plan.id}": "{plan.bureau}" supervises nobody of its scope in '
            f"{', '.join(plan.fields)} on {as_of}; correct the scope, or the table supervision"
        )
    return supervised


def _refuse_empty(plan: Plan, enterprises: pd.DataFrame) -> None:
    """A street or kind in which there is nobody is a slip of the pen, not a smaller draw."""
    scope_values = (("street", plan.scope.streets), ("kind", plan.scope.kinds))
    for column, values in scope_values:
        for value in values:
            if not (enterprises[column] == value).any():
                raise BadPlan(
                    f'plan "{plan.id}": nobody is left in the frame of {column} "{value}"; '
                    "correct the scope and file the plan under a new id"
                )


def strata_of_draw(store: Store, draw: str) -> list[StratumRow]:
    """What the strata of a draw are; empty where odds are individual."""
    return cast(list[StratumRow], json.loads(store.draws.file(draw, "strata.json")))


def _pauses(
    plan: Plan, store: Store, codes: pd.Series[str], replaces: str | None
) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """Long-run rates of each enterprise in the last T - 1 rounds, and whether it was drawn then.

    The oldest round has the first column.  A draw that was replaced was not visited, so it puts
    nobody into a pause.
    """
    past_rates = pd.DataFrame(index=codes.index)
    drawn_codes: set[str] = set()
    for draw in reversed(list(_rounds(plan, store, replaces))):
        rates = {s["id"]: s["pi"] for s in strata_of_draw(store, draw)}
        frame_codes, ids = decoded(store.draws.file(draw, "frame.csv")).columns()
        rate_by_code = pd.Series(ids, index=frame_codes).map(rates)
        past_rates[draw] = codes.map(rate_by_code).fillna("0")
        record = json.loads(store.draws.file(draw, "record.json"))
        drawn_codes |= {s["code"] for s in record["selected"]}
    return past_rates, codes.isin(drawn_codes)


def _rounds(plan: Plan, store: Store, replaces: str | None) -> dict[str, str]:
    """The plan's own rounds within the pause, the latest first, with their days."""
    plan_draws = [d for d in store.draws.list_draws() if d["plan"] == plan.id]
    replaced_ids = {d["replaces"] for d in plan_draws} | {replaces}
    rounds = [(d["id"], d["as_of"]) for d in plan_draws if d["id"] not in replaced_ids]
    return dict([r for r in rounds if _was_drawn(store, r[0])][: plan.pause_rounds - 1])


def _pauses_before_plan(
    plan: Plan,
    store: Store,
    warehouse: Path,
    enterprises: pd.DataFrame,
    as_of: date,
    replaces: str | None,
) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """Rates and pauses in the rounds before the plan's first draw, as far as the pause reaches."""
    round_days = list(_rounds(plan, store, replaces).values())
    first_day = date.fromisoformat(round_days[-1]) if round_days else as_of
    missing = plan.pause_rounds - 1 - len(round_days)
    return rates_before_plan(
        enterprises, plan, rounds_ago(plan, warehouse, first_day, as_of, missing), len(round_days)
    )


def _was_drawn(store: Store, draw: str) -> bool:
    return any(s["state"] == "drawn" for s in store.draws.get(draw)["steps"])


def _stratified_design(
    plan: Plan,
    enterprises: pd.DataFrame,
    past_rates: pd.DataFrame,
    excluded: list[ExcludedGroup],
    salts: Salts,
) -> FrameDesign:
    table = enterprises[["tier", "street", "duty", "paused"]].join(past_rates)
    table["street"] = table["street"].fillna("") if plan.by_street else ""
    # Coverage by law knows no pause.
    table["paused"] &= ~table["duty"]
    stratum_index = table.groupby(list(table.columns), sort=False).ngroup()
    kinds = [
        strata.Kind(tier, street, bool(duty), bool(paused), tuple(rates))
        for tier, street, duty, paused, *rates in table[~stratum_index.duplicated()].itertuples(
            index=False
        )
    ]
    # With the salt strata are numbered at random, so that their ids tell no tier.
    (salt,) = salts(1)
    ids = strata.stratum_ids(kinds, salt)
    odds = {kind: strata.odds_of(kind, plan.by_tier) for kind in ids}
    if all(o.h == "0" for o in odds.values()):
        raise BadPlan(f'plan "{plan.id}": everybody is in a pause; wait, or shorten the pause')
    stratum_ids = np.array([ids[kind] for kind in kinds])[stratum_index]
    frame = frame_in_bulk(
        enterprises["code"].tolist(), stratum_ids.tolist(), salts(len(enterprises))
    )
    ratios = {ids[kind]: o.h for kind, o in odds.items()}
    return FrameDesign(frame, ratios, excluded, strata.stratum_rows(ids, odds, plan.fields))


def _individual_frame(plan: Plan, enterprises: pd.DataFrame, salts: Salts) -> Frame:
    """Odds by tier and score: within a tier the lower score has the higher odds."""
    drawable = enterprises[~(enterprises["paused"] & ~enterprises["duty"])].sort_values("code")
    rate = drawable["tier"].map({k: float(v) for k, v in plan.ratios.items()}).to_numpy(float)
    rank = drawable.groupby("tier")["composite"].rank(ascending=False, pct=True).to_numpy(float)
    # The factor runs from 2/3 to 4/3 within a tier, so that the tier keeps its rate on average.
    weights = np.where(drawable["duty"], 1.0, rate * (rank + 1) / 1.5)
    size = max(1, round(float(np.where(drawable["duty"], 1.0, rate).sum())))
    codes = drawable["code"].tolist()
    units = pareto.in_units(pareto.proportional_odds(weights, size), codes)
    texts = pareto.decimals(units)
    working_odds = _working_probabilities(texts) if plan.calibrated else [""] * len(texts)
    salt_list = salts(len(codes))
    rows = zip(codes, texts, salt_list, working_odds, strict=True)
    return frame_of(FrameRow(code, "s01", odds, salt, work) for code, odds, salt, work in rows)


def _working_probabilities(odds: Sequence[str]) -> list[str]:
    """Working probabilities for which the true ones are the odds; certain ones stay."""
    classes, class_index, counts = np.unique(
        np.array(odds), return_inverse=True, return_counts=True
    )
    values = classes.astype(float)
    is_uncertain = values < 1
    size = round(float(values[is_uncertain] @ counts[is_uncertain]))
    working_odds = np.ones(len(values))
    working_odds[is_uncertain] = calibrate(
        values[is_uncertain], counts[is_uncertain].astype(np.int64), size
    )
    texts = [f"{w:.12f}" for w in working_odds]
    return [texts[k] for k in class_index]
