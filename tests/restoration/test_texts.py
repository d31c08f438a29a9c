"""The tables of words in answers and notices, whole, as officers and citizens read them."""

from datetime import date

import pytest

from tests.restoration.records import listing, penalty
from xhcredit.restoration import citizen_texts, documents
from xhcredit.restoration import notice as notices
from xhcredit.restoration.assess import assess
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
DAY = date(2026, 8, 10)


def test_kinds_of_penalty_are_named_in_the_order_of_the_directory():
    assert citizen_texts.kinds({"detention", "fine", "warning"}) == "警告、罚款、行政拘留"
    assert list(citizen_texts.KINDS.items()) == [
        ("warning", "警告"),
        ("criticism", "通报批评"),
        ("fine", "罚款"),
        ("confiscation", "没收违法所得、没收非法财物"),
        ("suspension", "责令停产停业"),
        ("licence_revocation", "吊销许可证件、营业执照"),
        ("business_restriction", "限制开展生产经营活动"),
        ("occupation_ban", "限制从业"),
        ("downgrade", "降低资质等级"),
        ("closure", "责令关闭"),
        ("permit_suspension", "暂扣许可证件"),
        ("detention", "行政拘留"),
    ]


CURES = (
    ("annual_report", "补报并公示年度报告", "publish the missing annual report"),
    ("not_published", "公示应当公示的信息", "publish the information that was ordered"),
    ("concealment", "更正公示的信息", "correct the information published"),
    (
        "unreachable",
        "依法变更住所登记或者提出通过登记住所可以重新取得联系",
        "change the registered place, or be reachable there again",
    ),
    (None, "纠正列入事由", "correct the ground of listing"),
)


@pytest.mark.parametrize(("ground", "zh", "en"), CURES, ids=[ground for ground, *_ in CURES])
def test_each_ground_of_the_abnormal_list_is_answered_with_its_cure(ground, zh, en):
    record = listing("abnormal_listing", ground=ground)
    cured = listing("abnormal_listing", ground=ground, corrected_on="2026-06-01")
    answers = [assess(case, applied_on=DAY, rules=BOOK) for case in (record, cured)]
    texts = [answer.conditions[0].text for answer in answers]

    assert [(text.zh, text.en) for text in texts] == [
        (f"请{zh}，完成之日起即可申请移出经营异常名录。", f"{en}; then apply at once"),
        (f"列入事由于2026年6月1日纠正（{zh}）。", f"corrected on 2026-06-01 ({en})"),
    ]


def test_each_step_of_the_authority_has_its_words_in_both_languages():
    assert {step: (text.zh, text.en) for step, text in documents.STEPS.items()} == {
        "accept": ("决定是否受理", "accept or return"),
        "decide": ("作出修复决定", "decide"),
        "answer": ("反馈修复结果", "answer the applicant"),
        "remove_abnormal": ("移出经营异常名录", "remove from the abnormal-operation list"),
        "take_down": ("停止公示、撤回信息", "take the record down"),
        "share": ("将修复结论共享至有关部门和系统", "share the result with other systems"),
        "delete": ("在查询界面删除该信息", "delete it from query views"),
    }


def test_a_notice_names_the_document_it_goes_out_with():
    assert notices.DOCUMENTS == {
        "penalty": "行政处罚决定书",
        "abnormal_listing": "列入经营异常名录决定书",
        "serious_listing": "列入严重违法失信名单决定书",
        "inspection": "抽查检查结果通知书",
        "food_sample": "食品抽检结果通知书",
    }


REVOCATION = (
    "变更、撤销原决定的文书（由原决定机关主动办理，当事人可以提供）",
    "the document by which the decision fell (the authority acts by itself)",
)
RULING = (
    "人民法院批准重整计划或者认可和解协议的裁定书",
    "court ruling that approves the reorganisation plan or the settlement",
)
PLEDGE = ("信用承诺书", "public pledge")
PROOF = (
    "履行法定义务、纠正失信行为的证明材料（主管部门能够共享取得的，不必提交）",
    "proof that duties are performed and the conduct is corrected, unless authorities share it",
)


@pytest.mark.parametrize(
    ("changes", "route", "papers"),
    [
        ({"decision_revoked_on": DAY}, "takedown", [REVOCATION]),
        (
            {"reorganisation_approved_on": DAY, "duties_done_on": None},
            "shielding",
            [RULING],
        ),
        ({}, "restoration", [PLEDGE, PROOF]),
        ({"penalty_kinds": ["warning"], "published_on": None}, "unpublished", []),
    ],
)
def test_each_way_asks_for_its_own_papers_in_both_languages(changes, route, papers):
    answer = assess(penalty(**changes), applied_on=DAY, rules=BOOK)

    assert answer.route == route
    assert [(paper.zh, paper.en) for paper in answer.materials] == papers
