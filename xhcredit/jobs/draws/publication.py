"""Publication of a draw: due day of the results, and the public list without any tier."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from xhcredit.domain.calendar import LastDay, provisional_data
from xhcredit.domain.clock import china_day
from xhcredit.domain.log import log_call
from xhcredit.draws.published_files import DrawRecord
from xhcredit.errors import BeyondCalendar
from xhcredit.ingest.schema import directory
from xhcredit.jobs.documents.spreadsheets import Column, write_csv, write_xlsx
from xhcredit.jobs.draws.documents import names_of, public_pdf
from xhcredit.jobs.draws.rows import DrawDetails, DrawWithPublication, PublicationState
from xhcredit.jobs.draws.steps import commitment_of, record_of
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Publication
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.rows import Draw, DrawPublished, PublicationDetails
from xhcredit.store.store import Store

DEMO_MARK = "演示库抽取，不是真实抽查"
FILES = ("public_list.csv", "public_list.xlsx", "public_list.pdf")
#: nothing found yet; results may still be published in time; they are late; they were published
NO_RESULTS: Final = "no_results"
DUE: Final = "due"
OVERDUE: Final = "overdue"
PUBLISHED: Final = "published"
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


def publication_state(draw_row: Draw, rules: Rulebook, today: date) -> PublicationState:
    """Publication state of a draw's results.

    The list may be published before the visits; results are public from their entry on then.

    Args:
        draw_row: the draw with its steps and results.
        rules: the rulebook.
        today: the day.
    """
    last_visit = max((r["inspected_on"] for r in draw_row["results"].values()), default=None)
    published_at = next(
        (s["recorded_at"] for s in draw_row["steps"] if s["state"] == "published"), None
    )
    return _publication_state(last_visit, draw_row["entered_at"], published_at, rules, today)


def draw_with_publication(draw_row: Draw, rules: Rulebook, today: date) -> DrawDetails:
    """A draw with the standing of its publication."""
    return {**draw_row, "publication": publication_state(draw_row, rules, today)}


def draws_with_publication(
    store: Store, bureaus: frozenset[str] | None, rules: Rulebook, today: date
) -> list[DrawWithPublication]:
    """All draws of some bureaus, the latest first, each with its ``publication``.

    Args:
        store: where they are.
        bureaus: whose; None is the whole district.
        rules: the rulebook.
        today: the day.
    """
    return [
        {
            "id": row["id"],
            "plan": row["plan"],
            "bureau": row["bureau"],
            "round": row["round"],
            "as_of": row["as_of"],
            "replaces": row["replaces"],
            "activity": row["activity"],
            "state": row["state"],
            "publication": _publication_state(
                row["last_visit"], row["entered_at"], row["published_at"], rules, today
            ),
        }
        for row in store.draws.list_draws(bureaus)
    ]


def _publication_state(
    last_visit: str | None,
    entered_at: str | None,
    published_at: str | None,
    rules: Rulebook,
    today: date,
) -> PublicationState:
    """Publication state, from the day of the last visit and the moments of entry and publication.

    A published list shows results from their entry on, so they are public from the later moment.
    """
    public_on = day_in_china(published_at)
    publication: PublicationState = {
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
    publication = {
        **publication,
        **provisional_data(last_day is not None and last_day.provisional),
        "due_on": due,
        "due_unknown": due is None,
    }
    if published_at is not None:
        public_on = day_in_china(max(published_at, entered_at or published_at)) or ""
        in_time = None if due is None else public_on <= due
        return {
            **publication,
            "state": PUBLISHED,
            "results_on": public_on,
            "in_time": in_time,
        }
    late = due is not None and today.isoformat() > due
    return {**publication, "state": OVERDUE if late else DUE}


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
    draw_row, record = store.draws.get(draw), record_of(store, draw)
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


def _demo_mark(record: DrawRecord) -> str:
    """Prefix of public lists from a demo store; empty in a real one."""
    return f"{DEMO_MARK}；" if "demo" in record else ""


def publication_history(draw_row: Draw) -> list[str]:
    """Texts of all publications, the latest first; each begins with a semicolon."""
    return [
        f"；第{p['number']}次公示 {day_in_china(p['published_at'])}"
        + (f"（有结果 {p['results']} 户）" if p["results"] else "")
        for p in reversed(draw_row["publications"])
    ]


def _public_rows(store: Store, draw_row: Draw, record: DrawRecord) -> list[list[str]]:
    """Code, name, inspectors, ticket and result in words, of everybody drawn."""
    names = names_of(store, [s["code"] for s in record["selected"]])
    result_labels = dict(directory()["inspection"].column("result").values)
    result_codes = {code: r["result"] for code, r in draw_row["results"].items()}
    return [
        [
            s["code"],
            names.get(s["code"], ""),
            "、".join(s["inspectors"]),
            s["ticket"],
            result_labels.get(result_codes.get(s["code"], ""), ""),
        ]
        for s in record["selected"]
    ]


def record_publication(store: Store, act: Act, draw: str) -> DrawPublished:
    """Record that the list of a draw is public from now on; a demo's says that it is one.

    Raises:
        WrongState: nothing was drawn, or it was published and nothing was entered since.
        UnknownRecord: there is no such draw.
    """
    details: PublicationDetails = {"files": list(FILES)}
    commitment = commitment_of(store, draw)
    if "demo" in commitment:
        details |= {"demo": commitment["demo"], "clock": commitment["clock"]}
    return store.draws.publish(act, draw, details)


@log_call("draw.published", lambda files: {"files": len(files)}, ids=["draw"], refusal="warning")
def publish_list(store: Store, act: Act, draw: str, out: Path) -> list[Path]:
    """Write the public list of a draw and note that it was published.

    Again: another publication if results were entered since, else the files are only written.

    Raises:
        WrongState: nothing was drawn.
        UnknownRecord: there is no such draw.
    """
    if store.draws.get(draw)["news"]:
        record_publication(store, act, draw)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in FILES]
    for file in files:
        write_public_list(store, draw, file)
    return files
