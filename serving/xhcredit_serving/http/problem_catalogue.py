"""Catalogue of problems (RFC 9457): HTTP status, title and advice, in both languages."""

from __future__ import annotations

from typing import NamedTuple

from xhcredit import errors


class ProblemKind(NamedTuple):
    """Kind of problem: status, titles and advice.

    ``page_zh`` and ``page_en`` go before ``do_zh`` and ``do_en`` on a page: officers know nothing
    of headers and fields.  Empty where both read the same.
    """

    status: int
    zh: str
    en: str
    do_zh: str
    do_en: str
    page_zh: str = ""
    page_en: str = ""


_ASK_OPERATOR = (
    "请将请求编号（instance）告知系统运维人员。", "Tell the operator the number in instance.",
    "请将本页的请求编号告知系统运维人员。", "Tell the operator the number of the request below.",
)  # fmt: skip
_RETRY_LATER = (
    "未作任何更改；请按 Retry-After 稍后重试同一请求。",
    "Nothing was changed; send the same request again after Retry-After.",
    "未作任何更改；请稍后再试。", "Nothing was changed; try again in a moment.",
)  # fmt: skip

#: every error of the library; a contract test holds it complete
LIBRARY: dict[type[errors.XhcreditError], ProblemKind] = {
    errors.XhcreditError: ProblemKind(
        500, "系统内部状态异常", "The service is not in order", *_ASK_OPERATOR
    ),
    errors.BadCode: ProblemKind(
        400,
        "统一社会信用代码有误",
        "Wrong unified social credit code",
        "请对照营业执照核对18位代码后重新提交。",
        "Compare it with the business licence.",
    ),
    errors.BadInput: ProblemKind(
        400,
        "输入无法识别",
        "The input cannot be read",
        "请按 detail 所指位置修改后重新提交；格式见 /docs。",
        "Correct what detail points at; /docs shows the form.",
        "请检查所填内容和地址后重试。",
        "Check what was filled in and the address, then try again.",
    ),
    errors.BadMapping: ProblemKind(
        422,
        "字段映射有误",
        "The mapping is wrong",
        "请对照数据目录修改映射文件。",
        "Correct the mapping by the data directory.",
    ),
    errors.BadDeclaration: ProblemKind(
        500, "指标或评分表声明有误", "A declaration cannot be run", *_ASK_OPERATOR
    ),
    errors.BadRule: ProblemKind(500, "规则文件有误", "A rule file is refused", *_ASK_OPERATOR),
    errors.RuleNotInForce: ProblemKind(
        404,
        "所询日期无有效规则",
        "No rule in force on that day",
        "请换一个日期；/v1/rules 列出各规则生效日。",
        "Ask for another day; see /v1/rules.",
        "请换一个日期；规则页面列出各规则生效日。",
        "Choose another day; the page of rules lists them.",
    ),
    errors.NothingKnown: ProblemKind(
        404,
        "尚无数据",
        "Nothing is known yet",
        "请先导入数据并发布一个批次。",
        "Ingest data and publish a run first.",
    ),
    errors.UnknownEnterprise: ProblemKind(
        404,
        "未找到该企业",
        "Unknown enterprise",
        "请核对代码；新设企业于次日批次后可查。",
        "Check the code; a new enterprise appears with the next run.",
    ),
    errors.StoreUnavailable: ProblemKind(
        503, "存储暂不可用", "The store does not answer now", *_RETRY_LATER
    ),
    errors.DiskFull: ProblemKind(
        507,
        "服务器磁盘空间不足",
        "No room left on the server's disk",
        "未作任何更改；请将请求编号（instance）告知系统运维人员，腾出空间后重试。",
        "Nothing was changed; tell the operator the number in instance, and try again later.",
        "未作任何更改；请将本页的请求编号告知系统运维人员，腾出空间后重试。",
        "Nothing was changed; tell the operator the number below, and try again later.",
    ),
    errors.NotWritable: ProblemKind(
        503, "服务器目录不可写", "A folder of the server cannot be written", *_ASK_OPERATOR
    ),
    errors.BadStore: ProblemKind(500, "存储不可用", "The store cannot be used", *_ASK_OPERATOR),
    errors.KeyReused: ProblemKind(
        422,
        "幂等键已用于其他请求",
        "Idempotency key used before",
        "内容不同的请求请换用新的 Idempotency-Key。",
        "Use a new Idempotency-Key for another request.",
        "此表单已提交过；请重新打开页面后再填写。",
        "This form was sent before; open the page again.",
    ),
    errors.ChainBroken: ProblemKind(
        500,
        "操作日志链校验不通过",
        "The activity chain is broken",
        "请立即停止写入并告知审计管理员。",
        "Stop writing and tell the auditor at once.",
    ),
    errors.UnknownRecord: ProblemKind(
        404,
        "未找到该记录",
        "No such record",
        "请从列表中重新选取编号。",
        "Take its number from the list.",
    ),
    errors.CursorGone: ProblemKind(
        410,
        "游标之后的变动已过保存期",
        "Changes after this cursor were removed",
        "请先取 after=now 的游标，再下载关注名单全量，然后续读。",
        "Take a cursor with after=now, then download the watchlist whole, then go on.",
    ),
    errors.BeyondCalendar: ProblemKind(
        422,
        "超出工作日历范围",
        "Beyond the calendar of working days",
        "请换用日历范围内的日期，或补充官方放假安排。",
        "Use a day within the calendar, or add the official holidays.",
    ),
    errors.WrongApplicant: ProblemKind(
        422,
        "申请人与记录主体不符",
        "Not the enterprise of the record",
        "请由记录所属企业本身申请。",
        "Only the enterprise of the record may apply.",
    ),
    errors.WrongState: ProblemKind(
        409,
        "当前状态不允许此操作",
        "Not possible in this state",
        "请刷新后按当前状态办理。",
        "Read it again and go on from its present state.",
    ),
    errors.TwoPersons: ProblemKind(
        409,
        "须由两名人员共同办理",
        "Two different officers are needed",
        "请由另一名有权限的人员办理此步。",
        "Let another officer with the right do this step.",
    ),
    errors.LoginRefused: ProblemKind(
        401,
        "登录失败",
        "Login refused",
        "请核对账号、口令与动态口令；被锁定的请稍后再试。",
        "Check name, password and one-time code; if locked, wait.",
    ),
    errors.BadPlan: ProblemKind(
        422,
        "抽查计划或名录有误",
        "No lawful draw can be made of this",
        "请按 detail 修改计划或名录。",
        "Correct the plan or list as detail says.",
        "请修改计划或名录后重试。",
        "Correct the plan or list, then try again.",
    ),
    errors.Unstaffable: ProblemKind(
        422,
        "执法人员无法满足约束",
        "Inspectors cannot be assigned",
        "请按 detail 增派人员或调整回避、资质与工作量。",
        "Add inspectors, or change recusals, qualifications or loads as detail says.",
        "请增派人员，或调整回避、资质与工作量。",
        "Add inspectors, or change recusals, qualifications or loads.",
    ),
    errors.RecordRefuted: ProblemKind(
        422,
        "抽查记录核验不通过",
        "The draw record is refuted",
        "请核对是否取得完整、未改动的公布文件。",
        "Check that you have the whole files as published.",
    ),
    errors.BadSample: ProblemKind(
        422,
        "训练样本不可用",
        "The sample cannot be used",
        "请按 detail 调整样本的时段或标签。",
        "Change days or labels as detail says.",
        "请调整样本的时段或标签。",
        "Change the days or labels of the sample.",
    ),
    errors.GateClosed: ProblemKind(
        409,
        "模型未达到上线条件",
        "The model does not pass its gates",
        "请查看未通过的条件，改进模型后再提交。",
        "See which gates are closed; improve the model.",
    ),
    errors.OtherNight: ProblemKind(
        409,
        "规则或模型已变更，暂不能解释该批次",
        "Other rules or another model than the run's",
        "请待下一批次发布后再试。",
        "Try again after the next run is published.",
    ),
    errors.BookLost: ProblemKind(
        409,
        "本数据仓库中没有该批次所依据的数据",
        "The data of this run is not in this warehouse",
        "请由运维人员指定该批次所用的数据仓库，或重新评分发布。",
        "Let an operator name the warehouse of the run, or score and publish anew.",
    ),
    errors.RegistryUnavailable: ProblemKind(
        503, "模型登记库暂不可用", "The model registry is away", *_RETRY_LATER
    ),
    errors.NightRefuted: ProblemKind(
        500, "夜间计算自检未通过", "The night's self-check failed", *_ASK_OPERATOR
    ),
}

