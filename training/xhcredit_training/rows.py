"""Records that training writes and reads again, as JSON-ready rows; unknown figures are None."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from xhcredit.domain.rows import JsonObject
from xhcredit.store.models.rows import GroupFigures, MonthDrift, TrainingAlarm

#: diagnostics of weights: their method, and figures
WeightFigures = dict[str, str | float]


class Provenance(TypedDict):
    """Where a sample comes from: score, horizon in days, events, days, and digests of sources."""

    score: str
    horizon_days: int
    events: NotRequired[str]
    days: NotRequired[str]
    defined_on: NotRequired[str]
    data_digest: NotRequired[str]
    rulebook_digest: NotRequired[str]
    directory_digest: NotRequired[str]
    weights: NotRequired[WeightFigures]


class AlarmSubject(TypedDict):
    """Code of an alarm, and what it is about."""

    code: str
    about: str


class ReportRow(TypedDict):
    """Evaluation of a model on a later period; see ``evaluate.Report``."""

    rows: int
    bad: int
    metrics: dict[str, dict[str, float | None]]
    unweighted: dict[str, dict[str, float | None]]
    groups: list[GroupFigures]
    months: list[MonthDrift]


class TrialRow(TypedDict):
    """One setting that was tried, and its AUC over folds."""

    parameters: dict[str, float]
    auc: float


class RunRecord(TypedDict):
    """The record of a run (``run.json``); its parameters are named by the model."""

    model: str
    score: str
    parameters: JsonObject
    weights: WeightFigures
    metrics: dict[str, float]
    report: ReportRow
    alarms: list[TrainingAlarm]
    trials: NotRequired[list[TrialRow]]
    indicators: list[str]
    calibration: Sequence[tuple[float, float]]
    tier_moves: list[list[int]] | None
    release_digest: NotRequired[str]
    code_commit: str


class TreeNode(TypedDict, total=False):
    """A node of a tree as LightGBM dumps it: a leaf has ``leaf_value`` only, a split the rest.

    ``threshold`` is a number, or codes apart by ``||`` where ``decision_type`` is ``==``.
    """

    leaf_value: float
    split_feature: int
    decision_type: str
    threshold: float
    missing_type: str
    default_left: bool
    left_child: TreeNode
    right_child: TreeNode
