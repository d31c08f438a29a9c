"""Every record of a district, and for each GET route the records that it is opened for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.testclient import TestClient

from xhcredit.jobs.restoration.candidates import RestorableRecord, find_restorable
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.store.alerts.alert_queries import AlertQuery as AlertsAsked
from xhcredit.store.core.bureau_scope import bureau_names
from xhcredit.store.draws.rows import FiledPlan
from xhcredit.store.watchlist import WatchlistQuery

_ALL_ROWS = 10**6


@dataclass(frozen=True)
class Record:
    """What a route is opened for: the address, what must stand in the answer, whose it is."""

    address: str
    facts: tuple[str, ...] = ()
    status: int = 200
    bureau: str | None = None  #: None: of no bureau; "": of every bureau, as rules are
    supervisors: frozenset[str] = frozenset()  #: all bureaus of it, where it may have several


@dataclass(frozen=True)
class Inventory:
    """Reads what a district holds from its store, past the service that is walked."""

    client: TestClient

    @property
    def store(self) -> Any:
        return self.client.store

    @cached_property
    def run(self) -> dict[str, Any]:
        return self.store.reader.current_run()

    @cached_property
    def listed(self) -> list[dict[str, Any]]:
        """Enterprises of the run that answers, the riskiest first."""
        return [row for page in self.store.watchlist.pages(WatchlistQuery()) for row in page.rows]

    @cached_property
    def bureaus(self) -> set[str | None]:
        """Whose records are; None is nobody's."""
        theirs = {row["bureau"] for rows in (self.listed, self.draws) for row in rows}
        return {bureau or None for bureau in theirs}

    @cached_property
    def gone(self) -> list[str]:
        """Codes of the register that the run does not have: deregistered, or not yet known."""
        listed_codes = {row["code"] for row in self.listed}
        registered = open_event_columns(self.client.app.state.service.settings.warehouse).codes
        return sorted({c.decode() for c in registered} - listed_codes)

    @cached_property
    def earlier(self) -> set[str]:
        """Those of them that an earlier run had."""
        wanted, runs = set(self.gone), [r["run"] for r in self.store.reader.runs()]
        pages = (p for run in runs for p in self.store.watchlist.pages(WatchlistQuery(), run=run))
        return wanted & {row["code"] for page in pages for row in page.rows}

    @cached_property
    def alerts(self) -> list[dict[str, Any]]:
        return self.store.alerts.read_page(AlertsAsked(limit=_ALL_ROWS))

    @cached_property
    def draws(self) -> list[dict[str, Any]]:
        return self.store.draws.list_draws(None)

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        return [d for d in self.draws if d["state"] in ("drawn", "published")]

    @cached_property
    def plans(self) -> list[FiledPlan]:
        return self.store.draws.list_plans(None)

    @cached_property
    def keys(self) -> list[dict[str, Any]]:
        return self.store.access.list_keys()

    @cached_property
    def joint(self) -> list[dict[str, Any]]:
        return self.store.joint_draws.list_joint_draws(None)

    @cached_property
    def checks(self) -> list[dict[str, Any]]:
        return self.store.triggered_checks.list_checks(None)

    @cached_property
    def applications(self) -> list[dict[str, Any]]:
        """Applications and objections."""
        read = self.store.applications.list_page
        return [*read("restoration", limit=_ALL_ROWS), *read("objection", limit=_ALL_ROWS)]

    @cached_property
    def restorable(self) -> list[RestorableRecord]:
        service = self.client.app.state.service
        return find_restorable(service.settings.warehouse, service.rulebook, service.today())

    @cached_property
    def candidates(self) -> list[dict[str, Any]]:
        return self.store.models.list_candidates()

    @cached_property
    def rules(self) -> dict[str, Any]:
        """Rules that have an entry in force on the day."""
        service = self.client.app.state.service
        return {f.rule.id: f.rule for f in service.rulebook.in_force(service.today())}

    @cached_property
    def subscriptions(self) -> list[Any]:
        return self.store.subscriptions.list_subscriptions(include_ended=True)


def enterprises(
    address: str,
    *,
    facts: Callable[[Mapping[str, Any]], tuple[str, ...]],
    old: int = 404,
    other: int = 404,
) -> Callable[[Inventory], Iterable[Record]]:
    """Every enterprise of the register.

    Args:
        address: with ``{code}``.
        facts: of a row of the run.
        old: status for one that only an earlier run had.
        other: status for one that no run had.
    """

    def records(inventory: Inventory) -> Iterable[Record]:
        for row in inventory.listed:
            bureau = row["bureau"] or None
            yield Record(
                address.format(code=row["code"]), facts(row), 200, bureau, supervisors_of(row)
            )
        for code in inventory.gone:
            status = old if code in inventory.earlier else other
            yield Record(address.format(code=code), (code,) if status == 200 else (), status)

    return records


def supervisors_of(row: Any) -> frozenset[str]:
    """All bureaus of a row: names, or their text as the store has it; nobody's without any."""
    bureaus = row.get("bureaus", ()) if isinstance(row, dict) else ()
    return frozenset(bureau_names(bureaus) if isinstance(bureaus, str) else bureaus)


def each(
    address: str,
    named: str,
    facts: Callable[[Any], tuple[str, ...]],
    bureau: Callable[[Any], str | None] = lambda row: row["bureau"],
) -> Callable[[Inventory], Iterable[Record]]:
    """Every record that the inventory lists under a name."""

    def records(inventory: Inventory) -> Iterable[Record]:
        for row in getattr(inventory, named):
            yield Record(address.format(row=row), facts(row), 200, bureau(row), supervisors_of(row))

    return records


def place(
    address: str, *facts: Callable[[Inventory], str] | str
) -> Callable[..., Iterable[Record]]:
    """One address, and what of the district must stand there."""

    def records(inventory: Inventory) -> Iterable[Record]:
        fact_texts = (f if isinstance(f, str) else f(inventory) for f in facts)
        yield Record(address, tuple(t for t in fact_texts if t), 200, "")

    return records


def first(named: str, column: str) -> Callable[[Inventory], str]:
    """A column of the first record of a kind; nothing where there is none."""

    def records_named(inventory: Inventory) -> str:
        rows = getattr(inventory, named)
        if not rows:
            return ""
        return str(rows[0][column] if isinstance(rows[0], Mapping) else getattr(rows[0], column))

    return records_named


def day(inventory: Inventory) -> str:
    """The day of the run that answers."""
    return str(inventory.run["as_of"])


def named(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Code and name; the code alone where there is no name."""
    return (row["code"], row["name"] or row["code"])


def scored(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Code, name and composite score."""
    return (*named(row), f"{row['composite']:.1f}")


def coded(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The code."""
    return (row["code"],)


def in_json(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Code and tier, as JSON writes them."""
    return (row["code"], f'"tier": "{row["tier"]}"')
