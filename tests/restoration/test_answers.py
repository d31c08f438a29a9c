"""What does an answer say beyond yes and no?"""

from datetime import date

import pytest

from tests.restoration.records import DECIDED, listing, penalty
from xhcredit.errors import RuleNotInForce
from xhcredit.restoration.as_json import assessment_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.notice import Parties, notice
from xhcredit.rules.loader import load_folder
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import PackState

BOOK = Rulebook.load()
DAY = date(2026, 8, 10)
US = Parties("示例食品有限公司", "91310115MA1K3CUM7M", "示例区市场监督管理局", "示罚〔2026〕1号")


def test_every_statement_names_its_rule_article_and_verification_mark():
    record = penalty(authority="samr", pledge=False, amount_yuan=60_000)
    answer_json = assessment_json(assess(record, applied_on=DAY, rules=BOOK))

    assert [c["basis"]["rule"] for c in answer_json["conditions"]] == [
        "restoration.samr.minimum_publication",
        "restoration.samr.duties_done",
        "restoration.samr.harm_removed",
        "restoration.samr.no_same_kind",
        "restoration.samr.not_listed",
        "restoration.samr.pledge",
    ]
    listed = next(
        c["basis"] for c in answer_json["conditions"] if "not_listed" in c["basis"]["rule"]
    )
    assert (listed["article"], listed["verification"]["id"]) == ("第14条第1款第（四）项", "V1")


def test_citizens_are_told_in_chinese_from_which_day_they_may_apply():
    assessment = assess(penalty(), applied_on=date(2026, 8, 9), rules=BOOK)

    assert (
        assessment.summary.zh == "2026年8月9日尚不能申请；其他条件不变的，2026年8月10日起可申请。"
    )
    assert [c.text.zh for c in assessment.unmet] == [
        "最短公示期至2026年8月10日届满，该日起可申请。"
    ]


def test_after_restoration_nothing_is_shown_shared_used_or_remembered():
    effects = "".join(e.zh for e in assess(penalty(), applied_on=DAY, rules=BOOK).effects)

    for word in ("停止公示", "停止共享和使用", "重新计算", "自修复决定之日起3个工作日内"):
        assert word in effects


def test_a_conflict_is_told_with_both_rules_and_a_lawyer():
    record = penalty(authority="samr", penalty_kinds=["licence_revocation"])
    assessment = assess(record, applied_on=date(2027, 5, 10), rules=BOOK)

    assert assessment.eligible
    assert assessment.needs_lawyer
    assert "第45号第14条" in assessment.lawyer[0].zh
    assert "第36号令" in assessment.lawyer[0].zh
    assert "第107号令" in assessment.lawyer[0].zh


def test_shanghai_and_national_days_are_both_told_where_they_differ():
    assessment = assess(penalty(authority="shanghai", field="food"), applied_on=DAY, rules=BOOK)

    assert "本市条例至2027年5月10日、按第36号令至2026年8月10日届满" in assessment.lawyer[0].zh


def test_a_listing_of_another_department_borrows_the_periods_and_says_so():
    record = listing(authority="shanghai", duties_done_on="2026-06-01")

    assert "名单由认定部门依其规定修复" in assess(record, applied_on=DAY, rules=BOOK).lawyer[0].zh


def test_conduct_that_is_corrected_late_delays():
    record = penalty(duties_done_on="2026-06-01", corrected_on="2026-09-01")

    assert assess(record, applied_on=DAY, rules=BOOK).earliest_on == date(2026, 9, 1)


def test_out_of_service_there_is_no_answer():
    rules = load_folder_with_switch_off()

    with pytest.raises(RuleNotInForce, match="restoration is out of service on 2026-08-10"):
        assess(penalty(), applied_on=DAY, rules=rules)


