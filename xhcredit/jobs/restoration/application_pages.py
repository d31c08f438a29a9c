"""Pages of cases as of a day (keyset pagination), also of those that are overdue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from xhcredit.jobs.restoration.applications import case_data
from xhcredit.jobs.restoration.rows import Case
from xhcredit.restoration.workflow import DEALT_WITH, STATES, Kind
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.restoration.rows import CaseRow
from xhcredit.store.store import Store

_BATCH_ROWS = 200


@dataclass(frozen=True)
class CaseQuery:
    """Which applications; ``bureaus`` None is the whole district.

    ``before`` is the number of the last one of the page before.
    """

    kind: Kind
    states: frozenset[str] = frozenset()
    bureaus: frozenset[str] | None = None
    code: str = ""
    overdue: bool = False
    due_unknown: bool = False
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True)
class CasePage:
    """Applications as JSON-ready values, the latest first; ``has_more`` says that others follow."""

    rows: list[Case]
    has_more: bool

    @property
    def next(self) -> int | None:
        """What to give as ``before`` for the next page; None on the last one."""
        return self.rows[-1]["application"] if self.has_more else None


def case_page(
    store: Store, rules: Rulebook, query: CaseQuery, as_of: date, today: date
) -> CasePage:
    """One page as it stands ``as_of`` a day, which may be before or after ``today``.

    It is full unless nothing is left.
    What is overdue follows from the rules and the calendar, not from a column: applications are
    read on until the page is full.
    """
    cases: list[Case] = []
    for row in _cases_latest_first(store, query, _states_to_read(query, since=as_of >= today)):
        case_fields = case_data(row, as_of, rules)
        if query.overdue and not case_fields["overdue"]:
            continue
        if query.due_unknown and not case_fields["due_unknown"]:
            continue
        if len(cases) == query.limit:
            return CasePage(cases, has_more=True)
        cases.append(case_fields)
    return CasePage(cases, has_more=False)


def _states_to_read(query: CaseQuery, *, since: bool) -> frozenset[str]:
    """States to read: a finished case is overdue on no day from today on."""
    if not (query.overdue and since):
        return query.states
    open_states = frozenset(STATES) - DEALT_WITH
    # An empty set would mean every state; the empty text is no state at all.
    return (query.states & open_states if query.states else open_states) or frozenset({""})


def _cases_latest_first(
    store: Store, query: CaseQuery, states: frozenset[str]
) -> Iterator[CaseRow]:
    """Applications, the latest first, read in portions."""
    before_number, batch_size = query.before, min(query.limit + 1, _BATCH_ROWS)
    while True:
        batch = store.applications.list_page(
            query.kind,
            states=states,
            bureaus=query.bureaus,
            code=query.code,
            before_id=before_number,
            limit=batch_size,
        )
        yield from batch
        if len(batch) < batch_size:
            return
        before_number, batch_size = batch[-1]["id"], _BATCH_ROWS
