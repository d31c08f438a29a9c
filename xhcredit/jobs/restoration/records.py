"""The penalties and listings of a warehouse as records to assess, as known on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, NotRequired, cast, get_args

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import TypedDict

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.restoration.record import (
    AdverseRecord,
    Authority,
    Field,
    HolderKind,
    Override,
    Procedure,
)
from xhcredit.rules.rule import Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import (
    SPOT_CHECKS,
    Ground,
    RecordKind,
    SeverityClasses,
    SeverityName,
)
from xhcredit.store.core.hash_chain import canonical

#: columns by which records differ beyond their days; what has one signature shares its periods
SIGNATURE = [
    "authority", "field", "procedure", "penalty_kinds", "amount_class", "stated", "holder_kind",
]  # fmt: skip

_OPEN_LISTINGS_SQL = """
  SELECT DISTINCT code FROM {table} WHERE known_on <= $day
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND (ended_on IS NULL OR ended_on > $day OR ended_known_on > $day)"""

#: SQL of the key of a record without the code, as the store keeps it (canonical JSON)
KEY_SQL = {
    "penalty": "json_object('doc_no', t.doc_no)",
    "abnormal_listing": "json_object('ground', t.ground, 'occurred_on', t.occurred_on::VARCHAR)",
    "serious_listing": "json_object('list_kind', t.list_kind, "
    "'occurred_on', t.occurred_on::VARCHAR)",
    "inspection": "json_object('inspection_no', t.inspection_no)",
    "food_sample": "json_object('sample_no', t.sample_no)",
}
_SPOT_CHECK_COLUMNS_SQL = """'ordinary' AS procedure, '' AS penalty_kinds, NULL AS stated,
      0.0 AS amount_yuan, NULL::DATE AS published_on, NULL::DATE AS duties_done_on,
      NULL AS ground, NULL::DATE AS same_kind_again_on,
      t.penalty_doc_no IS NOT NULL AS penalty_followed,
      (SELECT min(p.withdrawn_on) FROM penalty p WHERE p.code = t.code
        AND p.doc_no = t.penalty_doc_no AND p.withdrawn_on <= $day) AS penalty_ended_on"""
_COLUMNS_SQL = {
    "penalty": """
      t.doc_no AS reference, t.field, t.procedure, t.penalty_kinds, t.severity AS stated,
      coalesce(t.amount_yuan, 0)::DOUBLE AS amount_yuan, t.published_on, t.agency,
      CASE WHEN t.ended_known_on <= $day THEN t.ended_on END AS duties_done_on,
      NULL AS ground, NULL::DATE AS corrected_on,
      CASE WHEN t.conduct IS NOT NULL THEN lead(t.occurred_on) OVER (
        PARTITION BY t.code, t.conduct, t.agency ORDER BY t.occurred_on, t.event_id) END
        AS same_kind_again_on""",
    "abnormal_listing": """
      t.ground AS reference, 'general' AS field, 'ordinary' AS procedure, '' AS penalty_kinds,
      NULL AS stated, 0.0 AS amount_yuan, t.occurred_on AS published_on, t.agency,
      NULL::DATE AS duties_done_on, t.ground, NULL::DATE AS corrected_on,
      NULL::DATE AS same_kind_again_on""",
    "serious_listing": """
      coalesce(t.doc_no, t.list_kind) AS reference, 'general' AS field, 'ordinary' AS procedure,
      '' AS penalty_kinds, NULL AS stated, 0.0 AS amount_yuan, t.occurred_on AS published_on,
      t.agency, NULL::DATE AS duties_done_on, NULL AS ground, NULL::DATE AS corrected_on,
      NULL::DATE AS same_kind_again_on""",
    "inspection": f"""
      t.inspection_no AS reference, coalesce(t.field, 'general') AS field, t.agency,
      CASE WHEN t.ended_known_on <= $day AND t.recheck_passed THEN t.ended_on END AS corrected_on,
      {_SPOT_CHECK_COLUMNS_SQL}""",
    "food_sample": f"""
      t.sample_no AS reference, 'food' AS field, NULL::VARCHAR AS agency,
      CASE WHEN t.ended_known_on <= $day THEN t.ended_on END AS corrected_on,
      {_SPOT_CHECK_COLUMNS_SQL}""",
}
#: what of a spot check is negative: problems at a random inspection, a sample that failed
_NEGATIVE_SQL = {"inspection": "t.form = 'random' AND t.failed", "food_sample": "t.failed"}
#: rules with bounds for persons and organisations that are chosen by the day of the decision
BOUNDS_BY_DECISION = ("restoration.samr.small_fine", "restoration.national.summary_procedure")
_CLASSES = 6
#: what kind of holder each legal form of the register is; the others are not known
_HOLDER_KINDS: dict[str, HolderKind] = {
    "individual": "individual",
    **dict.fromkeys(
        ("company", "branch", "partnership", "sole", "cooperative", "nonprofit"), "organisation"
    ),
}
_FIELDS_OF_SAMR = ("food", "drug", "special_equipment")
_SAMR_WORDS = ("市场监督", "市场监管", "药品监督")


@dataclass(frozen=True)
class RecordKey:
    """One record of an enterprise: its table, and its key columns as text."""

    table: str
    key: Mapping[str, str]


def read_records(warehouse: Path, table: str, as_of: date, code: str = "") -> pd.DataFrame:
    """Records of a table known on a day, not withdrawn; of listings those still open, of spot
    checks the negative results of market supervision.

    Only of enterprises that were known and registered on that day: nobody else can be called.
    With a ``code``, only of that enterprise.

    One row per record: the enterprise's code, name and street, the record's key as canonical
    JSON, and the fields of a record.
    """
    condition_sql = "AND (t.ended_on IS NULL OR t.ended_known_on > $day)"
    if table == "penalty" or table in SPOT_CHECKS:
        condition_sql = f"AND {_NEGATIVE_SQL.get(table, 'true')}"
    sql = f"""
      WITH abnormal AS ({_OPEN_LISTINGS_SQL.format(table="abnormal_listing")}),
           serious AS ({_OPEN_LISTINGS_SQL.format(table="serious_listing")})
      SELECT t.code, e.name, e.street, e.kind AS holder_kind, '{table}' AS kind,
        t.occurred_on AS decided_on,
        t.code IN (FROM abnormal) AS on_abnormal_list, t.code IN (FROM serious) AS on_serious_list,
        {KEY_SQL[table]}::VARCHAR AS key, {_COLUMNS_SQL[table]}
      FROM {table} t JOIN enterprise e USING (code)
      WHERE e.known_on <= $day AND (e.deregistered_on IS NULL OR e.deregistered_on > $day)
        AND t.known_on <= $day AND t.occurred_on <= $day
        AND (t.withdrawn_on IS NULL OR t.withdrawn_on > $day) {condition_sql}
        AND ($code = '' OR t.code = $code)"""
    with duckdb.connect() as con:
        create_views(con, Warehouse(warehouse))
        frame = con.execute(sql, {"day": as_of, "code": code}).df()
    return _with_signature(frame)


def stored_record(
    warehouse: Path, code: str, record_key: RecordKey, as_of: date
) -> tuple[AdverseRecord, str]:
    """One record of an enterprise as known on a day, and the organ that decided.

    The pledge is not in any export: it is taken as not made.

    Raises:
        BadInput: the table holds nothing to restore, or the key is not that of the table.
        UnknownRecord: no such record counts on that day.
    """
    if record_key.table not in KEY_SQL:
        raise BadInput(
            f'"{record_key.table}" holds no record to restore; choose one of: {", ".join(KEY_SQL)}'
        )
    key_columns = [name for name in directory()[record_key.table].key if name != "code"]
    if sorted(record_key.key) != sorted(key_columns):
        raise BadInput(
            f"a record of {record_key.table} is named by {', '.join(key_columns)}; give them all"
        )
    frame = read_records(warehouse, record_key.table, as_of, code)
    matching_rows = frame[frame["key"] == canonical(dict(record_key.key))]
    if not len(matching_rows):
        key_text = ", ".join(f"{name} {value}" for name, value in record_key.key.items())
        raise UnknownRecord(
            f"no {record_key.table} of {code} with {key_text} counts on {as_of}: it is not "
            "known, or was "
            "withdrawn, restored or ended; check its key"
        )
    row = {str(name): value for name, value in matching_rows.astype(object).iloc[0].items()}
    record = record_of(cast("RecordColumns", row))
    return replace(record, pledge=False), str(row["agency"] or "")


def _with_signature(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the authority; unstated values become plain ones."""
    frame = frame.assign(
        field=frame["field"].fillna("general"), penalty_kinds=frame["penalty_kinds"].fillna("")
    )
    agency = frame["agency"].fillna("")
    samr = agency.str.contains("|".join(_SAMR_WORDS)) | (
        (agency == "") & frame["field"].isin(_FIELDS_OF_SAMR)
    )
    # The abnormal list is kept by market supervision alone, whatever organ the export names.
    if len(frame) and frame["kind"].iloc[0] == "abnormal_listing":
        samr = pd.Series(True, index=frame.index)
    # Of spot checks only those of market supervision can be restored (总局令第107号).
    if len(frame) and frame["kind"].iloc[0] in SPOT_CHECKS:
        frame = frame[samr | (frame["kind"] == "food_sample")].reset_index(drop=True)
        samr = pd.Series(True, index=frame.index)
    holders = frame["holder_kind"].map(_HOLDER_KINDS).astype(object)
    return frame.assign(
        authority=np.where(samr, "samr", "shanghai"),
        holder_kind=holders.where(holders.notna(), None),
    )


