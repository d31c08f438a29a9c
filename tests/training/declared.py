"""A known sample whose indicators bear declared names, so that its release may score."""

from dataclasses import replace

from tests.training.samples import known
from xhcredit.features.registry import features_for_score

#: every gate of a promotion, in the order in which they are asked
GATES = [
    "better_or_equal", "calibrated", "stable", "fair", "lawful", "no_leak", "monotone", "reasons",
]  # fmt: skip


def declared(size=3000, seed=1, **fields):
    """Three indicators of ``known``: two that tell, one that is noise."""
    sample = known(size, seed, **fields)
    names = {"riskier": [], "safer": []}
    for f in features_for_score("general"):
        names[f.direction].append(f.id)
    wanted = [
        (0, names["riskier"][0], "riskier"),
        (1, names["safer"][0], "safer"),
        (4, names["riskier"][1], "riskier"),
    ]
    columns = tuple(replace(sample.columns[0], id=i, direction=d) for _, i, d in wanted)
    return replace(sample, columns=columns, x=sample.x[[k for k, _, _ in wanted]])
