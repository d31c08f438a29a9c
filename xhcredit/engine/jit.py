"""Compiles with numba if it is there, into a cache that only this user can write."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from xhcredit.errors import BadDeclaration

_LOADING = threading.Lock()


def has_numba() -> bool:
    """Whether the kernel can be compiled here (extra ``fast``)."""
    return importlib.util.find_spec("numba") is not None


@cache
def cache_folder() -> Path:
    """Where generated and compiled code is kept: ``XHCREDIT_CACHE``, else the user's cache folder.

    A folder that others could write to is not trusted (what lies there is run); without a good one
    a private folder is made and removed in the end.
    """
    for folder in _candidates():
        if _is_ours(folder):
            return folder
    private = Path(tempfile.mkdtemp(prefix="xhcredit-"))
    atexit.register(shutil.rmtree, private, ignore_errors=True)
    return private


def _candidates() -> list[Path]:
    configured = os.environ.get("XHCREDIT_CACHE")
    if configured:
        return [Path(configured)]
    try:
        return [Path.home() / ".cache" / "xhcredit"]
    except RuntimeError:  # a user without a home
        return []


def _is_ours(folder: Path) -> bool:
    """Whether the folder exists or can be made, is owned and writable by this user only."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = folder.stat()
    except OSError:
        return False
    return state.st_uid == os.getuid() and not state.st_mode & 0o022 and os.access(folder, os.W_OK)


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Return ``function`` as machine code, kept on disk between runs."""
    import numba  # an optional extra

    settings: Any = numba.config
    if not settings.CACHE_DIR:
        settings.CACHE_DIR = str(cache_folder() / "numba")
    # No fastmath: it assumes that there is no NaN, and NaN means missing. Without the
    # interpreter's lock chunks run in threads.
    result: Callable[..., None] = numba.njit(cache=True, nogil=True)(function)
    return result


def load_module(name: str, source: str) -> Any:
    """Import generated source from the cache folder, where people can read it.

    A file that says anything else than ``source`` is written anew, never run.
    """
    # One import at a time: sys.modules shows a module before its code has run.
    with _LOADING:
        if name in sys.modules:
            return sys.modules[name]
        file = cache_folder() / f"{name}.py"
        if not file.exists() or file.read_text(encoding="utf-8") != source:
            _write(file, source)
        return _import(name, file)


def _write(file: Path, source: str) -> None:
    """Write a file whole, under a name of its own until it is complete."""
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=file.stem, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(source)
    os.replace(part, file)


def _import(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BadDeclaration(f'the kernel "{file}" cannot be imported; set XHCREDIT_CACHE')
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
