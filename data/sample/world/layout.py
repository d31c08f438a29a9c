"""How each department writes its file: name, kind, encoding, headers, dates, units."""

from __future__ import annotations

from dataclasses import dataclass, field

_COMMON = {"code": "统一社会信用代码", "known_on": "归集时间"}


@dataclass(frozen=True)
class Layout:
    """One department's file.

    Args that have a catch:
        kind: ``csv``, ``xlsx`` or ``parquet``; the latter two only while the file is small.
        dates: how days are written: ``iso``, ``slash``, ``compact`` or ``chinese``; single columns
            may differ (``dates_of``).
        flags: words for no and yes of flag columns.
        ten_thousand: the money column written in 万元.
        extra: headers that the canonical tables do not take; the mapping ignores them.
    """

    file: str
    headers: dict[str, str]
    kind: str = "csv"
    encoding: str = "utf-8-sig"
    dates: str = "iso"
    dates_of: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, str] = ("否", "是")
    ten_thousand: str = ""
    extra: tuple[str, ...] = ()

    def header(self, column: str) -> str:
        """What the department calls a canonical column."""
        return self.headers.get(column) or _COMMON[column]


LAYOUTS: dict[str, Layout] = {
    "enterprise": Layout(
        "register",
        {
            "code": "统一社会信用代码",
            "known_on": "登记归集日期",
            "name": "名称",
            "kind": "主体类型",
            "industry": "行业门类",
            "established_on": "成立日期",
            "status": "登记状态",
            "deregistered_on": "注销日期",
            "new_form": "新产业新业态新模式",
            "street": "所属街镇",
            "bureau": "主管部门",
            "size": "企业规模",
            "registered_capital_yuan": "注册资本万元",
            "paid_in_yuan": "实缴资本（元）",
            "staff": "从业人数",
            "scope_items": "许可经营项目数",
        },
        ten_thousand="registered_capital_yuan",
    ),
    "registration_change": Layout(
        "registration_changes",
        {
            "code": "信用代码",
            "occurred_on": "核准日期",
            "kind": "变更事项",
        },
        dates="slash",
    ),
    "annual_report": Layout(
        "annual_reports",
        {
            "occurred_on": "报送日期",
            "year": "报告年度",
            "outcome": "报送情况",
            "insured_staff": "参保人数",
        },
    ),
    "permit": Layout(
        "permits",
        {
            "occurred_on": "许可决定日期",
            "ended_on": "注销日期",
            "ended_known_on": "注销归集时间",
            "permit_no": "许可编号",
            "kind": "许可类别",
            "expires_on": "有效期至",
            "agency": "许可机关",
        },
    ),
    "relation": Layout(
        "relations",
        {
            "occurred_on": "起始日期",
            "ended_on": "终止日期",
            "ended_known_on": "终止归集时间",
            "kind": "关系类型",
            "node": "关联标识",
        },
        dates="compact",
    ),
    "inspection": Layout(
        "inspections",
        {
            "occurred_on": "检查日期",
            "ended_on": "复查日期",
            "ended_known_on": "复查归集时间",
            "recheck_passed": "复查是否合格",
            "inspection_no": "检查编号",
            "form": "检查方式",
            "field": "检查领域",
            "result": "检查结果",
            "failed": "是否发现问题",
            "item": "检查事项",
            "completeness": "检查完整性",
            "agency": "检查机关",
            "level": "检查层级",
            "inspector": "检查人员",
            "draw_id": "抽查批次",
            "inclusion_probability": "入样概率",
        },
    ),
    "rectification_order": Layout(
        "rectification_orders",
        {
            "occurred_on": "通知书日期",
            "ended_on": "整改完成日期",
            "ended_known_on": "整改归集时间",
            "doc_no": "文书编号",
            "due_on": "改正期限",
            "field": "领域",
        },
        dates="chinese",
    ),
    "penalty": Layout(
        "penalties",
        {
            "occurred_on": "处罚决定日期",
            "ended_on": "履行完毕日期",
            "ended_known_on": "履行归集时间",
            "withdrawn_on": "停用日期",
            "withdrawn_why": "停用原因",
            "doc_no": "处罚决定书文号",
            "procedure": "处罚程序",
            "penalty_kinds": "处罚种类",
            "severity": "失信程度",
            "amount_yuan": "罚没金额万元",
            "field": "领域",
            "published_on": "公示日期",
            "conduct": "违法行为类型",
            "basis": "处罚依据",
            "agency": "处罚机关",
        },
        dates_of={"known_on": "slash"},
        ten_thousand="amount_yuan",
        extra=("备注",),
    ),
    "spared_violation": Layout(
        "spared_violations",
        {
            "occurred_on": "决定日期",
            "doc_no": "决定书文号",
            "list_item": "免罚清单事项",
            "ground": "不予处罚情形",
            "agency": "机关",
        },
    ),
    "abnormal_listing": Layout(
        "abnormal_listings",
        {
            "occurred_on": "列入日期",
            "ended_on": "移出日期",
            "ended_known_on": "移出归集时间",
            "withdrawn_on": "停用日期",
            "withdrawn_why": "停用原因",
            "ground": "列入事由",
            "agency": "列入机关",
        },
        dates="slash",
    ),
    "serious_listing": Layout(
        "serious_listings",
        {
            "occurred_on": "列入日期",
            "ended_on": "移出日期",
            "ended_known_on": "移出归集时间",
            "list_kind": "名单种类",
            "doc_no": "列入决定书文号",
            "agency": "列入机关",
        },
    ),
    "judicial": Layout(
        "judicial",
        {
            "occurred_on": "立案日期",
            "ended_on": "履行完毕日期",
            "ended_known_on": "履行归集时间",
            "case_no": "案号",
            "kind": "类型",
            "amount_yuan": "执行标的（元）",
            "court": "法院",
        },
        encoding="gb18030",
        dates="chinese",
    ),
    "tax_arrears": Layout(
        "tax_arrears",
        {
            "occurred_on": "公告日期",
            "ended_on": "清缴日期",
            "ended_known_on": "清缴归集时间",
            "tax": "税种",
            "amount_yuan": "欠税余额（元）",
        },
        encoding="gb18030",
    ),
    "tax_grade": Layout(
        "tax_grades",
        {
            "occurred_on": "发布日期",
            "year": "评价年度",
            "grade": "级别",
        },
        dates="compact",
    ),
    "complaint": Layout(
        "complaints",
        {
            "occurred_on": "登记日期",
            "ended_on": "办结日期",
            "ended_known_on": "办结归集时间",
            "outcome": "办理结果",
            "complaint_no": "工单编号",
            "topic": "类别",
            "serial_claimant": "职业索赔",
        },
        encoding="gb18030",
        dates="slash",
    ),
    "honour": Layout(
        "honours",
        {
            "occurred_on": "授予日期",
            "ended_on": "失效日期",
            "ended_known_on": "失效归集时间",
            "title": "荣誉名称",
            "level": "级别",
            "kind": "种类",
        },
    ),
    "credit_promise": Layout(
        "credit_promises",
        {
            "occurred_on": "承诺日期",
            "ended_on": "核验日期",
            "ended_known_on": "核验归集时间",
            "outcome": "履行情况",
            "promise_no": "承诺书编号",
            "kind": "承诺类型",
        },
    ),
    "association_rating": Layout(
        "association_ratings",
        {
            "occurred_on": "评价日期",
            "association": "协会名称",
            "grade": "等级",
            "disciplined": "受行业惩戒",
        },
        kind="xlsx",
        dates="slash",
    ),
    "national_evaluation": Layout(
        "national_evaluations",
        {
            "occurred_on": "评价日期",
            "version": "评价版本",
            "grade": "等级",
        },
        kind="parquet",
    ),
    "food_business": Layout(
        "food_businesses",
        {
            "occurred_on": "评定日期",
            "ended_on": "停业日期",
            "ended_known_on": "停业归集时间",
            "category": "食品经营业态",
            "risk_grade": "食品安全风险等级",
            "floor_area": "经营面积",
            "haccp": "体系认证",
            "chain_review": "连锁总部评审",
        },
    ),
    "food_sample": Layout(
        "food_samples",
        {
            "occurred_on": "抽样日期",
            "ended_on": "处置完成日期",
            "ended_known_on": "处置归集时间",
            "recalled": "是否召回",
            "sample_no": "抽样编号",
            "failed": "抽检结论",
            "hazard": "不合格项目类别",
        },
        flags=("合格", "不合格"),
    ),
    "elderly_institution": Layout(
        "elderly_institutions",
        {
            "occurred_on": "报告期末日",
            "beds": "核定床位",
            "residents": "入住老人数",
            "staff": "护理人员数",
            "certified_staff": "持证护理人员数",
            "closed": "已终止服务",
            "prepaid_balance_yuan": "预收费余额",
            "prepaid_in_custody_yuan": "存管余额",
        },
        kind="xlsx",
    ),
    "elderly_check": Layout(
        "elderly_checks",
        {
            "occurred_on": "检查日期",
            "ended_on": "整改完成日期",
            "ended_known_on": "整改归集时间",
            "check_no": "编号",
            "kind": "类别",
            "passed": "是否合格",
            "hazard_grade": "隐患等级",
        },
        dates="chinese",
    ),
    "construction_project": Layout(
        "construction_projects",
        {
            "occurred_on": "施工许可日期",
            "ended_on": "竣工验收日期",
            "ended_known_on": "竣工归集时间",
            "project_no": "施工许可证号",
            "stage": "施工阶段",
            "contract_yuan": "合同价万元",
            "hazardous": "含危大工程",
        },
        ten_thousand="contract_yuan",
    ),
    "construction_finding": Layout(
        "construction_findings",
        {
            "occurred_on": "发现日期",
            "ended_on": "整改完成日期",
            "ended_known_on": "整改归集时间",
            "finding_no": "问题编号",
            "kind": "类别",
            "severity": "严重程度",
            "stop_order": "责令停工",
        },
    ),
    "supervision": Layout(
        "supervision",
        {
            "code": "统一代码",
            "occurred_on": "监管起始日期",
            "ended_on": "监管终止日期",
            "ended_known_on": "终止归集时间",
            "bureau": "监管部门",
            "field": "监管领域",
        },
        encoding="gb18030",
        dates="compact",
    ),
}
