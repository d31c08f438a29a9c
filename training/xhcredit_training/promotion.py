"""From a run to a candidate: evaluation beside the champion, submission, registry alias."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from xhcredit_training.rows import RunRecord

if TYPE_CHECKING:  # it takes seconds to load
    from mlflow import MlflowClient

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import cast

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.errors import BadInput, BadSample, RegistryUnavailable
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release, load_release
from xhcredit.store.models.candidates import Submission
from xhcredit.store.models.rows import CandidateEvaluation, GateVerdict
from xhcredit_training.comparison import compare_figures, judged_rows
from xhcredit_training.dataset import Dataset
from xhcredit_training.evaluate import json_ready
from xhcredit_training.metrics import METRICS
from xhcredit_training.models import from_table
from xhcredit_training.promotion_gates import Evaluation, Verdict, judge
from xhcredit_training.registry import read_run, registry
from xhcredit_training.sample_io import load_sample

MODEL = "xhcredit"  #: name in the registry of models
ALIAS = "champion"
#: indicators that a month's drift is told of
_MAX_DRIFTED = 5


def evaluation_of(folder: Path) -> Evaluation:
    """The evaluation of a run.

    Raises:
        BadInput: the folder holds no run, or its model is no points table.
    """
    run = read_run(folder)
    if not (folder / "release.json").exists():
        raise BadInput(
            f'"{folder.name}" is no points table ({run["model"]}); only a table can be promoted'
        )
    release = load_release(folder / "release.json")
    if release.digest != run["release_digest"]:
        raise BadInput(f'release.json in "{folder}" is not the one that was judged; fit it again')
    return Evaluation(release, judged_rows(folder), run["metrics"], run["alarms"])


def evaluate_on_rows(
    release: Release, score: str, sample: Dataset, rows: Mapping[str, Array]
) -> Evaluation:
    """Evaluation of another release on the rows that a run was judged on.

    Args:
        release: usually the champion.
        score: which of its tables.
        sample: the sample of the run.
        rows: what the run was judged on.

    Raises:
        BadSample: the sample is another one.
        BadInput: the release has no table for the score.
    """
    if score not in release.tables:
        raise BadInput(f'release "{release.name}" has no table for "{score}"; name another one')
    position_by_key = {key: k for k, key in enumerate(zip(sample.ent, sample.day, strict=True))}
    try:
        row_positions = np.array(
            [position_by_key[key] for key in zip(rows["ent"], rows["day"], strict=True)]
        )
    except KeyError:
        raise BadSample(
            "the run was judged on other rows; name the sample that it came from"
        ) from None
    judged_sample = sample.rows(row_positions)
    if not np.array_equal(judged_sample.bad, rows["bad"]):
        raise BadSample("the outcomes differ from the run's; name the sample that it came from")
    model = from_table(release.tables[score])
    absent_ids = [i for i in model.ids if i not in judged_sample.ids]  # not in the sample: missing
    x = np.vstack([judged_sample.x, np.full((len(absent_ids), len(judged_sample)), np.nan)])
    risk = model.risk(x, [*judged_sample.ids, *absent_ids])
    figures = {
        name: metric(risk, judged_sample.bad, judged_sample.weight)
        for name, metric in METRICS.items()
    }
    return Evaluation(release, {**rows, "risk": risk}, figures)


def make_submission(
    folder: Path, sample: Path, champion: Release, rules: Rulebook, day: date
) -> tuple[Submission, tuple[Verdict, ...]]:
    """Submission of a run: tables, figures beside the champion's, gate verdicts.

    Raises:
        BadInput: the folder holds no run that can be promoted.
        BadSample: the sample is not the run's.
    """
    run, candidate = read_run(folder), evaluation_of(folder)
    dataset, _ = load_sample(sample)
    champion_evaluation = evaluate_on_rows(
        with_first_table(champion, run["score"], rules), run["score"], dataset, candidate.rows
    )
    verdicts = judge(candidate, champion_evaluation, rules, day)
    evidence = {
        **_run_evidence(run),
        "champion": {"name": champion.name, "digest": champion.digest},
        "compared": {
            n: [a, b, asdict(gap)]
            for n, (a, b, gap) in compare_figures(candidate.rows, champion_evaluation.rows).items()
        },
    }
    gates = tuple(cast(GateVerdict, asdict(v)) for v in verdicts)
    release = candidate.release.as_data()
    new_submission = Submission(
        folder.name,
        run["score"],
        run["model"],
        release,
        cast(CandidateEvaluation, json_ready(evidence)),
        gates,
    )
    return new_submission, verdicts


def with_first_table(champion: Release, score: str, rules: Rulebook) -> Release:
    """The champion with the first points table of a field that came after it was trained.

    A new field's first candidate has no other rival than what its folder says without data.
    """
    first_tables = load_release(None, rules).tables
    if score in champion.tables or score not in first_tables:
        return champion
    return Release(champion.name, {**champion.tables, score: first_tables[score]})


def _run_evidence(run: RunRecord) -> dict[str, object]:
    """Figures, groups and months of a run for the store; no rows of enterprises."""
    report = run["report"]
    months = [{**m, "csi": dict(list(m["csi"].items())[:_MAX_DRIFTED])} for m in report["months"]]
    return {
        "metrics": run["metrics"],
        "parameters": run["parameters"],
        "groups": report["groups"],
        "months": months,
        "alarms": run["alarms"],
        "tier_moves": run["tier_moves"],
        "code_commit": run["code_commit"],
        "rows": report["rows"],
        "bad": report["bad"],
    }


def name_champion(uri: str, artifacts: Path, digest: str) -> str:
    """Let the alias ``champion`` of the registry of models stand for a release; its version.

    Args:
        uri: address of the registry.
        artifacts: folder of artifacts, where the address is a local file.
        digest: of the release that the store says scores.

    Raises:
        RegistryUnavailable: it cannot be reached; the store's champion is not touched by that.
        BadInput: no run there has this release.
    """
    with registry(uri, artifacts) as mlflow:
        registry_runs = mlflow.search_runs(
            filter_string=f"tags.release_digest = '{digest}'",
            output_format="list",
            max_results=1,
            search_all_experiments=True,
        )
        if not registry_runs:
            raise BadInput(
                f'no run there has the release "{digest[:12]}…"; "xhcredit-train log" it'
            )
        run_id, client = registry_runs[0].info.run_id, mlflow.MlflowClient()
        version = _registered_version(mlflow, client, run_id, digest)
        client.set_registered_model_alias(MODEL, ALIAS, version)
        return str(version)


def _registered_version(mlflow: ModuleType, client: MlflowClient, run_id: str, digest: str) -> str:
    """The version of a release in the registry of models; a new one if there is none."""
    from mlflow.exceptions import MlflowException  # takes seconds

    versions = client.search_model_versions(f"name = '{MODEL}'")
    matching_versions = [v.version for v in versions if v.tags.get("release_digest") == digest]
    if matching_versions:
        return str(matching_versions[0])
    logged_models = mlflow.search_logged_models(
        filter_string=f"source_run_id = '{run_id}'", output_format="list"
    )
    if not logged_models:
        raise RegistryUnavailable(f"run {run_id} holds no model; log it again: xhcredit-train log")
    try:
        model_version = mlflow.register_model(
            logged_models[0].model_uri, MODEL, tags={"release_digest": digest}
        )
    except MlflowException as error:
        raise RegistryUnavailable(f"the registry refused the model: {error}") from None
    return str(model_version.version)