def with_amount_class(frame: pd.DataFrame, rules: Rulebook, as_of: date) -> pd.DataFrame:
    """Add ``amount_class``: penalties of one class are alike before every bound of an amount.

    The bounds are those of huge amounts in force on a day, and those of small fines and of fines by
    summary procedure in force on the day of each decision.
    """
    amounts, classes = frame["amount_yuan"], np.zeros(len(frame), np.int64)
    for rule_id in ("restoration.samr.severity", "restoration.ndrc.severity"):
        severity_rule = rules.value(rule_id, SeverityClasses, applied_on=as_of)
        bounds = (
            frame["field"].map(severity_rule.huge_yuan_by_field).fillna(severity_rule.huge_yuan)
        )
        classes = classes * 2 + (amounts >= bounds).to_numpy()
    decision_days = days(frame["decided_on"])
    for rule_id in BOUNDS_BY_DECISION:
        classes = classes * _CLASSES + _class_by_decision(
            rules.rule(rule_id), decision_days, amounts
        )
    return frame.assign(amount_class=classes)


def _class_by_decision(
    rule: Rule, decision_days: npt.NDArray[np.datetime64], amounts: pd.Series[Any]
) -> npt.NDArray[np.int64]:
    """Of each decision: whether bounds were in force on its day, and how its amount compares.

    0 before and between entries, ``_CLASSES - 1`` after the last one's end.
    """
    classes = np.zeros(len(decision_days), np.int64)
    for entry in rule.entries:
        if entry.repealed:
            continue
        value, last_day = entry.value, rule.last_day(entry)
        amount_class = 1 + (amounts > 0).astype("int8")
        amount_class += (amounts > value.person_yuan).astype("int8")
        amount_class += (amounts > value.organisation_yuan).astype("int8")
        has_begun = decision_days >= np.datetime64(entry.effective_from, "D")
        classes = np.where(has_begun, amount_class.to_numpy(), classes)
        if last_day is not None:
            classes = np.where(decision_days > np.datetime64(last_day, "D"), _CLASSES - 1, classes)
    return classes


