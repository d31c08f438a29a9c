"""Replacement of an inspector after the draw: one place drawn again by ticket, with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from xhcredit.draws.staffing import Task, Ticket
from xhcredit.errors import Unstaffable, WrongState


def replacement_inspector(
    task: Task,
    teams: Sequence[Sequence[str]],
    visit: int,
    place: int,
    *,
    attempt: int,
    unavailable: Collection[str],
    ticket: Ticket,
) -> str:
    """Inspector who takes over a place.

    The eligible inspector with the smallest ``ticket(code|inspector|attempt)``: qualified, not
    recused, not in the team, with room left, and not among the ``unavailable`` (who fell out now
    or in an earlier attempt at this place).

    Args:
        task: what was staffed.
        teams: who goes where now, in the order of the record.
        visit: position of the visit in the record.
        place: position within the visit, 0 being the lead.
        attempt: 1 for the first replacement at this place, then 2, …
        unavailable: numbers of inspectors who cannot go.
        ticket: ``ticket(x)`` of the draw.

    Raises:
        WrongState: an attempt below 1.
        Unstaffable: nobody is left who may take the place.
    """
    if attempt < 1:
        raise WrongState(f"attempt {attempt}; count the replacements of a place from 1")
    load = Counter(inspector for team in teams for inspector in team)
    number = task.places.index((visit, place))
    code = task.visits[visit].code
    barred = {*teams[visit], *unavailable}
    free = [
        inspector.inspector
        for inspector in (task.inspectors[i] for i in task.eligible[number])
        if inspector.inspector not in barred and load[inspector.inspector] < inspector.capacity
    ]
    if not free:
        raise Unstaffable(
            f"{code}: nobody else is qualified, not recused, outside the team and has room; "
            "raise a capacity or add inspectors"
        )
    # By ticket and not by choice, with the attempt in it: else the second replacement would
    # always be the runner-up of the first.
    return min(free, key=lambda inspector: ticket(f"{code}|{inspector}|{attempt}"))
