"""Public names of ``import xhcredit``, when they are imported, and the page that shows them."""

import ast
import inspect
import re
import subprocess
import sys

import pytest

import xhcredit
from tests.api.page import PAGE, page
from tests.walks import ROOT

FUNCTIONS = [n for n in xhcredit.__all__ if inspect.isfunction(getattr(xhcredit, n))]


def run(program):
    """What a program in a fresh interpreter prints."""
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return finished.stdout.strip()


def test_dir_shows_every_public_name_and_each_is_there():
    assert set(xhcredit.__all__) <= set(dir(xhcredit))
    assert all(getattr(xhcredit, name) is not None for name in xhcredit.__all__)
    assert len(FUNCTIONS) >= 15


def test_the_type_checker_sees_the_names_that_are_there():
    tree = ast.parse((ROOT / "xhcredit" / "__init__.py").read_text(encoding="utf-8"))
    [checked] = [n for n in tree.body if isinstance(n, ast.If) and isinstance(n.test, ast.Name)]
    typed = {node.module: sorted(alias.name for alias in node.names) for node in checked.body}
    lazy = {f"xhcredit.api.{m}": sorted(names.split()) for m, names in xhcredit._NAMES.items()}
    names = [name for names in lazy.values() for name in names]

    assert typed == lazy
    assert sorted([*names, "XhcreditError", "__version__"]) == sorted(xhcredit.__all__)


def test_no_public_name_is_hidden_by_a_package_of_the_library():
    packages = {f.stem for f in (ROOT / "xhcredit").iterdir()}

    assert packages & set(xhcredit.__all__) == set()


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match='no public name "scores_of"'):
        xhcredit.scores_of  # noqa: B018 - looking is the act


def test_importing_the_package_imports_nothing_that_takes_time():
    program = "import sys, xhcredit; print(sorted({'pandas', 'duckdb', 'numpy', 'pydantic'} & "
    program += "set(sys.modules)))"

    assert run(program) == "[]"


def test_a_name_brings_only_what_it_needs():
    program = "import sys; from xhcredit import check_code; print('pandas' in sys.modules)"

    assert run(program) == "False"


def test_a_star_brings_all_names():
    assert run("from xhcredit import *; print(check_code('x').problem)") == "length 1 instead of 18"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_described(name):
    function = getattr(xhcredit, name)
    described = set(re.findall(r"^ {4}(\w+): ", inspect.getdoc(function), flags=re.MULTILINE))
    parameters = set(inspect.signature(function).parameters)

    assert parameters - described == set() or len(parameters) <= 1


def test_the_page_is_what_the_docstrings_say():
    assert PAGE.read_text(encoding="utf-8") == page(), 'run "make docs"'


def test_every_example_of_the_page_runs(district, root, monkeypatch, capsys):
    """One after the other, in a copy of the root: the first ingests, the others go on from it."""
    monkeypatch.chdir(root)
    examples = re.findall(r"^```python\n(.*?)^```$", page(), flags=re.MULTILINE | re.DOTALL)
    for example in examples:
        exec(compile(example, "docs/python-api.md", "exec"), {})  # noqa: S102 - our own page

    assert len(examples) == len(xhcredit._NAMES)
    shown = capsys.readouterr().out
    assert all(words in shown for words in ("cutoffs", "holds", "costs_composite"))
