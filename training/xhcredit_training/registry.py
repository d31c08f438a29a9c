"""MLflow registry of training runs: parameters, data digests, metrics, artifacts.

Everything is written into a folder first (``run.train``); MLflow is told of it afterwards.  So a
registry that is down costs nothing: the folder holds the release, its figures and pictures, and
``xhcredit-train log FOLDER`` tells the registry later.
"""

from __future__ import annotations

import json
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import cast

from xhcredit.errors import BadInput, RegistryUnavailable
from xhcredit_training.rows import RunRecord

EXPERIMENT = "xhcredit"
#: environment variables of MLflow's client: fail in seconds, not in minutes; ask nobody else
_MLFLOW_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}

_ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


def tracking_uri(runs_folder: Path, uri_option: str = "") -> str:
    """Where runs are kept: as given, else as set in ``MLFLOW_TRACKING_URI``, else a file in out."""
    return (
        uri_option
        or os.environ.get("MLFLOW_TRACKING_URI", "")
        or f"sqlite:///{runs_folder / 'mlflow.db'}"
    )


@contextmanager
def registry(uri: str, artifacts: Path) -> Iterator[ModuleType]:
    """MLflow, set to an address.

    Args:
        uri: tracking address: ``sqlite:///file``, ``http://host:5000``, ...
        artifacts: folder of artifacts, where the address is a local file.

    Raises:
        RegistryUnavailable: it cannot be reached, or refuses.
    """
    for name, value in _MLFLOW_ENVIRONMENT.items():
        # Before MLflow is imported, since it reads them then; and only where the operator has
        # set nothing.
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its own type hints while it is imported
        import mlflow  # takes seconds, and must see the variables above
        import mlflow.pyfunc  # takes seconds
        from mlflow.exceptions import MlflowException  # takes seconds
        from sqlalchemy.exc import SQLAlchemyError  # takes seconds

        # MLflow writes the addresses into the environment, where the next command of this
        # process would take them for the operator's.
        addresses = {name: os.environ.get(name) for name in _ADDRESSES}
        try:
            mlflow.set_tracking_uri(uri)
            mlflow.set_registry_uri(uri)
            _experiment(mlflow, uri, artifacts)
            yield mlflow
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise RegistryUnavailable(
                f'the registry at "{_masked(uri)}" does not answer: {_cause(error)}; results '
                "are in "
                "the run's folder and lose nothing: "
                '"xhcredit-train log FOLDER" when it is back'
            ) from None
        finally:
            for name, address in addresses.items():
                if address is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = address


def _cause(error: Exception) -> str:
    """The first line of an error, without the password of an address."""
    line = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return re.sub(r"://[^@/\s]+@", "://***@", line)


def _experiment(mlflow: ModuleType, uri: str, artifacts: Path) -> None:
    """Choose the experiment; a local registry keeps its artifacts beside its file."""
    if uri.startswith("sqlite:") and mlflow.get_experiment_by_name(EXPERIMENT) is None:
        mlflow.create_experiment(EXPERIMENT, artifact_location=artifacts.resolve().as_uri())
    mlflow.set_experiment(EXPERIMENT)


def _masked(uri: str) -> str:
    """The address without a password."""
    head, separator, tail = uri.rpartition("@")
    return f"{head.partition('://')[0]}://***@{tail}" if separator else uri


def log_run(folder: Path, uri: str) -> str:
    """Log a run's folder to MLflow, with its trials as nested runs; returns the run's id.

    Raises:
        BadInput: the folder holds no run.
        RegistryUnavailable: the registry cannot be reached.
    """
    run = read_run(folder)
    with registry(uri, folder.parent / "artifacts") as mlflow:
        with mlflow.start_run(run_name=folder.name, tags=_tags(run)) as active_run:
            mlflow.log_params({k: str(v)[:500] for k, v in run["parameters"].items()})
            mlflow.log_metrics(run["metrics"])
            for month in run["report"]["months"]:
                step = int(month["month"].replace("-", ""))
                mlflow.log_metrics({"psi": month["psi"], "rate": month["rate"]}, step=step)
                # a figure that could not be computed is null there
                csi = max((c for c in month["csi"].values() if c is not None), default=0.0)
                mlflow.log_metric("csi_worst", csi, step=step)
            mlflow.log_artifacts(str(folder))
            for number, trial in enumerate(run.get("trials", ())):
                with mlflow.start_run(run_name=f"{folder.name}-{number}", nested=True):
                    mlflow.log_params(trial["parameters"])
                    mlflow.log_metric("auc_folds", trial["auc"])
            if (folder / "release.json").exists():
                _log_model(mlflow, folder, run)
        return str(active_run.info.run_id)


def _log_model(mlflow: ModuleType, folder: Path, run: RunRecord) -> None:
    """Log the points table as a model with its signature; read as code, never pickled."""
    from mlflow.models import ModelSignature  # takes seconds
    from mlflow.types import ColSpec, Schema  # takes seconds

    inputs = Schema([ColSpec("double", name, required=True) for name in run["indicators"]])
    mlflow.pyfunc.log_model(
        name="points",
        python_model=str(Path(__file__).with_name("mlflow_model.py")),
        artifacts={"release": str(folder / "release.json")},
        model_config={"score": run["score"]},
        signature=ModelSignature(inputs, Schema([ColSpec("double", "points")])),
        pip_requirements=["xhcredit"],
    )


def _tags(run: RunRecord) -> dict[str, str]:
    return {
        "score": run["score"],
        "model": run["model"],
        "code_commit": run["code_commit"],
        "release_digest": run.get("release_digest", ""),
    }


def read_run(folder: Path) -> RunRecord:
    """Read the record (``run.json``) of a run's folder.

    Raises:
        BadInput: it holds no run.
    """
    try:
        run_record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(
            f'"{folder}" holds no run: {error}; name a folder that "fit" wrote'
        ) from None
    if not isinstance(run_record, dict) or "parameters" not in run_record:
        raise BadInput(f'"{folder}" holds no run: run.json is incomplete; fit it again')
    return cast(RunRecord, run_record)


def find_run(runs: Path, name: str, uri: str) -> Path:
    """The folder of a run by its folder's name, or by its MLflow id (then its files are fetched).

    Raises:
        BadInput: there is no such run.
        RegistryUnavailable: the registry is asked and cannot be reached.
    """
    for run_folder in (Path(name), runs / name):
        if (run_folder / "run.json").exists():
            return run_folder
    with registry(uri, runs / "artifacts") as mlflow:
        from mlflow.exceptions import MlflowException  # takes seconds

        try:
            return Path(mlflow.artifacts.download_artifacts(run_id=name))
        except MlflowException:
            pass
    raise BadInput(f'no run "{name}" in "{runs}" nor in the registry; see "xhcredit-train runs"')
