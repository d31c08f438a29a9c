"""Reasons tell facts: what an enterprise's reasons say stands while nothing happens to it."""

import json
import math
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import select

import xhcredit
from tests.walks import ROOT
from xhcredit.domain.number_format import written
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.score_columns import present_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.audit import find_faults
from xhcredit.store.core.tables import snapshots
from xhcredit.store.store import Store

SAMPLE = ROOT / "data" / "sample"
FIRST_DAY = date(2026, 11, 20)  # after the sample's last delivery
SECOND_DAY = FIRST_DAY + timedelta(days=1)
RULES, RELEASE = Rulebook.load(), load_release()
MODELS = {day: model_on(RULES, RELEASE, day) for day in (FIRST_DAY, SECOND_DAY)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sample's warehouse, and two consecutive nights without a delivery between them."""
    folder = tmp_path_factory.mktemp("sample")
    xhcredit.ingest_folder(
        SAMPLE / "exports", SAMPLE / "mappings", folder / "warehouse", today=str(FIRST_DAY)
    )
    return folder


@pytest.fixture(scope="module")
def store(folder):
    """A store in which both nights are published."""
    with Store.open(f"sqlite:///{folder / 'store.db'}") as opened:
        for model in MODELS.values():
            run_night(folder / "warehouse", folder / "out", model)
            publish(folder / "out", opened, actor="night")
        yield opened


@pytest.fixture(scope="module")
def stored_bodies(store):
    """Stored bytes by run and code."""
    c = snapshots.c
    with store.database.reading() as con:
        rows = con.execute(select(c.run, c.code, c.body)).all()
    return {run: {row.code: bytes(row.body) for row in rows if row.run == run} for run in (1, 2)}


@pytest.fixture(scope="module")
def answers(store, stored_bodies):
    """Complete answers by run and code, as the history gives them."""
    histories = {code: store.reader.history(code) for code in stored_bodies[1]}
    return {
        run: {
            code: json.loads(row["body"])
            for code, rows in histories.items()
            for row in rows
            if row["run"] == run
        }
        for run in (1, 2)
    }


@pytest.fixture(scope="module")
def kernel_values(folder):
    """Values of all indicators by run, code and id, from the kernel of that day."""
    columns = open_event_columns(folder / "warehouse")
    values = {}
    for run, (day, model) in enumerate(MODELS.items(), 1):
        rows = present_rows(columns, day)
        matrix = model.compiled.run(
            columns, rows, np.full(rows.shape, (day - date(1970, 1, 1)).days, np.int32)
        )
        values[run] = {
            columns.codes[row].decode(): dict(zip(model.compiled.ids, map(float, x), strict=True))
            for row, x in zip(rows, matrix.T, strict=True)
        }
    return values


def points_of(answer):
    return (answer["composite"], [(r["indicator"], r["points_lost"]) for r in answer["reasons"]])


def test_an_enterprise_without_a_moved_point_has_the_same_stored_bytes(stored_bodies, answers):
    before, after = stored_bodies[1], stored_bodies[2]
    unmoved = [
        code for code in before if points_of(answers[1][code]) == points_of(answers[2][code])
    ]
    differing = [code for code in before if before[code] != after[code]]

    assert before.keys() == after.keys()
    assert [code for code in unmoved if before[code] != after[code]] == []
    assert len(unmoved) > len(before) * 0.97
    assert len(differing) <= len(before) * 0.02
    assert any(r["since"] for code in unmoved for r in answers[1][code]["reasons"])


def test_what_changes_every_night_stands_beside_the_body(stored_bodies, answers):
    for run in (1, 2):
        for code, body in stored_bodies[run].items():
            answer = answers[run][code]

            assert answer.keys() - json.loads(body).keys() == {"run", "as_of", "previous_tier"}
            assert (answer["run"], answer["as_of"]) == (run, str(list(MODELS)[run - 1]))
    assert {a["previous_tier"] for a in answers[1].values()} == {""}
    assert all(a["previous_tier"] == answers[1][code]["tier"] for code, a in answers[2].items())


def test_every_reason_tells_the_kernels_value_of_its_day(answers, kernel_values):
    kinds = set()
    for run, day in enumerate(MODELS, 1):
        for code, answer in answers[run].items():
            for reason in answer["reasons"]:
                value = kernel_values[run][code][reason["indicator"]]
                kinds.add(_checked_kind(reason, value, day))

    assert kinds == {"since", "bin", "value", "missing"}


def _checked_kind(reason, value, day):
    """The form in which a reason tells a value, after comparing them."""
    if reason["since"]:
        assert reason["bin"] is None
        assert reason["value"] == value
        assert date.fromisoformat(reason["since"]) == day - timedelta(days=value)
        return "since"
    if reason["bin"]:
        edges = reason["bin"]
        assert reason["value"] is None
        assert edges["at_least"] is None or edges["at_least"] <= value
        assert edges["below"] is None or value < edges["below"]
        return "bin"
    if reason["value"] is None:
        assert math.isnan(value)
        return "missing"
    assert reason["value"] == written(value)
    return "value"


def test_only_what_moves_is_told_by_its_bin(answers):
    told_by_bin = {r["indicator"] for a in answers[1].values() for r in a["reasons"] if r["bin"]}

    assert told_by_bin == {"inspection_failed_share_decayed_365d"}


def test_the_explanation_of_one_enterprise_names_the_same_days(folder, answers):
    columns = open_event_columns(folder / "warehouse")
    codes = [c for c, a in answers[2].items() if any(r["since"] for r in a["reasons"])][:20]
    for code in codes:
        explanation = explain(folder / "warehouse", columns, MODELS[SECOND_DAY], code)
        since = {
            (score["score"], row["indicator"]): (row["value"], row["since"])
            for score in explanation["scores"]
            for row in score["indicators"]
        }
        for reason in answers[2][code]["reasons"]:
            value, first_day = since[reason["score"], reason["indicator"]]
            assert first_day == reason["since"]
            assert value == reason["value"] or not first_day

    assert codes


def test_the_columns_of_a_store_agree_with_its_answers(store):
    assert find_faults(store.database) == []
