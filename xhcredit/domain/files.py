"""Atomic files: each appears under its name whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file beside its place and put it there; nothing is left of one that failed.

    The folder must be there: a mistyped one is told, and not made.
    """
    part_file = path.with_name(path.name + ".part")
    try:
        part_file.write_bytes(content)
        os.replace(part_file, path)
    except BaseException:
        part_file.unlink(missing_ok=True)
        raise
    return path


def publish_file(unfinished: Path, target: Path) -> None:
    """Make a written file durable, then visible under its name: a power cut loses neither."""
    with unfinished.open("rb") as file:
        # Content before name: after a power cut a name must not point to bytes that never
        # reached the disk.
        os.fsync(file.fileno())
    os.replace(unfinished, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name itself, which stands in the folder
    finally:
        os.close(folder)
