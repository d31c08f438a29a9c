"""All database tables, whatever module declares them."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

from sqlalchemy import Table

import xhcredit.store as store
from xhcredit.store.core.columns import METADATA


def tables() -> dict[str, Table]:
    """Every table by name: those of all files named ``tables`` or ``…_tables``.

    A file that nobody imported yet would else be left out of a backup's count without a word.
    """
    for module in walk_packages(store.__path__, f"{store.__name__}."):
        name = module.name.rpartition(".")[2]
        if module.name != __name__ and (name == "tables" or name.endswith("_tables")):
            import_module(module.name)
    return dict(METADATA.tables)
