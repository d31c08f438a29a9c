"""Replacement of an inspector after a draw."""

from __future__ import annotations

from dataclasses import dataclass

from xhcredit.domain.log import log_call
from xhcredit.draws import record as draw_record
from xhcredit.draws.replacement import replacement_inspector
from xhcredit.draws.tickets import bound_ticket
from xhcredit.errors import BadPlan
from xhcredit.jobs.draws import steps
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.rows import DrawnTeams, InspectorReplacement
from xhcredit.store.store import Store


@dataclass(frozen=True)
class InspectorAbsence:
    """Absence of an inspector from one visit, with the reason."""

    code: str
    inspector: str
    reason: str


@log_call("draw.inspector_replaced", ids=["draw"], refusal="warning")
def replace_inspector(
    store: Store, act: Act, draw: str, absence: InspectorAbsence
) -> InspectorReplacement:
    """Draw another inspector for one place, as the protocol says.

    Raises:
        BadPlan: the enterprise was not drawn, or this inspector does not visit it.
        Unstaffable: nobody is left who may take the place.
    """
    people, recusals = steps.people_of(store, draw).read()
    commitment = steps.commitment_of(store, draw)

    def choose_substitute(draw_row: DrawnTeams) -> InspectorReplacement:
        record = draw_row["record"]
        drawn_rows = [draw_record.drawn_from_record(s) for s in record["selected"]]
        task = draw_record.task_of(drawn_rows, commitment, people, recusals)
        codes = [s["code"] for s in record["selected"]]
        teams = [list(s["inspectors"]) for s in record["selected"]]
        unavailable_ids: list[str] = []
        for replacement_row in draw_row["replacements"]:
            teams[codes.index(replacement_row["code"])][replacement_row["place"]] = replacement_row[
                "instead"
            ]
            unavailable_ids += (
                [replacement_row["away"]] if replacement_row["code"] == absence.code else []
            )
        visit_index, place_index = _place_of(codes, teams, absence)
        attempt = 1 + sum(
            r["code"] == absence.code and r["place"] == place_index
            for r in draw_row["replacements"]
        )
        ticket = bound_ticket(record["seed"]["value"], record["round_id"])
        substitute = replacement_inspector(
            task,
            teams,
            visit_index,
            place_index,
            attempt=attempt,
            unavailable={*unavailable_ids, absence.inspector},
            ticket=ticket,
        )
        return {
            "code": absence.code,
            "place": place_index,
            "attempt": attempt,
            "away": absence.inspector,
            "instead": substitute,
            "reason": absence.reason,
        }

    return store.draws.replace(act, draw, choose_substitute)


def _place_of(
    codes: list[str], teams: list[list[str]], absence: InspectorAbsence
) -> tuple[int, int]:
    if absence.code not in codes:
        raise BadPlan(f'enterprise "{absence.code}" was not drawn; see the record')
    visit_index = codes.index(absence.code)
    if absence.inspector not in teams[visit_index]:
        raise BadPlan(
            f'"{absence.inspector}" does not visit "{absence.code}"; there go '
            f"{', '.join(teams[visit_index])}"
        )
    return visit_index, teams[visit_index].index(absence.inspector)
