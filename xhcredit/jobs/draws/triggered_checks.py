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
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.domain.log import log_call
from xhcredit.draws.numerics import LONGEST_TEXT
from xhcredit.draws.plan import Id, Text
from xhcredit.errors import BadInput, BadPlan, UnknownRecord
from xhcredit.ingest.schema import directory
from xhcredit.jobs.draws.results_to_warehouse import (
    CLEAN_RESULTS,
    InspectionRow,
    ingest_result_rows,
)
from xhcredit.jobs.draws.rows import SourceCount
from xhcredit.rules.official_names import official_bureau
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import CheckSources, InspectionCaps, Items
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.check_rows import (
    CheckCancellation,
    CheckEnded,
    CheckOpened,
    CheckOutcome,
    CheckTerms,
    StoredCheck,
    TriggeredCheckRow,
)
from xhcredit.store.draws.triggered_checks import CANCELLED, CLOSED
from xhcredit.store.store import Store


class TriggeredCheck(BaseModel):
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


@log_call("draw.check_opened", refusal="warning")
def open_check(
    store: Store, act: Act, check_fields: Mapping[str, object], rules: Rulebook, today: date
) -> CheckOpened:
    """Open a check for a reason.

    Raises:
        BadPlan: a source or item that the rules of the day do not know, items of several
            fields, a day to come.
        BadInput: a code that is none.
        UnknownRecord: the bureau supervises no such enterprise in the current run.
        WrongState: the id is taken.
    """
    try:
        check = TriggeredCheck.model_validate(dict(check_fields))
    except ValidationError as error:
        first_error = error.errors()[0]
        raise BadPlan(
            f"{'.'.join(map(str, first_error['loc']))}: {first_error['msg']}; correct it"
        ) from None
    if check.opened_on > today:
        raise BadPlan(f"opened on {check.opened_on}, which is to come; write the day it is")
    code = normalised(check.code)
    problem = problem_with(code)
    if problem is not None:
        raise BadInput(f'code "{check.code}": {problem}')
    check = check.model_copy(update={"bureau": official_bureau(rules, check.bureau, today)})
    _refuse_unsupervised(store, check.bureau, code)
    check_row = {**check.model_dump(mode="json"), "code": code, **check_terms(check, rules)}
    return store.triggered_checks.open(act, cast(StoredCheck, check_row))


def _refuse_unsupervised(store: Store, bureau: str, code: str) -> None:
    """A check takes an enterprise out of other draws: only its own bureau may open one.

    Raises:
        UnknownRecord: no such enterprise in the current run, or it is another bureau's; the two
            are not told apart.
    """
    run = store.reader.current_run()["run"]
    row = store.watchlist.enterprise_rows(run, [code], None).get(code)
    # Who belongs to no bureau yet is checked by whoever finds out.
    if row is None or (row["bureaus"] and bureau not in row["bureaus"]):
        raise UnknownRecord(
            f'"{bureau}" supervises no enterprise "{code}" in the current run; correct the code '
            "or the bureau"
        )


def check_terms(check: TriggeredCheck, rules: Rulebook) -> CheckTerms:
    """Field, form and whether it counts, by the rules of the day."""
    day = check.opened_on
    sources = rules.serving("draws.triggered", CheckSources, as_of=day).root
    if check.source not in sources:
        raise BadPlan(
            f'"{check.source}" is no source; write one of {", ".join(sources)} (draws.triggered)'
        )
    items_by_id = rules.serving("draws.items", Items, as_of=day).root
    # 未报市级备案的事项不得检查 (检查码: 沪府办发〔2024〕34号、沪法治政府办〔2024〕11号).
    unknown_items = [item for item in check.items if item not in items_by_id]
    if unknown_items:
        raise BadPlan(
            f'item "{unknown_items[0]}" is not in the item base and must not be inspected '
            "(draws.items)"
        )
    fields = sorted({items_by_id[item].field for item in check.items})
    if len(fields) > 1:
        raise BadPlan(f"items of the fields {', '.join(fields)}; open one check for each field")
    form = sources[check.source].form
    caps = rules.serving("draws.caps", InspectionCaps, as_of=day).fields
    # Complaints, transfers, an enterprise's own request and checks deployed from above are
    # outside the yearly cap (司法部有关问题解答, as reported).
    counts = fields[0] in caps and form in caps[fields[0]].forms
    return {"field": fields[0], "form": form, "counts": counts}