#: what only exists over HTTP
HTTP: dict[str, ProblemKind] = {
    "no_key": ProblemKind(
        401,
        "缺少或无效的访问密钥",
        "No valid key",
        "请登录，或以 Authorization: Bearer 提交有效密钥。",
        "Log in, or send a valid key as Authorization: Bearer.",
        "请先登录。",
        "Log in first.",
    ),
    "code_needed": ProblemKind(
        401,
        "需要动态口令",
        "A one-time code is needed",
        "请一并提交动态口令。",
        "Send the one-time code too.",
    ),
    "foreign_page": ProblemKind(
        403,
        "请求来源校验未通过",
        "The request is not from our own pages",
        "请在本系统页面内操作，或随请求提交 X-CSRF-Token。",
        "Act from our own pages, or send X-CSRF-Token.",
        "请回到本系统页面，刷新后重新操作。",
        "Go back to our own page, reload it and do it again.",
    ),
    "provider_away": ProblemKind(
        503, "统一身份认证暂不可用", "The identity provider is away", *_RETRY_LATER
    ),
    "password_due": ProblemKind(
        403,
        "须先更换口令",
        "Choose a new password first",
        "请先更换口令再继续。",
        "Choose a new password, then go on.",
    ),
    "too_many_logins": ProblemKind(
        429,
        "登录尝试过多",
        "Too many logins failed",
        "请稍后再试，或联系安全管理员。",
        "Wait, or ask the security administrator.",
    ),
    "not_allowed": ProblemKind(
        403,
        "无权访问",
        "Not allowed",
        "请向安全管理员申请相应角色或部门权限。",
        "Ask the security administrator for the role or bureau.",
    ),
    "purpose_missing": ProblemKind(
        400,
        "缺少查询事由",
        "No purpose given",
        "请在 X-Purpose 中写明查询事由。",
        "Say why in X-Purpose.",
        "请重新登录并选择查询事由。",
        "Log in again and choose why you look.",
    ),
    "not_found": ProblemKind(
        404,
        "没有此地址",
        "No such address",
        "请查阅 /docs。",
        "See /docs.",
        "请核对地址，或从首页重新进入。",
        "Check the address, or begin at the first page.",
    ),
    "method_not_allowed": ProblemKind(
        405,
        "不支持此方法",
        "Method not allowed",
        "请查阅 /docs。",
        "See /docs.",
        "此地址不能这样打开；请从首页重新进入。",
        "This address cannot be opened like this; begin at the first page.",
    ),
    "too_slow": ProblemKind(
        408,
        "提交内容传输超时",
        "The body came too slowly",
        "请重新发送。",
        "Send it again.",
        "网络传输过慢，内容未收齐；请重新提交。",
        "What was sent came too slowly; send it again.",
    ),
    "too_large": ProblemKind(
        413,
        "提交的内容过大",
        "The body is too large",
        "请分次提交。",
        "Ask in smaller parts.",
        "所提交的文件或内容过大；请分次提交。",
        "The file or text is too large; send it in parts.",
    ),
    "wrong_request": ProblemKind(
        422,
        "请求内容不符合要求",
        "The request is not as declared",
        "请按 errors 逐项修改；格式见 /docs。",
        "Correct each of errors; /docs shows the form.",
        "请检查地址和所填内容后重试。",
        "Check the address and what was filled in, then try again.",
    ),
    "refused": ProblemKind(
        400,
        "请求被拒绝",
        "The request is refused",
        "请检查请求体是否为有效 JSON。",
        "Check that the body is JSON.",
        "所提交的内容无法读取；请重新打开页面后再提交。",
        "What was sent cannot be read; open the page again and send it once more.",
    ),
    "overloaded": ProblemKind(503, "服务繁忙，请稍后再试", "Busy; try again", *_RETRY_LATER),
    "internal": ProblemKind(500, "系统内部错误", "Our mistake", *_ASK_OPERATOR),
}

#: every kind by its stable code
BY_CODE: dict[str, ProblemKind] = {error.code: kind for error, kind in LIBRARY.items()} | HTTP
