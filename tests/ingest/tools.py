"""Tiny builders for ingestion tests."""

from datetime import date

import duckdb
import yaml

from xhcredit.domain.codes import check_digit, organisation_check_digit
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.warehouse.ingest import run_ingest

TODAY = date(2026, 6, 30)
KEY = b"a key that is long enough"


def code(number):
    """A code of the reserved area 310199 with right check digits."""
    body = f"91310199{number:08d}"
    body += organisation_check_digit(body)
    return body + check_digit(body)


A, B, C = code(1), code(2), code(3)

REGISTER = {
    "mapping": "register",
    "files": "register*",
    "tables": [
        {"table": "enterprise", "columns": {"code": "代码", "name": "名称", "known_on": "归集日"}}
    ],
}
PENALTY_COLUMNS = {
    "code": "代码",
    "doc_no": "文号",
    "occurred_on": "日期",
    "known_on": {"else": "occurred_on"},
    "procedure": {"default": "ordinary"},
    "penalty_kinds": {"column": "种类", "split": "、"},
    "amount_yuan": {"column": "金额"},
}
PENALTIES = {
    "mapping": "penalties",
    "files": "penalties*",
    "tables": [{"table": "penalty", "columns": PENALTY_COLUMNS}],
}
HEADER = "代码,文号,日期,种类,金额"


def penalties(**options):
    """The mapping of penalties, changed at the top level or (``columns``) in its columns."""
    columns = PENALTY_COLUMNS | options.pop("columns", {})
    return PENALTIES | {"tables": [{"table": "penalty", "columns": columns}]} | options


def write_mappings(folder, *mappings):
    folder = folder / "mappings"
    folder.mkdir(exist_ok=True)
    for mapping in mappings:
        text = yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False)
        (folder / f"{mapping['mapping']}.yaml").write_text(text, encoding="utf-8")
    return folder


def write_register(folder, *codes):
    folder.mkdir(exist_ok=True)
    lines = ["代码,名称,归集日", *(f"{c},企业{i},2020-01-01" for i, c in enumerate(codes))]
    (folder / "register.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_penalties(folder, *lines, header=HEADER, encoding="utf-8", name="penalties.csv"):
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes(("\n".join([header, *lines]) + "\n").encode(encoding))
    return file


def ingest(tmp_path, *mappings, source=None, today=TODAY, **options: object):
    """Ingest ``tmp_path/in`` (or ``source``) into ``tmp_path/warehouse``."""
    folder = write_mappings(tmp_path, *mappings)
    return run_ingest(
        str(source or tmp_path / "in"),
        folder,
        tmp_path / "warehouse",
        today=today,
        person_key=KEY,
        **options,
    )


def ingest_penalties(tmp_path, *lines, mapping=PENALTIES, codes=(A, B, C), **options: object):
    """Ingest a register and these lines of penalties; return the report of the penalties."""
    write_register(tmp_path / "in", *codes)
    write_penalties(tmp_path / "in", *lines, **options)
    return ingest(tmp_path, REGISTER, mapping).files[1]


def query(tmp_path, sql):
    """Rows of a query over the resolved views."""
    with duckdb.connect() as con:
        create_views(con, Warehouse(tmp_path / "warehouse"))
        return con.execute(sql).fetchall()


def quarantine(report):
    """(row, column, reason, found) of a file's quarantine."""
    if not report.quarantine_csv:
        return []
    with duckdb.connect() as con:
        return con.execute(
            'SELECT "row", "column", reason, raw_text FROM read_parquet(?) ORDER BY ALL',
            [report.quarantine_csv.replace(".csv", ".parquet")],
        ).fetchall()
