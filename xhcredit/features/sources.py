"""Sources of indicators: document, article, mark of verification.

The mark in brackets is that of the domain report: V1 the legal text itself was read, V2 a page that
carries it, V3 a secondary source, M-H/M-M/M-L from memory (high, medium, low confidence).
"""

from __future__ import annotations

_FIVE = "国市监信发〔2022〕6号（企业信用风险分类），{}信息 [M-M]"
BASIC = _FIVE.format("基础属性")
DYNAMIC = _FIVE.format("动态")
SUPERVISION = _FIVE.format("监管")

REGISTER = "市场主体登记管理条例 第三十八条 [V1]"
TOLERANCE = "上海市优化营商环境条例 第六十条（包容审慎监管） [V1]"
ANNUAL_REPORT = "企业信息公示暂行条例 第八条（2014年文本） [V1]"
INSPECTION = "市场主体登记管理条例 第三十八条；上海市优化营商环境条例 第七十条 [V1]"
REACHABLE = "上海市优化营商环境条例 第三十一条（住所与经营场所分离合法） [V1]"
PENALTY = "上海市社会信用条例 第九条第二款第四项；上海市优化营商环境条例 第六十七条 [V1]"
SERIOUS = "信用修复管理办法（国家发展和改革委员会令第36号）失信程度三级 [V3]"
RECTIFICATION = "行政处罚法 第三十三条（及时改正不计） [V1]"
ABNORMAL = "企业信息公示暂行条例 第十七条（2014年文本，2024年修订） [M-H]"
SERIOUS_LIST = "市场监督管理严重违法失信名单管理办法（市场监管总局令第44号） [V2]"
JUDGMENT = "上海市社会信用条例 第九条第二款第三项（拒不执行生效法律文书） [V1]"
TAX_ARREARS = "上海市社会信用条例 第九条第二款第一项（欠缴税款） [V1]"
TAX_GRADE = "纳税缴费信用管理办法（2025-07-01施行） [M-H]"
NATIONAL = "国办发〔2026〕8号（企业信用状况综合评价） [V3]"
RESPONSIBLE = "上海市社会信用条例 第三十三条（对严重失信负有责任的人员） [V1]"
NO_SPILL = "国办发〔2020〕49号（不得扩大惩戒对象范围）；仅作预警线索 [M-H]"
COMPLAINT = "市场监督管理投诉举报处理办法（市场监管总局令第121号） [V2]"
DIRECTORY = "全国公共信用信息基础目录（2024年版） [M-H]"
ASSOCIATION = "上海市社会信用条例 第二十七条（行业协会信用管理） [V1]"
WARNING = "湛江等地监测预警实践，阈值待校准 [V2]"
