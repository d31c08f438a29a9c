"""基础属性: indicators of the register and permits; mostly scope and tolerance."""

from __future__ import annotations

from xhcredit.features.declare import DISPLAY_ONLY, RULES_ONLY, SAFER, WARNING_USE, FeatureFactory
from xhcredit.features.sources import BASIC, REGISTER, TOLERANCE, WARNING

#: A status counts from its day on; without a day it counts whenever the enterprise is known.
_SINCE = "status == '{}' and (is_missing(status_on) or status_on <= as_of)"
#: Before the day of a status that ended business, the enterprise was active.
_ACTIVE = f"{_SINCE.format('active')} or status != 'active' and status_on > as_of"

_REGISTER = FeatureFactory("enterprise", "basic", REGISTER, "登记信息缺项 not in the register")
_PERMITS = FeatureFactory(
    "permit", "basic", BASIC, "无已知有效许可 no permit in force known", where="open"
)

FEATURES = (
    _REGISTER.attribute(
        "age_days",
        "成立天数",
        "days since establishment",
        "as_of - established_on",
        unit="days",
        source=BASIC,
        **SAFER,
    ),
    _REGISTER.attribute(
        "is_active", "登记状态为存续", "registered as active", _ACTIVE, **RULES_ONLY
    ),
    _REGISTER.attribute(
        "is_suspended", "歇业", "registered as suspended", _SINCE.format("suspended"), **RULES_ONLY
    ),
    _REGISTER.attribute(
        "is_revoked",
        "营业执照被吊销",
        "business licence revoked",
        _SINCE.format("revoked"),
        **RULES_ONLY,
    ),
    _REGISTER.attribute(
        "is_individual",
        "个体工商户",
        "individual business (tolerance period, personal data)",
        "kind == 'individual'",
        source=TOLERANCE,
        **RULES_ONLY,
    ),
    _REGISTER.attribute(
        "is_small_or_micro",
        "小微企业",
        "small or micro enterprise (tolerance period only)",
        "size in ('small', 'micro')",
        source=TOLERANCE,
        **RULES_ONLY,
    ),
    _REGISTER.attribute(
        "is_new_form",
        "新产业新业态新模式",
        "new industry form or model (tolerance period only)",
        "new_form == 1",
        source=TOLERANCE,
        **RULES_ONLY,
    ),
    _REGISTER.attribute(
        "is_established_30d",
        "成立不满30日",
        "established less than 30 days ago",
        "as_of - established_on < 30",
        **DISPLAY_ONLY,
    ),
    _REGISTER.attribute(
        "licensed_items",
        "许可经营项目数",
        "licensed business items (exposure)",
        "scope_items",
        unit="count",
        **DISPLAY_ONLY,
    ),
    _PERMITS.count("permits_open", "有效许可数", "permits in force", **DISPLAY_ONLY),
    _PERMITS.count(
        "permits_expiring_90d",
        "90日内到期的许可数",
        "permits that expire within 90 days (a reminder, not a risk)",
        "expires_on >= as_of and expires_on - as_of < 90",
        source=WARNING,
        **WARNING_USE,
    ),
    _PERMITS.count(
        "permits_expired_open",
        "已过期未注销换证的许可数",
        "permits past their last day, neither renewed nor cancelled",
        "expires_on < as_of",
        source=WARNING,
        **WARNING_USE,
    ),
)
