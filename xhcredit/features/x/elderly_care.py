"""X 养老: people, money and safety of elderly-care institutions."""

from __future__ import annotations

from xhcredit.engine.spec import Feature
from xhcredit.features.conditions import ADVERSE, FAILED, VERIFIED
from xhcredit.features.declare import (
    DISPLAY_ONLY,
    RULES_ONLY,
    SAFER,
    WARNING_USE,
    FeatureFactory,
    derived_feature,
)
from xhcredit.features.sources import (
    COMPLAINT,
    ELDERLY_CHECK,
    ELDERLY_PREPAID,
    ELDERLY_SAFETY,
    ELDERLY_SERVICE,
    PENALTY,
)

_CARE = "field == 'elderly_care'"
_REPORTS = FeatureFactory(
    "elderly_institution", "elderly_care", ELDERLY_CHECK, "近12个月无季报 no report in 12 months"
)
_CHECKS = FeatureFactory("elderly_check", "elderly_care", ELDERLY_SAFETY, "无已知记录 none known")
_INSPECTIONS = FeatureFactory(
    "inspection",
    "elderly_care",
    ELDERLY_CHECK,
    "无已知问题 none known",
    where=f"{FAILED} and {_CARE}",
)
_PENALTIES = FeatureFactory(
    "penalty", "elderly_care", PENALTY, "无已知处罚 none known", where=f"{ADVERSE} and {_CARE}"
)
_COMPLAINTS = FeatureFactory(
    "complaint", "elderly_care", COMPLAINT, "无已知查实投诉 none known", where=VERIFIED
)
_NO_REPORT = (
    "缺失 missing = 近12个月季报缺此项，或除数为零 not reported in 12 months, or nobody there"
)


def _reported(id_: str, zh: str, en: str, column: str, unit: str = "count") -> Feature:
    """A number of the latest quarterly report."""
    return _REPORTS.last(id_, zh, en, column, unit=unit, window="12m", **DISPLAY_ONLY)


_REPORTED = (
    _REPORTS.last(
        "elderly_institution_active",
        "在营养老机构",
        "elderly-care institution in operation",
        "is_missing(closed) or closed == 0",
        window="12m",
        **RULES_ONLY,
    ),
    _reported("elderly_beds", "核定床位", "licensed beds", "beds"),
    _reported("elderly_residents", "入住老人数", "residents", "residents"),
    _reported("elderly_staff", "护理人员数", "care staff", "staff"),
    _reported(
        "elderly_certified_staff", "持证护理人员数", "certified care staff", "certified_staff"
    ),
    _reported(
        "elderly_prepaid_yuan",
        "预收费余额",
        "balance of prepaid fees",
        "prepaid_balance_yuan",
        unit="yuan",
    ),
    _reported(
        "elderly_custody_yuan",
        "预收费存管余额",
        "prepaid fees held in custody",
        "prepaid_in_custody_yuan",
        unit="yuan",
    ),
)

_RATIOS = (
    derived_feature(
        "elderly_residents_per_staff",
        "每名护理人员照护老人数",
        "residents per member of care staff",
        "elderly_residents / elderly_staff",
        unit="count",
        dimension="elderly_care",
        source=ELDERLY_SERVICE,
        missing=_NO_REPORT,
    ),
    derived_feature(
        "elderly_certified_share",
        "护理人员持证率",
        "share of care staff who are certified",
        "min(elderly_certified_staff / elderly_staff, 1)",
        dimension="elderly_care",
        source=ELDERLY_SERVICE,
        missing=_NO_REPORT,
        **SAFER,
    ),
    derived_feature(
        "elderly_uncustodied_share",
        "预收费未存管比例",
        "share of prepaid fees not held in custody",
        "max(1 - elderly_custody_yuan / elderly_prepaid_yuan, 0)",
        dimension="elderly_care",
        source=ELDERLY_PREPAID,
        missing=_NO_REPORT,
    ),
    derived_feature(
        "elderly_occupancy_share",
        "入住率",
        "share of licensed beds that are taken",
        "elderly_residents / elderly_beds",
        dimension="elderly_care",
        source=ELDERLY_CHECK,
        missing=_NO_REPORT,
        direction="safer",
        **WARNING_USE,
    ),
)

_SAFETY = (
    *_CHECKS.counts(
        "elderly_checks_failed",
        "安全与服务检查不合格次数",
        "safety and service checks failed",
        ("12m", "24m"),
        "passed == 0 and kind in ('fire', 'food', 'building', 'medical', 'service')",
    ),
    *_CHECKS.counts(
        "elderly_fire_checks_failed",
        "消防检查不合格次数",
        "fire checks failed",
        ("24m",),
        "passed == 0 and kind == 'fire'",
    ),
    _CHECKS.count(
        "elderly_hazards_open",
        "未消除的中高等级隐患数",
        "medium or high hazards not removed",
        "passed == 0 and open and hazard_grade in ('medium', 'high')",
        window="60m",
    ),
    *_CHECKS.counts(
        "elderly_drills",
        "应急演练次数",
        "emergency drills held",
        ("12m",),
        "kind == 'drill' and passed == 1",
        **SAFER,
    ),
    *_CHECKS.counts(
        "elderly_patrols",
        "每月自查次数",
        "monthly self-checks done",
        ("12m",),
        "kind == 'patrol' and passed == 1",
        **SAFER,
    ),
    *_CHECKS.counts(
        "elderly_incidents",
        "责任事故次数",
        "incidents the institution answers for",
        ("24m",),
        "kind == 'incident'",
    ),
)

FEATURES = (
    *_REPORTED,
    *_RATIOS,
    *_SAFETY,
    *_INSPECTIONS.counts(
        "elderly_inspections_failed",
        "养老检查发现问题次数",
        "elderly-care inspections that found a problem",
        ("24m",),
    ),
    *_PENALTIES.counts("elderly_penalties", "养老处罚次数", "elderly-care penalties", ("36m",)),
    *_COMPLAINTS.counts(
        "elderly_complaints_verified",
        "查实养老服务投诉数",
        "verified complaints about elderly care",
        ("24m",),
        "topic == 'elderly_care'",
    ),
)
