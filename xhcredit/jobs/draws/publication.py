"""Publication of a draw: due day of the results, and the public list without any tier."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from xhcredit.domain.calendar import LastDay, provisional_data
from xhcredit.domain.clock import china_day
from xhcredit.domain.log import log_call
from xhcredit.draws.commitment import demo_part
from xhcredit.draws.verify import json_of
from xhcredit.errors import BeyondCalendar
from xhcredit.ingest.schema import directory
from xhcredit.jobs.documents.spreadsheets import Column, write_csv, write_xlsx
from xhcredit.jobs.draws.documents import names_of, public_pdf
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Publication
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

Json = dict[str, Any]
DEMO_MARK = "演示库抽取，不是真实抽查"
FILES = ("public_list.csv", "public_list.xlsx", "public_list.pdf")
#: nothing found yet; results may still be published in time; they are late; they were published
NO_RESULTS, DUE, OVERDUE, PUBLISHED = "no_results", "due", "overdue", "published"
_COLUMNS = (
    Column("统一社会信用代码", 22),
    Column("名称", 36),
    Column("检查人员", 24),
    Column("签号", 68),
    Column("检查结果", 28),
)


def due_on(last_visit: date, rules: Rulebook) -> LastDay:
    """The last day on which results may be published, counted in working days.

    Raises:
        BeyondCalendar: the last visit was before the first year of the calendar.
    """
    # 结果二十个工作日内公示，谁检查、谁录入、谁公开 (国发〔2019〕5号、国市监信〔2019〕38号).
    law = rules.serving("draws.publication", Publication, as_of=last_visit)
    return rules.calendar.term(last_visit, law.working_days)


def publication_state(draw_row: Json, rules: Rulebook, today: date) -> Json:
    """Publication state of a draw's results.

    The list may be published before the visits; results are public from their entry on then.

    Args:
        draw_row: the draw with its steps and results.
        rules: the rulebook.
        today: the day.

    Returns:
        ``state`` (``no_results``, ``due``, ``overdue``, ``published``), ``last_visit``, ``due_on``,
        ``published_on`` (the list) and ``results_on`` (all results; each None where there is none),
        ``due_unknown`` (the calendar of working days does not reach), ``provisional`` (the day
        rests on a year whose notice on holidays is not known), and ``in_time`` (None before
        publication and while the day is unknown).
    """
    last_visit = max((r["inspected_on"] for r in draw_row["results"].values()), default=None)
    published_at = next(
        (s["recorded_at"] for s in draw_row["steps"] if s["state"] == "published"), None
    )
    return _publication_data(last_visit, draw_row["entered_at"], published_at, rules, today)


def draws_with_publication(
    store: Store, bureaus: frozenset[str] | None, rules: Rulebook, today: date
) -> list[Json]:
    """All draws of some bureaus, the latest first, each with its ``publication``.

    Args:
        store: where they are.
        bureaus: whose; None is the whole district.
        rules: the rulebook.
        today: the day.
    """
    draw_rows = []
    for row in store.draws.list_draws(bureaus):
        last_visit, entered_at, published_at = (
            row.pop(n) for n in ("last_visit", "entered_at", "published_at")
        )
        draw_rows.append(
            row
            | {"publication": _publication_data(last_visit, entered_at, published_at, rules, today)}
        )
    return draw_rows


def _publication_data(
    last_visit: str | None,
    entered_at: str | None,
    published_at: str | None,
    rules: Rulebook,
    today: date,
) -> Json:
    """Publication state, from the day of the last visit and the moments of entry and publication.

    A published list shows results from their entry on, so they are public from the later moment.
    """
    public_on = day_in_china(published_at)
    publication: Json = {
        "state": NO_RESULTS,
        "last_visit": last_visit,
        "due_on": None,
        "due_unknown": False,
        **provisional_data(provisional=False),
        "published_on": public_on,
        "results_on": None,
        "in_time": None,
    }
    if last_visit is None:
        return publication
    try:
        last_day = due_on(date.fromisoformat(last_visit), rules)
    except BeyondCalendar:
        last_day = None
    due = last_day.day.isoformat() if last_day else None
    publication |= {"due_on": due, "due_unknown": due is None}
    publication |= provisional_data(last_day is not None and last_day.provisional)
    if published_at is not None:
        public_on = day_in_china(max(published_at, entered_at or published_at)) or ""
        in_time = None if due is None else public_on <= due
        return publication | {"state": PUBLISHED, "results_on": public_on, "in_time": in_time}
    late = due is not None and today.isoformat() > due
    return publication | {"state": OVERDUE if late else DUE}


def day_in_china(moment: str | None) -> str | None:
    """The day in China of a moment that is kept in UTC."""
    if moment is None:
        return None
    return china_day(moment).isoformat()


def write_public_list(store: Store, draw: str, file: Path) -> None:
    """Write the list of a draw as it may be published: no tier, no stratum's meaning.

    Args:
        store: where the draw is.
        draw: which one; it must have been run.
        file: one of ``FILES`` by its name; its ending says how it is written.

    Raises:
        UnknownRecord: there is no such draw, or no record of it yet.
        BadInput: no Chinese font is installed where a PDF is made.
    """
    draw_row, record = store.draws.get(draw), json_of(store.draws.file(draw, "record.json"))
    rows = _public_rows(store, draw_row, record)
    if file.suffix == ".pdf":
        heads = [column.heading for column in _COLUMNS]
        title = f"{_demo_mark(record)}{draw} 抽查名单{''.join(publication_history(draw_row))}"
        file.write_bytes(public_pdf(title, record, heads, rows))
        return
    commitment = record["commitment"]
    title = (
        f"{_demo_mark(record)}{draw}；承诺 {commitment['digest']}；名录根 "
        f"{commitment['frame_root']}；"
        f"种子 {record['seed']['value']}{''.join(publication_history(draw_row))}"
    )
    (write_csv if file.suffix == ".csv" else write_xlsx)(file, title, _COLUMNS, rows)


def _demo_mark(record: Json) -> str:
    """Prefix of public lists from a demo store; empty in a real one."""
    return f"{DEMO_MARK}；" if demo_part(record) else ""


def publication_history(draw_row: Json) -> list[str]:
    """Texts of all publications, the latest first; each begins with a semicolon."""
    return [
        f"；第{p['number']}次公示 {day_in_china(p['published_at'])}"
        + (f"（有结果 {p['results']} 户）" if p["results"] else "")
        for p in reversed(draw_row["publications"])
    ]


def _public_rows(store: Store, draw_row: Json, record: Json) -> list[list[str]]:
    """Code, name, inspectors, ticket and result in words, of everybody drawn."""
    names = names_of(store, [s["code"] for s in record["selected"]])
    result_labels = dict(directory()["inspection"].column("result").values)
    return [
        [
            s["code"],
            names.get(s["code"], ""),
            "、".join(s["inspectors"]),
            s["ticket"],
            result_labels.get(draw_row["results"].get(s["code"], {}).get("result", ""), ""),
        ]
        for s in record["selected"]
    ]


@log_call("draw.published", lambda files: {"files": len(files)}, ids=["draw"], refusal="warning")
def publish_list(store: Store, act: Act, draw: str, out: Path) -> list[Path]:
    """Write the public list of a draw and note that it was published.

    Again: another publication if results were entered since, else the files are only written.

    Raises:
        WrongState: nothing was drawn.
        UnknownRecord: there is no such draw.
    """
    if store.draws.get(draw)["news"]:
        demo_fields = demo_part(json_of(store.draws.file(draw, "commitment.json")))
        store.draws.publish(act, draw, {"files": list(FILES), **demo_fields})
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in FILES]
    for file in files:
        write_public_list(store, draw, file)
    return files
