"""Training, evaluation and promotion of points tables.

The names of ``__all__`` are the public Python API; they are imported when first used, as those of
``xhcredit`` are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xhcredit_training.api import (
        SampleParts,
        TrainedModel,
        TrainingSample,
        compare_models,
        fit_model,
        gate_verdicts,
        group_rates,
        outcome_sample,
        quarter_ends,
        ranking_figures,
        sample_of_frame,
        split_sample,
        train_model,
    )

__all__ = [
    "SampleParts",
    "TrainedModel",
    "TrainingSample",
    "compare_models",
    "fit_model",
    "gate_verdicts",
    "group_rates",
    "outcome_sample",
    "quarter_ends",
    "ranking_figures",
    "sample_of_frame",
    "split_sample",
    "train_model",
]

if not TYPE_CHECKING:  # a type checker knows the names above, and refuses any other

    def __getattr__(name: str) -> Any:
        """Public name, imported when it is first used (PEP 562).

        Raises:
            AttributeError: it is no public name.
        """
        if name in __all__:
            globals()[name] = getattr(import_module("xhcredit_training.api"), name)
            return globals()[name]
        raise AttributeError(f'module "xhcredit_training" has no public name "{name}"; see dir()')

    def __dir__() -> list[str]:
        """Public names, and what was imported besides."""
        return sorted({*globals(), *__all__})
