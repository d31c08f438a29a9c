"""监管 (1): indicators of inspection results."""

from __future__ import annotations

from xhcredit.engine.spec import Feature
from xhcredit.features.conditions import CONCLUSIVE, FAILED
from xhcredit.features.declare import (
    DISPLAY_ONLY,
    SAFER,
    WARNING_USE,
    FeatureFactory,
    Origin,
    derived_feature,
    last_months,
    smoothed_share,
)
from xhcredit.features.sources import INSPECTION, REACHABLE, SUPERVISION

_NONE = "无已知有结论的检查 no conclusive inspection known"
_CONCLUSIVE = FeatureFactory("inspection", "supervision", INSPECTION, _NONE, where=CONCLUSIVE)
_FAILED = FeatureFactory(
    "inspection", "supervision", INSPECTION, "无已知发现问题的检查 no failure known", where=FAILED
)
_ALL_INSPECTIONS = FeatureFactory(
    "inspection", "supervision", INSPECTION, "无已知此类情形 none known"
)
_ON_SHARE: Origin = {"dimension": "supervision", "source": INSPECTION}

#: fields whose failures are worth an indicator of their own (those of an X are declared there)
_FIELDS = {
    "work_safety": ("安全生产", "work safety", ("work_safety",)),
    "fire": ("消防", "fire safety", ("fire",)),
    "environment": ("生态环境", "environment", ("environment",)),
    "culture_press": ("文化、新闻出版", "culture and press", ("culture", "press")),
}


def _field(id_: str, zh: str, en: str, fields: tuple[str, ...]) -> Feature:
    """Failed inspections of some fields."""
    any_of = " or ".join(f"field == '{f}'" for f in fields)
    return _FAILED.count(
        f"{id_}_inspections_failed_36m",
        f"近36个月{zh}检查发现问题次数",
        f"{en} inspections that found a problem, last 36 months",
        any_of,
        window="36m",
    )


_COUNTS = (
    *_CONCLUSIVE.counts(
        "inspections", "检查次数", "inspections", ("12m", "36m", "60m"), **DISPLAY_ONLY
    ),
    *_FAILED.counts(
        "inspections_failed",
        "检查发现问题次数",
        "inspections that found a problem",
        ("6m", "12m", "24m", "36m", "60m"),
    ),
    *_CONCLUSIVE.counts(
        "random_inspections",
        "双随机检查次数",
        "random inspections",
        ("36m",),
        "form == 'random'",
        **DISPLAY_ONLY,
    ),
    *_FAILED.counts(
        "random_inspections_failed",
        "双随机检查发现问题次数",
        "random inspections that found a problem",
        ("36m",),
        "form == 'random'",
    ),
    *(_field(id_, *words) for id_, words in _FIELDS.items()),
)

_SHARES = (
    *(
        smoothed_share(
            f"inspection_failed_share_{w}",
            f"{last_months(w)[0]}检查问题率（平滑）",
            f"share of inspections that found a problem, {last_months(w)[1]}, smoothed",
            f"inspections_failed_{w}",
            f"inspections_{w}",
            **_ON_SHARE,
        )
        for w in ("12m", "36m", "60m")
    ),
    smoothed_share(
        "random_inspection_failed_share_36m",
        "近36个月双随机检查问题率（平滑）",
        "share of random inspections that found a problem, last 36 months, smoothed",
        "random_inspections_failed_36m",
        "random_inspections_36m",
        **_ON_SHARE,
    ),
    derived_feature(
        "inspection_failed_raw_share_60m",
        "近60个月检查问题率（未平滑）",
        "plain share of inspections that found a problem, last 60 months (the rule to beat)",
        "inspections_failed_60m / inspections_60m",
        missing=f"缺失 missing = {_NONE}",
        use="display",
        **_ON_SHARE,
    ),
    _CONCLUSIVE.decayed(
        "inspections_decayed_365d",
        "检查次数（半衰期365日）",
        "inspections, half-life 365 days",
        365,
        **DISPLAY_ONLY,
    ),
    *(
        _FAILED.decayed(
            f"inspections_failed_decayed_{days}d",
            f"检查发现问题次数（半衰期{days}日）",
            f"inspections that found a problem, half-life {days} days",
            days,
        )
        for days in (180, 365)
    ),
    smoothed_share(
        "inspection_failed_share_decayed_365d",
        "检查问题率（半衰期365日，平滑）",
        "share of inspections that found a problem, half-life 365 days, smoothed",
        "inspections_failed_decayed_365d",
        "inspections_decayed_365d",
        size="10",
        **_ON_SHARE,
    ),
)

_SEQUENCE = (
    _CONCLUSIVE.last(
        "last_inspection_failed",
        "最近一次检查发现问题",
        "the last inspection found a problem",
        "failed",
        window="60m",
    ),
    _CONCLUSIVE.feature(
        "last_but_one_inspection_failed",
        "上一次检查发现问题",
        "the last inspection but one found a problem",
        "last2",
        value="failed",
        unit="flag",
        window="60m",
    ),
    _CONCLUSIVE.in_a_row(
        "inspections_passed_in_a_row",
        "连续检查未发现问题次数",
        "inspections without a problem in a row",
        "failed == 0",
        window="60m",
        **SAFER,
    ),
    _CONCLUSIVE.in_a_row(
        "inspections_failed_in_a_row",
        "连续检查发现问题次数",
        "inspections with a problem in a row",
        "failed == 1",
        window="60m",
    ),
    _FAILED.days_since(
        "days_since_last_failed_inspection",
        "距最近发现问题的检查天数",
        "days since the last inspection that found a problem",
        window="60m",
    ),
    _CONCLUSIVE.feature(
        "days_since_last_inspection",
        "距最近检查天数",
        "days since the last inspection",
        "days_since",
        unit="days",
        window="60m",
        **DISPLAY_ONLY,
    ),
    _FAILED.distinct(
        "fields_failed_36m",
        "近36个月发现问题的领域数",
        "fields in which a problem was found, last 36 months",
        "field",
        window="36m",
    ),
)

_CONDUCT = (
    _ALL_INSPECTIONS.count(
        "rechecks_failed_36m",
        "近36个月复查不合格次数",
        "re-checks failed, last 36 months",
        "ended and recheck_passed == 0",
        window="36m",
    ),
    _FAILED.count(
        "problems_open_90d",
        "发现问题超过90日无复查合格记录数",
        "problems without a passed re-check after 90 days",
        "open and age >= 90",
        window="36m",
        source=SUPERVISION,
        missing="0 = 无已知；不报送复查结果的部门会使其偏大 too high where re-checks go unreported",
        **WARNING_USE,
    ),
    _ALL_INSPECTIONS.count(
        "inspections_refused_36m",
        "近36个月不配合检查情节严重次数",
        "inspections refused, last 36 months",
        "result == 'refused'",
        window="36m",
    ),
    _ALL_INSPECTIONS.count(
        "disclosures_failed_36m",
        "近36个月抽查发现未公示或虚假公示次数",
        "inspections that found information unpublished or false, last 36 months",
        "result in ('not_published', 'concealment')",
        window="36m",
    ),
    _ALL_INSPECTIONS.count(
        "inspections_unreachable_24m",
        "近24个月登记住所无法联系次数",
        "inspections that met nobody at the registered place, last 24 months (ask first)",
        "result == 'unreachable'",
        window="24m",
        source=REACHABLE,
        **WARNING_USE,
    ),
)

FEATURES = (*_COUNTS, *_SHARES, *_SEQUENCE, *_CONDUCT)