def load_folder_with_switch_off():
    """The shipped rules with the pack taken out of service."""
    from xhcredit.rules.loader import SHIPPED

    rules = load_folder(SHIPPED)
    switch = rules["packs.restoration"]
    off = PackState(in_service=False, why="暂停")
    entries = tuple(e.model_copy(update={"value": off}) for e in switch.entries)
    changed = switch.model_copy(update={"entries": entries})
    return Rulebook.of({**rules, switch.id: changed}.values())


def test_the_notice_tells_what_to_do_and_from_which_day():
    letter = notice(penalty(authority="samr", field="food", amount_yuan=60_000), US, BOOK)

    for words in (
        "与行政处罚决定书一并送达",
        "（示罚〔2026〕1号）",
        "失信程度：一般",
        "最长至2027年5月10日",
        "2026年8月10日起可申请",
        "不收取任何费用",
        "2026年5月10日",
    ):
        assert words in letter.text
    assert "法制" not in letter.text
    assert any("（V3）" in hint for hint in letter.lawyer)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (listing("abnormal_listing"), "补报并公示年度报告之日起即可申请移出"),
        (listing(), "列入严重违法失信名单决定书"),
        (penalty(penalty_kinds=["warning"], decided_on="2025-06-10"), "该信息依规定不予公示"),
        (penalty(penalty_kinds=["warning"], decided_on="2025-06-10"), "三、无须申请："),
        (penalty(authority="samr"), "公示期限：至2026年8月10日，届满自动停止公示"),
        (penalty(authority="samr", published_on=None), "公示期限：自公示之日起算"),
        (
            penalty(authority="samr", published_on=None, amount_yuan=60_000),
            "自公示之日起算，公示期达到最短期限并且下列条件都符合之日起可申请",
        ),
        (
            penalty(authority="samr", penalty_kinds=["suspension"], decided_on="2025-06-10"),
            "不得提前停止公示，公示期限届满自动停止",
        ),
    ],
)
def test_the_notice_fits_the_kind_of_record(record, words):
    assert words in notice(record, US, BOOK).text


def test_the_notice_takes_nothing_as_done():
    done = penalty(duties_done_on=DECIDED)

    assert notice(done, US, BOOK).text == notice(penalty(duties_done_on=None), US, BOOK).text


SITE = "“信用中国{}”网站受理，作出行政处罚决定的部门办理"
BUREAU = "市场监管部门（通过国家企业信用信息公示系统）"
TAKES = "Credit China takes the application, the department that decided deals with it"


@pytest.mark.parametrize(
    ("record", "zh", "en"),
    [
        (penalty(authority="ndrc"), SITE.format(""), TAKES),
        (penalty(authority="shanghai"), SITE.format("（上海）"), TAKES),
        (penalty(authority="samr"), f"作出行政处罚决定的{BUREAU}",
         "the market supervision bureau that imposed the penalty"),
        (listing(), "作出列入决定的部门", "the department that made the listing"),
        (listing("abnormal_listing"), "作出列入决定的部门", "the department that made the listing"),
        (listing("inspection", corrected_on="2026-06-01"), f"实施抽查检查的{BUREAU}",
         "the market supervision bureau that made the check"),
    ],
)  # fmt: skip
def test_an_answer_says_who_decides_in_both_languages(record, zh, en):
    decides = assess(record, applied_on=DAY, rules=BOOK).decides

    assert (decides.zh, decides.en) == (zh, en)


def test_an_application_names_every_paper_to_bring_in_both_languages():
    papers = assess(penalty(authority="samr", amount_yuan=60_000), applied_on=DAY, rules=BOOK)

    assert [(paper.zh, paper.en) for paper in papers.materials] == [
        ("信用修复申请书", "application for restoration"),
        ("信用承诺书", "public pledge"),
        (
            "履行法定义务、纠正失信行为的证明材料（主管部门能够共享取得的，不必提交）",
            "proof that duties are performed and the conduct is corrected, unless authorities "
            "share it",
        ),
    ]
