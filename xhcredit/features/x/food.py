"""X 食品安全: profile, sampling, inspections, penalties and complaints about food."""

from __future__ import annotations

from xhcredit.features.conditions import (
    ADVERSE,
    CONCLUSIVE,
    FAILED,
    OVERDUE,
    UNSAFE_SAMPLE,
    VERIFIED,
)
from xhcredit.features.declare import (
    DISPLAY_ONLY,
    RULES_ONLY,
    SAFER,
    FeatureFactory,
    smoothed_share,
)
from xhcredit.features.sources import (
    COMPLAINT,
    FOOD_FILE,
    FOOD_GRADE,
    FOOD_HACCP,
    FOOD_KEY,
    FOOD_LABEL,
    PENALTY,
    RECTIFICATION,
)

_FOOD = "field == 'food'"
_PROFILE = FeatureFactory(
    "food_business", "food", FOOD_GRADE, "无在营食品档案 no food business", where="open"
)
_SAMPLES = FeatureFactory("food_sample", "food", FOOD_FILE, "无已知抽检 no sample known")
_UNSAFE = FeatureFactory(
    "food_sample",
    "food",
    FOOD_LABEL,
    "无已知不合格（标签瑕疵不计） none known",
    where=UNSAFE_SAMPLE,
)
_CONCLUSIVE = FeatureFactory(
    "inspection",
    "food",
    FOOD_KEY,
    "无已知食品检查 no food inspection known",
    where=f"{CONCLUSIVE} and {_FOOD}",
)
_FAILED = FeatureFactory(
    "inspection", "food", FOOD_LABEL, "无已知问题 no problem known", where=f"{FAILED} and {_FOOD}"
)
_PENALTIES = FeatureFactory(
    "penalty", "food", PENALTY, "无已知食品处罚 none known", where=f"{ADVERSE} and {_FOOD}"
)
_COMPLAINTS = FeatureFactory(
    "complaint", "food", COMPLAINT, "无已知查实投诉 none known", where=VERIFIED
)
_ORDERS = FeatureFactory(
    "rectification_order", "food", RECTIFICATION, "无已知逾期 none known", where=_FOOD
)

_SAMPLE_FEATURES = (
    *_SAMPLES.counts("food_samples", "食品抽检批次", "food samples", ("24m",), **DISPLAY_ONLY),
    *_UNSAFE.counts(
        "food_samples_failed", "食品抽检不合格批次", "food samples failed", ("12m", "24m")
    ),
    smoothed_share(
        "food_sample_failed_share_24m",
        "近24个月食品抽检不合格率（平滑）",
        "share of food samples failed, last 24 months, smoothed",
        "food_samples_failed_24m",
        "food_samples_24m",
        dimension="food",
        source=FOOD_FILE,
    ),
    _UNSAFE.count(
        "food_illegal_substance_36m",
        "近36个月检出非法添加批次",
        "samples with an illegal substance, last 36 months",
        "hazard == 'illegal_substance'",
        window="36m",
    ),
    _UNSAFE.count(
        "food_recalls_missed_24m",
        "近24个月不合格未召回批次",
        "failed samples whose goods were not recalled, last 24 months",
        "ended and recalled == 0",
        window="24m",
    ),
)

FEATURES = (
    _PROFILE.count(
        "food_businesses_open", "在营食品档案数", "food businesses in operation", **RULES_ONLY
    ),
    _PROFILE.last(
        "food_key_category",
        "属重点监管业态",
        "category under key supervision (special food, central kitchen, collective meals)",
        "category in ('special_food', 'central_kitchen', 'collective_meal')",
        source=FOOD_KEY,
        **RULES_ONLY,
    ),
    _PROFILE.last(
        "food_risk_grade",
        "食品安全风险等级（A0至D3）",
        "food-business risk grade, 0 (A) to 3 (D)",
        "risk_grade",
        unit="grade",
    ),
    _PROFILE.last(
        "food_haccp",
        "通过危害分析体系认证",
        "HACCP or GMP certified",
        "haccp",
        source=FOOD_HACCP,
        **SAFER,
    ),
    *_SAMPLE_FEATURES,
    *_CONCLUSIVE.counts(
        "food_inspections", "食品检查次数", "food inspections", ("24m",), **DISPLAY_ONLY
    ),
    *_FAILED.counts(
        "food_inspections_failed",
        "食品检查发现问题次数",
        "food inspections that found a problem",
        ("12m", "24m"),
    ),
    smoothed_share(
        "food_inspection_failed_share_24m",
        "近24个月食品检查问题率（平滑）",
        "share of food inspections that found a problem, last 24 months, smoothed",
        "food_inspections_failed_24m",
        "food_inspections_24m",
        dimension="food",
        source=FOOD_KEY,
    ),
    _CONCLUSIVE.last(
        "last_food_inspection_failed",
        "最近一次食品检查发现问题",
        "the last food inspection found a problem",
        "failed",
        window="60m",
    ),
    _CONCLUSIVE.feature(
        "days_since_last_food_inspection",
        "距最近食品检查天数",
        "days since the last food inspection (full coverage every two years)",
        "days_since",
        unit="days",
        window="60m",
        **RULES_ONLY,
    ),
    *_PENALTIES.counts("food_penalties", "食品处罚次数", "food penalties", ("36m",)),
    *_COMPLAINTS.counts(
        "food_complaints_verified",
        "查实食品投诉数",
        "verified complaints about food",
        ("24m",),
        "topic == 'food_safety'",
    ),
    _ORDERS.count(
        "food_orders_overdue_open",
        "食品逾期未整改数",
        "food rectification orders past their day and not met",
        OVERDUE,
        window="60m",
    ),
)
