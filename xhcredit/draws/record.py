"""Record of a draw: everything needed to repeat and verify it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from xhcredit.domain.rows import JsonObject
from xhcredit.draws import swaps
from xhcredit.draws.commitment import REPEATED, Statement, canonical, demo_part, digest_of
from xhcredit.draws.frame import Frame, FrameRow
from xhcredit.draws.inspectors import Inspector, visit_with_lead
from xhcredit.draws.numerics import SHOWN_HEX
from xhcredit.draws.selection import STRATIFIED, DrawnEnterprise, draw_individual, draw_stratified
from xhcredit.draws.staffing import Task
from xhcredit.draws.tickets import BoundTicket, bound_ticket
from xhcredit.errors import BadPlan

#: makes the tickets of a draw from its seed and its round
Tickets = Callable[[str, str], BoundTicket]
_FIRST = ("protocol", "draw_id", "round_id", "replaces", "plan", "as_of")


def draw(
    frame: Frame, committed: Statement, seed: str, tickets: Tickets = bound_ticket
) -> list[DrawnEnterprise]:
    """Drawn enterprises, sorted by stratum and ticket; ``tickets`` may compute them elsewhere.

    Raises:
        BadPlan: the frame is not the committed one.
    """
    # Checked before a single ticket: a frame changed after the commitment would make the draw a
    # choice.
    if frame.tree.root != committed["frame_root"]:
        raise BadPlan(
            f"the frame has the root {frame.tree.root[:SHOWN_HEX]}…, committed was "
            f"{committed['frame_root'][:SHOWN_HEX]}…; take the file as it was frozen"
        )
    ticket = tickets(seed, committed["round_id"])
    if committed["design"] != STRATIFIED:
        return draw_individual(frame, ticket)
    return draw_stratified(frame, {s["id"]: s["ratio"] for s in committed["strata"]}, ticket)


def task_of(
    drawn: Sequence[DrawnEnterprise],
    committed: Statement,
    inspectors: tuple[Inspector, ...],
    recusals: frozenset[tuple[str, str]],
) -> Task:
    """Staffing task of a draw: the committed number of places for each enterprise."""
    need, places = committed["qualification"], committed["places"]
    visits = tuple(visit_with_lead(d.row.code, need, places) for d in drawn)
    codes = {d.row.code for d in drawn}
    # Recusals from enterprises that were not drawn bind nobody, and must not name them in a
    # refusal.
    return Task(visits, inspectors, frozenset(r for r in recusals if r[1] in codes))


def record(
    frame: Frame,
    committed: Statement,
    seed: Statement,
    inspectors: tuple[Inspector, ...],
    recusals: frozenset[tuple[str, str]],
    activity: Statement,
    tickets: Tickets = bound_ticket,
) -> Statement:
    """Draw, staff, and return the complete record.

    Args:
        frame: the frozen frame.
        committed: what was published before the seed.
        seed: ``value``, ``source``, ``entered_at``.
        inspectors: the list, as committed.
        recusals: who must not visit whom, as committed.
        activity: ``previous`` and ``digest`` of the entry under which the seed was entered.
        tickets: who computes the tickets of everybody, if not this process.

    Raises:
        BadPlan: the frame is not the committed one.
        Unstaffable: no assignment of inspectors meets the constraints.
    """
    drawn = draw(frame, committed, seed["value"], tickets)
    ticket = bound_ticket(seed["value"], committed["round_id"])
    start, final = swaps.staff(task_of(drawn, committed, inspectors, recusals), ticket)
    teams = zip(drawn, start, final, strict=True)
    # The record binds itself to what was published before the seed; anyone with the
    # commitment's file can check it.
    digest = digest_of(canonical(dict(committed)))
    return {
        **{k: committed[k] for k in _FIRST},
        "commitment": {"digest": digest, **{k: committed[k] for k in REPEATED}},
        "seed": seed,
        "design": committed["design"],
        "calibrated": committed["calibrated"],
        "strata": _strata(drawn, committed["strata"]),
        "selected": [_selected(frame, d, list(a), list(b)) for d, a, b in teams],
        "activity": activity,
        **demo_part(committed),
    }


def _strata(drawn: Sequence[DrawnEnterprise], committed: Sequence[Statement]) -> list[JsonObject]:
    """The strata with how many were taken, and the highest ticket among them."""
    taken = Counter(d.row.stratum for d in drawn)
    last = {d.row.stratum: d.ticket for d in drawn}  # sorted by ticket, so the last one stays
    return [{**s, "taken": taken[s["id"]], "last_ticket": last.get(s["id"])} for s in committed]


def _selected(
    frame: Frame, drawn: DrawnEnterprise, start: list[str], final: list[str]
) -> dict[str, object]:
    row = drawn.row
    selected_json: dict[str, object] = {
        "code": row.code,
        "stratum": row.stratum,
        "ticket": drawn.ticket,
        "inclusion_probability": drawn.probability,
        "places_start": start,
        "inspectors": final,
        "proof": frame.tree.proof(frame.position(row.code)),
        "odds": row.odds,
        "salt": row.salt,
    }
    return selected_json | ({"working": row.working} if row.working else {})


def drawn_from_record(selected: Statement) -> DrawnEnterprise:
    """A drawn enterprise as it stands in a record."""
    cells = [selected[k] for k in ("code", "stratum", "odds", "salt")]
    row = FrameRow(cells[0], cells[1], cells[2], cells[-1], selected.get("working", ""))
    return DrawnEnterprise(row, selected["ticket"], selected["inclusion_probability"])
