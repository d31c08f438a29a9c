"""一企一档: everything known of one enterprise on a day, each fact with its source and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from xhcredit.draws.inspection_load import InspectionVisit, inspection_load
from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array, Store, frozen
from xhcredit.engine.one import day_number, event_id, one_enterprise
from xhcredit.errors import RuleNotInForce, UnknownEnterprise
from xhcredit.features.registry import features
from xhcredit.ingest.schema import Table, directory
from xhcredit.jobs.explain import result_of
from xhcredit.jobs.file_of_neighbours import neighbours_of
from xhcredit.jobs.file_of_rows import REGISTER, Rows
from xhcredit.jobs.model import Model
from xhcredit.jobs.results import MARK
from xhcredit.rules.shapes import Cap, Direct
from xhcredit.rules.shapes_draws import Exclusions, InspectionCaps

#: what a row holds besides its own columns
_DAYS = ("occurred_on", "known_on", "ended_on", "ended_known_on", "withdrawn_on", "withdrawn_why")
_SOURCE = ("source_file", "source_row")
Row = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """What was known of an enterprise on a day and may still be shown.

    ``hidden`` counts records that ceased to count (restored, revoked, corrected …): from that day
    on they are shown to nobody who reads scores, not even as they stood on an earlier day
    (《信用修复管理办法》: stop showing, sharing and using).
    """

    register: Row
    events: Mapping[str, Sequence[Row]]
    hidden: int


def known(rows: Rows, code: str, as_of: date, shown_on: date) -> Known:
    """Rows of an enterprise as of a day, without what was withdrawn by ``shown_on``.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
    """
    row = rows.store.row(code)
    if rows.store.known[row] > day_number(as_of):
        raise UnknownEnterprise(f'enterprise "{code}" was not known on {as_of}; choose a later day')
    last = max(as_of, shown_on)
    events: dict[str, list[Row]] = {}
    hidden = 0
    for table in directory().values():
        if table.kind == "register":
            continue
        told = [r for r in rows.of(table.name, row) if r["known_on"] <= as_of]
        shown = [r for r in told if r["withdrawn_on"] is None or r["withdrawn_on"] > last]
        hidden += len(told) - len(shown)
        if shown:
            events[table.name] = [_as_known(table, r, as_of) for r in shown]
    return Known(rows.of(REGISTER, row)[0], events, hidden)


def _as_known(table: Table, row: Row, as_of: date) -> Row:
    """A row without what was not known on the day: a withdrawal to come, an ending told later."""
    late = {"withdrawn_on", "withdrawn_why"}
    ending = row.get("ended_known_on")
    if ending is not None and ending > as_of:
        late |= {"ended_on", "ended_known_on", *(c.name for c in table.columns if c.with_end)}
    return {k: None if k in late else v for k, v in row.items()}


def file_of(
    model: Model, rows: Rows, code: str, shown_on: date
) -> tuple[dict[str, Any], list[str], int]:
    """The file of an enterprise as of the model's day, as JSON-ready values.

    Returns:
        The file; the codes of its neighbours, which whoever shows them may have to leave out; and
        how many records are hidden, for the activity chain.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
    """
    found = known(rows, code, model.as_of, shown_on)
    row = np.array([rows.store.row(code)])
    day = day_number(model.as_of)
    x = model.compiled.run(rows.store, row, np.array([day]))
    uses = used_by(model, found)
    relations = neighbours_of(rows.store, int(row[0]), day)
    events = [e for name, part in found.events.items() for e in _told(name, part, uses)]
    told = {
        "code": code,
        "mark": MARK,
        "as_of": model.as_of.isoformat(),
        "provenance": model.provenance(rows.store.digest),
        "register": _register(found.register),
        "result": result_of(model, x),
        "rules": _conditions(model, x),
        "inspections_this_year": inspections_this_year(found.events.get("inspection", ()), model),
        "events": sorted(events, key=lambda e: (e["occurred_on"], e["table"]), reverse=True),
        "relations": relations,
    }
    return told, sorted({c for r in relations for c in r["neighbours"]}), found.hidden


def inspections_this_year(inspections: Sequence[Row], model: Model) -> list[Row]:
    """Inspections of the calendar year by field and department, against the yearly caps.

    Args:
        inspections: rows of the table ``inspection`` known on the model's day.
        model: day and rules.

    Returns:
        One entry per field inspected this year: ``counting`` (toward the cap, all departments),
        ``exempt`` (deployed from above, complaints, requested …), ``total``, the cap
        (``most`` per department and level, ``most_in_all``; None without a cap), ``reached``,
        ``unusual``, and ``departments`` with ``agency``, ``level``, ``counting``, ``exempt``.
        Empty where the rules about draws are not in force or out of service.
    """
    day = model.as_of
    try:
        caps = model.rules.serving("draws.caps", InspectionCaps, as_of=day)
        exclusions = model.rules.serving("draws.exclusions", Exclusions, as_of=day)
    except RuleNotInForce:
        return []
    visits = (
        InspectionVisit(r["occurred_on"], r["field"], r["form"], r["agency"], r["level"])
        for r in inspections
    )
    words = dict(directory()["inspection"].column("field").values)
    return [
        {
            "field": load.field,
            "zh": words.get(load.field, load.field),
            "counting": load.counting,
            "exempt": load.total - load.counting,
            "total": load.total,
            "most": load.cap.most if load.cap else None,
            "most_in_all": load.cap.most_in_all if load.cap else None,
            "reached": load.reached,
            "unusual": load.unusual,
            "departments": [asdict(department) for department in load.departments],
        }
        for load in inspection_load(visits, caps, exclusions.higher_agencies, day)
    ]


def _register(row: Row) -> dict[str, Any]:
    columns = [c for c in directory()[REGISTER].columns if c.name not in ("code", *_DAYS)]
    facts = [_fact(c.zh, c.en, c.name, row[c.name], dict(c.values)) for c in columns]
    return {
        "known_on": row["known_on"].isoformat(),
        "facts": [f for f in facts if f["value"] is not None],
        **{name: row[name] for name in _SOURCE},
    }


def _fact(zh: str, en: str, name: str, value: Any, words: Mapping[str, str]) -> dict[str, Any]:
    """One value with its names; a category's value also in words."""
    said = "；".join(words[v] for v in value.split(";")) if words and value else None
    return {"column": name, "zh": zh, "en": en, "value": plain(value), "said": said}


