"""Request and example bodies of credit restoration."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from xhcredit.restoration.record import Authority, HolderKind, Procedure
from xhcredit.restoration.record import Field as LawField
from xhcredit.rules.schemas.restoration import Ground, PenaltyKind, RecordKind, SeverityName
from xhcredit_serving.http import examples

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

    record: Record
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

    record: Record
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

    def details(self) -> dict[str, Any]:
        """Step fields beyond act, official and reason; only those that were set."""
        step_fields = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        return {
            k: v for k, v in step_fields.items() if k not in ("act", "official", "role", "reason")
        }


def facts_of(facts: Facts) -> dict[str, Any]:
    """Facts that were stated, as plain values."""
    return facts.model_dump(mode="json", exclude_none=True)


def record_of(record: Record) -> dict[str, Any]:
    """A record as plain values."""
    return record.model_dump(mode="json", exclude_none=True)


EXAMPLE_RECORD = {
    "kind": "penalty", "authority": "samr", "field": "food", "penalty_kinds": ["fine"],
    "amount_yuan": 60000, "decided_on": "2026-05-10", "published_on": "2026-05-10",
    "duties_done_on": "2026-06-01", "pledge": True, "holder_kind": "organisation",
}  # fmt: skip
_SAMPLE_TEXT = {"zh": "2026年8月10日可以申请信用修复。", "en": "may apply on 2026-08-10"}
EXAMPLE_ASSESSMENT = {
    "eligible": True, "earliest_on": "2026-08-10", "publication_ends_on": "2027-05-10",
    "unmet": [], "severity": "ordinary", "applied_on": "2026-08-10", "authority": "samr",
    "route": "restoration", "summary": _SAMPLE_TEXT, "conditions": [], "materials": [_SAMPLE_TEXT],
    "deadlines": [], "effects": [_SAMPLE_TEXT], "needs_lawyer": False, "lawyer": [],
}  # fmt: skip
EXAMPLE_FILED = {"application": 7, "step": 1, "state": "filed"}
EXAMPLE_APPLICATION = {
    **{"application": 7, "kind": "restoration", "code": examples.CODE, "record": "penalty"},
    "key": {"doc_no": "沪市监徐〔2026〕1号"},
    "bureau": "上海市徐汇区市场监督管理局",
    "filed_on": "2026-08-10",
    "state": "filed",
    "possible": ["accept", "return", "classify", "withdraw"],
    "overdue": False,
    "asked_on": "2026-08-12",
    "clocks": [{"step": "accept", "due_on": "2026-08-12", "done_on": None, "overdue": False}],
    "steps": [{"step": 1, "act": "file", "state": "filed", "done_on": "2026-08-10"}],
}
EXAMPLE_LIST = {
    "asked_on": "2026-08-12", "total": 1, "next": None,
    "states": {"now": 1, "soon": 0, "needs_act": 0},
    "records": [
        {
            "code": examples.CODE, "name": "某公司", "street": "某街道", "table": "penalty",
            "reference": "沪市监徐〔2026〕1号", "state": "now", "earliest_on": "2026-08-10",
            "missing": "请提交信用承诺书和履行证明（能够共享的除外）。", "application": None,
        }
    ],
}  # fmt: skip
_KEY_WORDS = "幂等键：重试不会重复办理 / the same request again does nothing"


def write_parameters() -> dict[str, Any]:
    """OpenAPI header parameters of a write."""
    header_parameters = [
        examples.header_parameter(
            "X-Purpose", "办理事由，随操作日志留存 / why; kept in the activity chain"
        ),
        examples.header_parameter("Idempotency-Key", _KEY_WORDS, required=False),
    ]
    return {"parameters": header_parameters}
