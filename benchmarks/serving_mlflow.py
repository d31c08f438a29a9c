"""The same points tables behind ``mlflow models serve``, as its users would do it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.models import infer_signature

from xhcredit.scores.release import load_release


class Points(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # untyped library
    """Scores rows of features with the general points table, reasons included."""

    def load_context(self, context: Any) -> None:
        """Load the release once."""
        self.table = load_release().general

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[Any]:
        """Score and points lost of each row."""
        rows = model_input.to_dict("records")
        return [{"score": self.table.score_of(r), "lost": self.table.lost(r)} for r in rows]


def save(to: Path) -> list[str]:
    """Save the model and return the names of its inputs."""
    names = load_release().general.features
    example = pd.DataFrame([dict.fromkeys(names, 0.0)])
    root = Path(__file__).parents[1]
    mlflow.pyfunc.save_model(
        to,
        python_model=Points(),
        signature=infer_signature(example, [{"score": 600.0, "lost": dict.fromkeys(names, 0.0)}]),
        code_paths=[str(root / "xhcredit"), str(root / "benchmarks")],
        pip_requirements=[],
    )
    return list(names)


if __name__ == "__main__":
    print("\n".join(save(Path(sys.argv[1]))))
