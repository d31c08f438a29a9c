"""Forbidden indicators: each ban with its reason and article."""

from __future__ import annotations

from dataclasses import dataclass

#: Tables of adverse records with a publicity period (公示期): what may no longer be published must
#: not go on working in a score, so a scored window over them is bounded by the rulebook.
PUBLISHED_RECORDS = frozenset(
    {"penalty", "abnormal_listing", "serious_listing", "judicial", "tax_arrears"}
)


@dataclass(frozen=True)
class Ban:
    """Something that an indicator may not do.

    ``what`` completes the sentence "feature x …"; ``score_only`` bans it from scores (and from what
    scores are made of) but not from warnings, rules and display; ``allowed`` are uses of a table
    that stay open.
    """

    what: str
    why: str
    source: str
    score_only: bool = False
    allowed: tuple[str, ...] = ()


_EQUAL = "民营经济促进法 第五十一、五十二条 [V1]；docs/law-notes.md §6、§9.23"
_SHANGHAI_35 = "上海市社会信用条例 第三十五条 [V1]"

TABLES = {
    "spared_violation": Ban(
        "reads spared violations",
        "不予处罚不是处罚记录，不得以任何形式进入指标 (a spared violation is no record)",
        "行政处罚法 第三十三条；上海市社会信用条例 第九条 [V1]",
    ),
    # The "1" is national: scored here it would make a rival district grade, which
    # 国办发〔2026〕8号 leaves no room for (V3).
    "national_evaluation": Ban(
        "reads the national evaluation",
        "国家评价只并列展示和按规则封顶，不入本区评分 (shown beside, caps, never scored)",
        "国办发〔2026〕8号 [V3]",
        score_only=True,
        allowed=("rule", "display"),
    ),
    "relation": Ban(
        "scores relations as such",
        "关联关系只能作预警线索 (relations are leads for a warning, not a fault)",
        "国办发〔2020〕49号 [M-H]；docs/law-notes.md §6",
        score_only=True,
        allowed=("warning", "rule", "display"),
    ),
    # Who supervises follows the line of business, so points would fall on whole trades.
    "supervision": Ban(
        "reads who supervises",
        "管辖关系不是信用信息 (jurisdiction tells whose task it is, nothing of conduct)",
        "xhcredit 约定（非法律规定）",
    ),
}

_SIZE = Ban(
    "reads the size or capital of the enterprise",
    "规模不是信用 (size may scale exposure, never credit)",
    _EQUAL,
    score_only=True,
)
_FORM = Ban(
    "reads the legal form or ownership",
    "不同所有制、组织形式平等对待 (equal treatment of forms and owners)",
    _EQUAL,
    score_only=True,
)
_PLACE = Ban(
    "reads where the enterprise sits",
    "不得以地域、住所评价信用 (no local protection; addresses may be shared)",
    "上海市优化营商环境条例 第十七、三十一条 [V1]",
    score_only=True,
)
_PERSON = Ban(
    "reads who inspected or how the draw was made",
    "谁检查、入样概率不是企业的行为 (not the enterprise's conduct)",
    "个人信息保护法 第二十四条 [V1]；docs/architecture.md §2",
)
_TAX = Ban(
    "reads amounts of tax",
    "纳税数额不得作为评价要素 (neither local tax paid nor a person's tax amounts)",
    "上海市社会信用条例 第十四条 [V1]；docs/law-notes.md §9.23",
    score_only=True,
)
_NEW_FORM = Ban(
    "reads whether the business is of a new form",
    "新业态只用于容错期 (new forms get a tolerance period, no score)",
    "上海市优化营商环境条例 第六十条 [V1]",
    score_only=True,
)

COLUMNS = {
    ("enterprise", "size"): _SIZE,
    ("enterprise", "staff"): _SIZE,
    ("enterprise", "registered_capital_yuan"): _SIZE,
    ("enterprise", "paid_in_yuan"): _SIZE,
    ("annual_report", "insured_staff"): _SIZE,
    ("construction_project", "contract_yuan"): _SIZE,
    ("enterprise", "kind"): _FORM,
    ("enterprise", "name"): _FORM,
    ("enterprise", "street"): _PLACE,
    ("enterprise", "new_form"): _NEW_FORM,
    ("inspection", "inspector"): _PERSON,
    ("inspection", "inclusion_probability"): _PERSON,
    ("tax_arrears", "amount_yuan"): _TAX,
}

RELATED = Ban(
    "scores what others did who share a person, an address, a phone or an agent",
    "关联主体的情况只能作预警，不得扣分 (a warning, never a fault)",
    "国办发〔2020〕49号 [M-H]；上海市优化营商环境条例 第三十一条 [V1]",
    score_only=True,
)

#: the one exception: (relation, feature) that a score may read (上海市社会信用条例 art 33)
RELATION_ALLOWED = frozenset({("controller", "serious_listings_open")})

UNVERIFIED = Ban(
    "counts complaints that were not verified, or of serial or malicious claimants",
    "只有查实的投诉计入 (only verified complaints count)",
    "市场监督管理投诉举报处理办法（令第121号） [V2]；docs/law-notes.md §9.20",
)
SLIGHT = Ban(
    "counts slight penalties",
    "简易程序、仅警告或通报批评、轻微失信不计 (summary, warning-only and minor do not count)",
    "上海市社会信用条例 第九条；上海市优化营商环境条例 第六十七条 [V1]",
)
LEFT_LIST = Ban(
    "remembers listings, judgments or arrears that have ended",
    "移出、履行、清缴后不得继续使用 (no shadow memory after removal, performance or payment)",
    "信用修复管理办法（令第36号）第三条 [V2]；docs/law-notes.md §9.9",
    score_only=True,
)
TOO_OLD = Ban(
    "counts adverse facts older than 60 months",
    "失信信息自行为终止之日起满五年不得使用 (five years from the end of the conduct)",
    _SHANGHAI_35,
)
WITHDRAWN = Ban(
    "counts what was revoked, restored or corrected",
    "撤销、修复、更正的信息不得使用 (withdrawn facts are gone)",
    "上海市社会信用条例 第三十七、三十八条 [V1]",
)
UNREACHABLE = Ban(
    "takes an inspection that met nobody at the registered place as a fault",
    "住所与经营场所分离合法，须先核实 (trading elsewhere is legal; ask first)",
    "上海市优化营商环境条例 第三十一条 [V1]",
    score_only=True,
)
CORRECTED = Ban(
    "counts orders that were met in time",
    "及时改正不计 (correction in time costs nothing)",
    "行政处罚法 第三十三条 [V1]",
    score_only=True,
)
ORDINARY_CHANGE = Ban(
    "counts moves, wider scopes or capital increases",
    "住所、经营范围变更和增资是正常经营 (ordinary, lawful business)",
    "上海市优化营商环境条例 第十七、三十一条 [V1]",
    score_only=True,
)
LABEL_FLAW = Ban(
    "counts flaws of a food label as unsafe food",
    "标签瑕疵责令改正 (flaws of a label are ordered to be corrected)",
    "食品生产经营监督检查管理办法（令第49号）第三十七条 [V1]",
    score_only=True,
)
