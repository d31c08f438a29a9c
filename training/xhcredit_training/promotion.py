"""From a run to a candidate: evaluation beside the champion, submission, registry alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.errors import BadInput, BadSample, RegistryUnavailable
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release, load_release
from xhcredit.store.models.candidates import Submission
from xhcredit_training.comparison import compared, judged
from xhcredit_training.dataset import Array, Frame
from xhcredit_training.metrics import METRICS
from xhcredit_training.models import from_table
from xhcredit_training.promotion_gates import Evaluation, Verdict, judge
from xhcredit_training.registry import read, registry
from xhcredit_training.sample_io import load

MODEL = "xhcredit"  #: name in the registry of models
ALIAS = "champion"
#: indicators that a month's drift is told of
_DRIFTED = 5


def evaluation_of(folder: Path) -> Evaluation:
    """The evaluation of a run.

    Raises:
        BadInput: the folder holds no run, or its model is no points table.
    """
    run = read(folder)
    if not (folder / "release.json").exists():
        raise BadInput(
            f'"{folder.name}" is no points table ({run["model"]}); only a table can be promoted'
        )
    release = load_release(folder / "release.json")
    if release.digest != run["release_digest"]:
        raise BadInput(f'release.json in "{folder}" is not the one that was judged; fit it again')
    return Evaluation(release, judged(folder), run["metrics"], run["alarms"])


def beside(release: Release, score: str, sample: Frame, rows: Mapping[str, Array]) -> Evaluation:
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
    where = {key: k for k, key in enumerate(zip(sample.ent, sample.day, strict=True))}
    try:
        at = np.array([where[key] for key in zip(rows["ent"], rows["day"], strict=True)])
    except KeyError:
        raise BadSample(
            "the run was judged on other rows; name the sample that it came from"
        ) from None
    part = sample.rows(at)
    if not np.array_equal(part.bad, rows["bad"]):
        raise BadSample("the outcomes differ from the run's; name the sample that it came from")
    model = from_table(release.tables[score])
    absent = [i for i in model.ids if i not in part.ids]  # not in the sample: missing
    x = np.vstack([part.x, np.full((len(absent), len(part)), np.nan)])
    risk = model.risk(x, [*part.ids, *absent])
    own = {name: metric(risk, part.bad, part.weight) for name, metric in METRICS.items()}
    return Evaluation(release, {**rows, "risk": risk}, own)


def submission(
    folder: Path, sample: Path, champion: Release, rules: Rulebook, day: date
) -> tuple[Submission, tuple[Verdict, ...]]:
    """Submission of a run: tables, figures beside the champion's, gate verdicts.

    Raises:
        BadInput: the folder holds no run that can be promoted.
        BadSample: the sample is not the run's.
    """
    run, candidate = read(folder), evaluation_of(folder)
    frame, _ = load(sample)
    now = beside(champion, run["score"], frame, candidate.rows)
    verdicts = judge(candidate, now, rules, day)
    told = {
        **_told(run),
        "champion": {"name": champion.name, "digest": champion.digest},
        "compared": {
            n: [a, b, asdict(gap)] for n, (a, b, gap) in compared(candidate.rows, now.rows).items()
        },
    }
    gates = tuple(asdict(v) for v in verdicts)
    release = candidate.release.as_data()
    given = Submission(folder.name, run["score"], run["model"], release, _plain(told), gates)
    return given, verdicts


def _told(run: Mapping[str, Any]) -> dict[str, Any]:
    """Figures, groups and months of a run for the store; no rows of enterprises."""
    report = run["report"]
    months = [{**m, "csi": dict(list(m["csi"].items())[:_DRIFTED])} for m in report["months"]]
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


def _plain(value: Any) -> Any:
    """NaN as null: canonical JSON has none."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


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
        found = mlflow.search_runs(
            filter_string=f"tags.release_digest = '{digest}'",
            output_format="list",
            max_results=1,
            search_all_experiments=True,
        )
        if not found:
            raise BadInput(
                f'no run there has the release "{digest[:12]}…"; "xhcredit-train log" it'
            )
        run, client = found[0].info.run_id, mlflow.MlflowClient()
        version = _version(mlflow, client, run, digest)
        client.set_registered_model_alias(MODEL, ALIAS, version)
        return str(version)


def _version(mlflow: Any, client: Any, run: str, digest: str) -> str:
    """The version of a release in the registry of models; a new one if there is none."""
    from mlflow.exceptions import MlflowException  # takes seconds

    known = client.search_model_versions(f"name = '{MODEL}'")
    same = [v.version for v in known if v.tags.get("release_digest") == digest]
    if same:
        return str(same[0])
    models = mlflow.search_logged_models(
        filter_string=f"source_run_id = '{run}'", output_format="list"
    )
    if not models:
        raise RegistryUnavailable(f"run {run} holds no model; log it again: xhcredit-train log")
    try:
        made = mlflow.register_model(models[0].model_uri, MODEL, tags={"release_digest": digest})
    except MlflowException as error:
        raise RegistryUnavailable(f"the registry refused the model: {error}") from None
    return str(made.version)
