"""The nights of the small district, and a real server that answers from them."""

import threading

import pytest
import uvicorn
from xhcredit_serving.app import create_app
from xhcredit_serving.service import Settings

from tests.serving.conftest import nights, published
from tests.serving.district import Clock, new_key
from xhcredit.store.store import Store

__all__ = ["nights", "published"]


@pytest.fixture(scope="module")
def server(published, tmp_path_factory):
    """Address and key of a running service."""
    file = tmp_path_factory.mktemp("client") / "store.db"
    file.write_bytes(published.read_bytes())
    log = (file.parent / "log").open("w")
    with Store.open(str(file), clock=Clock()) as store:
        config = uvicorn.Config(create_app(store, Settings(log=log)), port=0, log_level="critical")
        running, listening = uvicorn.Server(config), config.bind_socket()
        listening.listen()
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", new_key(store, bureau="*")
        running.should_exit = True
        thread.join()
    log.close()
