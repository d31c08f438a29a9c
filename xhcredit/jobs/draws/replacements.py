"""Replacement of an inspector after a draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xhcredit.domain.log import logged
from xhcredit.draws import record as records
from xhcredit.draws.replacement import replaced
from xhcredit.draws.tickets import bound
from xhcredit.errors import BadPlan
from xhcredit.jobs.draws import steps as steps
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

Json = dict[str, Any]


@dataclass(frozen=True)
class Away:
    """Absence of an inspector from one visit, with the reason."""

    code: str
    inspector: str
    reason: str


@logged("draw.inspector_replaced", ids=["draw"], refusal="warning")
def replace_inspector(store: Store, act: Act, draw: str, away: Away) -> Json:
    """Draw another inspector for one place, as the protocol says.

    Raises:
        BadPlan: the enterprise was not drawn, or this inspector does not visit it.
        Unstaffable: nobody is left who may take the place.
    """
    people, recusals = steps.people_of(store, draw).read()
    made = steps.committed(store, draw)

    def choose(kept: Json) -> Json:
        told = kept["record"]
        drawn = [records.opened(s) for s in told["selected"]]
        task = records.task_of(drawn, made, people, recusals)
        codes = [s["code"] for s in told["selected"]]
        teams = [list(s["inspectors"]) for s in told["selected"]]
        gone: list[str] = []
        for row in kept["replacements"]:
            teams[codes.index(row["code"])][row["place"]] = row["instead"]
            gone += [row["away"]] if row["code"] == away.code else []
        visit, place = _place_of(codes, teams, away)
        attempt = 1 + sum(
            r["code"] == away.code and r["place"] == place for r in kept["replacements"]
        )
        ticket = bound(told["seed"]["value"], told["round_id"])
        instead = replaced(
            task,
            teams,
            visit,
            place,
            attempt=attempt,
            unavailable={*gone, away.inspector},
            ticket=ticket,
        )
        row = {"code": away.code, "place": place, "attempt": attempt, "away": away.inspector}
        return row | {"instead": instead, "reason": away.reason}

    return store.draws.replace(act, draw, choose)


def _place_of(codes: list[str], teams: list[list[str]], away: Away) -> tuple[int, int]:
    if away.code not in codes:
        raise BadPlan(f'enterprise "{away.code}" was not drawn; see the record')
    visit = codes.index(away.code)
    if away.inspector not in teams[visit]:
        raise BadPlan(
            f'"{away.inspector}" does not visit "{away.code}"; there go {", ".join(teams[visit])}'
        )
    return visit, teams[visit].index(away.inspector)
