"""动态: indicators of changes of the enterprise and of timely reports."""

from __future__ import annotations

from dataclasses import replace

from xhcredit.features.conditions import UNSETTLING
from xhcredit.features.declare import (
    DISPLAY_ONLY,
    SAFER,
    WARNING_USE,
    FeatureFactory,
    derived_feature,
)
from xhcredit.features.sources import ANNUAL_REPORT, DYNAMIC, JUDGMENT, REACHABLE, WARNING

_CHANGES = FeatureFactory("registration_change", "dynamic", DYNAMIC, "无已知变更 no change known")
_UNSETTLING = replace(_CHANGES, where=UNSETTLING)
_REPORTS = FeatureFactory(
    "annual_report", "dynamic", ANNUAL_REPORT, "无已知年报记录 no annual report known"
)
_FREEZES = FeatureFactory(
    "judicial",
    "dynamic",
    JUDGMENT,
    "无已知股权冻结 no freeze known",
    where="kind == 'equity_freeze'",
)
_KEY_PERSONS = "kind in ('legal_representative', 'shareholder', 'manager')"

FEATURES = (
    *_UNSETTLING.counts(
        "registration_changes",
        "变更登记次数（住所、经营范围、增资不计）",
        "registration changes (address, scope and capital increase left out)",
        ("12m", "36m"),
    ),
    _CHANGES.count(
        "registration_changes_6m",
        "近6个月各类变更登记次数",
        "registration changes of any kind, last 6 months",
        window="6m",
        source=WARNING,
        **WARNING_USE,
    ),
    _CHANGES.count(
        "key_person_changes_24m",
        "近24个月法定代表人、股东、高管变更次数",
        "changes of legal representative, shareholders or managers, last 24 months",
        _KEY_PERSONS,
        window="24m",
    ),
    _CHANGES.count(
        "representative_changes_24m",
        "近24个月法定代表人变更次数",
        "changes of legal representative, last 24 months",
        "kind == 'legal_representative'",
        window="24m",
    ),
    _CHANGES.count(
        "capital_decreases_36m",
        "近36个月减资次数",
        "capital decreases, last 36 months",
        "kind == 'capital_decrease'",
        window="36m",
    ),
    _CHANGES.count(
        "address_changes_24m",
        "近24个月住所变更次数",
        "changes of registered address, last 24 months (moving is legal)",
        "kind == 'address'",
        window="24m",
        source=REACHABLE,
        **WARNING_USE,
    ),
    _UNSETTLING.distinct(
        "change_kinds_24m",
        "近24个月变更事项种数",
        "kinds of registration change, last 24 months",
        "kind",
        window="24m",
    ),
    _UNSETTLING.days_since(
        "days_since_last_change", "距最近变更登记天数", "days since the last change"
    ),
    _REPORTS.count(
        "annual_reports_missed_36m",
        "近36个月未报年报次数",
        "annual reports missed, last 36 months",
        "outcome == 'missed'",
        window="36m",
    ),
    _REPORTS.count(
        "annual_reports_late_36m",
        "近36个月逾期补报年报次数",
        "annual reports filed late, last 36 months",
        "outcome == 'late'",
        window="36m",
    ),
    _REPORTS.in_a_row(
        "annual_reports_missed_in_a_row",
        "连续未报年报次数",
        "annual reports missed in a row",
        "outcome == 'missed'",
        window="60m",
    ),
    _REPORTS.in_a_row(
        "annual_reports_on_time_in_a_row",
        "连续按时年报次数",
        "annual reports filed on time in a row",
        "outcome == 'on_time'",
        window="60m",
        **SAFER,
    ),
    _REPORTS.feature(
        "insured_staff_last",
        "最近年报参保人数",
        "insured staff in the last annual report",
        "last",
        value="insured_staff",
        unit="count",
        window="36m",
        **DISPLAY_ONLY,
    ),
    _REPORTS.feature(
        "insured_staff_before",
        "上次年报参保人数",
        "insured staff in the report before",
        "last2",
        value="insured_staff",
        unit="count",
        window="36m",
        **DISPLAY_ONLY,
    ),
    derived_feature(
        "insured_staff_drop_share",
        "参保人数降幅",
        "share of insured staff lost between the last two annual reports",
        "max(1 - insured_staff_last / insured_staff_before, 0)",
        dimension="dynamic",
        source=WARNING,
        missing="缺失 missing = 不足两份年报或上次为零 fewer than two reports, or nobody before",
        **WARNING_USE,
    ),
    _FREEZES.count("equity_freezes_open", "股权冻结数", "equity freezes in force", "open"),
)
