"""``models``: who approved a candidate, who would move, and what is refused, from the shell."""

import json

import openpyxl
import pytest

from tests.cli.shell import inside
from tests.serving.district import write_warehouse
from xhcredit.errors import BadInput, GateClosed, TwoPersons, UnknownRecord, WrongState
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.models.candidates import Submission
from xhcredit.store.store import Store

DAY = "2025-03-31"
GATE = {"gate": "fair", "open": True, "zh": "没有任何一组明显变差", "en": "nobody is worse off"}
WHY = ("--why", "季度更新")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    return write_warehouse(tmp_path_factory.mktemp("district") / "warehouse")


@pytest.fixture
def store_option(tmp_path):
    """Where a store is that holds candidate 1 (60 points lower) and candidate 2 (a gate closed)."""
    address = str(tmp_path / "store.db")
    with Store.open(address) as store:
        submit(store, "harder", 60.0, GATE)
        submit(store, "unfair", 1.0, GATE | {"open": False, "en": "size=1 is worse off"})
    return ("--store", address)


def submit(store, name, lost, gate):
    tables = json.loads(json.dumps(load_release().as_data())) | {"release": name}
    for table in tables["tables"]:
        table["base"] -= lost
    submission = Submission(name, "general", "woe", tables, {"metrics": {"auc": 0.8}}, (gate,))
    store.models.submit(Act("modeler", "model.submit", "季度更新"), submission, "更准")


def approve(number, actor, store_option):
    return inside("models", "approve", number, *WHY, "--actor", actor, *store_option)


def test_two_officers_approve_and_the_list_says_who(store_option):
    assert "approved_once" in approve(1, "li", store_option).out
    assert approve(1, "li", store_option).exit_code == TwoPersons.exit_code
    assert approve(1, "modeler", store_option).exit_code == TwoPersons.exit_code
    assert approve(1, "wu", store_option).exit_code == 0

    candidate = inside("models", "show", 1, "--json", *store_option).json
    assert [(s["actor"], s["state"]) for s in candidate["steps"]][2:] == [
        ("li", "approved_once"),
        ("wu", "approved"),
    ]
    states = {
        c["name"]: c["state"]
        for c in inside("models", "list", "--json", *store_option).json["candidates"]
    }
    assert states == {"harder": "approved", "unfair": "gates_closed"}


def test_a_closed_gate_is_named(store_option):
    outcome = approve(2, "li", store_option)

    assert (outcome.exit_code, "size=1 is worse off" in outcome.err) == (GateClosed.exit_code, True)
    shown = inside("models", "show", 2, *store_option).words
    assert "关 closed" in shown
    assert "没有任何一组明显变差" in shown
    assert "refused" in inside("models", "refuse", 2, *WHY, "--actor", "li", *store_option).out


def test_a_shadow_night_lists_who_would_move_one_by_one(store_option, warehouse, tmp_path):
    for officer in ("li", "wu"):
        approve(1, officer, store_option)
    night = ("--as-of", DAY, "--warehouse", warehouse, "--out", tmp_path / "shadow")
    shadow_report = inside("models", "shadow", 1, *night, "--json", *store_option).json

    assert shadow_report["moved"] > 0
    sheet = openpyxl.load_workbook(tmp_path / "shadow" / "moves.xlsx").active
    listed = {row[0] for row in sheet.iter_rows(values_only=True)}
    moves = inside("models", "show", 1, "--json", "--limit", 10**4, *store_option).json["moves"]
    assert {m["code"] for m in moves} <= listed
    assert len(moves) == shadow_report["moved"]
    late = inside("models", "switch", 1, "--from", "2100-01-01", *WHY, *store_option)
    assert (late.exit_code, "shadow" in late.err) == (WrongState.exit_code, True)


def test_what_cannot_be_is_refused_in_words(store_option):
    assert inside("models", "show", 9, *store_option).exit_code == UnknownRecord.exit_code
    assert (
        inside("models", "switch", 1, "--from", "soon", *WHY, *store_option).exit_code
        == BadInput.exit_code
    )
    early = inside("models", "switch", 1, "--from", "2100-01-01", *WHY, *store_option)
    assert early.exit_code == WrongState.exit_code
    back = inside("models", "rollback", *WHY, *store_option)
    assert (back.exit_code, back.err != "") == (WrongState.exit_code, True)
