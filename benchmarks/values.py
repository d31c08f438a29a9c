"""Digests of results, so that contestants in different processes can be compared value by value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any


def digest(values: Any) -> str:
    """Digest of a column as float64, where all missing values are one NaN."""
    import numpy as np  # not above: the parent process stays light

    column = np.array(values, dtype=np.float64)
    column[np.isnan(column)] = np.nan
    column += 0.0  # -0.0 becomes 0.0
    return hashlib.blake2b(column.tobytes(), digest_size=12).hexdigest()


def digests(columns: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Digests by name, as a task says them."""
    return {"digests": {name: digest(values) for name, values in columns.items()}}


def differences(our_values: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Names whose values differ, or that only one side has."""
    return sorted(
        name for name in our_values.keys() | other.keys() if our_values.get(name) != other.get(name)
    )
