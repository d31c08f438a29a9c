"""First lawful assignment of inspectors to drawn enterprises, blind to their names.

Enterprises in the order of their tickets, each place to the eligible inspector with the smallest
load, ties by ticket.  Where that gets stuck, places already filled are moved along a path until
one falls to somebody with room (augmenting path; if there is none, no assignment exists).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from xhcredit.draws.inspectors import Inspector, VisitPlaces
from xhcredit.draws.staffing_refusal import staffing_error
from xhcredit.errors import BadPlan

#: ``ticket(x)`` of the draw: seed and round are already bound
Ticket = Callable[[str], str]


@dataclass(frozen=True)
class Task:
    """Staffing task: visits in the order of the record, inspectors, recusals."""

    visits: tuple[VisitPlaces, ...]
    inspectors: tuple[Inspector, ...]
    recusals: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Refuse codes that come twice, and visits without a second inspector."""
        codes = {v.code for v in self.visits}
        if len(codes) != len(self.visits):
            raise BadPlan("an enterprise is to be visited twice in one draw; join its visits")
        for v in self.visits:
            # 行政处罚法 art 42 asks for two inspectors at least; a plan can only ask for more.
            if len(v.needs) < 2:
                raise BadPlan(
                    f"{v.code} has {len(v.needs)} place; an inspection takes at least two"
                )

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Visit and place within the visit, numbered as in the record."""
        return [(v, k) for v, visit in enumerate(self.visits) for k in range(len(visit.needs))]

    @cached_property
    def eligible(self) -> list[frozenset[int]]:
        """Eligible inspectors (by position) of each place, load and colleagues aside."""
        needs = {n for v in self.visits for n in v.needs}
        fit = {n: {i for i, w in enumerate(self.inspectors) if n.met_by(w)} for n in needs}
        by_name = {w.inspector: i for i, w in enumerate(self.inspectors)}
        barred: dict[str, set[int]] = {}
        for inspector_id, code in self.recusals:
            barred.setdefault(code, set()).add(by_name[inspector_id])
        return [
            frozenset(fit[visit.needs[k]] - barred.get(visit.code, set()))
            for visit in self.visits
            for k in range(len(visit.needs))
        ]


def serial_start(task: Task, ticket: Ticket) -> list[int]:
    """Inspector (position) of each place: the serial start with repair.

    Raises:
        Unstaffable: no assignment meets the constraints; enterprises and constraint are named.
    """
    serial = _SerialAssignment(task, ticket)
    order = sorted(range(len(task.visits)), key=lambda v: ticket(task.visits[v].code))
    for v in order:
        for place in serial.places_of_visit[v]:
            if not serial.fill(place):
                raise staffing_error(task.visits, task.inspectors, task.recusals)
    return serial.holder


class _SerialAssignment:
    """State of the serial assignment: holder of each place, load and places of each inspector."""

    def __init__(self, task: Task, ticket: Ticket) -> None:
        self.task, self.ticket = task, ticket
        self.holder = [-1] * len(task.places)
        self.load = [0] * len(task.inspectors)
        self.places_of_inspector: list[set[int]] = [set() for _ in task.inspectors]
        self.visit_of = [v for v, _ in task.places]
        self.places_of_visit: list[list[int]] = [[] for _ in task.visits]
        for place, v in enumerate(self.visit_of):
            self.places_of_visit[v].append(place)

    def fill(self, place: int) -> bool:
        """Assign a place to the least loaded eligible inspector, or free one; False if none."""
        present = {self.holder[q] for q in self.places_of_visit[self.visit_of[place]]}
        free = [i for i in self.task.eligible[place] if i not in present and self._has_room(i)]
        if not free:
            return self._augment(place)
        # The smallest load first keeps work even; the ticket decides among equals, so nobody
        # who staffs can prefer anybody.
        least = min(self.load[i] for i in free)
        self._put(place, self._smallest_ticket(place, [i for i in free if self.load[i] == least]))
        return True

    def _smallest_ticket(self, place: int, among: Sequence[int]) -> int:
        """The one with the smallest ticket of ``code|inspector``."""
        if len(among) == 1:
            return among[0]
        code = self.task.visits[self.visit_of[place]].code
        return min(among, key=lambda i: self.ticket(f"{code}|{self.task.inspectors[i].inspector}"))

    def _has_room(self, i: int) -> bool:
        return self.load[i] < self.task.inspectors[i].capacity

    def _put(self, place: int, i: int) -> None:
        previous_holder = self.holder[place]
        if previous_holder >= 0:
            self.load[previous_holder] -= 1
            self.places_of_inspector[previous_holder].discard(place)
        self.holder[place] = i
        if i >= 0:
            self.load[i] += 1
            self.places_of_inspector[i].add(place)

    def _augment(self, place: int) -> bool:
        """Breadth-first search for an augmenting path over places that could be given up."""
        origin: dict[int, tuple[int, int]] = {}  # place given up: for whom, and by whom
        visited_places, queue = {place}, deque([place])
        while queue:
            place_needed = queue.popleft()
            place_by_inspector = {
                self.holder[q]: q for q in self.places_of_visit[self.visit_of[place_needed]]
            }
            # A fixed order: sets are walked in an order that another program need not share,
            # and the path found depends on it.
            for i in sorted(self.task.eligible[place_needed]):
                if i not in place_by_inspector and self._has_room(i):
                    self._move(place_needed, i, origin)
                    return True
                places_to_free = (
                    [place_by_inspector[i]]
                    if i in place_by_inspector
                    else sorted(self.places_of_inspector[i])
                )
                for q in places_to_free:
                    if q not in visited_places:
                        visited_places.add(q)
                        origin[q] = (place_needed, i)
                        queue.append(q)
        return False

    def _move(self, place: int, i: int, origin: dict[int, tuple[int, int]]) -> None:
        """Shift all holders along the augmenting path by one place."""
        chain = [(place, i)]
        while place in origin:
            place, i = origin[place]
            chain.append((place, i))
        for q, _ in chain:
            self._put(q, -1)
        for q, inspector in chain:
            self._put(q, inspector)
