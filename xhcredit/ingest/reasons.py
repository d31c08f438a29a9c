"""Quarantine reasons: stable ids with a remedy in Chinese and English.

``{}`` stands for the detail of the row.
"""

from __future__ import annotations

#: reason id -> (what to do in Chinese, in English)
REASONS: dict[str, tuple[str, str]] = {
    "ragged_row": (
        "该行列数与表头不符（{}）；请检查分隔符和引号后重新导出",
        "the row has another number of cells than the header ({}); check delimiters and quotes",
    ),
    "formula": (
        "单元格为公式；请选择性粘贴为数值后重新报送",
        "a cell holds a formula; paste it as a value and send the file again",
    ),
    "no_table": (
        "该类记录未列入映射，也未声明不采集；请在映射中补充 tables 或 skip_where",
        "no table of the mapping takes this row; add a table block or declare it in skip_where",
    ),
    "missing_required": ("必填项“{}”为空；请补填", 'required "{}" is empty; fill it in'),
    "code_length": (
        "统一社会信用代码应为18位；请与营业执照核对",
        "a unified social credit code has 18 characters ({}); compare it with the licence",
    ),
    "code_character": (
        "统一社会信用代码含不使用的字符；请与营业执照核对",
        "the code holds a character that codes never use ({}); compare it with the licence",
    ),
    "code_check_digit": (
        "第18位校验码不符（GB 32100）；请与营业执照核对",
        "the check digit at position 18 is wrong ({}); compare it with the licence",
    ),
    "code_organisation_digit": (
        "第17位组织机构代码校验码不符（GB 11714）；请与营业执照核对",
        "the check digit at position 17 is wrong ({}); compare it with the licence",
    ),
    "code_placeholder": (
        "代码为占位符；请填写真实的统一社会信用代码",
        "the code is a placeholder; fill in the real code",
    ),
    "name_not_found": (
        "无代码，且登记库中没有该名称；请补填统一社会信用代码",
        "there is no code and no enterprise of this name is known; fill in the code",
    ),
    "name_ambiguous": (
        "无代码，且有{}个主体使用该名称；请补填统一社会信用代码",
        "there is no code and {} enterprises bear this name; fill in the code",
    ),
    "unknown_enterprise": (
        "登记库中没有该代码；请先导入登记信息，再重新导入本文件",
        "the register does not hold this code; ingest the register, then this file again",
    ),
    "bad_date": (
        "不是存在的日期，或格式未声明；请更正，或在映射 dates 中补充格式（现有：{}）",
        "no such day, or a format that the mapping does not list; correct it or add it to `dates` "
        "(now: {})",
    ),
    "future_date": (
        "日期晚于今天（{}）；请更正，如日期无误，请于该日之后重新导入本文件",
        "the day lies after today ({}); correct it, or if it is right ingest the file again then",
    ),
    "too_early": (
        "早于该项可能的最早日期（{}）；如为系统默认值（如1900-01-01）请留空，否则请更正",
        "the day lies before the earliest that is possible here ({}); leave a system's default "
        "such as 1900-01-01 empty, otherwise correct it",
    ),
    "too_late": (
        "晚于该项可能的最晚日期（{}）；如表示长期有效（如9999-12-31）请留空，否则请更正",
        "the day lies after the latest that is possible here ({}); leave an open end such as "
        "9999-12-31 empty, otherwise correct it",
    ),
    "too_low": (
        "小于该项可能的最小值（{}）；请核对后更正",
        "less than is possible here ({}); check and correct it",
    ),
    "too_high": (
        "大于该项可能的最大值（{}）；请核对数值和单位（元或万元）后更正",
        "more than is possible here ({}); check the number and its unit (元 or 万元)",
    ),
    "known_before_occurred": (
        "归集日早于发生日（{}）；请更正其中之一",
        "it was known before it happened ({}); correct one of the two days",
    ),
    "ended_before_occurred": (
        "结束日早于发生日（{}）；请更正其中之一",
        "it ended before it happened ({}); correct one of the two days",
    ),
    "ended_known_before_ended": (
        "结束归集日早于结束日（{}）；请更正其中之一",
        "the ending was known before it happened ({}); correct one of the two days",
    ),
    "withdrawn_before_occurred": (
        "停用日早于发生日（{}）；请更正其中之一",
        "it was withdrawn before it happened ({}); correct one of the two days",
    ),
    "bad_category": (
        "不在可取值之内；请更正，或在映射 values 中补充（可取：{}）",
        "not one of the known values; correct it or add it to `values` (known: {})",
    ),
    "bad_flag": (
        "应为是/否；请更正，或在映射 values 中说明",
        "neither yes nor no; correct it or explain it in `values`",
    ),
    "bad_number": (
        "不是非负数；只写数字，可用千分位逗号和一个小数点",
        "not a number of zero or more; write digits only, thousands commas and one point allowed",
    ),
    "unit_in_cell": (
        "数字中夹带单位；只写数字，单位在映射 unit 中声明（元或万元）",
        "the unit stands in the cell; write digits only and declare `unit: 元` or `unit: 万元`",
    ),
    "duplicate": (
        "与第{}行重复；无需处理",
        "the same as row {}; nothing to do",
    ),
    "conflict": (
        "与第{}行主键相同而内容不同，均未导入；请报送部门确认哪一行正确",
        "same key as row {} but other content, so none of them went in; ask which one is right",
    ),
}
