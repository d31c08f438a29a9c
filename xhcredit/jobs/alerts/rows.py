"""Alerts as they stand on a day, precision of triggers, and clusters, as JSON-ready rows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.alerts.rows import BackTestRow, ClusterEdge
from xhcredit.domain.calendar import ProvisionalNote
from xhcredit.domain.rows import closed_row
from xhcredit.store.alerts.rows import AlertRow, AlertStepTaken, AlertWithSteps


class DueState(ProvisionalNote):
    """Whether an alert is overdue on a day, and what is known of its due day."""

    overdue: bool
    due_unknown: bool


class DatedAlert(AlertRow, DueState):
    """An alert as it stands on a day."""


class DatedAlertWithSteps(AlertWithSteps, DueState):
    """An alert as it stands on a day, with its steps."""


class AlertChange(AlertStepTaken, ProvisionalNote):
    """Where an alert stands after an act, and whether its due day is provisional."""


@closed_row
class TriggerPrecision(TypedDict):
    """Verdicts on the alerts of a trigger, with a Wilson interval; see ``Precision``.

    ``proof`` is the back-test of its present numbers.
    """

    trigger: Annotated[str, Field(examples=["penalties_often"])]
    zh: str
    en: str
    alerts: int
    true: int
    false: int
    cannot_tell: int
    precision: float | None
    lowest: float | None
    highest: float | None
    propose_retirement: bool
    in_force: bool
    proof: BackTestRow | None


@closed_row
class ClusterNode(TypedDict):
    """A node of a cluster: an enterprise, or what several share.

    ``name``, ``bureau`` and ``street`` are null for what is no enterprise, empty for enterprises
    of other bureaus, whose ``id`` is then no code.
    """

    id: str
    kind: Annotated[str, Field(examples=["enterprise"])]
    name: str | None
    bureau: str | None
    street: str | None


@closed_row
class Cluster(TypedDict):
    """The cluster around an enterprise; ``size`` counts its enterprises, ``shown`` says whether
    all of it is there.
    """

    code: str
    as_of: str
    size: int
    shown: bool
    nodes: list[ClusterNode]
    edges: list[ClusterEdge]
