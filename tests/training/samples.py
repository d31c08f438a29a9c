"""Small samples that are made by a known rule, so that what is learned can be checked."""

import numpy as np
from xhcredit_training.dataset import Column, make_dataset


def known(size=4000, seed=1, *, rate=-2.0):
    """Risk grows with the first indicator, falls with the second; a code and a gap tell more.

    The third has special value -9, the fourth is a category of five, the fifth is noise.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(5, size))
    x[2, rng.random(size) < 0.1] = -9
    x[3] = rng.integers(0, 5, size)
    gone = rng.random(size) < 0.15
    log_odds = rate + x[0] - 0.8 * x[1] + 0.9 * (x[2] == -9) + 0.3 * x[3] - 0.6 * gone
    x[0, gone] = np.nan
    bad = rng.random(size) < 1 / (1 + np.exp(-log_odds))
    columns = [
        Column("up", "riskier"),
        Column("down", "safer"),
        Column("coded", "none", (-9.0,)),
        Column("kind", category=True),
        Column("noise", "riskier"),
    ]
    day = np.sort(rng.integers(17000, 19500, size))
    ent = rng.integers(0, size // 3, size)
    return make_dataset(
        columns, x, bad, day=day, ent=ent, groups={"size": rng.integers(0, 3, size)}
    )
