"""Results of the visits of a draw, and estimates from them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from xhcredit.domain.log import log_call
from xhcredit.draws.published_files import DrawRecord
from xhcredit.errors import NothingKnown
from xhcredit.jobs.draws import estimates
from xhcredit.jobs.draws.estimate_rows import DrawEstimate
from xhcredit.jobs.draws.frame import strata_of_draw
from xhcredit.jobs.draws.results_to_warehouse import CLEAN_RESULTS, deliver_results, parse_results
from xhcredit.jobs.draws.steps import frame_of, plan_of_draw, record_of
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.rows import Draw, ResultsEntered
from xhcredit.store.store import Store


@log_call(
    "draw.results_entered",
    lambda entry_summary: {"entered": entry_summary["entered"]},
    ids=["draw"],
    refusal="warning",
)
def enter_results(
    store: Store,
    act: Act,
    draw: str,
    csv_bytes: bytes,
    file_name: str,
    warehouse: Path | None,
    today: date,
) -> ResultsEntered:
    """Store results of visits and ingest them as inspections with inclusion probabilities.

    The store comes first; whoever is stopped in between enters the same file again.

    Raises:
        BadInput: the file cannot be read; file, row and column are named.
        BadPlan: an enterprise was not drawn.
        WrongState: nothing was drawn.
    """
    entry_report = store.draws.enter_results(act, draw, parse_results(csv_bytes, file_name))
    if warehouse is not None:
        draw_row = store.draws.get(draw)
        plan = plan_of_draw(store, draw)
        deliver_results(draw_row, record_of(store, draw), plan, warehouse, today)
    return entry_report


def estimate(store: Store, draw: str) -> DrawEstimate:
    """Estimates for all enterprises in the frame; see ``jobs.estimates.estimate``.

    Raises:
        WrongState: nothing was drawn.
        NothingKnown: no result was entered.
    """
    draw_row, record = store.draws.get(draw), record_of(store, draw)
    if not draw_row["results"]:
        raise NothingKnown(f'draw "{draw}" has no result yet; enter them: xhcredit draw results')
    return estimates.estimate(_estimation_table(store, draw_row, record), design=record["design"])


def _estimation_table(store: Store, draw_row: Draw, record: DrawRecord) -> pd.DataFrame:
    """One row per enterprise of the frame: odds, groups, score, whether drawn, what was found."""
    rows = pd.DataFrame(frame_of(store, draw_row["id"]).rows)[["code", "stratum", "odds"]]
    if record["design"] == "stratified":
        ratio_by_stratum = {s["id"]: s["ratio"] for s in record["strata"]}
        rows["odds"] = rows["stratum"].map(ratio_by_stratum)
        strata = pd.DataFrame(strata_of_draw(store, draw_row["id"]))
        stratum_table = strata[["id", "tier", "field", "pi"]].rename(
            columns={"id": "stratum", "pi": "rate"}
        )
        rows = rows.merge(stratum_table, on="stratum", how="left")
    table = rows.merge(_scores(store, draw_row["as_of"]), on="code", how="left")
    table["drawn"] = table["code"].isin([s["code"] for s in record["selected"]])
    failed_by_code = {c: r["result"] not in CLEAN_RESULTS for c, r in draw_row["results"].items()}
    table["failed"] = table["code"].map(failed_by_code)
    return table


def _scores(store: Store, as_of: str) -> pd.DataFrame:
    """Street and risk (the lower the score, the higher) as published for the day of the frame."""
    run_of_day = (
        select(runs.c.run).where(runs.c.as_of == as_of).order_by(runs.c.run.desc()).limit(1)
    )
    c = snapshots.c
    scores_query = select(c.code, c.street, (-c.composite).label("risk"))
    with store.database.reading() as con:
        rows = con.execute(scores_query.where(c.run == run_of_day.scalar_subquery())).all()
    return pd.DataFrame(rows, columns=["code", "street", "risk"])
