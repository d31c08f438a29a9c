"""Places in which files cannot be written: full, read-only, of another kind. All of them real."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size`` bytes: writes fail in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _mount(folder: Path, options: str) -> bool:
    program = shutil.which("mount")
    command = [program or "", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    ran = subprocess.run(command, check=False, capture_output=True) if program else None
    return ran is not None and ran.returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run([str(shutil.which("umount")), "-l", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A disk of ``size`` bytes at ``folder``; gives whether this machine lets us mount one."""
    folder.mkdir()
    mounted = _mount(folder, f"size={size}")
    try:
        yield mounted
    finally:
        if mounted:
            _unmount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder into which nobody may write, not even root where it may mount."""
    folder.mkdir()
    if _mount(folder, "ro,size=64m"):
        try:
            yield
        finally:
            _unmount(folder)
        return
    folder.chmod(0o555)
    was = os.geteuid()
    if was == 0:  # root may write anywhere, so be somebody else for a while
        for place in (folder, *folder.parents[:3]):
            place.chmod(0o755)
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@contextmanager
def unreadable(place: Path) -> Iterator[None]:
    """A file or folder that its owner may read and this process may not, though root runs it."""
    was, mode = os.geteuid(), place.stat().st_mode
    place.chmod(0)
    if was == 0:
        for folder in place.parents:  # whoever we become must come as far as this place
            passed = folder.stat().st_mode
            if not passed & 0o1:
                folder.chmod(passed | 0o11)
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)
        place.chmod(mode)
