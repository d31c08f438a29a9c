"""District data for alert triggers: event columns, streets, nodes, white lists, tier changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from xhcredit.alerts.back_test import members
from xhcredit.alerts.budget import AlertCandidate
from xhcredit.alerts.detect import Finding
from xhcredit.alerts.hits import EventRef, Hit, HitFigure
from xhcredit.alerts.rows import AlertEvidence, EventValue, Figure
from xhcredit.alerts.visible_events import World
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.cluster import node_key
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, EnterpriseRows, open_rows
from xhcredit.jobs.warehouse.supervision import bureaus_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import WhiteList
from xhcredit.store.core.bureau_scope import bureau_names

_PLACES = ("name", "bureau", "street")
MAX_EVIDENCE = 20  #: events and members that an alert carries as evidence


class _SubjectColumns(NamedTuple):
    """Whom an alert is about."""

    subject: str
    code: str
    name: str
    bureau: str
    street: str
    bureaus: tuple[str, ...]


@dataclass(frozen=True)
class DistrictContext:
    """District data as triggers read it, with the names that alerts show."""

    warehouse: Path
    event_columns: EventColumns
    world: World
    names: Mapping[str, Array]
    nodes: list[tuple[str, str]]
    as_of: date

    @classmethod
    def open(
        cls, warehouse: Path, rules: Rulebook, as_of: date, progress: Progress = ignore_progress
    ) -> DistrictContext:
        """Open a district for the triggers of a day.

        Raises:
            NothingKnown: nothing was ever ingested there.
        """
        event_columns = open_event_columns(warehouse, progress=progress)
        register_table = open_rows(warehouse, event_columns, [REGISTER]).register_rows(
            np.arange(len(event_columns)), list(_PLACES)
        )
        names = {
            n: np.array(register_table.column(n).fill_null("").to_pylist(), object) for n in _PLACES
        }
        nodes = nodes_of(warehouse)
        white_rows, white_numbers = white_listed(event_columns, nodes, rules, as_of)
        world = World(
            event_columns,
            streets=names["street"].astype(str),
            white_rows=white_rows,
            white_nodes=white_numbers,
        )
        return cls(warehouse, event_columns, world, names, nodes, as_of)

    @cached_property
    def rows(self) -> EnterpriseRows:
        """Full rows, for evidence."""
        return open_rows(self.warehouse, self.event_columns)

    @cached_property
    def bureaus(self) -> pa.DictionaryArray:
        """All bureaus of each enterprise on the day, ``;a;b;``."""
        return bureaus_on(self.warehouse, self.event_columns, self.as_of)

    @cached_property
    def _bureaus_by_field(self) -> dict[str, pa.DictionaryArray]:
        return {}

    def bureaus_in_field(self, field: str) -> pa.DictionaryArray:
        """Bureaus of each enterprise that supervise it in a field by name, ``;a;b;``."""
        if field not in self._bureaus_by_field:
            self._bureaus_by_field[field] = bureaus_on(
                self.warehouse, self.event_columns, self.as_of, field
            )
        return self._bureaus_by_field[field]

    def candidate(self, finding: Finding) -> AlertCandidate:
        """Alert candidate of a detection, without its evidence."""
        hit, numbers = finding.hit, finding.trigger.numbers
        subject_columns = self._subject_columns(hit, numbers.family)
        return AlertCandidate(
            trigger=finding.trigger.id,
            numbers=finding.trigger.digest,
            family=numbers.family,
            kind=hit.subject,
            fact=hit.fact,
            colour=finding.colour,
            strength=float(hit.strength),
            quiet_days=numbers.quiet_days,
            p=hit.p,
            **subject_columns._asdict(),
        )

    def _subject_columns(self, hit: Hit, family: str) -> _SubjectColumns:
        """Subject columns of an alert; a node or area has the bureaus that all members share."""
        if hit.subject == "enterprise":
            code = self.event_columns.codes[hit.position].decode()
            name, street = (str(self.names[n][hit.position]) for n in ("name", "street"))
            bureaus = bureau_names(self.bureaus[hit.position].as_py())
            owner = self._owner(hit.position, family, bureaus)
            return _SubjectColumns(code, code, name, owner, street, bureaus)
        rows = members(self.world, hit)
        bureau, street = (_common_text(self.names[n][rows]) for n in ("bureau", "street"))
        bureaus = _common_names(self.bureaus.take(pa.array(rows)))
        bureau = bureau if bureau in bureaus else next(iter(bureaus), "")
        if hit.subject == "node":
            subject = ":".join(self.nodes[hit.position])
            return _SubjectColumns(subject, "", subject, bureau, street, bureaus)
        area_name = hit.place.replace("|", " ")
        return _SubjectColumns(hit.place, "", area_name, bureau, street, bureaus)

    def _owner(self, row: int, family: str, bureaus: tuple[str, ...]) -> str:
        """Bureau that follows an alert up: of the trigger's field, else the leading one.

        A family of triggers that is no field of supervision (``finance``) has no bureau of its own.
        """
        field_bureaus = bureau_names(self.bureaus_in_field(family)[row].as_py())
        leading = str(self.names["bureau"][row])
        candidates = field_bureaus or bureaus
        return leading if leading in candidates else next(iter(candidates), "")

    def evidence(self, finding: Finding) -> AlertEvidence:
        """Evidence of a detection: figures and the full event rows, latest first."""
        figures = {name: self._figure(name, f) for name, f in finding.hit.figures.items()}
        events = [self.event(s) for s in reversed(finding.hit.events[-MAX_EVIDENCE:])]
        trigger = finding.trigger
        return {"zh": trigger.zh, "en": trigger.en, "figures": figures, "events": events}

    def _figure(self, name: str, hit_figure: HitFigure) -> Figure:
        """A figure as evidence shows it: enterprises by code, a node by its name."""
        if name == "enterprises" and isinstance(hit_figure, list):
            codes = self.event_columns.codes
            return [codes[int(row)].decode() for row in hit_figure[:MAX_EVIDENCE]]
        if name == "node" and isinstance(hit_figure, int):
            return ":".join(self.nodes[hit_figure])
        return [*map(str, hit_figure)] if isinstance(hit_figure, list) else hit_figure

    def event(self, event_ref: EventRef) -> dict[str, EventValue]:
        """One event with its own columns, key and source."""
        offsets = self.event_columns.tables[event_ref.table]["offsets"]
        row = int(np.searchsorted(offsets, event_ref.row, "right")) - 1
        full_row = self.rows.rows_of(event_ref.table, row)[event_ref.row - int(offsets[row])]
        filled_columns = {k: _json_safe(v) for k, v in full_row.items() if v is not None}
        return {
            "table": event_ref.table,
            "code": self.event_columns.codes[row].decode(),
            **filled_columns,
        }


def _json_safe(value: object) -> EventValue:
    """A value as JSON can hold it; large whole numbers (ids) as text."""
    if isinstance(value, int) and abs(value) > _JSON_WHOLE:
        return str(value)
    return value if isinstance(value, str | int | float | bool) else str(value)


_JSON_WHOLE = 2**53  #: what every reader of JSON takes exactly


def _common_text(values: Array) -> str:
    """Value that all entries share; empty if they differ."""
    distinct_values = set(values.tolist())
    return str(distinct_values.pop()) if len(distinct_values) == 1 else ""


def _common_names(bureaus: pa.DictionaryArray) -> tuple[str, ...]:
    """Bureaus that all entries share."""
    sets = [set(bureau_names(text)) for text in bureaus.unique().to_pylist()]
    return tuple(sorted(set.intersection(*sets))) if sets else ()


def _rows_of_codes(event_columns: EventColumns, codes: Iterable[str]) -> Iterable[int]:
    """Positions of those of these codes that are in the register."""
    for code in codes:
        row = int(np.searchsorted(event_columns.codes, code.encode()))
        if row < len(event_columns) and event_columns.codes[row] == code.encode():
            yield row


def white_listed(
    event_columns: EventColumns, nodes: Sequence[tuple[str, str]], rules: Rulebook, day: date
) -> tuple[frozenset[int], frozenset[int]]:
    """Positions of the enterprises and numbers of the nodes of a day's white list.

    Args:
        event_columns: the clustered store.
        nodes: kind and name of every node, as ``nodes_of`` gives them.
        rules: the rulebook.
        day: the day.
    """
    white_list = rules.value("alerts.white_list", WhiteList, as_of=day)
    numbers = (n for n, (_, node) in enumerate(nodes) if node in white_list.nodes)
    return frozenset(_rows_of_codes(event_columns, white_list.codes)), frozenset(numbers)


def white_nodes(warehouse: Path, rules: Rulebook, day: date) -> frozenset[int]:
    """Numbers of the nodes of the white list; nothing is read while the list is empty."""
    listed_nodes = rules.value("alerts.white_list", WhiteList, as_of=day).nodes
    if not listed_nodes:
        return frozenset()
    return frozenset(n for n, (_, node) in enumerate(nodes_of(warehouse)) if node in listed_nodes)


def nodes_of(warehouse: Path) -> list[tuple[str, str]]:
    """Kind and name of every node, in the order in which the clustered store numbers them."""
    opened_warehouse = Warehouse(warehouse)
    # Under the reading lock: an ingestion in between would number the nodes anew.
    with opened_warehouse.reading(), duckdb.connect() as con:
        create_views(con, opened_warehouse)
        return con.sql(
            f"SELECT kind, node FROM (SELECT DISTINCT t.kind, t.node, {node_key()} AS key "
            "FROM relation t WHERE code IN (SELECT code FROM enterprise)) ORDER BY key"
        ).fetchall()
