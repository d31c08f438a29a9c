"""De-registered is de-registered, and revoked is revoked, also where the row does not say when."""

from datetime import date

import numpy as np
import pytest

from tests.ingest.tools import code, ingest, query
from xhcredit.engine.compile import compile_features
from xhcredit.engine.one_enterprise import compute_one, day_number
from xhcredit.features.registry import features
from xhcredit.jobs.draws.exclusions import _by_status
from xhcredit.jobs.restoration.records import read_records
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Exclusions

BOOK = Rulebook.load()
KNOWN, BEFORE, AFTER = date(2024, 3, 1), date(2024, 2, 29), date(2025, 6, 30)
MAPPING = {
    "mapping": "register",
    "files": "register*",
    "tables": [{"table": "enterprise", "columns": {
        "code": "代码", "name": "名称", "known_on": "归集日", "status": "状态",
        "status_on": "状态日", "deregistered_on": "注销日"}}],
}  # fmt: skip
PENALTIES = {
    "mapping": "penalties",
    "files": "penalties*",
    "tables": [{"table": "penalty", "columns": {
        "code": "代码", "doc_no": "文号", "occurred_on": "日期",
        "known_on": {"else": "occurred_on"}, "ended_on": "履行日",
        "procedure": {"default": "ordinary"},
        "penalty_kinds": {"default": "fine"}, "amount_yuan": "金额"}}],
}  # fmt: skip
FEATURES = [features()[name] for name in ("is_active", "is_revoked")]
#: state, day of the state, day of de-registration as delivered, and both as they count
ROWS = [
    ("存续", "", "", None, None),
    ("注销", "", "", KNOWN, KNOWN),
    ("注销", "2023-09-01", "", date(2023, 9, 1), date(2023, 9, 1)),
    ("注销", "", "2023-10-01", date(2023, 10, 1), date(2023, 10, 1)),
    ("注销", "2023-09-01", "2023-10-01", date(2023, 9, 1), date(2023, 10, 1)),
    ("吊销", "", "", KNOWN, None),
    ("吊销", "2023-09-01", "", date(2023, 9, 1), None),
    ("歇业", "", "", None, None),
]


def deliver(tmp_path, *rows, name="register.csv", **options):
    """Ingest a register: (number, known on, state, its day, day of de-registration)."""
    (tmp_path / "in").mkdir(exist_ok=True)
    lines = ["代码,名称,归集日,状态,状态日,注销日"]
    lines += [f"{code(n)},企业{n},{known},{','.join(state)}" for n, known, *state in rows]
    (tmp_path / "in" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ingest(tmp_path, MAPPING, PENALTIES, **options)


@pytest.fixture
def district(tmp_path):
    """One enterprise per row of ``ROWS``, each with a fine."""
    deliver(tmp_path, *((n, KNOWN, *row[:3]) for n, row in enumerate(ROWS)))
    lines = ["代码,文号,日期,履行日,金额"]
    lines += [f"{code(n)},D{n},2024-04-01,2024-05-01,20000" for n in range(len(ROWS))]
    (tmp_path / "in" / "penalties.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(tmp_path, MAPPING, PENALTIES)
    return tmp_path


def test_a_state_without_a_day_counts_from_the_day_of_the_row(district):
    states = query(district, "SELECT status_on, deregistered_on FROM enterprise ORDER BY code")

    assert states == [row[3:] for row in ROWS]


def test_ingestion_says_how_many_states_have_no_day(tmp_path):
    report = deliver(tmp_path, *((n, KNOWN, *row[:3]) for n, row in enumerate(ROWS))).files[0]
    notes = [note for note in report.notes if "not since when" in note]

    assert [note.partition(";")[0] for note in notes] == [
        "enterprise.status: 1 rows say 注销 (deregistered) and not since when",
        "enterprise.status: 1 rows say 吊销 (revoked) and not since when",
    ]


def test_every_reader_of_a_day_agrees_on_who_is_gone(district):
    warehouse = district / "warehouse"
    store = open_event_columns(warehouse)
    rule = BOOK.value("draws.exclusions", Exclusions, as_of=AFTER)
    there = {code(n) for n, row in enumerate(ROWS) if row[4] is None}

    present = {store.codes[row].decode() for row in store.present(day_number(AFTER))}
    restorable = set(read_records(warehouse, "penalty", AFTER)["code"])
    left_out = _by_status(warehouse, rule, AFTER)
    assert present == there
    assert restorable == there
    assert left_out == {code(n) for n in range(len(ROWS))} - there | {code(7)}
    assert store.present(day_number(BEFORE)).shape == (0,)


def test_the_kernel_and_one_enterprise_agree_on_states(district):
    store = open_event_columns(district / "warehouse")
    rows = np.array([store.row(code(n)) for n in range(len(ROWS))])
    night = compile_features(FEATURES, jit=False).run(
        store, rows, np.full(rows.shape, day_number(AFTER))
    )
    registers = query(
        district, "SELECT code, known_on, status, status_on FROM enterprise ORDER BY code"
    )
    for n, register in enumerate(registers):
        row = dict(zip(("code", "known_on", "status", "status_on"), register, strict=True))
        single = compute_one(FEATURES, {"enterprise": [row]}, AFTER)
        assert [single[f.id] for f in FEATURES] == list(night[:, n])
    assert list(night[0]) == [row[0] == "存续" for row in ROWS]
    assert list(night[1]) == [row[0] == "吊销" for row in ROWS]


@pytest.mark.parametrize("state", ["注销", "吊销"])
def test_before_a_later_row_tells_it_the_enterprise_was_active_and_there(tmp_path, state):
    deliver(tmp_path, (1, KNOWN, "存续", "", ""), today=date(2024, 3, 2))
    deliver(
        tmp_path,
        (1, date(2025, 1, 15), state, "", ""),
        name="register2.csv",
        today=date(2025, 1, 20),
    )
    store = open_event_columns(tmp_path / "warehouse")
    compiled = compile_features(FEATURES, jit=False)
    days = [day_number(d) for d in (date(2025, 1, 19), date(2025, 1, 20))]
    x = compiled.run(store, np.zeros(2, np.int64), np.array(days))

    assert list(x[0]) == [1, 0]
    assert list(x[1]) == [0, state == "吊销"]
    assert [store.present(day).shape[0] for day in days] == [1, int(state == "吊销")]


def test_a_list_of_many_undated_ones_leaves_only_the_others(tmp_path):
    """As in a register of 999 of whom 293 are de-registered and none says when."""
    rows = [(n, KNOWN, "注销" if n % 3 else "存续", "", "") for n in range(60)]
    report = deliver(tmp_path, *rows)

    assert "40 rows say 注销" in str(report.files[0].notes)
    assert open_event_columns(tmp_path / "warehouse").present(day_number(AFTER)).shape[0] == 20
