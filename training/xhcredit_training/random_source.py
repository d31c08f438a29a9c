"""The only source of chance in training: always seeded, so that a fit can be repeated."""

from __future__ import annotations

import numpy as np


def generator(seed: int) -> np.random.Generator:  # noqa: TID251 - seeded, no draw of inspections
    """Return numpy's generator for a seed."""
    return np.random.default_rng(seed)  # noqa: TID251 - seeded, no draw of inspections
