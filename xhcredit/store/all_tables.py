"""Which tables are there, in whatever file they are declared?"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy import Table

import xhcredit.store as store
from xhcredit.store.core.tables import METADATA


def tables() -> dict[str, Table]:
    """Every table by name: those of ``tables`` and of all files named ``…_tables``.

    A file that nobody imported yet would else be left out of a backup's count without a word.
    """
    for module in iter_modules(store.__path__):
        if module.name.endswith("_tables"):
            import_module(f"{store.__name__}.{module.name}")
    return dict(METADATA.tables)
