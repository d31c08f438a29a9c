"""Numbered publications of a draw; a further one only after new results were entered."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from xhcredit.errors import WrongState
from xhcredit.store.draws.draw_state import STATES, Json
from xhcredit.store.draws.integrity import results_digest
from xhcredit.store.draws.tables import draw_results


def publications(steps: Sequence[Json]) -> list[Json]:
    """Every publication in its order: ``number`` from 1, ``at``, ``results``, ``digest``.

    ``results`` is how many enterprises had one then, ``digest`` is over them; None where it was
    published before these were kept.
    """
    found = [s for s in steps if s["state"] == STATES[-1]]
    return [
        {
            "number": number,
            "at": s["at"],
            "results": s["details"].get("results"),
            "digest": s["details"].get("digest"),
        }
        for number, s in enumerate(found, 1)
    ]


def news(con: Connection, found: Json) -> bool:
    """Whether results were entered since the last publication, or the draw was never published."""
    last = found["steps"][-1]
    if last["state"] != STATES[-1]:
        return True
    entered = select(func.max(draw_results.c.activity)).where(draw_results.c.draw == found["id"])
    return bool((con.scalar(entered) or 0) > last["activity"])


def results_of(con: Connection, draw: str) -> dict[str, Json]:
    """Results by code, as they were entered last."""
    wanted = select(draw_results).where(draw_results.c.draw == draw)
    rows = con.execute(wanted.order_by(draw_results.c.entry)).mappings()
    return {row["code"]: json.loads(row["body"]) for row in rows}


def next_publication(con: Connection, found: Json) -> Json:
    """Content of the next publication: ``number``, ``results``, ``digest``.

    Raises:
        WrongState: it was published, and nothing was entered since.
    """
    number = len(publications(found["steps"])) + 1
    if not news(con, found):
        raise WrongState(
            f'draw "{found["id"]}" is published (no. {number - 1}) and has no new results since; '
            "enter results first: xhcredit draw results"
        )
    results = results_of(con, found["id"])
    return {"number": number, "results": len(results), "digest": results_digest(results)}
