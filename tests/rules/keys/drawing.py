"""Draws: plans and checks by the rules, whom a frame leaves out, who is owed a visit or trusted."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from tests.engine import world
from tests.jobs.draws.test_draw import PLAN
from tests.jobs.draws.test_draw_trust_list import fined, profile
from tests.jobs.draws.test_exclusions import inspected
from tests.serving.district import CODES
from xhcredit.domain.calendar import add_months
from xhcredit.draws.inspection_load import InspectionVisit, inspection_load
from xhcredit.draws.plan import Plan, read_plan
from xhcredit.errors import BadPlan
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Entry, Warehouse
from xhcredit.jobs.draws.exclusions import apply_exclusions, with_duty
from xhcredit.jobs.draws.exempt_chains import chain_exemptions
from xhcredit.jobs.draws.publication import due_on
from xhcredit.jobs.draws.triggered_checks import TriggeredCheck, check_terms
from xhcredit.jobs.draws.trust_list import duties_on, quiet_items, with_items
from xhcredit.jobs.draws.trust_rule import trust_table
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Exclusions, InspectionCaps

DAY, FILED = date(2026, 6, 30), date(2026, 3, 1)
FIELDS = ("general", "food", "elderly_care", "construction")
ITEMS = ("disclosure", "food_operation", "elderly_institution", "construction_site")
RATES = (
    "0",
    "0.001",
    "0.003",
    "0.007",
    "0.01",
    "0.02",
    "0.05",
    "0.1",
    "0.2",
    "0.3",
    "0.5",
    "0.8",
    "1",
)
FORMS = tuple(name for name, _ in directory()["inspection"].column("form").values)
STATUSES = tuple(name for name, _ in directory()["enterprise"].column("status").values)
REVIEWS = tuple(name for name, _ in directory()["food_business"].column("chain_review").values)
DISTRICT_BUREAU, HIGHER = (
    "示例区市场监督管理局",
    ("上海市市场监督管理局", "国家市场监督管理总局", "某局"),
)
ITEMS_ZH = ("登记事项与公示信息检查", "食品经营监督检查")
XS = (";x_food;x_elderly_care;x_construction;", ";x_food;", ";x_elderly_care;", "")
RESULTS = ("pending", "no_problem", "failed")
SOURCES = (
    "complaint", "alert", "transfer", "incident", "recheck", "assigned", "campaign", "requested",
    "licensing", "media",
)  # fmt: skip


def plans(book: Rulebook) -> Iterator[Any]:
    """Whether each of many plans is refused, and by which rule."""
    year = {"first": "2026-01-01", "last": "2026-12-31"}
    usual = PLAN | {"period": year, "published_on": "2026-03-01"}
    for tier, rate in product("ABCD", RATES):
        yield _refused(usual | {"ratios": {**_ratios(tier, rate)}}, book)
    for kind, days in product(("annual", "special"), range(0, 120)):
        on = date(2026, 1, 1) + timedelta(days=days)
        yield _refused(usual | {"kind": kind, "published_on": on}, book)
    for places in range(1, 12):
        yield _refused(usual | {"places": places}, book)
    for item, field, lead in product(ITEMS, FIELDS, FIELDS):
        yield _refused(usual | {"items": [item], "fields": [field], "qualification": lead}, book)


def _ratios(tier: str, rate: str) -> dict[str, str]:
    """Ratios of which only one tier's may be out of bounds, and no riskier one is below it."""
    usual = {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.5"}
    return {
        t: rate if t == tier else max(r, rate) if t > tier else min(r, rate)
        for t, r in usual.items()
    }


def _refused(plan_fields: Mapping[str, Any], book: Rulebook) -> bool:
    try:
        read_plan(plan_fields, book, FILED)
    except BadPlan:
        return True
    return False


def checks(book: Rulebook) -> Iterator[Any]:
    """Form of a triggered check from each source for each item, and whether it counts."""
    for source, item in product(SOURCES, ITEMS):
        check_fields = {
            "id": "c1",
            "bureau": "b",
            "code": CODES[0],
            "source": source,
            "reason": "r",
        }
        yield check_terms(
            TriggeredCheck.model_validate(check_fields | {"items": [item], "opened_on": DAY}), book
        )


def loads(book: Rulebook) -> Iterator[Any]:
    """How many inspections of a year count, bar another one, or are worth a warning."""
    caps = book.serving("draws.caps", InspectionCaps, as_of=DAY)
    higher = book.serving("draws.exclusions", Exclusions, as_of=DAY).higher_agencies
    for field, form, agency in product(FIELDS, FORMS, ("甲局", "上海市甲局", "国家甲局")):
        for level in (None, "district"):
            visit = InspectionVisit(FILED, field, form, agency, level)
            yield [_load([visit] * n, caps, higher) for n in range(1, 40)]


def _load(visits: list[InspectionVisit], caps: InspectionCaps, higher: tuple[str, ...]) -> Any:
    field_loads = inspection_load(visits, caps, higher, DAY)
    return [(load.counting, load.reached, load.unusual) for load in field_loads]


def publication(book: Rulebook) -> Iterator[Any]:
    """The last day on which results are published."""
    yield due_on(DAY, book)


def frames(book: Rulebook) -> Iterator[Any]:
    """Whom the frame of each field leaves out, and why."""
    for field in FIELDS:
        plan = _plan(field)
        frame_rows, excluded = apply_exclusions(_scope(), plan, warehouse(), book, DAY)
        yield field, frame_rows["code"].tolist(), excluded


def owed(book: Rulebook) -> Iterator[Any]:
    """Who is owed an inspection by law in each field."""
    for field in FIELDS:
        marked = with_duty(_scope(), _plan(field), warehouse(), book, DAY)
        yield marked.loc[marked["duty"], "code"].tolist()


def trust(book: Rulebook) -> Iterator[Any]:
    """Who is checked remotely first, for which items nobody calls, and which chains are exempt."""
    trust_rows = trust_table(_scope(), warehouse(), book, DAY)
    yield trust_rows[["listed", "reason"]].to_numpy().tolist()
    table = _scope().assign(listed=True)
    table = with_items(table, quiet_items(book, DAY), duties_on(book, DAY))
    yield table[["quiet", "duty"]].to_numpy().tolist()
    chains = chain_exemptions(_scope(), warehouse(), book, DAY)
    yield chains[["listed", "reason"]].to_numpy().tolist()


@cache
def _plan(field: str) -> Plan:
    plan_dates = {
        "period": {"first": "2026-01-01", "last": "2026-12-31"},
        "published_on": "2026-03-01",
        "fields": [field],
        "items": [ITEMS[FIELDS.index(field)]],
        "qualification": field,
        "bureau": DISTRICT_BUREAU,
    }
    return Plan.model_validate(PLAN | plan_dates)


def _before(months: int) -> date:
    return add_months(DAY, -months) - timedelta(days=2)


#: of each enterprise: its tier, and rows of the tables that say what happened to it
PASTS: tuple[tuple[str, dict[str, list[dict[str, Any]]]], ...] = (
    *((tier, {}) for tier in "ABCD"),
    *(("A", {"enterprise": [{"status": s, "status_on": FILED}]}) for s in STATUSES),
    *(
        ("A", {"inspection": [{"form": f, "field": d, "agency": None, "level": None}]})
        for f, d in product(FORMS, FIELDS)
    ),
    *(
        ("A", {"inspection": [{"form": "daily", "field": d, "occurred_on": _before(m)}]})
        for m, d in product(range(30), ("food", "elderly_care"))
    ),
    *(
        ("A", {"inspection": [{"field": d, "completeness": c}]})
        for c, d in product(("all_points", "some_points", None), FIELDS)
    ),
    *(
        ("A", {"inspection": [{"agency": a, "item": i, "occurred_on": _before(m)}]})
        for m, a, i in product(range(6), HIGHER, ITEMS_ZH)
    ),
    *(
        ("A", {"inspection": [{"form": f, "result": r, "field": "general"}]})
        for f, r in product(FORMS, RESULTS)
    ),
    *(
        (
            t,
            {
                "penalty": [{"field": "food", "occurred_on": _before(m)}],
                "food_business": [{"chain_review": "passed"}],
            },
        )
        for m, t in product(range(30), "AD")
    ),
    *((t, {"food_business": [{"chain_review": r}]}) for t, r in product("ABCD", REVIEWS)),
)


@cache
def _scope() -> pd.DataFrame:
    """Everybody with the tier, under all X, or one, or none."""
    size = range(4 * len(PASTS))
    tiers = [PASTS[n // 4][0] for n in size]
    fields = [XS[n % 4] for n in size]
    return pd.DataFrame({"code": [_code(n) for n in size], "tier": tiers, "fields": fields})


def _code(number: int) -> str:
    return f"{number:018d}"


@cache
def warehouse() -> Path:
    """A warehouse in which all that happened; it goes with the process."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    tables: dict[str, list[dict[str, Any]]] = {"enterprise": []}
    for number, (_, past) in ((n, PASTS[n // 4]) for n in range(4 * len(PASTS))):
        code = _code(number)
        tables["enterprise"].append(
            {"code": code, "known_on": date(2019, 1, 1)} | past.get("enterprise", [{}])[0]
        )
        for table, make in MAKERS.items():
            rows = [make(number, code, row) for row in past.get(table, ())]
            tables.setdefault(table, []).extend(rows)
    extra = "'test.csv' AS source_file, 2 AS source_row"
    selects = {
        name: f"SELECT *, {'0 AS event_id, ' if t.kind == 'register' else ''}{extra} FROM {name}"
        for name, t in directory().items()
    }
    entry = Entry("", "test.csv", "keys", "test", "test", {})
    Warehouse(Path(folder.name)).commit(world.connect(tables), selects, entry)
    return Path(folder.name)


def _inspection(number: int, code: str, row: dict[str, Any]) -> dict[str, Any]:
    on = row.get("occurred_on", FILED)
    return inspected(number, code, **{"known_on": on} | row)


def _penalty(number: int, code: str, row: dict[str, Any]) -> dict[str, Any]:
    return fined(code, row["occurred_on"], row["field"])


def _profile(number: int, code: str, row: dict[str, Any]) -> dict[str, Any]:
    return profile(code, row["chain_review"])


MAKERS = {"inspection": _inspection, "penalty": _penalty, "food_business": _profile}
