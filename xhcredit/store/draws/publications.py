"""Numbered publications of a draw; a further one only after new results were entered."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from xhcredit.errors import WrongState
from xhcredit.store.draws.integrity import results_digest
from xhcredit.store.draws.rows import (
    DrawStep,
    DrawWithSteps,
    NextPublication,
    NumberedPublication,
    VisitResult,
)
from xhcredit.store.draws.tables import draw_results


def publications(steps: Sequence[DrawStep]) -> list[NumberedPublication]:
    """Every publication in its order: ``number`` from 1, ``published_at``, ``results``, ``digest``.

    ``results`` is how many enterprises had one then, ``digest`` is over them; None where it was
    published before these were kept.
    """
    publish_steps = [s for s in steps if s["state"] == "published"]
    return [
        {
            "number": number,
            "published_at": s["recorded_at"],
            "results": s["details"].get("results"),
            "digest": s["details"].get("digest"),
        }
        for number, s in enumerate(publish_steps, 1)
    ]


def has_new_results(con: Connection, draw: DrawWithSteps) -> bool:
    """Whether results were entered since the last publication, or the draw was never published."""
    last_step = draw["steps"][-1]
    if last_step["state"] != "published":
        return True
    last_entry = select(func.max(draw_results.c.activity)).where(draw_results.c.draw == draw["id"])
    return bool((con.scalar(last_entry) or 0) > last_step["activity"])


def results_of(con: Connection, draw: str) -> dict[str, VisitResult]:
    """Results by code, as they were entered last."""
    statement = select(draw_results).where(draw_results.c.draw == draw)
    rows = con.execute(statement.order_by(draw_results.c.entry)).mappings()
    return {row["code"]: json.loads(row["body"]) for row in rows}


def next_publication(con: Connection, draw: DrawWithSteps) -> NextPublication:
    """Content of the next publication: ``number``, ``results``, ``digest``.

    Raises:
        WrongState: it was published, and nothing was entered since.
    """
    number = len(publications(draw["steps"])) + 1
    if not has_new_results(con, draw):
        raise WrongState(
            f'draw "{draw["id"]}" is published (no. {number - 1}) and has no new results since; '
            "enter results first: xhcredit draw results"
        )
    results = results_of(con, draw["id"])
    return {"number": number, "results": len(results), "digest": results_digest(results)}
