"""Results of the visits of a draw, and estimates from them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select

from xhcredit.domain.log import logged
from xhcredit.errors import NothingKnown
from xhcredit.jobs.draws import estimates
from xhcredit.jobs.draws.results_to_warehouse import CLEAN, deliver, results_from
from xhcredit.jobs.draws.steps import frame_of, record_of
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

Json = dict[str, Any]


@logged(
    "draw.results_entered",
    lambda done: {"entered": done["entered"]},
    ids=["draw"],
    refusal="warning",
)
def enter_results(
    store: Store, act: Act, draw: str, data: bytes, name: str, warehouse: Path | None, today: date
) -> Json:
    """Store results of visits and ingest them as inspections with inclusion probabilities.

    The store comes first; whoever is stopped in between enters the same file again.

    Raises:
        BadInput: the file cannot be read; file, row and column are named.
        BadPlan: an enterprise was not drawn.
        WrongState: nothing was drawn.
    """
    told = store.draws.results(act, draw, results_from(data, name))
    if warehouse is not None:
        kept = store.draws.one(draw)
        plan = json.loads(store.draws.file(draw, "plan.json"))
        deliver(kept, record_of(store, draw), plan, warehouse, today)
    return told


def estimate(store: Store, draw: str) -> Json:
    """Estimates for all enterprises in the frame; see ``jobs.estimates.estimate``.

    Raises:
        WrongState: nothing was drawn.
        NothingKnown: no result was entered.
    """
    kept, told = store.draws.one(draw), record_of(store, draw)
    if not kept["results"]:
        raise NothingKnown(f'draw "{draw}" has no result yet; enter them: xhcredit draw results')
    return estimates.estimate(_table(store, kept, told), design=told["design"])


def _table(store: Store, kept: Json, told: Json) -> pd.DataFrame:
    """One row per enterprise of the frame: odds, groups, score, whether drawn, what was found."""
    rows = pd.DataFrame(frame_of(store, kept["id"]).rows)[["code", "stratum", "odds"]]
    strata = pd.DataFrame(json.loads(store.draws.file(kept["id"], "strata.json")))
    ratios = {s["id"]: s["ratio"] for s in told["strata"]}
    if told["design"] == "stratified":
        rows["odds"] = rows["stratum"].map(ratios)
    wanted = [c for c in ("id", "tier", "field", "pi") if c in strata]
    named = strata[wanted].rename(columns={"id": "stratum", "pi": "rate"})
    table = rows.merge(named, on="stratum", how="left").merge(
        _scores(store, kept["as_of"]), on="code", how="left"
    )
    table["drawn"] = table["code"].isin([s["code"] for s in told["selected"]])
    failed = {c: r["result"] not in CLEAN for c, r in kept["results"].items()}
    table["failed"] = table["code"].map(failed)
    return table


def _scores(store: Store, as_of: str) -> pd.DataFrame:
    """Street and risk (the lower the score, the higher) as published for the day of the frame."""
    of_day = select(runs.c.run).where(runs.c.as_of == as_of).order_by(runs.c.run.desc()).limit(1)
    c = snapshots.c
    wanted = select(c.code, c.street, (-c.composite).label("risk"))
    with store.database.reading() as con:
        rows = con.execute(wanted.where(c.run == of_day.scalar_subquery())).all()
    return pd.DataFrame(rows, columns=["code", "street", "risk"])
