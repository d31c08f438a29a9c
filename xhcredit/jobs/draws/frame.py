"""Frame of a plan: enterprises in scope, exclusions with reasons, and inclusion probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select

from xhcredit.domain.progress import Progress
from xhcredit.draws import pareto, strata
from xhcredit.draws.calibration import calibrated
from xhcredit.draws.commitment import Excluded
from xhcredit.draws.frame import Frame, FrameRow, decoded, frame_in_bulk, frame_of
from xhcredit.draws.plan import Plan
from xhcredit.draws.selection import STRATIFIED
from xhcredit.errors import BadPlan
from xhcredit.jobs.draws.exclusions import left_out, with_duty
from xhcredit.jobs.draws.pauses import from_before, rounds_ago
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.store import Store

Salts = Callable[[int], list[str]]


@dataclass(frozen=True)
class Framed:
    """A frame with the ratios of its strata, who was left out, and what the strata are."""

    frame: Frame
    ratios: dict[str, str]
    excluded: list[Excluded]
    strata: list[dict[str, Any]]


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
) -> Framed:
    """Make the frame of a plan from the published run of a day and what was known by then.

    ``replaces`` is a draw that this one repeats: being on its list is no reason to be in a pause.

    Raises:
        BadPlan: no run of the day, or nobody is left in the frame.
    """
    progress("frame", 0, 3)
    scope = _in_scope(plan, store, as_of)
    kept, excluded = left_out(
        scope, plan, warehouse, rules, as_of, store.triggered.pending(plan.fields, as_of)
    )
    if kept.empty:
        raise BadPlan(f'plan "{plan.id}": nobody is left in the frame; widen its scope')
    progress("frame", 1, 3)
    kept = with_duty(kept, plan, warehouse, rules, as_of)
    past, kept["paused"] = _pauses(plan, store, kept["code"], replaces)
    earlier, paused = _before(plan, store, warehouse, kept, as_of, replaces)
    past, kept["paused"] = earlier.join(past), kept["paused"] | paused
    progress("frame", 2, 3)
    if plan.design != STRATIFIED:
        return Framed(_individual(plan, kept, salts), {}, excluded, [])
    return _stratified(plan, kept, past, excluded, salts)


def _in_scope(plan: Plan, store: Store, as_of: date) -> pd.DataFrame:
    """Enterprises of the scope as published for the day."""
    c = snapshots.c
    of_day = select(runs.c.run).where(runs.c.as_of == as_of.isoformat())
    with store.database.reading() as con:
        run = con.scalar(of_day.order_by(runs.c.run.desc()).limit(1))
        if run is None:
            raise BadPlan(f"no run of {as_of} was published; publish that night, or name its day")
        wanted = (c.code, c.tier, c.street, c.kind, c.fields, c.composite)
        rows = con.execute(select(*wanted).where(c.run == run)).all()
    columns = zip(*rows, strict=True) if rows else ((),) * len(wanted)
    found = pd.DataFrame({c.name: list(one) for c, one in zip(wanted, columns, strict=True)})
    _refuse_empty(plan, found)
    keep = pd.Series(True, index=found.index)
    if plan.scope.x:
        keep &= found["fields"].str.contains(f";{plan.scope.x};", regex=False)
    if plan.scope.streets:
        keep &= found["street"].isin(plan.scope.streets)
    if plan.scope.kinds:
        keep &= found["kind"].isin(plan.scope.kinds)
    return found[keep].reset_index(drop=True)


def _refuse_empty(plan: Plan, found: pd.DataFrame) -> None:
    """A street or kind in which there is nobody is a slip of the pen, not a smaller draw."""
    named = (("street", plan.scope.streets), ("kind", plan.scope.kinds))
    for column, values in named:
        for value in values:
            if not (found[column] == value).any():
                raise BadPlan(
                    f'plan "{plan.id}": nobody is left in the frame of {column} "{value}"; '
                    "correct the scope and file the plan under a new id"
                )


def _pauses(
    plan: Plan, store: Store, codes: pd.Series[str], replaces: str | None
) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """Long-run rates of each enterprise in the last T - 1 rounds, and whether it was drawn then.

    The oldest round has the first column.  A draw that was replaced was not visited, so it puts
    nobody into a pause.
    """
    past = pd.DataFrame(index=codes.index)
    drawn: set[str] = set()
    for draw in reversed(list(_rounds(plan, store, replaces))):
        rates = {s["id"]: s["pi"] for s in json.loads(store.draws.file(draw, "strata.json"))}
        known, ids = decoded(store.draws.file(draw, "frame.csv")).columns()
        rate = pd.Series(ids, index=known).map(rates)
        past[draw] = codes.map(rate).fillna("0")
        record = json.loads(store.draws.file(draw, "record.json"))
        drawn |= {s["code"] for s in record["selected"]}
    return past, codes.isin(drawn)


def _rounds(plan: Plan, store: Store, replaces: str | None) -> dict[str, str]:
    """The plan's own rounds within the pause, the latest first, with their days."""
    kept = [d for d in store.draws.listed() if d["plan"] == plan.id]
    gone = {d["replaces"] for d in kept} | {replaces}
    rounds = [(d["id"], d["as_of"]) for d in kept if d["id"] not in gone]
    return dict([r for r in rounds if _was_drawn(store, r[0])][: plan.pause_rounds - 1])


