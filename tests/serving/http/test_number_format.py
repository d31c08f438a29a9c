"""No answer about anybody holds a number with more digits than its kind allows."""

import csv
import io
import json
import re
import shutil
from datetime import date

import openpyxl
import pytest
from xhcredit_serving.http import examples

from tests.cli.shell import xhcredit
from tests.serving.district import CODES, DAYS, headers, new_key, served
from xhcredit.domain.number_format import digits_of
from xhcredit.jobs.alerts.back_test import back_test, store_back_tests
from xhcredit.jobs.alerts.nightly_update import update_alerts
from xhcredit.jobs.night.publish import publish
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act

BOOK = Rulebook.load()
ROLES = ["restoration_officer", "draw_officer", "model_manager"]
#: rules and points tables stay exact: digests are made of them
EXACT = ("/v1/rules", "/v1/releases", "/docs", "/openapi.json", "/metrics")


def too_long(content, place=""):
    """Places of floats with more decimals than their names allow."""
    name = place.rpartition(".")[2].partition("[")[0]
    if isinstance(content, float):
        text = f"{abs(content):.17g}" if "e" in repr(content) else repr(abs(content))
        significant = len(text.partition("e")[0].replace(".", "").strip("0"))
        decimals = len(text.partition(".")[2]) if text.partition(".")[2] != "0" else 0
        if decimals > digits_of(name) and not (abs(content) < 0.01 and significant <= 3):
            yield f"{place}: {content!r}"
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from too_long(value, f"{place}.{key}")
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from too_long(value, f"{place}[{index}]")


def cells(rows):
    for row in rows:
        for cell in row:
            text = str(cell)
            if re.fullmatch(r"-?\d+\.\d{5,}", text) and not re.fullmatch(r"-?0\.00\d+", text):
                yield text


@pytest.fixture(scope="module")
def client(published, nights, tmp_path_factory):
    """Two nights, alerts, and a key that may read everything that is about enterprises."""
    file = shutil.copy(published, tmp_path_factory.mktemp("digits") / "store.db")
    warehouse, day = nights / "warehouse", date(2025, 3, 31)
    with served(str(file), warehouse=warehouse) as client:
        act = Act("night", "alerts", "test")
        publish(nights / f"{DAYS[1]}", client.store, actor="night")
        store_back_tests(client.store, act, day, *back_test(warehouse, BOOK, day, propose=True))
        update_alerts(warehouse, client.store, BOOK, day, act)
        client.headers.update(headers(new_key(client.store, roles=ROLES)))
        yield client


def paths(client):
    """Every GET path of the document, for every enterprise, alert and run it asks for."""
    alerts = [str(row["number"]) for row in client.get("/v1/alerts").json()["alerts"]]
    values = {"code": CODES, "run": ["1", "2"], "alert": alerts, "number": alerts, "id": alerts}
    for path, operations in client.app.openapi()["paths"].items():
        if "get" not in operations or path.startswith(EXACT):
            continue
        names = re.findall(r"{(\w+)}", path)
        if not names:
            yield path
        elif len(names) == 1 and names[0] in values:
            yield from (path.replace(f"{{{names[0]}}}", value) for value in values[names[0]])


def test_every_answer_of_every_enterprise_has_the_digits_of_its_kind(client):
    wrong, read = [], {"json": 0, "csv": 0, "sheet": 0}
    for path in paths(client):
        answer = client.get(path)
        kind = answer.headers.get("content-type", "")
        if answer.status_code != 200:
            continue
        if kind.startswith("application/json"):
            read["json"] += 1
            wrong += [f"{path}{place}" for place in too_long(answer.json())]
        elif kind.startswith("text/csv"):
            read["csv"] += 1
            wrong += [f"{path}: {text}" for text in cells(csv.reader(io.StringIO(answer.text)))]
        elif "spreadsheet" in kind:
            read["sheet"] += 1
            book = openpyxl.load_workbook(io.BytesIO(answer.content))
            wrong += [f"{path}: {text}" for text in cells(book.active.iter_rows(values_only=True))]
    assert wrong == []
    assert read["json"] > 3 * len(CODES)
    assert read["csv"] + read["sheet"] >= 2, read


def test_every_what_if_has_the_digits_of_its_kind(client):
    for code in CODES:
        answer = client.post(
            "/v1/scores:what-if", json={"code": code, "add": examples.SUPPOSED_CHANGES["add"]}
        )
        assert answer.status_code == 200, answer.text
        assert list(too_long(answer.json())) == []


@pytest.mark.parametrize(
    "content",
    [
        {"composite": 523.9000000000002},
        {"scores": [{"composite": 1.0 / 3}]},
        {"share": 0.30000000000000004},
        {"rate": 1e-17 + 0.1 + 0.2},
    ],
)
def test_a_figure_that_nobody_rounded_is_noticed(content):
    assert len(list(too_long(content))) == 1
    assert list(cells([[str(next(iter(content.values())))]])) or "scores" in content


def test_the_shell_explains_with_the_digits_of_its_kind(nights):
    for code in CODES[:3]:
        outcome = xhcredit(
            "explain", code, "--warehouse", nights / "warehouse", "--as-of", DAYS[0], "--json"
        )
        assert outcome.exit_code == 0, outcome.err
        assert list(too_long(json.loads(outcome.out))) == []


def test_what_is_published_is_what_explanations_say(client):
    for code in CODES:
        score = client.get(f"/v1/enterprises/{code}/score").json()
        explanation = client.get(f"/v1/enterprises/{code}/explanation").json()
        assert (explanation["composite"], explanation["tier"]) == (
            score["composite"],
            score["tier"],
        )
