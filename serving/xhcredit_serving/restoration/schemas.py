"""Request and example bodies of credit restoration."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.jobs.restoration.candidates import RestorableState
from xhcredit.jobs.restoration.rows import Case
from xhcredit.restoration.record import Authority, HolderKind, Procedure
from xhcredit.restoration.record import Field as LawField
from xhcredit.restoration.rows import AssessmentRow, ProvenFacts, RecordRow
from xhcredit.rules.schemas.restoration import Ground, PenaltyKind, RecordKind, SeverityName
from xhcredit.store.restoration.rows import CaseStepDetails, RecordApplication
from xhcredit_serving.http import examples
from xhcredit_serving.http.paging import Cursor

#: text that both databases keep
Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
LongText = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]
Code = Annotated[str, Field(max_length=64, examples=[examples.CODE])]
Act = Annotated[str, Field(max_length=40, pattern=r"^[a-z]+$")]
RecordTable = Literal["penalty", "abnormal_listing", "serious_listing", "inspection", "food_sample"]


class Body(BaseModel):
    """A body without surprises."""

    model_config = ConfigDict(extra="forbid")


class Override(Body):
    """A class that an official set."""

    severity: SeverityName
    official: Line
    reason: LongText


EXAMPLE_RECORD = {
    "kind": "penalty", "authority": "samr", "field": "food", "penalty_kinds": ["fine"],
    "amount_yuan": 60000, "decided_on": "2026-05-10", "published_on": "2026-05-10",
    "duties_done_on": "2026-06-01", "pledge": True, "holder_kind": "organisation",
}  # fmt: skip


class Record(Body):
    """Penalty or listing as in the legal test cases; omitted fields are unknown or false."""

    kind: RecordKind
    authority: Authority
    decided_on: date
    field: LawField = "general"
    procedure: Procedure = "ordinary"
    penalty_kinds: list[PenaltyKind] = Field([], max_length=20)
    amount_yuan: float = Field(0, ge=0, le=10**12)
    published_on: date | None = None
    duties_done_on: date | None = None
    ground: Ground | None = None
    corrected_on: date | None = None
    same_kind_again_on: date | None = None
    on_abnormal_list: bool = False
    on_serious_list: bool = False
    pledge: bool = False
    also_under: list[Authority] = Field([], max_length=3)
    harm_remains: bool = False
    ban_months: int = Field(0, ge=0, le=1200)
    conduct_ended_on: date | None = None
    decision_revoked_on: date | None = None
    false_materials_on: date | None = None
    reorganisation_approved_on: date | None = None
    reorganisation_completed_on: date | None = None
    override: Override | None = None
    penalty_followed: bool = False
    penalty_ended_on: date | None = None
    holder_kind: HolderKind | None = Field(
        None,
        description="当事人：自然人、法人或者其他组织、个体工商户；不填即不明 / who was punished",
    )


class AssessmentRequest(Body):
    """Request: eligibility of a described record on a day."""

    record: Record = Field(examples=[EXAMPLE_RECORD])
    applied_on: date | None = Field(None, description="申请日，默认今日 / day of filing")


class Facts(Body):
    """Facts that an applicant proves with documents."""

    duties_done_on: date | None = None
    corrected_on: date | None = None
    pledge: bool | None = None
    harm_remains: bool | None = None
    conduct_ended_on: date | None = None
    decision_revoked_on: date | None = None
    reorganisation_approved_on: date | None = None
    reorganisation_completed_on: date | None = None
    penalty_ended_on: date | None = None


class StoredRecordKey(Body):
    """One stored record: its table and the columns of its key."""

    code: Code
    table: RecordTable = Field("penalty", description="记录种类 / table of the directory")
    key: dict[Annotated[str, Field(max_length=40)], Line] = Field(
        max_length=4,
        description="文号等 / key columns",
        examples=[{"doc_no": "沪市监徐〔2026〕1号"}],
    )


class StoredAssessmentRequest(StoredRecordKey):
    """Request: eligibility of a stored record, with facts that the applicant can prove."""

    applied_on: date | None = Field(None, description="申请日，默认今日 / day of filing")
    facts: Facts = Facts()


class NoticeRequest(Body):
    """A decision with which a restoration notice is to be served."""

    record: Record = Field(examples=[EXAMPLE_RECORD])
    name: Line
    code: Code
    agency: Line
    doc_no: Line = ""


class NewApplication(StoredRecordKey):
    """An application for restoration, or an objection."""

    applicant: Code
    facts: Facts = Facts()
    reason: LongText = ""


class NewStep(Body):
    """Request: a workflow step of an application."""

    act: Act = Field(examples=["accept"])
    official: Line = Field("", examples=["王某"])
    role: Line = Field("", examples=["信用监管科科长"])
    reason: LongText = Field("", examples=["材料齐全，符合第36号令规定"])
    facts: Facts = Facts()
    severity: SeverityName | None = None
    despite_unmet: bool = False
    false_materials: bool = False
    broken_pledge: bool = False
    platforms: list[Line] = Field([], max_length=50, examples=[["信用中国（上海）"]])

    def details(self) -> CaseStepDetails:
        """Step fields beyond act, official and reason; only those that were set."""
        step_fields = self.model_dump(
            mode="json",
            exclude={"act", "official", "role", "reason"},
            exclude_unset=True,
            exclude_none=True,
        )
        return cast("CaseStepDetails", step_fields)


def facts_of(facts: Facts) -> ProvenFacts:
    """Facts that were stated, as plain values."""
    return cast("ProvenFacts", facts.model_dump(mode="json", exclude_none=True))


def record_of(record: Record) -> dict[str, object]:
    """A record as plain values."""
    return record.model_dump(mode="json", exclude_none=True)


@closed_row
class RestorationNotice(TypedDict):
    """A restoration notice, and what needs legal review before it is served."""

    text: Annotated[str, Field(examples=["信用修复告知书……"])]
    lawyer: list[str]


@closed_row
class StoredRecordRow(RecordRow):
    """A stored record as it was assessed; ``agency`` is the organ that decided."""

    agency: str


@closed_row
class StoredRecordAssessment(AssessmentRow):
    """The assessment of a stored record."""

    record: StoredRecordRow


@closed_row
class ApplicationPage(TypedDict):
    """A page of applications for restoration, the latest first."""

    applications: list[Case]
    next: Cursor


@closed_row
class ObjectionPage(TypedDict):
    """A page of objections, the latest first."""

    objections: list[Case]
    next: Cursor


@closed_row
class RestorableRow(TypedDict):
    """A record that an officer can call an enterprise about; ``missing`` is what to do."""

    code: Annotated[str, Field(examples=[examples.CODE])]
    name: str
    street: str
    table: RecordKind
    key: dict[str, str]
    reference: Annotated[str, Field(examples=["沪市监徐〔2026〕1号"])]
    agency: Annotated[str, Field(description="认定机关 / organ that decided")]
    decided_on: str
    severity: SeverityName
    state: RestorableState
    earliest_on: str | None
    publication_ends_on: str | None
    missing: Annotated[str, Field(examples=["请提交信用承诺书和履行证明（能够共享的除外）。"])]
    rules: Annotated[str, Field(description="依据规则，逗号分隔 / rule ids with commas")]
    decides: str
    needs_lawyer: bool
    application: RecordApplication | None


@closed_row
class RestorablePage(TypedDict):
    """A page of the restorable list of a day; counts are those of all pages."""

    as_of: str
    total: int
    states: dict[RestorableState, int]
    records: list[RestorableRow]
    next: Cursor
