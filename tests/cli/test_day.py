"""The day is China's, whatever zone the machine is set to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from tests.cli.machine_time import LIBRARIES, machine_at
from tests.cli.shell import xhcredit
from tests.test_house_rules import ROOT
from xhcredit.ingest.warehouse import Warehouse

#: half past seven in the morning of 30 November in Shanghai; still the 29th elsewhere
MORNING = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
TODAY = "2026-11-30"
SAMPLE = ROOT / "data" / "sample"


def write_exports(folder):
    """Twenty enterprises of the sample, and a penalty of this morning for the first of them."""
    folder.mkdir()
    register = (SAMPLE / "exports/register.csv").read_text("utf-8-sig").splitlines()[:21]
    code = next(v for v in register[1].split(",") if len(v) == 18)
    first, row = (SAMPLE / "exports/penalties.csv").read_text("utf-8-sig").splitlines()[:2]
    cells = dict(zip(first.split(","), row.split(","), strict=True)) | {
        "统一社会信用代码": code,
        "处罚决定日期": TODAY,
        "归集时间": "2026/11/30",
        "公示日期": TODAY,
        "履行完毕日期": "",
        "履行归集时间": "",
    }
    (folder / "register.csv").write_text("\n".join(register), "utf-8")
    (folder / "penalties.csv").write_text(f"{first}\n{','.join(cells.values())}\n", "utf-8")


@pytest.fixture(scope="module", params=["UTC", "America/New_York"])
def morning(request, tmp_path_factory):
    """A delivery and the night after it, both at half past seven in Shanghai."""
    if not LIBRARIES:
        pytest.skip("no libfaketime; install it: apt install faketime")
    folder = tmp_path_factory.mktemp("morning")
    write_exports(folder / "exports")
    machine = machine_at(MORNING, request.param)
    words = (folder / "exports", "--mapping", SAMPLE / "mappings", "--into", folder / "w")
    ingested = xhcredit("ingest", *words, "--json", machine=machine)
    places = ("--warehouse", folder / "w", "--store", folder / "s.db", "--out", folder / "night")
    scored = xhcredit("score", *places, "--json", machine=machine)
    return SimpleNamespace(folder=folder, machine=machine, ingested=ingested, scored=scored)


def test_a_penalty_of_this_morning_is_taken(morning):
    assert (morning.ingested.exit_code, morning.ingested.json["quarantined"]) == (0, {})


def test_the_delivery_bears_the_day_in_china(morning):
    assert {e.ingested_on for e in Warehouse(morning.folder / "w").entries()} == {TODAY}


def test_the_night_is_of_the_day_in_china_and_knows_the_penalty(morning):
    assert morning.scored.exit_code == 0, morning.scored.err
    night = morning.scored.json

    assert (night["provenance"]["as_of"], night["known_until"]) == (TODAY, TODAY)


def test_a_day_that_has_not_come_in_china_is_refused(morning):
    tomorrow = date.fromisoformat(TODAY).replace(month=12, day=1)
    refused = xhcredit(
        "score",
        "--as-of",
        tomorrow,
        "--warehouse",
        morning.folder / "w",
        "--out",
        morning.folder / "ahead",
        machine=morning.machine,
    )

    assert refused.exit_code == 12
    assert "2026-12-01 has not come; choose 2026-11-30" in refused.err
