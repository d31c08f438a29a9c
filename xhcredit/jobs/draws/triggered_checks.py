"""Triggered checks (触发式检查): opened for a reason, separate from draws and counted separately.

A check is opened with its source and reason and closed with a result; the result becomes an
inspection in the warehouse.  Whether it counts toward the yearly cap follows from the form of its
source (``draws.triggered``) and the forms that the cap of its field counts (``draws.caps``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.domain.log import logged
from xhcredit.draws.numerics import LONGEST_TEXT
from xhcredit.draws.plan import Id, Text
from xhcredit.errors import BadInput, BadPlan, UnknownRecord
from xhcredit.ingest.schema import directory
from xhcredit.jobs.draws.results_to_warehouse import CLEAN, entered
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import InspectionCaps, Items, Triggers
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.triggered_checks import CALLED_OFF, CLOSED
from xhcredit.store.store import Store

Json = dict[str, Any]


class Check(BaseModel):
    """A check as it is opened; ``reference`` is the number of the complaint, alert or letter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    bureau: Text
    code: Annotated[str, Field(max_length=LONGEST_TEXT)]
    source: Text
    reason: Text
    reference: Annotated[str, Field(max_length=LONGEST_TEXT, pattern=r"^[^\x00-\x1f]*$")] = ""
    items: Annotated[tuple[str, ...], Field(min_length=1)]
    opened_on: date


@logged("draw.check_opened", refusal="warning")
def open_check(
    store: Store, act: Act, given: Mapping[str, Any], rules: Rulebook, today: date
) -> Json:
    """Open a check for a reason.

    Returns:
        ``check``, ``state`` and ``counts`` (whether it counts toward the yearly cap).

    Raises:
        BadPlan: a source or item that the rules of the day do not know, items of several
            fields, a day to come.
        BadInput: a code that is none.
        UnknownRecord: no such enterprise in the current run.
        WrongState: the id is taken.
    """
    try:
        check = Check.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        raise BadPlan(f"{'.'.join(map(str, first['loc']))}: {first['msg']}; correct it") from None
    if check.opened_on > today:
        raise BadPlan(f"opened on {check.opened_on}, which is to come; write the day it is")
    code = normalised(check.code)
    wrong = problem_with(code)
    if wrong is not None:
        raise BadInput(f'code "{check.code}": {wrong}')
    if code not in store.watch.places(store.reader.current_run()["run"], [code], None):
        raise UnknownRecord(f'no enterprise "{code}" in the current run; correct the code')
    told = check.model_dump(mode="json") | {"code": code} | check_terms(check, rules)
    return store.triggered.open(act, told)


def check_terms(check: Check, rules: Rulebook) -> Json:
    """Field, form and whether it counts, by the rules of the day."""
    day = check.opened_on
    sources = rules.serving("draws.triggered", Triggers, as_of=day).root
    if check.source not in sources:
        raise BadPlan(
            f'"{check.source}" is no source; write one of {", ".join(sources)} (draws.triggered)'
        )
    base = rules.serving("draws.items", Items, as_of=day).root
    unknown = [item for item in check.items if item not in base]
    if unknown:
        raise BadPlan(
            f'item "{unknown[0]}" is not in the item base and must not be inspected (draws.items)'
        )
    fields = sorted({base[item].field for item in check.items})
    if len(fields) > 1:
        raise BadPlan(f"items of the fields {', '.join(fields)}; open one check for each field")
    form = sources[check.source].form
    caps = rules.serving("draws.caps", InspectionCaps, as_of=day).fields
    counts = fields[0] in caps and form in caps[fields[0]].forms
    return {"field": fields[0], "form": form, "counts": counts}


@logged("draw.check_closed", refusal="warning")
def close_check(
    store: Store,
    act: Act,
    check: str,
    found: Mapping[str, str],
    warehouse: Path | None,
    today: date,
) -> Json:
    """Enter the result of a check; it becomes an inspection.

    The store comes first; whoever is stopped in between enters the same result again.

    Args:
        store: where the check is.
        act: who and why.
        check: which one.
        found: ``result`` (one of the eight codes), ``inspected_on`` and, if any, ``note``.
        warehouse: where inspections are kept; None keeps the result in the store only.
        today: the day on which it becomes known.

    Raises:
        BadInput: no such result, or no such day.
        UnknownRecord: there is no such check.
        WrongState: it was called off.
    """
    opened = store.triggered.one(check)
    known = dict(directory()["inspection"].column("result").values)
    if found.get("result") not in known:
        raise BadInput(f'result "{found.get("result")}"; write one of {", ".join(known)}')
    day = _day_of(found.get("inspected_on", ""), opened, today)
    details = {"result": found["result"], "inspected_on": day, "note": found.get("note", "")}
    told = store.triggered.end(act, check, CLOSED, details | {"on": today.isoformat()})
    if warehouse is not None:
        row = _row(opened, details, today)
        entered(f'check "{check}"', f"check-{check}", [row], warehouse, today)
    return told


def _day_of(text: str, opened: Json, today: date) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(f'"{text}" is no day; write it as 2026-07-10') from None
    if not opened["opened_on"] <= day.isoformat() <= today.isoformat():
        raise BadInput(
            f"inspected on {day}, but the check was opened on {opened['opened_on']} and today is "
            f"{today}; correct the day"
        )
    return day.isoformat()


def _row(check: Json, details: Json, today: date) -> Json:
    return {
        "code": check["code"],
        "inspected_on": details["inspected_on"],
        "entered_on": today.isoformat(),
        "inspection_no": check["id"],
        "form": check["form"],
        "field": check["field"],
        "result": details["result"],
        "failed": int(details["result"] not in CLEAN),
        "item": ";".join(check["items"]),
        "agency": check["bureau"],
    }


@logged("draw.check_called_off", refusal="warning")
def call_off(store: Store, act: Act, check: str, reason: str, today: date) -> Json:
    """Cancel a check before it took place (a withdrawn complaint …); the reason is stored.

    Raises:
        BadInput: no reason.
        UnknownRecord: there is no such check.
        WrongState: it was closed or called off before.
    """
    if not reason.strip():
        raise BadInput("no reason was given; say why the check is called off")
    details = {"reason": reason.strip(), "on": today.isoformat()}
    return store.triggered.end(act, check, CALLED_OFF, details)


def counted(checks: Sequence[Json]) -> list[Json]:
    """Counts by source: ``source``, ``checks``, ``open``, ``counting`` and ``failed``.

    ``counting`` are those that count toward a yearly cap; called-off ones are only in ``checks``.
    """
    total: dict[str, Counter[str]] = {}
    for check in checks:
        own = total.setdefault(check["source"], Counter())
        own["checks"] += 1
        own["open"] += check["state"] == "open"
        own["counting"] += check["counts"] and check["state"] != CALLED_OFF
        own["failed"] += check["result"] is not None and check["result"] not in CLEAN
    names = ("checks", "open", "counting", "failed")
    return [{"source": s, **{n: total[s][n] for n in names}} for s in sorted(total)]
