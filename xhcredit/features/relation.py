"""关联关系: leads about others that share a person, an address or an agent; never a fault."""

from __future__ import annotations

from xhcredit.features.declare import DISPLAY_ONLY, WARNING_USE, FeatureFactory, neighbour_feature
from xhcredit.features.sources import NO_SPILL, REACHABLE, RESPONSIBLE, WARNING

_RELATIONS = FeatureFactory(
    "relation", "relation", NO_SPILL, "无已知关联登记 no relation known", where="open"
)

FEATURES = (
    neighbour_feature(
        "controller_serious_listings_open",
        "同一实际控制人其他主体的严重违法失信列入数",
        "serious listings in force of others under the same controller",
        "controller",
        "serious_listings_open",
        # The one relation that may score: 上海市社会信用条例 art 33 lets a serious list reach
        # the person responsible.
        source=RESPONSIBLE,
        use="score",
    ),
    neighbour_feature(
        "controller_revoked",
        "同一实际控制人名下被吊销主体数",
        "others under the same controller whose licence was revoked",
        "controller",
        "is_revoked",
        source=NO_SPILL,
    ),
    neighbour_feature(
        "representative_enterprises",
        "同一法定代表人的其他存续主体数",
        "other active enterprises with the same legal representative",
        "legal_representative",
        "is_active",
        source=WARNING,
    ),
    neighbour_feature(
        "representative_abnormal_listings_open",
        "同一法定代表人其他主体的经营异常列入数",
        "abnormal listings in force of others with the same legal representative",
        "legal_representative",
        "abnormal_listings_open",
        source=NO_SPILL,
    ),
    neighbour_feature(
        "representative_serious_listings_open",
        "同一法定代表人其他主体的严重违法失信列入数",
        "serious listings in force of others with the same legal representative",
        "legal_representative",
        "serious_listings_open",
        source=NO_SPILL,
    ),
    neighbour_feature(
        "representative_penalties_24m",
        "同一法定代表人其他主体近24个月处罚数",
        "penalties, last 24 months, of others with the same legal representative",
        "legal_representative",
        "penalties_24m",
        source=NO_SPILL,
    ),
    neighbour_feature(
        "branch_inspections_failed_24m",
        "总分支机构近24个月检查发现问题次数",
        "failed inspections, last 24 months, of parent and sister branches",
        "branch",
        "inspections_failed_24m",
        source=NO_SPILL,
    ),
    neighbour_feature(
        "address_enterprises",
        "同一住所的其他存续主体数（集中登记地除外）",
        "other active enterprises at the same address (up to 200; above, a shared address)",
        "address",
        "is_active",
        source=REACHABLE,
        hub_limit=200,
    ),
    neighbour_feature(
        "address_new_enterprises",
        "同一住所30日内新设主体数（集中登记地除外）",
        "others established at the same address within 30 days",
        "address",
        "is_established_30d",
        source=REACHABLE,
        hub_limit=200,
    ),
    neighbour_feature(
        "agent_abnormal_listings_open",
        "同一登记代理其他主体的经营异常列入数",
        "abnormal listings in force of others with the same filing agent",
        "agent",
        "abnormal_listings_open",
        source=WARNING,
        hub_limit=200,
    ),
    neighbour_feature(
        "phone_enterprises",
        "同一联系电话的其他存续主体数",
        "other active enterprises with the same phone number",
        "phone",
        "is_active",
        source=WARNING,
    ),
    _RELATIONS.days_since(
        "representative_days",
        "现任法定代表人任职天数",
        "days since the present legal representative took office",
        where="kind == 'legal_representative'",
        **WARNING_USE,
    ),
    _RELATIONS.count(
        "shareholders_open",
        "现有股东数",
        "shareholders at present",
        "kind == 'shareholder'",
        **DISPLAY_ONLY,
    ),
)