def plain(value: Any) -> Any:
    """A canonical value as JSON: days and amounts are text."""
    return str(value) if isinstance(value, date | Decimal) else value


def _told(name: str, rows: Sequence[Row], uses: Mapping[str, list[list[str]]]) -> list[Row]:
    """Events of one table: names, days, source, and the indicators that see each of them."""
    table = directory()[name]
    own = [c for c in table.columns if c.name not in ("code", *_DAYS) and c.type != "person"]
    return [
        {
            "table": name,
            "zh": table.name_zh,
            "en": table.name_en,
            **{d: plain(row[d]) for d in _DAYS if row.get(d) is not None},
            "facts": [
                _fact(c.zh, c.en, c.name, row[c.name], dict(c.values))
                for c in own
                if row[c.name] is not None
            ],
            "indicators": used,
            "never_scored": table.why_not_scored,
            **{s: row[s] for s in _SOURCE},
        }
        for row, used in zip(rows, uses.get(name, []), strict=True)
    ]


def _conditions(model: Model, x: Array) -> list[dict[str, Any]]:
    """Caps and direct assignments of the day, and whether each applies."""
    at = {name: k for k, name in enumerate(model.compiled.ids)}
    items: list[Cap | Direct] = [*model.policy.caps, *model.policy.directs]
    return [
        {
            "id": f"tiers.{'caps' if isinstance(item, Cap) else 'direct'}.{item.id}",
            "zh": item.zh,
            "en": item.en,
            "tier": item.no_better_than if isinstance(item, Cap) else item.tier,
            "applies": bool(x[at[item.feature], 0] >= item.at_least),
        }
        for item in items
    ]


def used_by(model: Model, found: Known) -> dict[str, list[list[str]]]:
    """Which indicators each event enters: those that change when it alone is known of somebody.

    One pass of the kernel: as many enterprises as there are events, each with one of them, and a
    last one with none.
    """
    ordered = {
        name: sorted(part, key=lambda e: (e["occurred_on"], event_id(directory()[name], e)))
        for name, part in found.events.items()
    }
    store, first = _apart(found.register, ordered)
    pairs = len(store)
    x = np.zeros((len(model.compiled.ids), pairs))
    day = np.full(pairs, day_number(model.as_of), np.int32)
    shared = {
        k: np.zeros(pairs)
        for k, f in enumerate(model.compiled.features)
        if f.aggregate == "neighbours"
    }
    model.compiled.fill(store, frozen(np.arange(pairs)), frozen(day), x, shared)
    changed = ~np.isclose(x[:, :-1], x[:, -1:], rtol=0, atol=0, equal_nan=True)
    wanted = set(model.release.features()) | set(model.policy.features())
    ids = np.array(model.compiled.ids)
    names = [[n for n in ids[changed[:, k]] if n in wanted] for k in range(pairs - 1)]
    told = {}
    for name, part in ordered.items():
        by_row = {id(e): names[first[name] + k] for k, e in enumerate(part)}
        told[name] = [_titles(by_row[id(e)]) for e in found.events[name]]
    return told


def _titles(ids: Sequence[str]) -> list[Any]:
    declared = features()
    return [{"indicator": n, "zh": declared[n].zh, "en": declared[n].en} for n in map(str, ids)]


def _apart(register: Row, ordered: Mapping[str, Sequence[Row]]) -> tuple[Store, dict[str, int]]:
    """A store in which every event is somebody's only one, and the first position of each table."""
    one = one_enterprise({REGISTER: [register], **ordered})
    total = sum(len(part) for part in ordered.values()) + 1
    tables: dict[str, dict[str, Array]] = {}
    first: dict[str, int] = {}
    done = 0
    for name, arrays in one.tables.items():
        if directory()[name].kind == "register":
            tables[name] = {k: frozen(np.repeat(a, total)) for k, a in arrays.items()}
            continue
        size = len(ordered.get(name, ()))
        first[name], steps = done, np.clip(np.arange(total + 1) - done, 0, size)
        tables[name] = {**arrays, "offsets": frozen(steps.astype(np.int64))}
        done += size
    days = np.full(total, NEVER, np.int32)
    return Store(
        codes=np.repeat(one.codes, total),
        known=np.repeat(one.known, total),
        deregistered=days,
        tables=tables,
        relations=one.relations,
    ), first