@log_call("draw.check_closed", refusal="warning")
def close_check(
    store: Store,
    act: Act,
    check: str,
    check_result: Mapping[str, str],
    warehouse: Path | None,
    today: date,
) -> CheckEnded:
    """Enter the result of a check; it becomes an inspection.

    The store comes first; whoever is stopped in between enters the same result again.

    Args:
        store: where the check is.
        act: who and why.
        check: which one.
        check_result: ``result`` (one of the eight codes), ``inspected_on`` and, if any, ``note``.
        warehouse: where inspections are kept; None keeps the result in the store only.
        today: the day on which it becomes known.

    Raises:
        BadInput: no such result, or no such day.
        UnknownRecord: there is no such check.
        WrongState: it was called off.
    """
    check_row = store.triggered_checks.get(check)
    result_labels = dict(directory()["inspection"].column("result").values)
    if check_result.get("result") not in result_labels:
        raise BadInput(
            f'result "{check_result.get("result")}"; write one of {", ".join(result_labels)}'
        )
    day = _day_of(check_result.get("inspected_on", ""), check_row, today)
    outcome: CheckOutcome = {
        "result": check_result["result"],
        "inspected_on": day,
        "note": check_result.get("note", ""),
        "on": today.isoformat(),
    }
    closed_check = store.triggered_checks.end(act, check, CLOSED, outcome)
    if warehouse is not None:
        row = _inspection_row(check_row, outcome)
        ingest_result_rows(f'check "{check}"', f"check-{check}", [row], warehouse, today)
    return closed_check


def _day_of(text: str, check_row: StoredCheck, today: date) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(f'"{text}" is no day; write it as 2026-07-10') from None
    if not check_row["opened_on"] <= day.isoformat() <= today.isoformat():
        raise BadInput(
            f"inspected on {day}, but the check was opened on {check_row['opened_on']} and "
            "today is "
            f"{today}; correct the day"
        )
    return day.isoformat()


def _inspection_row(check: StoredCheck, outcome: CheckOutcome) -> InspectionRow:
    return {
        "code": check["code"],
        "inspected_on": outcome["inspected_on"],
        "entered_on": outcome["on"],
        "inspection_no": check["id"],
        "form": check["form"],
        "field": check["field"],
        "result": outcome["result"],
        "failed": int(outcome["result"] not in CLEAN_RESULTS),
        "item": ";".join(check["items"]),
        "agency": check["bureau"],
    }


@log_call("draw.check_called_off", refusal="warning")
def cancel_check(store: Store, act: Act, check: str, reason: str, today: date) -> CheckEnded:
    """Cancel a check before it took place (a withdrawn complaint …); the reason is stored.

    Raises:
        BadInput: no reason.
        UnknownRecord: there is no such check.
        WrongState: it was closed or called off before.
    """
    if not reason.strip():
        raise BadInput("no reason was given; say why the check is called off")
    cancellation: CheckCancellation = {"reason": reason.strip(), "on": today.isoformat()}
    return store.triggered_checks.end(act, check, CANCELLED, cancellation)


def counts_by_source(checks: Sequence[TriggeredCheckRow]) -> list[SourceCount]:
    """Counts of triggered checks by source, sorted by it."""
    counter_by_source: dict[str, Counter[str]] = {}
    for check in checks:
        counter = counter_by_source.setdefault(check["source"], Counter())
        counter["checks"] += 1
        counter["open"] += check["state"] == "open"
        counter["counting"] += check["counts"] and check["state"] != CANCELLED
        counter["failed"] += check["result"] is not None and check["result"] not in CLEAN_RESULTS
    return [
        {
            "source": source,
            "checks": counter["checks"],
            "open": counter["open"],
            "counting": counter["counting"],
            "failed": counter["failed"],
        }
        for source, counter in sorted(counter_by_source.items())
    ]