def _before(
    plan: Plan, store: Store, warehouse: Path, kept: pd.DataFrame, as_of: date, replaces: str | None
) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """Rates and pauses in the rounds before the plan's first draw, as far as the pause reaches."""
    own = list(_rounds(plan, store, replaces).values())
    first = date.fromisoformat(own[-1]) if own else as_of
    missing = plan.pause_rounds - 1 - len(own)
    return from_before(kept, plan, rounds_ago(plan, warehouse, first, as_of, missing), len(own))


def _was_drawn(store: Store, draw: str) -> bool:
    return any(s["state"] == "drawn" for s in store.draws.one(draw)["steps"])


def _stratified(
    plan: Plan, kept: pd.DataFrame, past: pd.DataFrame, excluded: list[Excluded], salts: Salts
) -> Framed:
    table = kept[["tier", "street", "duty", "paused"]].join(past)
    table["street"] = table["street"].fillna("") if plan.by_street else ""
    table["paused"] &= ~table["duty"]
    at = table.groupby(list(table.columns), sort=False).ngroup()
    kinds = [
        strata.Kind(tier, street, bool(duty), bool(paused), tuple(rates))
        for tier, street, duty, paused, *rates in table[~at.duplicated()].itertuples(index=False)
    ]
    (salt,) = salts(1)
    ids = strata.named(kinds, salt)
    odds = {kind: strata.odds_of(kind, plan.by_tier) for kind in ids}
    if all(o.h == "0" for o in odds.values()):
        raise BadPlan(f'plan "{plan.id}": everybody is in a pause; wait, or shorten the pause')
    own = np.array([ids[kind] for kind in kinds])[at]
    frame = frame_in_bulk(kept["code"].tolist(), own.tolist(), salts(len(kept)))
    ratios = {ids[kind]: o.h for kind, o in odds.items()}
    return Framed(frame, ratios, excluded, strata.told(ids, odds, plan.fields))


def _individual(plan: Plan, kept: pd.DataFrame, salts: Salts) -> Frame:
    """Odds by tier and score: within a tier the lower score has the higher odds."""
    free = kept[~(kept["paused"] & ~kept["duty"])].sort_values("code")
    rate = free["tier"].map({k: float(v) for k, v in plan.ratios.items()}).to_numpy(float)
    rank = free.groupby("tier")["composite"].rank(ascending=False, pct=True).to_numpy(float)
    weights = np.where(free["duty"], 1.0, rate * (rank + 1) / 1.5)
    size = max(1, round(float(np.where(free["duty"], 1.0, rate).sum())))
    codes = free["code"].tolist()
    units = pareto.in_units(pareto.proportional(weights, size), codes)
    texts = pareto.decimals(units)
    working = _working(texts) if plan.calibrated else [""] * len(texts)
    own = salts(len(codes))
    rows = zip(codes, texts, own, working, strict=True)
    return frame_of(FrameRow(code, "s01", odds, salt, work) for code, odds, salt, work in rows)


def _working(odds: Sequence[str]) -> list[str]:
    """Working probabilities for which the true ones are the odds; certain ones stay."""
    classes, at, counts = np.unique(np.array(odds), return_inverse=True, return_counts=True)
    values = classes.astype(float)
    open_ = values < 1
    size = round(float(values[open_] @ counts[open_]))
    found = np.ones(len(values))
    found[open_] = calibrated(values[open_], counts[open_].astype(np.int64), size)
    texts = [f"{w:.12f}" for w in found]
    return [texts[k] for k in at]
