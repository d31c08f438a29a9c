"""A client generated from the description: no warning, and its types hold strictly.

The generator wants another version of a library than the product, so it lives in an environment of
its own, made here from its own lock.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOCK = Path(__file__).with_name("client_generator.lock")
#: what the generator would else take for unknown, and leave the operation out with a warning
CONFIG = {
    "content_type_overrides": {
        "application/pdf": "application/octet-stream",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (
            "application/octet-stream"
        ),
    }
}

pytestmark = pytest.mark.slow


def finished(folder, *command):
    """A command that ended well, with the generator's programs on the path."""
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        "PATH": f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    """A folder with the generator's environment; its programs are found by name there."""
    folder = tmp_path_factory.mktemp("client")
    finished(folder, sys.executable, "-m", "venv", "venv")
    python = folder / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    finished(folder, *pip, "--require-hashes", "-r", LOCK)
    return folder


@pytest.fixture(scope="module")
def client_folder(generator, steady):
    """The client of a service with everything that it can have, and what the generator wrote."""
    description = steady.get("/openapi.json").json()
    (generator / "openapi.json").write_text(json.dumps(description), encoding="utf-8")
    (generator / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    words = ("generate", "--path", "openapi.json", "--config", "config.json")
    program = generator / "venv" / "bin" / "openapi-python-client"
    report = finished(generator, program, *words, "--output-path", "generated")
    return generator / "generated", report, description


def test_the_client_is_generated_without_a_warning(client_folder):
    _, report, _ = client_folder

    assert report.split() == ["Generating", "generated"]


def test_every_operation_has_a_module(client_folder):
    folder, _, description = client_folder
    modules = {path.stem for path in folder.glob("*/api/*/*.py")} - {"__init__"}
    operations = (o for item in description["paths"].values() for o in item.values())

    assert {operation["operationId"] for operation in operations} == modules


def test_the_types_of_the_client_hold_strictly(client_folder):
    folder, _, _ = client_folder
    mypy = folder.parent / "venv" / "bin" / "mypy"

    report = finished(folder.parent, mypy, "--strict", "--no-incremental", folder)

    assert report.startswith("Success")
