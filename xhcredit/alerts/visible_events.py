"""Events visible to triggers on a day: known by then and still counting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from xhcredit.engine.codes import NEVER, NULLS, storage_type
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.errors import BadRule
from xhcredit.ingest.schema import Column, directory
from xhcredit.rules.schemas.alerts import Events

FEN = float("0.01")  #: money is kept in whole fen; here it is told in yuan


@dataclass(frozen=True)
class PickedEvents:
    """Events of one table, sorted by enterprise and day; ``index`` is their place in the table.

    ``barred`` are those that count only until their ending, with its outcome, is known.
    """

    table: str
    index: Array
    ent: Array
    occurred: Array
    known: Array
    withdrawn: Array
    ended: Array
    ended_known: Array
    barred: Array
    needs_end: bool

    def __len__(self) -> int:
        return int(self.index.shape[0])

    def select(self, mask: Array) -> PickedEvents:
        """Some of them."""
        selected_columns = {
            f.name: getattr(self, f.name)[mask]
            for f in fields(self)
            if f.name not in ("table", "needs_end")
        }
        return PickedEvents(table=self.table, needs_end=self.needs_end, **selected_columns)

    def visible_on(self, day: int, *, since: int = -NEVER) -> PickedEvents:
        """Those that happened after ``since`` and count on ``day``, as known then."""
        is_ending_known = self.ended_known <= day
        mask = (self.occurred <= day) & (self.occurred > since)
        # Nothing that was revoked, restored or corrected may warn (上海市社会信用条例 arts 37
        # and 38), and nothing that only became known later.
        mask &= (self.known <= day) & (self.withdrawn > day) & ~(self.barred & is_ending_known)
        return self.select(mask & is_ending_known if self.needs_end else mask)

    def is_open(self, day: int) -> Array:
        """Which of them were not ended, as known on ``day``."""
        return (self.ended > day) | (self.ended_known > day)

    def last_of_each(self) -> Array:
        """The place of the latest event of each enterprise among these."""
        if len(self) == 0:
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.append(self.ent[1:] != self.ent[:-1], True))


@dataclass
class World:
    """Inputs of the triggers.

    ``streets`` has one text per enterprise (empty: unknown); ``moves`` is the tier of the night
    before and of tonight by position, and only the night fills it; ``white_rows`` and
    ``white_nodes`` are positions and node numbers that do not alert.
    """

    event_columns: EventColumns
    streets: Array | None = None
    tier_changes: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    white_rows: frozenset[int] = frozenset()
    white_nodes: frozenset[int] = frozenset()
    _picked: dict[str, PickedEvents] = field(default_factory=dict, repr=False)

    def pick(self, events: Events) -> PickedEvents:
        """All events that a trigger names, whenever they happened and became known.

        Raises:
            BadRule: the trigger names a table, column or value that is not declared.
        """
        key = events.model_dump_json()
        if key not in self._picked:
            self._picked[key] = self._select(events)
        return self._picked[key]

    def _select(self, events: Events) -> PickedEvents:
        arrays = self._table(events.table)
        size = arrays["occurred"].shape[0]
        mask, barred, needs_end = np.ones(size, bool), np.zeros(size, bool), False
        for name, values in events.where.items():
            column = _column(events.table, name)
            mask &= np.isin(arrays[f"c_{name}"], stored_codes(column, values))
            needs_end |= column.with_end
        for name, values in events.unless.items():
            column = _column(events.table, name)
            unwanted = np.isin(arrays[f"c_{name}"], stored_codes(column, values))
            # An outcome that becomes known with the ending cannot bar an event before it: until
            # then nobody could know.
            if column.with_end:
                barred |= unwanted
            else:
                mask &= ~unwanted
        index = np.flatnonzero(mask)
        no_end = np.full(size, NEVER, np.int32)
        days = {k: arrays[k][index] for k in ("occurred", "known", "withdrawn")}
        ends = {k: arrays.get(k, no_end)[index] for k in ("ended", "ended_known")}
        ent = self._owners(events.table)[index]
        return PickedEvents(
            events.table, index, ent, **days, **ends, barred=barred[index], needs_end=needs_end
        )

    def _table(self, name: str) -> Mapping[str, Array]:
        if (
            name not in self.event_columns.tables
            or "occurred" not in self.event_columns.tables[name]
        ):
            raise BadRule(
                f'a trigger reads "{name}", which is no table of events; correct the rule'
            )
        return self.event_columns.tables[name]

    def _owners(self, table: str) -> Array:
        """The enterprise of each event."""
        sizes = np.diff(self.event_columns.tables[table]["offsets"])
        return np.repeat(np.arange(len(self.event_columns), dtype=np.int64), sizes)

    def values(self, table: str, name: str, index: Array) -> Array:
        """A column as numbers, missing as NaN; money in yuan, categories as places in their list.

        Raises:
            BadRule: the column is not declared, or no number.
        """
        column = _column(table, name)
        raw = self.event_columns.tables[table][f"c_{name}"][index]
        # The store marks what is missing by a value of the column's type; read as a number it
        # would be a huge figure.
        numbers = np.where(raw == NULLS[storage_type(column)], np.nan, raw)
        return numbers * FEN if column.type == "money" else numbers

    @cached_property
    def industries(self) -> Array:
        """Place of each enterprise's industry in the register's list; -1 if it is not known."""
        raw = self.event_columns.tables["enterprise"]["c_industry"]
        return np.where(raw < 0, -1, raw).astype(np.int64)

    @property
    def industry_names(self) -> tuple[str, ...]:
        """The letters of industries, in the order of ``industries``."""
        return tuple(_column("enterprise", "industry").value_ids)


def _column(table: str, name: str) -> Column:
    column = {c.name: c for c in directory()[table].columns}.get(name)
    if column is None or f"{column.type}" == "text":
        raise BadRule(f'a trigger reads "{table}.{name}", which is not kept; correct the rule')
    return column


def stored_codes(column: Column, values: tuple[object, ...]) -> list[int]:
    """Values as they are kept in the clustered store.

    Raises:
        BadRule: the column has no such value.
    """
    if column.type == "flag":
        return [int(bool(v)) for v in values]
    unknown = [v for v in values if v not in column.value_ids]
    if unknown:
        raise BadRule(f'"{unknown[0]}" is no value of "{column.name}"; correct the trigger')
    return [column.value_ids.index(v) for v in values]
