"""Evidence, steps and back-tests of alerts as JSON-ready rows; days are ``YYYY-MM-DD``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.rules.schemas.alerts import Colour, Measure

Verdict = Literal["true", "false", "cannot_tell"]
#: a figure of a finding: a number, a text, or the codes of enterprises; None is not known, such as
#: the last day on which something was heard where nothing ever was
Figure = int | float | str | list[str] | None
#: a column of an event, as JSON holds it
EventValue = bool | int | float | str


@closed_row
class AlertEvidence(TypedDict):
    """What a trigger found: its name in both languages, its figures, and the events behind it.

    Which figures and which columns there are follows from the trigger and from the events' tables.
    """

    zh: Annotated[str, Field(examples=["短期内多次行政处罚"])]
    en: str
    figures: Annotated[dict[str, Figure], Field(examples=[{"events": 2}])]
    events: list[dict[str, EventValue]]


def no_evidence() -> AlertEvidence:
    """Evidence of a candidate that was not chosen yet."""
    return {"zh": "", "en": "", "figures": {}, "events": []}


@closed_row
class AlertStepDetails(TypedDict, total=False):
    """Parameters of an act on an alert; a step has those that its act calls for.

    ``departments`` are those that were told of an issued alert; ``provisional`` is its due day's.
    """

    colour: Colour
    owner: str
    verdict: Verdict
    evidence: str
    measure: Measure
    check_code: str
    result: str
    until: str
    into: int
    departments: list[str]
    provisional: bool


class StepTaken(TypedDict):
    """A step of an alert as the workflow reads it: an act, its day and actor, the new colour."""

    act: str
    actor: str
    done_on: str
    colour: Colour
    details: AlertStepDetails


@closed_row
class BackTestReport(TypedDict):
    """The back-test of a trigger; see ``Proof``.  ``proposed_at_least`` is a threshold that keeps
    within the alert budget, None if none was looked for or there is none.
    """

    trigger: str
    numbers: str
    weeks: int
    alerts: int
    per_week: float
    judged_alerts: int
    right: float | None
    lowest: float | None
    highest: float | None
    base: float | None
    lead_days: float | None
    proposed_at_least: int | None


@closed_row
class BackTestRow(BackTestReport):
    """The latest back-test of a trigger, and the day until which it looked."""

    as_of: str


@closed_row
class ClusterEdge(TypedDict):
    """A relation of an enterprise with a shared node, since a day."""

    enterprise: str
    node: str
    since: str
