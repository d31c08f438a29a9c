"""Clock of a demo store as the clock of commands that use its store or warehouse."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import typer

from xhcredit.cli.clock import use_clock
from xhcredit.errors import XhcreditError

_STORE_BESIDE = "store.db"  #: a demo's store lies beside its warehouse


def use_clock_of_store(context: typer.Context, address: str) -> str:
    """Typer callback: use the clock of the store at an address, if it is a demo store."""
    if address and ("://" in address or Path(address).is_file()):
        _use_demo_clock(context, address)
    return address


def use_clock_of_warehouse(context: typer.Context, folder: Path | None) -> Path | None:
    """Typer callback: use the clock of the demo store beside a warehouse, if there is one."""
    demo_store = Path(folder).parent / _STORE_BESIDE if folder else None
    if demo_store is not None and demo_store.is_file():
        _use_demo_clock(context, str(demo_store))
    return folder


def _use_demo_clock(context: typer.Context, address: str) -> None:
    """Set the clock of a demo store for a command; errors are reported on first use of the
    store."""
    from xhcredit.domain.clock import Clock  # only beside a store
    from xhcredit.store.core.database import connect  # only beside a store
    from xhcredit.store.core.demo_clock import DemoClock, is_demo  # only beside a store

    with suppress(XhcreditError):
        database = connect(address)
        # On SQLite an open connection would keep the files of the WAL beside the store.
        context.call_on_close(database.engine.dispose)
        with database.reading() as con:
            demo = is_demo(con)
        if demo:
            use_clock(context, Clock(DemoClock(database)))
