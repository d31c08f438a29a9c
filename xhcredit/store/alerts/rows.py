"""Rows of alerts as the store gives them; days are ``YYYY-MM-DD``, an empty one is none."""

from __future__ import annotations

from typing_extensions import TypedDict

from xhcredit.alerts.hits import Subject
from xhcredit.alerts.rows import AlertEvidence, AlertStepDetails
from xhcredit.alerts.workflow import AlertState
from xhcredit.rules.schemas.alerts import Colour


class AlertStanding(TypedDict):
    """Where an alert stands; ``due_on`` is empty while it is not issued, or where nobody knows."""

    state: AlertState
    colour: Colour
    owner: str
    due_on: str
    snoozed_until: str


class AlertStepTaken(AlertStanding):
    """An act was done on an alert: its step, and where the alert stands after it."""

    alert: int
    step: int


class AlertStepRow(AlertStepTaken):
    """A step of an alert: who did what, when and why."""

    act: str
    actor: str
    done_on: str
    reason: str
    details: AlertStepDetails
    activity: int


class AlertFinding(TypedDict):
    """What a trigger found; ``earlier`` is the alert before about the same subject."""

    id: int
    trigger: str
    numbers: str
    family: str
    kind: Subject
    subject: str
    fact: str
    code: str
    name: str
    bureau: str
    bureaus: list[str]
    street: str
    first_colour: Colour
    strength: float
    p: float | None
    detected_on: str
    earlier: int | None
    evidence: AlertEvidence
    activity: int


class AlertRow(AlertFinding, AlertStanding):
    """An alert and where it stands after its last step."""

    step: int


class AlertWithSteps(AlertRow):
    """An alert, where it stands, and every step."""

    steps: list[AlertStepRow]


class NightFindings(TypedDict):
    """What a night found, before anything is stored of it."""

    as_of: str
    detections: int
    told_before: int
    quiet: int
    held_back: int
    waiting: list[str]
    by_trigger: dict[str, int]
    tiers_of_run: int


class StoredNight(NightFindings):
    """What is stored of a night of alerts."""

    raised: int
    expired: int
    redated: int
    due_unknown: int


class AlertNight(StoredNight):
    """A night of alerts; ``repeated`` if the same inputs had been processed before."""

    repeated: bool


class ExpiryTerms(TypedDict):
    """Alerts detected before a day expire unless they were issued, and why."""

    before: str
    reason: str
