"""Warm-up of caches that pages need, before the first request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.store.watchlist import WatchlistQuery
from xhcredit_serving.console.night.data_quality import cached_summary
from xhcredit_serving.console.shell.layout import compile_templates
from xhcredit_serving.restoration.candidates import RestorableLists
from xhcredit_serving.service import Service

POLL_SECONDS = 2.0


async def keep_warm(
    service: Service, lists: RestorableLists, report_success: Callable[[], None]
) -> None:
    """Warm up again whenever the data, the run or the day changes, until cancelled.

    ``report_success`` is called after each round.
    """
    await asyncio.to_thread(compile_templates)
    while True:
        await warm_up(service, lists)
        report_success()
        await asyncio.sleep(POLL_SECONDS)


async def warm_up(service: Service, lists: RestorableLists) -> None:
    """Fill the caches of the watchlist, files, restoration and quality pages.

    Each is made once for each state of the data, here or by whoever asks first; where it cannot
    be made, whoever asks is told why.
    """
    folder = service.settings.warehouse
    try:
        await asyncio.to_thread(service.store.watchlist.counts, WatchlistQuery())
        if folder is not None:
            await lists.of(service, service.today())
            await asyncio.to_thread(cached_summary, folder, Warehouse(folder).digest())
    except UnknownRecord:  # no run was published yet
        return
    except XhcreditError as error:
        service.log_event("not_warm", error=str(error))
