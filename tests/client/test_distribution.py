"""The client as strangers get it: its own wheel, with httpx and without the service."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.serving.district import CODES, UNKNOWN
from tests.walks import ROOT

PROGRAM = f"""
import json, sys
from importlib.util import find_spec
from xhcredit_client import Client, Problem

with Client(sys.argv[1], sys.argv[2], "日常监管") as client:
    rows = list(client.watchlist(limit=4))
    try:
        client.score({UNKNOWN!r})
    except Problem as problem:
        refusal = problem.code
    answers = {{"rows": len(rows), "tier": client.score({CODES[0]!r}).tier, "refusal": refusal}}
found = [m for m in ("xhcredit", "xhcredit_serving", "numpy", "pydantic") if find_spec(m)]
print(json.dumps(answers | {{"present": found}}))
"""


def pip(*arguments):
    quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([sys.executable, "-m", "pip", *arguments, *quiet], check=True, timeout=300)


def needed_by(name):
    """Distributions that one needs here, itself included."""
    names = {name}
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            names |= needed_by(requirement.name) if requirement.name not in names else set()
    return names


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", str(ROOT / "client"), "--no-build-isolation", "--wheel-dir", str(folder))
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def stranger(wheel, tmp_path_factory):
    """Interpreter of a fresh environment with the wheel, httpx and what httpx needs."""
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    [packages] = folder.glob("lib/python*/site-packages")
    pip("install", str(wheel), "--target", str(packages))
    for name in needed_by("httpx"):
        for file in distribution(name).files:
            if ".." not in file.parts and (source := Path(file.locate())).is_file():
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, packages / file)
    return folder / "bin" / "python"


def test_it_asks_for_httpx_and_nothing_else(wheel):
    with ZipFile(wheel) as content:
        [metadata] = [n for n in content.namelist() if n.endswith("METADATA")]
        lines = content.read(metadata).decode().splitlines()
        packages = {n.split("/")[0] for n in content.namelist() if ".dist-info" not in n}

        assert [n for n in lines if n.startswith("Requires-Dist")] == ["Requires-Dist: httpx>=0.28"]
        assert packages == {"xhcredit_client"}
        assert "xhcredit_client/py.typed" in content.namelist()


def test_it_carries_the_version_of_the_service():
    files = (ROOT / "pyproject.toml", ROOT / "client" / "pyproject.toml")
    versions = {tomllib.loads(f.read_text("utf-8"))["project"]["version"] for f in files}

    assert len(versions) == 1


def test_it_works_where_nothing_of_the_service_is_installed(stranger, server):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    finished = subprocess.run(
        [stranger, "-c", PROGRAM, *server],
        env=environment,
        cwd=stranger.parent,  # not the checkout, where the service lies beside
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert finished.returncode == 0, finished.stderr
    answers = json.loads(finished.stdout)
    assert answers["rows"] > 4
    assert answers["tier"] in "ABCD"
    assert (answers["refusal"], answers["present"]) == ("unknown_enterprise", [])
