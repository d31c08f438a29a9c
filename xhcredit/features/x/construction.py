"""X 建设工程: projects, findings on site, accidents and wages."""

from __future__ import annotations

from xhcredit.features.conditions import ADVERSE, FAILED, VERIFIED
from xhcredit.features.declare import DISPLAY_ONLY, RULES_ONLY, FeatureFactory, derived_feature
from xhcredit.features.sources import (
    COMPLAINT,
    CONSTRUCTION,
    CONSTRUCTION_SAFETY,
    CONSTRUCTION_WAGE,
    PENALTY,
)

_SITE = "(field == 'construction' or field == 'work_safety')"
_PROJECTS = FeatureFactory(
    "construction_project", "construction", CONSTRUCTION, "无已知在建工程 none known", where="open"
)
_FINDINGS = FeatureFactory(
    "construction_finding", "construction", CONSTRUCTION_SAFETY, "无已知问题 no finding known"
)
_INSPECTIONS = FeatureFactory(
    "inspection",
    "construction",
    CONSTRUCTION,
    "无已知问题 none known",
    where=f"{FAILED} and {_SITE}",
)
_PENALTIES = FeatureFactory(
    "penalty", "construction", PENALTY, "无已知处罚 none known", where=f"{ADVERSE} and {_SITE}"
)
_COMPLAINTS = FeatureFactory(
    "complaint", "construction", COMPLAINT, "无已知查实投诉 none known", where=VERIFIED
)
_MAJOR = "severity in ('major', 'critical')"

_FINDING_FEATURES = (
    *_FINDINGS.counts("construction_findings", "施工问题数", "findings on site", ("12m", "24m")),
    *_FINDINGS.counts(
        "construction_major_findings",
        "较大及重大施工问题数",
        "major or critical findings",
        ("24m",),
        _MAJOR,
    ),
    *_FINDINGS.counts(
        "construction_accidents", "生产安全事故数", "accidents", ("24m",), "kind == 'accident'"
    ),
    *_FINDINGS.counts(
        "construction_stop_orders",
        "责令停工次数",
        "orders to stop work",
        ("24m",),
        "stop_order == 1",
    ),
    *_FINDINGS.counts(
        "construction_wage_findings",
        "工资支付问题数",
        "findings about wages",
        ("24m",),
        "kind == 'wage'",
        source=CONSTRUCTION_WAGE,
    ),
    _FINDINGS.count(
        "construction_findings_overdue_open",
        "超过30日未整改问题数",
        "findings not corrected after 30 days",
        "open and age >= 30",
        window="36m",
    ),
    _FINDINGS.feature(
        "construction_correction_days_24m",
        "近24个月问题平均整改天数",
        "mean days to correct a finding, last 24 months",
        "mean",
        value="duration",
        where="ended",
        unit="days",
        window="24m",
        missing="缺失 missing = 无已整改问题 nothing was corrected",
    ),
    _FINDINGS.decayed(
        "construction_findings_decayed_365d",
        "施工问题数（半衰期365日）",
        "findings on site, half-life 365 days",
        365,
    ),
)

FEATURES = (
    _PROJECTS.count(
        "construction_projects_active",
        "在建工程数",
        "projects under way",
        "is_missing(stage) or stage != 'stopped'",
        **RULES_ONLY,
    ),
    _PROJECTS.count(
        "construction_hazardous_active",
        "含危大工程的在建工程数",
        "projects under way with especially dangerous works (exposure)",
        "hazardous == 1",
        **DISPLAY_ONLY,
    ),
    _PROJECTS.yuan(
        "construction_contract_yuan_active",
        "在建合同额",
        "contract price of projects under way (exposure)",
        "contract_yuan",
        **DISPLAY_ONLY,
    ),
    *_FINDING_FEATURES,
    derived_feature(
        "construction_findings_per_project",
        "近12个月每个在建工程的问题数",
        "findings on site per project under way, last 12 months",
        "construction_findings_12m / max(construction_projects_active, 1)",
        unit="count",
        dimension="construction",
        source=CONSTRUCTION_SAFETY,
        missing="0 = 无已知问题 no finding known",
    ),
    *_INSPECTIONS.counts(
        "construction_inspections_failed",
        "建设与安全检查发现问题次数",
        "construction and work-safety inspections that found a problem",
        ("24m",),
    ),
    *_PENALTIES.counts(
        "construction_penalties",
        "建设与安全处罚次数",
        "construction and work-safety penalties",
        ("36m",),
    ),
    *_COMPLAINTS.counts(
        "construction_complaints_verified",
        "查实施工、欠薪投诉数",
        "verified complaints about construction or wages",
        ("24m",),
        "topic in ('construction', 'wage')",
    ),
)
