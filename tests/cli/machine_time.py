"""The real program on a machine whose clock and zone a test chooses (libfaketime of Debian)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

#: where Debian puts it, whatever the processor
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def machine_at(moment: datetime, zone: str) -> dict[str, str]:
    """Environment of a program that starts at ``moment`` on a machine set to ``zone``."""
    return {
        "TZ": zone,
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_FMT": "%s",
        "FAKETIME": str(int(moment.timestamp())),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # what waits, waits as long as it says
    }