def days(column: pd.Series[Any]) -> npt.NDArray[np.datetime64]:
    """A column of days as numpy days; missing is NaT."""
    return np.asarray(column.to_numpy(dtype="datetime64[D]"))


class RecordColumns(TypedDict):
    """Columns of a record as ``read_records`` gives them; days in any form that pandas has."""

    code: str
    kind: RecordKind
    authority: Authority
    field: Field
    procedure: Procedure
    penalty_kinds: str
    stated: SeverityName | None
    amount_yuan: float
    ground: str | None
    holder_kind: HolderKind | None
    on_abnormal_list: bool
    on_serious_list: bool
    decided_on: object
    published_on: object
    duties_done_on: object
    corrected_on: object
    same_kind_again_on: object
    penalty_followed: NotRequired[bool]
    penalty_ended_on: NotRequired[object]


def record_of(row: RecordColumns) -> AdverseRecord:
    """One row as a record; the pledge is taken as made, since it can be made at any time."""
    stated_severity = row["stated"]
    published_on = _day(row["published_on"])
    decided_on = _day(row["decided_on"]) or date.min
    repeated_on = _day(row["same_kind_again_on"])
    return AdverseRecord(
        kind=row["kind"],
        authority=row["authority"],
        decided_on=decided_on,
        field=row["field"],
        procedure=row["procedure"],
        penalty_kinds=frozenset(k for k in row["penalty_kinds"].split(";") if k),
        amount_yuan=float(row["amount_yuan"]),
        published_on=published_on if published_on and published_on >= decided_on else None,
        duties_done_on=_day(row["duties_done_on"]),
        ground=cast("Ground", row["ground"]) if row["ground"] in get_args(Ground) else None,
        corrected_on=_day(row["corrected_on"]),
        same_kind_again_on=repeated_on
        if repeated_on and repeated_on > decided_on
        else None,  # one case, two papers
        on_abnormal_list=bool(row["on_abnormal_list"]),
        on_serious_list=bool(row["on_serious_list"]),
        pledge=True,
        override=Override(stated_severity, "认定机关", "处罚信息所载")
        if stated_severity and _is_text(stated_severity)
        else None,
        holder=row["code"],
        holder_kind=row["holder_kind"] if _is_text(row["holder_kind"]) else None,
        penalty_followed=bool(row.get("penalty_followed", False)),
        penalty_ended_on=_day(row.get("penalty_ended_on")),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _day(value: object) -> date | None:
    """A day of a data frame; missing in any of its forms is None."""
    if isinstance(value, datetime) and not pd.isna(value):
        return value.date()
    return value if isinstance(value, date) and not pd.isna(value) else None
