"""Seeded chain of swaps: from the first lawful assignment to a near-uniform one.

Anyone can replay it with a hash function.  Steps are fixed by the protocol: 20 for each place.
"""

from __future__ import annotations

from collections.abc import Sequence

from xhcredit.draws.numerics import HEX_BASE, HEX_DIGITS, STEPS_PER_PLACE
from xhcredit.draws.staffing import Task, Ticket, serial_start


def swap_chain(task: Task, first: Sequence[int], ticket: Ticket) -> list[int]:
    """Inspector (position) of each place after the chain.

    Step s reads two places from ``ticket("#swap|" + s)``; their inspectors change places if
    afterwards every constraint still holds, else nothing happens.
    """
    holder = list(first)
    visit_of = [v for v, _ in task.places]
    present: list[set[int]] = [set() for _ in task.visits]
    for place, inspector in enumerate(holder):
        present[visit_of[place]].add(inspector)
    eligible, count = task.eligible, len(holder)
    for step in range(1, STEPS_PER_PLACE * count + 1):
        # The serial start favours whoever comes first by ticket; the chain mixes it towards
        # uniform, with steps that anyone can replay.
        swap_ticket = ticket(f"#swap|{step}")
        a = int(swap_ticket[:HEX_DIGITS], HEX_BASE) % count
        b = int(swap_ticket[HEX_DIGITS : 2 * HEX_DIGITS], HEX_BASE) % count
        x, y = holder[a], holder[b]
        if x == y or y not in eligible[a] or x not in eligible[b]:
            continue
        visit_a, visit_b = visit_of[a], visit_of[b]
        # Within one visit a change of places (who leads) moves nobody in or out of a team.
        if visit_a != visit_b:
            if y in present[visit_a] or x in present[visit_b]:
                continue
            present[visit_a] ^= {x, y}
            present[visit_b] ^= {x, y}
        holder[a], holder[b] = y, x
    return holder


def staff(task: Task, ticket: Ticket) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Start and final inspectors of each visit, in the order of the record, lead first.

    Raises:
        Unstaffable: no assignment meets the constraints; enterprises and constraint are named.
    """
    first = serial_start(task, ticket)
    return _teams(task, first), _teams(task, swap_chain(task, first, ticket))


def _teams(task: Task, holder: Sequence[int]) -> list[tuple[str, ...]]:
    names = iter([task.inspectors[i].inspector for i in holder])
    return [tuple(next(names) for _ in visit.needs) for visit in task.visits]
