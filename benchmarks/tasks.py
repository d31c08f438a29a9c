"""What can be measured: each task prepares and returns the work to be timed.

The work returns what it has to say (JSON-ready), or a function that says it after the clock has
stopped (digests for the comparison of values, for example).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

Work = Callable[[], Any]

_MODULES = {
    "ours": "benchmarks.ours",
    "sql": "benchmarks.peer_sql",
    "pandas": "benchmarks.peer_pandas",
    "points": "benchmarks.points",
    "data": "benchmarks.data",
    "incremental": "benchmarks.incremental",
    "spark": "benchmarks.spark",
    "growth": "benchmarks.growth",
}


def task(name: str) -> Callable[..., Work]:
    """Return the task ``module.function``; only its module is imported, so peers stay apart."""
    module, function = name.split(".")
    work_builder: Callable[..., Work] = getattr(import_module(_MODULES[module]), function)
    return work_builder
