"""Notebooks run from top to bottom on the sample district, and are kept without output."""

import os
from datetime import date

import nbformat
import pytest
from nbclient import NotebookClient

from tests.walks import ROOT
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 60
ABSENT = "the real data sets are not here"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What ``xhcredit demo`` leaves behind, as far as notebooks read it."""
    folder = tmp_path_factory.mktemp("demo")
    sample = ROOT / "data" / "sample"
    run_ingest(
        str(sample / "exports"), sample / "mappings", folder / "warehouse", today=date(2026, 11, 22)
    )
    model = model_on(Rulebook.load(), load_release(), date(2026, 6, 30))
    run_night(folder / "warehouse", folder, model)
    return folder


def run(file, monkeypatch, **environment):
    """Execute a notebook; what it printed and showed, as one text."""
    for name, value in {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    book = nbformat.read(file, as_version=4)
    resources = {"metadata": {"path": str(file.parent)}}
    NotebookClient(book, timeout=SECONDS, kernel_name="python3", resources=resources).execute()
    outputs = [o for c in book.cells if c.cell_type == "code" for o in c.outputs]
    return "\n".join(o.get("text", "") or str(o.get("data", "")) for o in outputs)


def test_there_are_four():
    assert [f.name[0] for f in NOTEBOOKS] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda f: f.stem)
def test_a_notebook_is_kept_without_output_and_explains_itself(file):
    book = nbformat.read(file, as_version=4)
    nbformat.validate(book)
    code = [c for c in book.cells if c.cell_type == "code"]
    assert all(c.outputs == [] and c.execution_count is None for c in code)
    assert book.cells[0].cell_type == "markdown"
    assert sum(c.cell_type == "markdown" for c in book.cells) >= 3


@pytest.mark.parametrize(
    ("number", "expected_words"),
    [
        (0, ["penalt", "composite"]),
        (1, ["better_or_equal", "boosted"]),
        (2, ["holds the truth"]),
    ],
)
def test_a_notebook_runs_on_the_sample_district(number, expected_words, demo, monkeypatch):
    notebook_text = run(NOTEBOOKS[number], monkeypatch, XHCREDIT_DEMO=str(demo))
    assert all(words in notebook_text for words in expected_words)


def test_real_data_that_is_absent_is_said_and_skipped(tmp_path, monkeypatch):
    assert ABSENT in run(NOTEBOOKS[3], monkeypatch, XHCREDIT_REAL_DATA=str(tmp_path))


def test_the_real_data_meets_problems_earlier(real_data, monkeypatch):
    notebook_text = run(NOTEBOOKS[3], monkeypatch, XHCREDIT_REAL_DATA=str(real_data))
    assert "days earlier" in notebook_text
    assert ABSENT not in notebook_text
