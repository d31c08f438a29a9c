"""The demo that lives, made once per run of the tests and shared by all their processes.

def test_something(demo):            # read only: a folder with store.db and warehouse
def test_more(demo, tmp_path):       # a copy of one's own
    own = shutil.copytree(demo.folder, tmp_path / "demo")
with demo_client(demo.folder) as client: ...   # a browser on this computer
"""

from __future__ import annotations

import fcntl
import io
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
#: where a browser on this computer finds a demo
DEMO_ADDRESS = "http://127.0.0.1:8000"


# what works is imported when it is needed: every run of the tests reads this file
@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo (``Made``); tests that write take a copy of its folder."""
    from xhcredit.jobs.demo.build import make_demo

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return make_demo(SAMPLE, shared / "demo")


@contextmanager
def demo_client(folder):
    """A browser on this computer, in which nobody of the demo is logged in yet."""
    from starlette.testclient import TestClient
    from xhcredit_serving.app import create_app
    from xhcredit_serving.service import Settings

    from xhcredit.jobs.demo.build import STORE, WAREHOUSE
    from xhcredit.store.store import Store

    with Store.open(str(folder / STORE)) as store:
        app = create_app(store, Settings(log=io.StringIO(), warehouse=folder / WAREHOUSE))
        this_computer = ("127.0.0.1", 50_000)
        with TestClient(
            app, DEMO_ADDRESS, raise_server_exceptions=False, client=this_computer
        ) as client:
            client.store = store
            yield client


def enter_as(client, login):
    """Let somebody of the demo in, as one click on the login page does; where it leads."""
    answer = client.post("/console/demo-login", data={"login": login}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]
