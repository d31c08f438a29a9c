"""District data for alert triggers: event columns, streets, nodes, white lists, tier changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from xhcredit.alerts.back_test import members
from xhcredit.alerts.budget import Candidate
from xhcredit.alerts.detect import Found
from xhcredit.alerts.hits import Hit, Seen
from xhcredit.alerts.visible_events import World
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.cluster import node_key
from xhcredit.engine.columns import Array, Store
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.warehouse.clustered_store import open_store
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, Rows, open_rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import WhiteList

_PLACES = ("name", "bureau", "street")
SHOWN = 20  #: events and members that an alert carries as evidence


@dataclass(frozen=True)
class Scene:
    """District data as triggers read it, with the names that alerts show."""

    warehouse: Path
    store: Store
    world: World
    names: Mapping[str, Array]
    nodes: list[tuple[str, str]]

    @classmethod
    def open(
        cls, warehouse: Path, rules: Rulebook, as_of: date, progress: Progress = ignore_progress
    ) -> Scene:
        """Open a district for the triggers of a day.

        Raises:
            NothingKnown: nothing was ever ingested there.
        """
        store = open_store(warehouse, progress=progress)
        told = open_rows(warehouse, store, [REGISTER]).register(
            np.arange(len(store)), list(_PLACES)
        )
        names = {n: np.array(told.column(n).fill_null("").to_pylist(), object) for n in _PLACES}
        nodes = nodes_of(warehouse)
        white_rows, white_numbers = white_listed(store, nodes, rules, as_of)
        world = World(
            store,
            streets=names["street"].astype(str),
            white_rows=white_rows,
            white_nodes=white_numbers,
        )
        return cls(warehouse, store, world, names, nodes)

    @cached_property
    def rows(self) -> Rows:
        """Full rows, for evidence."""
        return open_rows(self.warehouse, self.store)

    def candidate(self, found: Found) -> Candidate:
        """Alert candidate of a detection, without its evidence."""
        hit, numbers = found.hit, found.trigger.numbers
        about = self._about(hit)
        return Candidate(
            trigger=found.trigger.id,
            numbers=found.trigger.digest,
            family=numbers.family,
            kind=hit.subject,
            fact=hit.fact,
            colour=found.colour,
            strength=float(hit.strength),
            quiet_days=numbers.quiet_days,
            p=hit.p,
            **about,
        )

    def _about(self, hit: Hit) -> dict[str, Any]:
        """Subject columns of an alert; a node or area has the bureau that all members share."""
        if hit.subject == "enterprise":
            code = self.store.codes[hit.at].decode()
            places = {n: str(self.names[n][hit.at]) for n in _PLACES}
            return {"subject": code, "code": code, **places}
        rows = members(self.world, hit)
        bureau, street = (_common(self.names[n][rows]) for n in ("bureau", "street"))
        if hit.subject == "node":
            kind, node = self.nodes[hit.at]
            subject = f"{kind}:{node}"
            return {
                "subject": subject,
                "code": "",
                "name": subject,
                "bureau": bureau,
                "street": street,
            }
        return {
            "subject": hit.place,
            "code": "",
            "name": hit.place.replace("|", " "),
            "bureau": bureau,
            "street": street,
        }

    def evidence(self, found: Found) -> dict[str, Any]:
        """Evidence of a detection: figures and the full event rows, latest first."""
        figures = dict(found.hit.figures)
        if "enterprises" in figures:
            rows = figures.pop("enterprises")
            figures["enterprises"] = [self.store.codes[r].decode() for r in rows[:SHOWN]]
        if "node" in figures:
            figures["node"] = ":".join(self.nodes[figures["node"]])
        events = [self.event(s) for s in reversed(found.hit.events[-SHOWN:])]
        names = {"zh": found.trigger.zh, "en": found.trigger.en}
        return {**names, "figures": figures, "events": events}

    def event(self, seen: Seen) -> dict[str, Any]:
        """One event with its own columns, key and source."""
        offsets = self.store.tables[seen.table]["offsets"]
        row = int(np.searchsorted(offsets, seen.row, "right")) - 1
        full = self.rows.of(seen.table, row)[seen.row - int(offsets[row])]
        told = {k: _plain(v) for k, v in full.items() if v is not None}
        return {"table": seen.table, "code": self.store.codes[row].decode(), **told}


def _plain(value: object) -> Any:
    """A value as JSON can hold it; large whole numbers (ids) as text."""
    if isinstance(value, int) and abs(value) > _JSON_WHOLE:
        return str(value)
    return value if isinstance(value, str | int | float | bool) else str(value)


_JSON_WHOLE = 2**53  #: what every reader of JSON takes exactly


def _common(values: Array) -> str:
    """Value that all entries share; empty if they differ."""
    found = set(values.tolist())
    return str(found.pop()) if len(found) == 1 else ""


def _rows(store: Store, codes: Iterable[str]) -> Iterable[int]:
    """Positions of those of these codes that are in the register."""
    for code in codes:
        at = int(np.searchsorted(store.codes, code.encode()))
        if at < len(store) and store.codes[at] == code.encode():
            yield at


def white_listed(
    store: Store, nodes: Sequence[tuple[str, str]], rules: Rulebook, day: date
) -> tuple[frozenset[int], frozenset[int]]:
    """Positions of the enterprises and numbers of the nodes of a day's white list.

    Args:
        store: the clustered store.
        nodes: kind and name of every node, as ``nodes_of`` gives them.
        rules: the rulebook.
        day: the day.
    """
    white = rules.value("alerts.white_list", WhiteList, as_of=day)
    numbers = (n for n, (_, node) in enumerate(nodes) if node in white.nodes)
    return frozenset(_rows(store, white.codes)), frozenset(numbers)


def white_nodes(warehouse: Path, rules: Rulebook, day: date) -> frozenset[int]:
    """Numbers of the nodes of the white list; nothing is read while the list is empty."""
    white = rules.value("alerts.white_list", WhiteList, as_of=day).nodes
    if not white:
        return frozenset()
    return frozenset(n for n, (_, node) in enumerate(nodes_of(warehouse)) if node in white)


def nodes_of(warehouse: Path) -> list[tuple[str, str]]:
    """Kind and name of every node, in the order in which the clustered store numbers them."""
    kept = Warehouse(warehouse)
    with kept.reading(), duckdb.connect() as con:
        create_views(con, kept)
        return con.sql(
            f"SELECT kind, node FROM (SELECT DISTINCT t.kind, t.node, {node_key()} AS key "
            "FROM relation t WHERE code IN (SELECT code FROM enterprise)) ORDER BY key"
        ).fetchall()
