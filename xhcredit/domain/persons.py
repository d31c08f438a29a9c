"""Keyed hashes (HMAC-SHA-256) of natural persons; irreversible without the key.

The hash is the first 32 hex characters of HMAC-SHA-256 over the UTF-8 text.  The key never leaves
the place of processing: with it, anybody could try out names.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from xhcredit.errors import BadInput

#: environment variable that holds the key as text
KEY_VARIABLE = "XHCREDIT_PERSON_KEY"

_BLOCK = 64  # block size of SHA-256 in bytes
_MIN_BYTES = 16


def keyed_hash(person: str, key: bytes) -> str:
    """Hash a person (a name with an identity number, a node of the register), 32 hex characters.

    >>> keyed_hash("张三|310104199001011234", b"a key of the test")
    'f87ac8a65fa8e8ba58912e6ffdda6064'
    """
    return hmac.new(key, person.encode(), hashlib.sha256).hexdigest()[:32]


def key_check(key: bytes) -> str:
    """Short text by which two runs see that they use the same key, without telling the key."""
    return keyed_hash("xhcredit: is this the same key?", key)[:12]


def person_key(folder: Path) -> bytes:
    """Return the key: from the environment, else from ``folder/person.key``, made on first use.

    The file is readable by its owner only and is never exported.

    Raises:
        BadInput: the key is shorter than 16 bytes.
    """
    environment_key = os.environ.get(KEY_VARIABLE)
    if environment_key is not None:
        return _checked_key(environment_key.encode(), f'environment variable "{KEY_VARIABLE}"')
    key_file = folder / "person.key"
    if not key_file.exists():
        # Made once and never again: with another key every person would become somebody else.
        _create_key_file(key_file)
    return _checked_key(key_file.read_bytes().strip(), f'"{key_file}"')


def _create_key_file(file: Path) -> None:
    """Write a new key; the name appears only when the key is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    # The mode is given at creation: a chmod afterwards would leave a moment in which others can
    # read the key.
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32))
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(unfinished, file)


def _checked_key(key: bytes, origin: str) -> bytes:
    if len(key) < _MIN_BYTES:
        raise BadInput(
            f"the key for persons in {origin} has {len(key)} bytes; give it at least {_MIN_BYTES}"
        )
    return key


def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer padded key of HMAC-SHA-256 (RFC 2104), for ``keyed_hash_sql``."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def keyed_hash_sql(column: str) -> str:
    """SQL of ``keyed_hash`` for a whole DuckDB column.

    The connection must hold the two pads in the variables ``person_inner`` and ``person_outer``,
    so that the key is in no SQL text.
    """
    inner = f"sha256(getvariable('person_inner') || encode({column}))"
    return f"substr(sha256(getvariable('person_outer') || unhex({inner})), 1, 32)"
