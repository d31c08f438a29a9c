"""Watchlist of one run: filtered, counted, sorted, with keyset pagination."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from xhcredit.alerts.workflow import OVER
from xhcredit.errors import UnknownRecord
from xhcredit.rules.schemas.alerts import Flow
from xhcredit.store.alerts.alert_queries import Asked, filtered
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import Within, is_within
from xhcredit.store.core.database import Database
from xhcredit.store.core.tables import current, runs, snapshots
from xhcredit.store.night.counts import DIMENSIONS, Cells, Fits, added, fitting

Move = Literal["worse", "better", "new"]
Sort = Literal["composite", "-composite", "code", "-code", "moved", "-moved"]
SHOWN = (
    "code", "name", "bureau", "street", "kind", "size", "tier", "previous_tier", "composite",
    "moved", "general", "x",
)  # fmt: skip
_CELLS_HELD = 50  #: of a run, and of what was searched for in it
_FEW = 5000  #: rows that are sorted rather than looked for in order
#: what is searched as the beginning of a code, and not as a part of a name
_CODE = re.compile("[0-9][0-9A-Za-z]{5,17}")


@dataclass(frozen=True)
class Question:
    """Watchlist query: filters and order; empty fields do not filter.

    ``within`` are the bureaus whose enterprises may be told at all; None is everybody's.
    ``field`` names X that apply, all of them; ``text`` is the beginning of a code (six
    characters or more), else a part of a name.  ``moved`` is against the run before: a worse
    tier, a better one, or none before.  ``alerted`` keeps those with an open alert, ``trigger``
    those with an open alert of one of these triggers, as far as ``within`` may be told of it.
    """

    within: Within = None
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

    def told(self) -> dict[str, Any]:
        """Query as plain JSON without empty fields, for the audit log."""
        plain = {k: sorted(v) if isinstance(v, frozenset) else v for k, v in asdict(self).items()}
        within = {"within": plain.pop("within")} if self.within is not None else {}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items() if v} | within

    @property
    def by_alerts(self) -> bool:
        """Whether alerts decide: unlike rows they change within a run."""
        return self.alerted or bool(self.trigger)

    @property
    def base(self) -> Question:
        """The question without all that cells are counted by (``tally.py``)."""
        wide = Question(text=self.text, lowest=self.lowest, highest=self.highest)
        if not self.by_alerts:
            return wide
        return replace(wide, within=self.within, alerted=self.alerted, trigger=self.trigger)

    @property
    def fits(self) -> dict[str, Fits]:
        """Filters of the query by dimension of the cached cells."""
        listed = ((n, getattr(self, n)) for n in ("tier", "street", "bureau", "kind", "size"))
        found: dict[str, Fits] = {name: values.__contains__ for name, values in listed if values}
        if self.field:
            found["fields"] = lambda told: all(f";{name};" in told for name in self.field)
        if self.within is not None:
            asked, within = found.get("bureau"), self.within - {""}
            found["bureau"] = lambda b: b in within and (asked is None or asked(b))
        return found

    @property
    def digest(self) -> str:
        """Names the question: a cursor is good for no other."""
        asked = json.dumps(self.told(), sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()[:16]


class Place(NamedTuple):
    """Where a page ended: its last row by the sorted column and by code."""

    run: int
    key: float | str
    code: str


class Page(NamedTuple):
    """Rows of a run; ``total`` of all pages; ``after`` is where the next one begins."""

    run: int
    total: int
    rows: list[dict[str, Any]]
    after: Place | None


@dataclass
class Watch:
    """Answers watchlist queries; published rows never change, so their counts are cached."""

    database: Database
    _cells: dict[tuple[int, str, int], Cells] = field(default_factory=dict)

    def page(
        self, asked: Question, limit: int, after: Place | None = None, run: int | None = None
    ) -> Page:
        """One page; all pages of a question are of the run of its first page.

        Of the run that answers, if neither ``after`` nor ``run`` says another one.

        Raises:
            UnknownRecord: no run was published yet, or that of ``after`` is gone.
        """
        with self.database.reading() as con:
            run = self._run(con, after.run if after else run)
            counted = asked.text != "" or asked.sort in ("code", "-code")
            known = self._total(con, run, asked) if counted else None
            few = (known or 0) <= _FEW
            found = [] if known == 0 else self._read(con, run, asked, limit + 1, after, few)
            whole = after is None and len(found) <= limit  # no need to count
            total = len(found) if whole else self._total(con, run, asked)
        rows = found[:limit]
        more = len(found) > limit
        return Page(run, total, rows, _place(run, asked, rows[-1]) if more else None)

    def every(self, asked: Question, run: int | None = None, part: int = 2000) -> Iterator[Page]:
        """All pages, one after the other."""
        page = self.page(asked, part, run=run)
        yield page
        while page.after is not None:
            page = self.page(asked, part, page.after)
            yield page

    def counted(self, asked: Question, *by: str) -> dict[tuple[str, ...], int]:
        """How many of the current run, by the values of some of the dimensions of ``tally.py``.

        Raises:
            UnknownRecord: no run was published yet.
        """
        with self.database.reading() as con:
            return self._added(con, self._run(con, None), asked, by)

    def places(self, run: int, codes: Sequence[str], within: Within) -> dict[str, dict[str, Any]]:
        """Code, name, street, tier and bureau of the enterprises of ``codes`` that are in scope."""
        c = snapshots.c
        columns = (c.code, c.name, c.street, c.tier, c.bureau)
        wanted = select(*columns).where(c.run == run, c.code.in_(codes))
        with self.database.reading() as con:
            found = [dict(row) for row in con.execute(wanted).mappings()]
        return {r["code"]: r for r in found if is_within(r["bureau"], within)}

    def alerts_of(self, codes: Sequence[str], within: Within) -> dict[str, dict[str, Any]]:
        """Open alerts by enterprise: ``open`` (count), worst ``colour``, ``triggers``.

        Who has none that may be told is left out.
        """
        wanted = _open_alerts(within).where(alerts.c.code.in_(codes))
        columns = (alerts.c.code, alerts.c.trigger, alert_steps.c.colour)
        found: dict[str, dict[str, Any]] = {}
        with self.database.reading() as con:
            for row in con.execute(wanted.with_only_columns(*columns).order_by(alerts.c.id)):
                told = found.setdefault(row.code, {"open": 0, "colour": "", "triggers": []})
                told["open"] += 1
                told["colour"] = max(told["colour"], row.colour, key=("", *Flow.COLOURS).index)
                told["triggers"] = sorted({*told["triggers"], row.trigger})
        return found

    def triggers(self, within: Within) -> list[str]:
        """Triggers with an open alert of an enterprise in scope."""
        wanted = _open_alerts(within).where(alerts.c.code != "")
        with self.database.reading() as con:
            named = wanted.with_only_columns(alerts.c.trigger).distinct()
            return sorted(con.scalars(named).all())

    def _run(self, con: Connection, run: int | None) -> int:
        run = con.scalar(select(current.c.run)) if run is None else run
        held = con.scalar(select(runs.c.run).where(runs.c.run == run))
        if held is None:
            raise UnknownRecord("no such run is published; start again without a cursor")
        return int(held)

    def _read(
        self, con: Connection, run: int, asked: Question, limit: int, after: Place | None, few: bool
    ) -> list[dict[str, Any]]:
        """Codes by an index that holds all that is filtered by; then the rows of these codes."""
        keys, back = _keys(asked, few=few), asked.sort.startswith("-")
        chosen = self._chosen(run, asked, snapshots.c.code)
        if after is not None:
            last = tuple_(*after[-len(keys) :])
            chosen = chosen.where(tuple_(*keys) < last if back else tuple_(*keys) > last)
        order = [key.desc() if back else key.asc() for key in keys]
        some = chosen.order_by(*order).limit(limit).subquery("chosen")
        wanted = select(*(snapshots.c[name] for name in SHOWN)).where(
            snapshots.c.run == run, snapshots.c.code.in_(select(some.c.code))
        )
        found = [{**row, "x": json.loads(row["x"])} for row in con.execute(wanted).mappings()]
        column = asked.sort.removeprefix("-")
        return sorted(found, key=lambda row: (row[column], row["code"]), reverse=back)

    def _total(self, con: Connection, run: int, asked: Question) -> int:
        return sum(self._added(con, run, asked, ()).values())

    def _added(
        self, con: Connection, run: int, asked: Question, by: Sequence[str]
    ) -> dict[tuple[str, ...], int]:
        cells = self._counted(con, run, asked.base)
        return added(cells, fitting(cells, asked.fits, asked.moved), by)

    def _counted(self, con: Connection, run: int, base: Question) -> Cells:
        """Cells of a base; those by alerts are good until the next step of any alert."""
        steps = select(func.count()).select_from(alert_steps)  # append-only: a count is a version
        key = run, base.digest, (con.scalar(steps) or 0) if base.by_alerts else 0
        held = self._cells.get(key)  # another thread may empty the rest meanwhile
        if held is None:
            columns = [snapshots.c[name] for name in DIMENSIONS]
            chosen = self._chosen(run, base, func.count()).add_columns(*columns)
            rows = con.execute(chosen.group_by(*columns))
            held = {tuple(row[1:]): row[0] for row in rows}
            if len(self._cells) >= _CELLS_HELD:
                self._cells.clear()
            self._cells[key] = held
        return held

    def _chosen(self, run: int, asked: Question, what: ColumnElement[Any]) -> Select[Any]:
        position = func.instr if self.database.is_sqlite else func.strpos
        return select(what).where(snapshots.c.run == run, *_filters(asked, position))


def _keys(asked: Question, *, few: bool) -> list[ColumnElement[Any]]:
    """Sort columns of a query; the code last, so that the order is unique.

    A few codes are sorted as an expression: SQLite would else follow the primary key, which does
    not hold what is filtered by, and read hundreds of megabytes of answers to find them.
    """
    c, name = snapshots.c, asked.sort.removeprefix("-")
    if name != "code":
        return [c[name], c.code]
    return [c.code.concat("") if few else c.code]


def _place(run: int, asked: Question, row: dict[str, Any]) -> Place:
    return Place(run, row[asked.sort.removeprefix("-")], row["code"])


def _filters(asked: Question, position: Callable[..., Any]) -> list[ColumnElement[bool]]:
    """Conditions over the columns of the lists' indexes; ``position`` of a text in another."""
    c = snapshots.c
    among = ((c[n], getattr(asked, n)) for n in ("tier", "street", "bureau", "kind", "size"))
    found: list[ColumnElement[bool]] = [column.in_(values) for column, values in among if values]
    if asked.within is not None:
        found.append(c.bureau.in_(sorted(asked.within - {""})))
    found += [position(c.fields, f";{name};") > 0 for name in asked.field]
    if asked.lowest is not None:
        found.append(c.composite >= asked.lowest)
    if asked.highest is not None:
        found.append(c.composite <= asked.highest)
    if _CODE.fullmatch(asked.text):
        found.append(position(c.code, asked.text.upper()) == 1)
    elif asked.text:
        found.append(position(c.name, asked.text) > 0)
    if asked.by_alerts:
        found.append(c.code.in_(_alerted(asked)))
    return found + (_MOVES[asked.moved] if asked.moved else [])


def _alerted(asked: Question) -> Select[Any]:
    """Codes with an open alert in scope."""
    return _open_alerts(asked.within, asked.trigger).with_only_columns(alerts.c.code)


def _open_alerts(within: Within, triggers: Sequence[str] = ()) -> Select[Any]:
    wanted = filtered(Asked(within=within, triggers=frozenset(triggers)))
    return wanted.where(alert_steps.c.state.not_in(sorted(OVER)))


_MOVES: dict[str, list[ColumnElement[bool]]] = {
    "worse": [snapshots.c.previous_tier != "", snapshots.c.tier > snapshots.c.previous_tier],
    "better": [snapshots.c.tier < snapshots.c.previous_tier],
    "new": [snapshots.c.previous_tier == ""],
}
