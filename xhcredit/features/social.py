"""社会评价: verified complaints, promises, honours, association ratings."""

from __future__ import annotations

from xhcredit.features.conditions import VERIFIED
from xhcredit.features.declare import SAFER, WARNING_USE, FeatureFactory
from xhcredit.features.sources import ASSOCIATION, COMPLAINT, DIRECTORY, WARNING

_COMPLAINTS = FeatureFactory(
    "complaint", "social", COMPLAINT, "无已知查实投诉 no verified complaint known", where=VERIFIED
)
_PROMISES = FeatureFactory(
    "credit_promise", "social", DIRECTORY, "无已知承诺核验 no checked promise known"
)
_HONOURS = FeatureFactory(
    "honour", "social", DIRECTORY, "无已知有效荣誉 no honour in force known", where="open"
)
_ASSOCIATION = FeatureFactory(
    "association_rating", "social", ASSOCIATION, "无已知协会评价 no association rating known"
)

FEATURES = (
    *_COMPLAINTS.counts("complaints_verified", "查实投诉数", "verified complaints", ("12m", "24m")),
    _COMPLAINTS.count(
        "complaints_verified_90d",
        "近90日查实投诉数",
        "verified complaints, last 90 days (surge)",
        window="90d",
        source=WARNING,
        **WARNING_USE,
    ),
    _COMPLAINTS.decayed(
        "complaints_verified_decayed_365d",
        "查实投诉（半衰期365日）",
        "verified complaints, half-life 365 days",
        365,
    ),
    _COMPLAINTS.days_since(
        "days_since_last_verified_complaint",
        "距最近查实投诉天数",
        "days since the last verified complaint",
        window="60m",
    ),
    _COMPLAINTS.count(
        "prepaid_complaints_verified_24m",
        "近24个月查实预付卡投诉数",
        "verified complaints about prepaid cards, last 24 months",
        "topic == 'prepaid'",
        window="24m",
    ),
    _COMPLAINTS.count(
        "mediations_unmet_24m",
        "近24个月未履行调解协议数",
        "mediation agreements not honoured, last 24 months",
        "outcome == 'mediation_unmet'",
        window="24m",
    ),
    _PROMISES.count(
        "promises_kept_36m",
        "近36个月已履行信用承诺数",
        "credit promises kept, last 36 months",
        "outcome == 'kept'",
        window="36m",
        **SAFER,
    ),
    _PROMISES.count(
        "promises_broken_36m",
        "近36个月未履行信用承诺数",
        "credit promises broken, last 36 months",
        "outcome == 'broken'",
        window="36m",
    ),
    _HONOURS.count("honours_open", "有效守信荣誉数", "honours in force", **SAFER),
    _HONOURS.count(
        "credit_honours_open",
        "有效诚信、质量、安全荣誉数",
        "honours for credit, quality or safety in force",
        "kind in ('credit', 'quality', 'safety')",
        **SAFER,
    ),
    _ASSOCIATION.last(
        "association_grade",
        "最近行业协会评价等级（优0至差3）",
        "latest association grade, 0 best to 3",
        "grade",
        unit="grade",
        window="36m",
    ),
    _ASSOCIATION.count(
        "association_disciplines_36m",
        "近36个月受行业惩戒次数",
        "disciplined by an association, last 36 months",
        "disciplined == 1",
        window="36m",
    ),
)
