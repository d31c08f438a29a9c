"""MLflow model of a release: indicators in, points out; nothing pickled."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

from xhcredit.scores.bulk import scores_of
from xhcredit.scores.release import load_release

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow warns of its own type hints while it is imported
    import mlflow
    import mlflow.pyfunc
    from mlflow.pyfunc.model import PythonModelContext


class Points(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """The general score (or the one named by ``score`` in the model's parameters)."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the release that was logged."""
        self.release = load_release(Path(context.artifacts["release"]))
        self.score = context.model_config.get("score", "general")

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: object = None
    ) -> pd.DataFrame:
        """Points by row of ``model_input`` (one column per indicator; missing is NaN)."""
        table = self.release.tables[self.score]
        x = model_input[table.features].to_numpy(float).T
        return pd.DataFrame({"points": scores_of(table, x.copy(), table.features)})


mlflow.models.set_model(Points())
