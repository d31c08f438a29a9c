"""监管: inspections, penalties, lists, judgments and taxes."""

from __future__ import annotations

from xhcredit.features import inspections
from xhcredit.features.conditions import ADVERSE, LATE, OVERDUE, RESTRICTING, SERIOUS
from xhcredit.features.declare import RULES_ONLY, SAFER, WARNING_USE, FeatureFactory
from xhcredit.features.sources import (
    ABNORMAL,
    JUDGMENT,
    NATIONAL,
    PENALTY,
    RECTIFICATION,
    SERIOUS_LIST,
    SUPERVISION,
    TAX_ARREARS,
    TAX_GRADE,
)
from xhcredit.features.sources import SERIOUS as SERIOUS_CLASS

_PENALTIES = FeatureFactory(
    "penalty", "supervision", PENALTY, "无已知（轻微以外）处罚 no penalty known", where=ADVERSE
)
_ORDERS = FeatureFactory(
    "rectification_order", "supervision", RECTIFICATION, "无已知逾期整改 no missed correction known"
)
_ABNORMAL = FeatureFactory(
    "abnormal_listing", "supervision", ABNORMAL, "现未列入 not listed now", where="open"
)
_SERIOUS = FeatureFactory(
    "serious_listing", "supervision", SERIOUS_LIST, "现未列入 not listed now", where="open"
)
_JUDGMENTS = FeatureFactory(
    "judicial", "supervision", JUDGMENT, "现无已知未结案件 no open case known", where="open"
)
_TAX = FeatureFactory(
    "tax_arrears", "supervision", TAX_ARREARS, "现无已知欠税 no arrears known", where="open"
)
_GRADES = FeatureFactory(
    "tax_grade", "supervision", TAX_GRADE, "近两年无已知级别 no grade known in two years"
)
_NATIONAL = FeatureFactory(
    "national_evaluation", "supervision", NATIONAL, "无已知国家评价 no result known"
)

_PENALTY_FEATURES = (
    *_PENALTIES.counts("penalties", "行政处罚次数", "penalties", ("12m", "24m", "36m")),
    _PENALTIES.count(
        "penalties_serious_24m",
        "近24个月严重失信处罚次数",
        "serious penalties, last 24 months",
        SERIOUS,
        window="24m",
        source=SERIOUS_CLASS,
    ),
    _PENALTIES.count(
        "penalties_restricting_36m",
        "近36个月停业、暂扣、吊销、限制类处罚次数",
        "penalties that stop or narrow business, last 36 months",
        RESTRICTING,
        window="36m",
    ),
    _PENALTIES.decayed(
        "penalties_decayed_365d",
        "行政处罚次数（半衰期365日）",
        "penalties, half-life 365 days",
        365,
        window="36m",
    ),
    _PENALTIES.yuan(
        "penalty_yuan_36m",
        "近36个月罚没金额",
        "amount fined and confiscated, last 36 months",
        "amount_yuan",
        window="36m",
    ),
    _PENALTIES.distinct(
        "penalty_fields_36m",
        "近36个月受处罚领域数",
        "fields of law penalised, last 36 months",
        "field",
        window="36m",
    ),
    _PENALTIES.days_since(
        "days_since_last_penalty", "距最近行政处罚天数", "days since the last penalty", window="36m"
    ),
    _PENALTIES.count(
        "penalties_unperformed_36m",
        "超过180日无履行记录的处罚数",
        "penalties without a record of performance after 180 days",
        "open and age >= 180",
        window="36m",
        source=SUPERVISION,
        **WARNING_USE,
    ),
    _ORDERS.count(
        "rectification_orders_overdue_open",
        "逾期未整改数",
        "rectification orders past their day and not met",
        OVERDUE,
        window="60m",
    ),
    _ORDERS.count(
        "rectification_orders_late_36m",
        "近36个月逾期整改数",
        "rectification orders met late, last 36 months",
        LATE,
        window="36m",
    ),
)

_LISTS = (
    _ABNORMAL.count("abnormal_listings_open", "在列经营异常名录数", "abnormal listings in force"),
    _ABNORMAL.feature(
        "abnormal_listing_days_open",
        "在列经营异常名录最长天数",
        "days of the longest abnormal listing in force",
        "max",
        value="duration",
        unit="days",
    ),
    _SERIOUS.count("serious_listings_open", "在列严重违法失信名单数", "serious listings in force"),
    _JUDGMENTS.count(
        "dishonest_debtor_open",
        "在册失信被执行人案件数",
        "open cases as a dishonest judgment debtor",
        "kind == 'dishonest_debtor'",
    ),
    _JUDGMENTS.count(
        "judgment_debtor_open",
        "未结被执行案件数",
        "open cases as a judgment debtor",
        "kind == 'judgment_debtor'",
    ),
    _JUDGMENTS.yuan(
        "judgment_debtor_yuan_open",
        "未结被执行金额",
        "amount at stake in open cases as a judgment debtor",
        "amount_yuan",
        where="kind == 'judgment_debtor'",
    ),
    _TAX.count("tax_arrears_open", "未清缴欠税公告数", "tax arrears announced and not paid"),
    _GRADES.last(
        "tax_grade_c_or_d",
        "最近纳税缴费信用为C、D级",
        "latest tax-payment grade is C or D (M, for newcomers, is not)",
        "grade in ('C', 'D')",
        window="24m",
    ),
    _GRADES.last(
        "tax_grade_a",
        "最近纳税缴费信用为A级",
        "latest tax-payment grade is A",
        "grade == 'A'",
        window="24m",
        **SAFER,
    ),
    _NATIONAL.last(
        # Read by the caps only: D in the general evaluation forbids A in any X
        # (国办发〔2026〕8号, V3).
        "national_grade",
        "国家公共信用综合评价等级（A0至D3）",
        "grade of the national general evaluation, 0 (A) to 3 (D)",
        "grade",
        unit="grade",
        window="24m",
        **RULES_ONLY,
    ),
)

FEATURES = (*inspections.FEATURES, *_PENALTY_FEATURES, *_LISTS)
