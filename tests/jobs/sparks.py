"""A real Spark with two worker processes, and a hand that kills one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

TWO_WORKERS = "local-cluster[2,1,768]"


def kill_one_when(ready: Callable[[], bool], over: threading.Event, killed: list[int]) -> None:
    """Kill an executor as soon as ``ready``; tells in ``killed`` which."""
    while not over.wait(0.02):
        if ready() and (executors := _executors()):
            os.kill(executors[0], signal.SIGKILL)
            killed.append(executors[0])
            return


def _executors() -> list[int]:
    """Process ids of Spark's executors that this process started, at any depth."""
    parents, executors = {}, []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state = (place / "stat").read_text().rpartition(")")[2].split()
            command = (place / "cmdline").read_bytes()
        except OSError:  # gone meanwhile
            continue
        parents[int(place.name)] = int(state[1])
        if b"CoarseGrainedExecutorBackend" in command:
            executors.append(int(place.name))
    return [pid for pid in executors if _descends(pid, parents)]


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != os.getpid():
        pid = parents[pid]
    return pid == os.getpid()
