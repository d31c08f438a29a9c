"""Lists and notices of a draw: public ones without tier, internal ones with tier and reasons.

A notice carries what a 检查码 must say: who inspects whom, for which items, on what ground.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xhcredit.draws.plan import Plan
from xhcredit.draws.published_files import DrawRecord, SelectedEnterprise
from xhcredit.draws.strata import StratumRow
from xhcredit.jobs.documents.pdf import typeset
from xhcredit.jobs.documents.spreadsheets import Column, write_xlsx
from xhcredit.jobs.draws.frame import strata_of_draw
from xhcredit.jobs.draws.steps import plan_of_draw, record_of
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Items
from xhcredit.store.store import Store

_LAYOUT = Path(__file__).with_name("draw_list.typ")
_PRINTED_TICKET_DIGITS = 16  #: digits of a ticket in print
_INTERNAL_COLUMNS = (
    Column("统一社会信用代码 code", 22),
    Column("名称 name", 36),
    Column("等级 tier", 10),
    Column("层 stratum", 14),
    Column("理由 reason", 60),
    Column("入样概率 probability", 18),
    Column("检查人员 inspectors", 24),
)


def draw_document_pdf(content: Mapping[str, object]) -> bytes:
    """A document; its texts are data, never instructions to the typesetter.

    Raises:
        BadInput: no Chinese font is installed where this runs.
    """
    return typeset(_LAYOUT, content)


def public_pdf(
    title: str, record: DrawRecord, heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> bytes:
    """The public list in print, with what it can be checked by; tickets by their beginning."""
    notes = [
        f"承诺 commitment {record['commitment']['digest']}",
        f"名录根 frame root {record['commitment']['frame_root']}",
        f"种子 seed {record['seed']['value']}（{record['seed']['source']}）",
    ]
    short_rows = [
        [
            c[:_PRINTED_TICKET_DIGITS] if len(c) > 2 * _PRINTED_TICKET_DIGITS and c.isalnum() else c
            for c in r
        ]
        for r in rows
    ]
    return draw_document_pdf(
        {"title": title, "notes": notes, "heads": list(heads), "rows": short_rows, "wide": True}
    )


def write_internal_documents(store: Store, draw: str, rules: Rulebook, out: Path) -> list[Path]:
    """Write the internal list (tier, reasons) and one notice per enterprise.

    Args:
        store: where the draw is.
        draw: which one; it must have been run.
        rules: the rulebook, for the names of items.
        out: folder; files of the same name are replaced.

    Raises:
        UnknownRecord: there is no such draw, or no record of it yet.
        BadInput: no Chinese font is installed where this runs.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = [out / "internal_list.xlsx", out / "notices.pdf"]
    write_internal_list(store, draw, files[0])
    files[1].write_bytes(notices_pdf(store, draw, rules))
    return files


def write_internal_list(store: Store, draw: str, file: Path) -> None:
    """Write the internal list of a draw: tier, stratum, reasons, odds.

    Raises:
        UnknownRecord: there is no such draw, or no record of it yet.
    """
    record = record_of(store, draw)
    strata = {s["id"]: s for s in strata_of_draw(store, draw)}
    names = names_of(store, [s["code"] for s in record["selected"]])
    rows = [_internal_row(s, strata.get(s["stratum"]), names) for s in record["selected"]]
    write_xlsx(file, f"{draw} 内部名单，不得公开 internal", _INTERNAL_COLUMNS, rows)


def notices_pdf(store: Store, draw: str, rules: Rulebook) -> bytes:
    """One notice per enterprise, to be printed.

    Raises:
        UnknownRecord: there is no such draw, or no record of it yet.
        BadInput: no Chinese font is installed where this runs.
    """
    record = record_of(store, draw)
    plan = plan_of_draw(store, draw)
    names = names_of(store, [s["code"] for s in record["selected"]])
    return draw_document_pdf(_notices(record, plan, names, rules, team_of(store, draw)))


def names_of(store: Store, codes: Sequence[str]) -> dict[str, str]:
    """Names as of the current run; missing where it has none."""
    run = store.reader.current_run()["run"]
    row_by_code = store.watchlist.enterprise_rows(run, codes, None)
    return {code: row["name"] for code, row in row_by_code.items() if row["name"]}


def team_of(store: Store, draw: str) -> dict[str, list[str]]:
    """Inspectors of each enterprise, replacements included."""
    record, draw_row = record_of(store, draw), store.draws.get(draw)
    teams = {s["code"]: list(s["inspectors"]) for s in record["selected"]}
    for row in draw_row["replacements"]:
        team = teams[row["code"]]
        teams[row["code"]] = [
            row["instead"] if inspector == row["away"] else inspector for inspector in team
        ]
    return teams


def _internal_row(
    selected: SelectedEnterprise, stratum: StratumRow | None, names: Mapping[str, str]
) -> list[str]:
    # Individual odds know no strata.
    described = dict(stratum or {})
    reason_keys = ("field", "street", "duty", "paused", "pi")
    reasons = [f"{k} {described[k]}" for k in reason_keys if described.get(k)]
    return [
        selected["code"],
        names.get(selected["code"], ""),
        str(described.get("tier", "")),
        selected["stratum"],
        "；".join(reasons),
        selected["inclusion_probability"],
        "、".join(selected["inspectors"]),
    ]


def _notices(
    record: DrawRecord,
    plan: Plan,
    names: Mapping[str, str],
    rules: Rulebook,
    teams: Mapping[str, Sequence[str]],
) -> dict[str, object]:
    """Content of the notices; without tier, score and odds."""
    items_by_id = rules.serving("draws.items", Items, as_of=plan.published_on).root
    items = "；".join(items_by_id[i].zh if i in items_by_id else i for i in plan.items)
    common_lines = [
        ("检查机关 bureau", plan.bureau),
        ("检查事项 items", items),
        ("检查方式 form", "双随机抽查 random"),
        ("检查依据 ground", f"{plan.title}（{plan.filed_no}）"),
        ("检查期限 period", f"{plan.period.first} 至 {plan.period.last}"),
    ]
    notices = [
        [
            ("检查编号（检查码） number", f"{record['draw_id']}|{s['code']}"),
            ("被检查企业 enterprise", names.get(s["code"], "")),
            ("统一社会信用代码 code", s["code"]),
            *common_lines,
            ("检查人员 inspectors", "、".join(teams[s["code"]])),
        ]
        for s in record["selected"]
    ]
    return {
        "title": "行政检查通知书",
        "notes": [
            "检查人员应当主动出示执法证件和检查码；不出示执法证件的，有权拒绝检查（行政处罚法第55条）。",
            f"本次抽查可凭抽查编号 {record['draw_id']} 公开核验；种子 {record['seed']['value']}。",
        ],
        "notices": notices,
    }
