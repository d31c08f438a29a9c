"""Publication: until when results are due, and the public list without any tier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from xhcredit.domain.calendar import shipped_calendar
from xhcredit.draws.verify import json_of
from xhcredit.ingest.schema import directory
from xhcredit.jobs.sheets import Column, write_csv, write_xlsx
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.shapes_draws import Publication
from xhcredit.store.acts import Act
from xhcredit.store.store import Store

Json = dict[str, Any]
_COLUMNS = (
    Column("统一社会信用代码", 22),
    Column("名称", 36),
    Column("检查人员", 24),
    Column("签号", 68),
    Column("检查结果", 28),
)


def due_on(last_visit: date, rules: Rulebook) -> date:
    """The last day on which results may be published, counted in working days.

    Raises:
        BeyondCalendar: the table of working days does not reach that far.
    """
    law = rules.serving("draws.publication", Publication, as_of=last_visit)
    return shipped_calendar().add_working_days(last_visit, law.working_days)


def public_list(
    kept: Json, record: Json, names: Mapping[str, str], words: Mapping[str, str], out: Path
) -> list[Path]:
    """Write the list of a draw as it may be published: no tier, no stratum's meaning.

    Args:
        kept: the draw with its results.
        record: its record.
        names: names of the enterprises, by code.
        words: result codes in words.
        out: folder; files of the same name are replaced.
    """
    rows = [
        [s["code"], names.get(s["code"], ""), "、".join(s["inspectors"]), s["ticket"],
         words.get(kept["results"].get(s["code"], {}).get("result", ""), "")]
        for s in record["selected"]
    ]  # fmt: skip
    title = (
        f"{kept['id']}；承诺 {record['commitment']['digest']}；名录根 "
        f"{record['commitment']['frame_root']}；种子 {record['seed']['value']}"
    )
    out.mkdir(parents=True, exist_ok=True)
    files = [out / "public_list.csv", out / "public_list.xlsx"]
    write_csv(files[0], title, _COLUMNS, rows)
    write_xlsx(files[1], title, _COLUMNS, rows)
    return files


def publish(store: Store, act: Act, draw: str, out: Path) -> list[Path]:
    """Write the public list of a draw and note that it was published; again only writes.

    Raises:
        WrongState: nothing was drawn.
        UnknownRecord: there is no such draw.
    """
    kept = store.draws.one(draw)
    if kept["state"] != "published":
        store.draws.publish(act, draw, {"files": ["public_list.csv", "public_list.xlsx"]})
        kept = store.draws.one(draw)
    record = json_of(store.draws.file(draw, "record.json"))
    run, codes = store.reader.current_run()["run"], [s["code"] for s in record["selected"]]
    names = {c: row["name"] for c, row in store.watch.places(run, codes, None).items()}
    words = dict(directory()["inspection"].column("result").values)
    return public_list(kept, record, names, words, out)
