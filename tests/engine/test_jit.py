"""Generated code: what lies in the cache is run only if it is ours to the letter."""

import stat

import pytest

from xhcredit.engine import jit
from xhcredit.engine.compile import compile_features
from xhcredit.engine.derive import to_python
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadDeclaration

WORDS = {"zh": "词", "en": "word", "source": "s", "missing": "m", "direction": "riskier"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache folder of our own."""
    monkeypatch.setenv("XHCREDIT_CACHE", str(tmp_path / "cache"))
    jit.cache_folder.cache_clear()
    yield jit.cache_folder()
    jit.cache_folder.cache_clear()


def test_foreign_code_in_the_cache_is_replaced_not_run(folder):
    (folder / "xhkernel_foreign.py").write_text("raise SystemExit('foreign code ran')")
    module = jit.load_module("xhkernel_foreign", "answer = 42\n")

    assert module.answer == 42
    assert (folder / "xhkernel_foreign.py").read_text() == "answer = 42\n"


def test_an_empty_file_left_by_a_full_disk_is_written_anew(folder):
    (folder / "xhkernel_empty.py").write_text("")

    assert jit.load_module("xhkernel_empty", "answer = 1\n").answer == 1


def test_a_folder_that_others_can_write_is_not_used(tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("XHCREDIT_CACHE", str(shared))
    jit.cache_folder.cache_clear()
    private = jit.cache_folder()
    jit.cache_folder.cache_clear()

    assert private != shared
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_a_decayed_sum_of_money_is_refused():
    f = Feature(
        id="f",
        dimension="supervision",
        unit="yuan",
        aggregate="decayed",
        table="penalty",
        value="amount_yuan",
        half_life=180,
        **WORDS,
    )
    with pytest.raises(BadDeclaration, match="a decayed sum of money overflows"):
        compile_features([f], jit=False)


@pytest.mark.parametrize("missing", ["a", "b"])
def test_missing_differs_from_nothing(missing):
    """``a != b`` with a side missing is false, as every comparison with a missing value."""
    f = Feature(
        id="f", dimension="supervision", unit="flag", aggregate="derived", derive="a != b", **WORDS
    )
    nan = float("nan")
    out = {(0, 0): nan if missing == "a" else 1.0, (1, 0): nan if missing == "b" else 2.0}

    assert eval(to_python(f, {"a": 0, "b": 1}), {"out": out, "i": 0}) == 0.0  # noqa: S307 - our own emitted code
