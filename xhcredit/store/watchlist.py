"""Watchlist of one run: filtered, counted, sorted, with keyset pagination."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from xhcredit.alerts.workflow import CLOSED_STATES
from xhcredit.errors import UnknownRecord
from xhcredit.rules.schemas.alerts import Flow
from xhcredit.store.alerts.alert_queries import AlertQuery, filter_alerts
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import BureauScope, bureau_names, has_bureau, is_within
from xhcredit.store.core.columns import RowSelect
from xhcredit.store.core.database import Database
from xhcredit.store.core.tables import current, runs, snapshots
from xhcredit.store.night.counts import DIMENSIONS, Cells, ValueFilter, matching_cells, sum_cells
from xhcredit.store.night.rows import NamedEnterprise, OpenAlerts, WatchlistRow

Move = Literal["worse", "better", "new"]
Sort = Literal["composite", "-composite", "code", "-code", "moved", "-moved"]
LIST_COLUMNS = (
    "code", "name", "bureau", "bureaus", "street", "kind", "size", "tier", "previous_tier",
    "composite", "moved", "general", "x",
)  # fmt: skip
_MAX_CACHED_CELLS = 50  #: of a run, and of what was searched for in it
_SORT_LIMIT = 5000  #: rows that are sorted rather than looked for in order
#: what is searched as the beginning of a code, and not as a part of a name
_CODE_PREFIX = re.compile("[0-9][0-9A-Za-z]{5,17}")


@dataclass(frozen=True)
class WatchlistQuery:
    """Watchlist query: filters and order; empty fields do not filter.

    ``within`` are the bureaus whose enterprises may be told at all; None is everybody's.
    ``bureau`` keeps those that one of these bureaus supervises, leading or not.  ``field`` names
    X that apply, all of them; ``text`` is the beginning of a code (six characters or more), else a
    part of a name.  ``moved`` is against the run before: a worse tier, a better one, or none
    before.  ``alerted`` keeps those with an open alert, ``trigger`` those with an open alert of one
    of these triggers, as far as ``within`` may be told of it.
    """

    within: BureauScope = None
    tier: tuple[str, ...] = ()
    street: tuple[str, ...] = ()
    bureau: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    field: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    moved: Move | None = None
    text: str = ""
    alerted: bool = False
    trigger: tuple[str, ...] = ()
    sort: Sort = "composite"

    def as_json(self) -> dict[str, object]:
        """Query as plain JSON without empty fields, for the audit log."""
        plain_fields = {
            k: sorted(v) if isinstance(v, frozenset) else v for k, v in asdict(self).items()
        }
        within = {"within": plain_fields.pop("within")} if self.within is not None else {}
        return {
            k: list(v) if isinstance(v, tuple) else v for k, v in plain_fields.items() if v
        } | within

    @property
    def by_alerts(self) -> bool:
        """Whether alerts decide: unlike rows they change within a run."""
        return self.alerted or bool(self.trigger)

    @property
    def cell_query(self) -> WatchlistQuery:
        """The question without all that cells are counted by (``tally.py``)."""
        wide_query = WatchlistQuery(text=self.text, lowest=self.lowest, highest=self.highest)
        if not self.by_alerts:
            return wide_query
        return replace(wide_query, within=self.within, alerted=self.alerted, trigger=self.trigger)

    @property
    def filters_by_dimension(self) -> dict[str, ValueFilter]:
        """Filters of the query by dimension of the cached cells."""
        values_by_name = ((n, getattr(self, n)) for n in ("tier", "street", "kind", "size"))
        filters: dict[str, ValueFilter] = {
            name: values.__contains__ for name, values in values_by_name if values
        }
        if self.field:
            filters["fields"] = lambda field_text: all(
                f";{name};" in field_text for name in self.field
            )
        if self.within is not None or self.bureau:
            wanted_bureaus = frozenset(self.bureau) or None
            filters["bureaus"] = lambda bureaus: (
                is_within(bureaus, self.within) and is_within(bureaus, wanted_bureaus)
            )
        return filters

    @property
    def digest(self) -> str:
        """Names the question: a cursor is good for no other."""
        query_json = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.sha256(query_json.encode()).hexdigest()[:16]


class PagePosition(NamedTuple):
    """Where a page ended: its last row by the sorted column and by code."""

    run: int
    key: float | str
    code: str


class WatchlistPage(NamedTuple):
    """Rows of a run; ``total`` of all pages; ``after`` is where the next one begins."""

    run: int
    total: int
    rows: list[WatchlistRow]
    after: PagePosition | None


@dataclass
class WatchlistReader:
    """Answers watchlist queries; published rows never change, so their counts are cached."""

    database: Database
    _cells: dict[tuple[int, str, int], Cells] = field(default_factory=dict)

    def page(
        self,
        query: WatchlistQuery,
        limit: int,
        after_position: PagePosition | None = None,
        run: int | None = None,
    ) -> WatchlistPage:
        """One page; all pages of a question are of the run of its first page.

        Of the run that answers, if neither ``after_position`` nor ``run`` says another one.

        Raises:
            UnknownRecord: no run was published yet, or that of ``after_position`` is gone.
        """
        with self.database.reading() as con:
            run = self._published_run(con, after_position.run if after_position else run)
            # How these are sorted depends on how many there are (see _sort_columns), so they
            # are counted first.
            count_first = query.text != "" or query.sort in ("code", "-code")
            known_total = self._total_count(con, run, query) if count_first else None
            is_few = (known_total or 0) <= _SORT_LIMIT
            matching_rows = (
                []
                if known_total == 0
                else self._read_rows(con, run, query, limit + 1, after_position, is_few)
            )
            is_only_page = (
                after_position is None and len(matching_rows) <= limit
            )  # no need to count
            total = len(matching_rows) if is_only_page else self._total_count(con, run, query)
        rows = matching_rows[:limit]
        has_next_page = len(matching_rows) > limit
        return WatchlistPage(
            run, total, rows, _page_position(run, query, rows[-1]) if has_next_page else None
        )

    def pages(
        self, query: WatchlistQuery, run: int | None = None, page_size: int = 2000
    ) -> Iterator[WatchlistPage]:
        """All pages, one after the other."""
        page = self.page(query, page_size, run=run)
        yield page
        while page.after is not None:
            page = self.page(query, page_size, page.after)
            yield page

    def counts(self, query: WatchlistQuery, *dimensions: str) -> dict[tuple[str, ...], int]:
        """How many of the current run, by the values of some of the dimensions of ``tally.py``.

        Raises:
            UnknownRecord: no run was published yet.
        """
        with self.database.reading() as con:
            return self._sum_cells(con, self._published_run(con, None), query, dimensions)

    def enterprise_rows(
        self, run: int, codes: Sequence[str], within: BureauScope
    ) -> dict[str, NamedEnterprise]:
        """Code, name, street, tier, bureaus of the enterprises of ``codes`` that are in scope."""
        c = snapshots.c
        columns = (c.code, c.name, c.street, c.tier, c.bureau, c.bureaus)
        statement = select(*columns).where(c.run == run, c.code.in_(codes))
        with self.database.reading() as con:
            rows = [dict(row) for row in con.execute(statement).mappings()]
        return {
            row["code"]: cast(
                NamedEnterprise, {**row, "bureaus": list(bureau_names(row["bureaus"]))}
            )
            for row in rows
            if is_within(row["bureaus"], within)
        }

    def open_alerts_by_code(
        self, codes: Sequence[str], within: BureauScope
    ) -> dict[str, OpenAlerts]:
        """Open alerts by enterprise: ``open`` (count), worst ``colour``, ``triggers``.

        Who has none that may be told is left out.
        """
        statement = _open_alerts(within).where(alerts.c.code.in_(codes))
        columns = (alerts.c.code, alerts.c.trigger, alert_steps.c.colour)
        alerts_by_code: dict[str, OpenAlerts] = {}
        with self.database.reading() as con:
            for row in con.execute(statement.with_only_columns(*columns).order_by(alerts.c.id)):
                alert_summary = alerts_by_code.setdefault(
                    row.code, {"open": 0, "colour": "", "triggers": []}
                )
                alert_summary["open"] += 1
                alert_summary["colour"] = max(
                    alert_summary["colour"], row.colour, key=("", *Flow.COLOURS).index
                )
                alert_summary["triggers"] = sorted({*alert_summary["triggers"], row.trigger})
        return alerts_by_code

    def triggers(self, within: BureauScope) -> list[str]:
        """Triggers with an open alert of an enterprise in scope."""
        statement = _open_alerts(within).where(alerts.c.code != "")
        with self.database.reading() as con:
            trigger_names = statement.with_only_columns(alerts.c.trigger).distinct()
            return sorted(con.scalars(trigger_names).all())

    def _published_run(self, con: Connection, run: int | None) -> int:
        run = con.scalar(select(current.c.run)) if run is None else run
        published_run = con.scalar(select(runs.c.run).where(runs.c.run == run))
        if published_run is None:
            raise UnknownRecord("no such run is published; start again without a cursor")
        return int(published_run)

    def _read_rows(
        self,
        con: Connection,
        run: int,
        query: WatchlistQuery,
        limit: int,
        after_position: PagePosition | None,
        is_few: bool,
    ) -> list[WatchlistRow]:
        """Codes by an index that holds all that is filtered by; then the rows of these codes."""
        sort_columns, is_descending = (
            _sort_columns(query, is_few=is_few),
            query.sort.startswith("-"),
        )
        statement = self._filtered_select(run, query, snapshots.c.code)
        if after_position is not None:
            # By key, not by OFFSET: a page costs the same however deep it lies, and no row
            # shifts between two pages.
            last_key = tuple_(*after_position[-len(sort_columns) :])
            statement = statement.where(
                tuple_(*sort_columns) < last_key
                if is_descending
                else tuple_(*sort_columns) > last_key
            )
        order = [key.desc() if is_descending else key.asc() for key in sort_columns]
        page_codes = statement.order_by(*order).limit(limit).subquery("chosen")
        row_statement = select(*(snapshots.c[name] for name in LIST_COLUMNS)).where(
            snapshots.c.run == run, snapshots.c.code.in_(select(page_codes.c.code))
        )
        matching_rows = [
            cast(
                WatchlistRow,
                {**row, "x": json.loads(row["x"]), "bureaus": list(bureau_names(row["bureaus"]))},
            )
            for row in con.execute(row_statement).mappings()
        ]
        return sorted(
            matching_rows,
            key=lambda row: (_sort_key(query, row), row["code"]),
            reverse=is_descending,
        )

    def _total_count(self, con: Connection, run: int, query: WatchlistQuery) -> int:
        return sum(self._sum_cells(con, run, query, ()).values())

    def _sum_cells(
        self, con: Connection, run: int, query: WatchlistQuery, dimensions: Sequence[str]
    ) -> dict[tuple[str, ...], int]:
        cells = self._cached_cells(con, run, query.cell_query)
        return sum_cells(
            cells, matching_cells(cells, query.filters_by_dimension, query.moved), dimensions
        )

    def _cached_cells(self, con: Connection, run: int, cell_query: WatchlistQuery) -> Cells:
        """Cells of a base; those by alerts are good until the next step of any alert."""
        step_count = select(func.count()).select_from(
            alert_steps
        )  # append-only: a count is a version
        cache_key = (
            run,
            cell_query.digest,
            (con.scalar(step_count) or 0) if cell_query.by_alerts else 0,
        )
        cells = self._cells.get(cache_key)  # another thread may empty the rest meanwhile
        if cells is None:
            columns = [snapshots.c[name] for name in DIMENSIONS]
            statement = self._filtered_select(run, cell_query, func.count()).add_columns(*columns)
            rows = con.execute(statement.group_by(*columns))
            cells = {tuple(row[1:]): row[0] for row in rows}
            if len(self._cells) >= _MAX_CACHED_CELLS:
                self._cells.clear()
            self._cells[cache_key] = cells
        return cells

    def _filtered_select(
        self, run: int, query: WatchlistQuery, column: ColumnElement[str] | ColumnElement[int]
    ) -> RowSelect:
        # Not LIKE: what people type may hold % and _, and the two databases disagree about
        # case.
        position = func.instr if self.database.is_sqlite else func.strpos
        return select(column).where(snapshots.c.run == run, *_filters(query, position))


def _sort_columns(query: WatchlistQuery, *, is_few: bool) -> list[ColumnElement[str]]:
    """Sort columns of a query; the code last, so that the order is unique.

    A few codes are sorted as an expression: SQLite would else follow the primary key, which does
    not hold what is filtered by, and read hundreds of megabytes of answers to find them.
    """
    c, name = snapshots.c, query.sort.removeprefix("-")
    if name != "code":
        return [c[name], c.code]
    return [c.code.concat("") if is_few else c.code]


def _sort_key(query: WatchlistQuery, row: WatchlistRow) -> float | str:
    columns: dict[str, float | str] = {
        "composite": row["composite"],
        "moved": row["moved"],
        "code": row["code"],
    }
    return columns[query.sort.removeprefix("-")]


def _page_position(run: int, query: WatchlistQuery, row: WatchlistRow) -> PagePosition:
    return PagePosition(run, _sort_key(query, row), row["code"])


def _filters(
    query: WatchlistQuery, text_position: Callable[..., ColumnElement[int]]
) -> list[ColumnElement[bool]]:
    """Conditions over the columns of the lists' indexes; ``text_position`` of a text in another."""
    c = snapshots.c
    values_by_column = ((c[n], getattr(query, n)) for n in ("tier", "street", "kind", "size"))
    conditions: list[ColumnElement[bool]] = [
        column.in_(values) for column, values in values_by_column if values
    ]
    if query.within is not None:
        conditions.append(has_bureau(c.bureaus, query.within))
    if query.bureau:
        conditions.append(has_bureau(c.bureaus, query.bureau))
    conditions += [text_position(c.fields, f";{name};") > 0 for name in query.field]
    if query.lowest is not None:
        conditions.append(c.composite >= query.lowest)
    if query.highest is not None:
        conditions.append(c.composite <= query.highest)
    if _CODE_PREFIX.fullmatch(query.text):
        conditions.append(text_position(c.code, query.text.upper()) == 1)
    elif query.text:
        conditions.append(text_position(c.name, query.text) > 0)
    if query.by_alerts:
        conditions.append(c.code.in_(_alerted_codes(query)))
    return conditions + (_MOVE_FILTERS[query.moved] if query.moved else [])


def _alerted_codes(query: WatchlistQuery) -> RowSelect:
    """Codes with an open alert in scope."""
    return _open_alerts(query.within, query.trigger).with_only_columns(alerts.c.code)


def _open_alerts(within: BureauScope, triggers: Sequence[str] = ()) -> RowSelect:
    statement = filter_alerts(AlertQuery(within=within, triggers=frozenset(triggers)))
    return statement.where(alert_steps.c.state.not_in(sorted(CLOSED_STATES)))


_MOVE_FILTERS: dict[str, list[ColumnElement[bool]]] = {
    "worse": [snapshots.c.previous_tier != "", snapshots.c.tier > snapshots.c.previous_tier],
    "better": [snapshots.c.tier < snapshots.c.previous_tier],
    "new": [snapshots.c.previous_tier == ""],
}
