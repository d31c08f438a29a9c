"""Texts for citizens: polite Chinese that names the day, and the same in English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from xhcredit.restoration.assessment import Bilingual
from xhcredit.restoration.record import AdverseRecord

KINDS = {
    "warning": "警告",
    "criticism": "通报批评",
    "fine": "罚款",
    "confiscation": "没收违法所得、没收非法财物",
    "suspension": "责令停产停业",
    "licence_revocation": "吊销许可证件、营业执照",
    "business_restriction": "限制开展生产经营活动",
    "occupation_ban": "限制从业",
    "downgrade": "降低资质等级",
    "closure": "责令关闭",
    "permit_suspension": "暂扣许可证件",
    "detention": "行政拘留",
}
CURES = {
    "annual_report": ("补报并公示年度报告", "publish the missing annual report"),
    "not_published": ("公示应当公示的信息", "publish the information that was ordered"),
    "concealment": ("更正公示的信息", "correct the information published"),
    "unreachable": (
        "依法变更住所登记或者提出通过登记住所可以重新取得联系",
        "change the registered place, or be reachable there again",
    ),
}

PLEDGE = Bilingual(
    "请公开作出信用承诺，承诺所提交材料真实有效，并愿意承担违反承诺的责任；作出之日起即符合本条。",
    "make the public pledge (materials are true; consequences accepted); met from that day on",
)
HARM = Bilingual(
    "请主动消除危害后果和不良影响，并保留证明材料。",
    "remove the harm and bad effects, and keep proof of it",
)

PLEDGED = Bilingual("已公开作出信用承诺。", "the public pledge is made")
NO_HARM = Bilingual("危害后果和不良影响已消除。", "harm and bad effects are removed")


def day(value: date) -> str:
    """A day as Chinese documents write it.

    >>> day(date(2026, 8, 10))
    '2026年8月10日'
    """
    return f"{value.year}年{value.month}月{value.day}日"


def kinds(names: Iterable[str]) -> str:
    """Kinds of penalty in Chinese, in the order of the directory."""
    name_set = set(names)
    return "、".join(zh for name, zh in KINDS.items() if name in name_set)


def minimum(record: AdverseRecord, until: date | None) -> Bilingual:
    """When the shortest publication is over."""
    if until is None:
        return Bilingual(
            "最短公示期自公示之日起算，请先核实该信息的公示日期。",
            "the period runs from publication, and no day of publication is known",
        )
    return Bilingual(
        f"最短公示期至{day(until)}届满，该日起可申请。",
        f"the shortest publication is over on {until}; from that day on one may apply",
    )


def duties(done_on: date | None) -> Bilingual:
    """Whether all duties are performed."""
    if done_on is None:
        return Bilingual(
            "请履行完毕处罚（列入）决定规定的全部义务并纠正违法行为，履行完毕之日起即符合本条。",
            "perform all duties of the decision and correct the conduct; met from that day on",
        )
    return Bilingual(f"义务于{day(done_on)}履行完毕。", f"all duties performed on {done_on}")


def corrected_text(record: AdverseRecord, corrected_on: date | None) -> Bilingual:
    """Whether the ground of a listing is put right."""
    zh, en = CURES.get(record.ground or "", ("纠正列入事由", "correct the ground of listing"))
    if corrected_on is None:
        return Bilingual(
            f"请{zh}，完成之日起即可申请移出经营异常名录。", f"{en}; then apply at once"
        )
    return Bilingual(
        f"列入事由于{day(corrected_on)}纠正（{zh}）。", f"corrected on {corrected_on} ({en})"
    )


def same_kind(record: AdverseRecord, again_on: date | None) -> Bilingual:
    """Whether the same kind of violation was punished again."""
    if again_on is None:
        return Bilingual("未因同一类违法行为再次受到处罚。", "no second penalty of the same kind")
    if record.kind == "serious_listing":
        return Bilingual(
            f"列入后于{day(again_on)}再次受到较重行政处罚，不能提前移出。",
            f"another heavier penalty on {again_on}; no early removal",
        )
    return Bilingual(
        f"因同一类违法行为于{day(again_on)}再次受到行政处罚，本条记录不能提前停止公示，公示期届满自动停止。",
        f"a second penalty of the same kind on {again_on}; publication runs its full term",
    )


def listed_text(record: AdverseRecord) -> Bilingual:
    """Whether the enterprise stands on a list."""
    zh = [
        n
        for n, on in (
            ("经营异常名录", record.on_abnormal_list),
            ("严重违法失信名单", record.on_serious_list),
        )
        if on
    ]
    if not zh:
        return Bilingual("未在经营异常名录和严重违法失信名单中。", "on neither list")
    return Bilingual(
        f"目前在{'、'.join(zh)}中，请先申请移出，移出之日起即符合本条。",
        "on a list; apply for removal from it first, met from the day of removal on",
    )


def never_early(names: Iterable[str]) -> Bilingual:
    """Kinds of penalty whose publication Order 45 never ends early."""
    sorted_names = sorted(names)
    return Bilingual(
        f"受到{kinds(sorted_names)}处罚，依市场监管总局令第45号第14条不得提前停止公示，公示期届满自动停止。",
        f"{', '.join(sorted_names)}: publication is not ended early (SAMR Order 45 art 14)",
    )


def barred_text(found_on: date, until: date) -> Bilingual:
    """A bar after false materials."""
    return Bilingual(
        f"因{day(found_on)}查实提供虚假材料或者违反承诺，{day(until)}前不予受理，该日起可申请。",
        f"false materials or a broken pledge found on {found_on}: barred until {until}",
    )


def ended_text(end_on: date) -> Bilingual:
    """Publication is over."""
    return Bilingual(
        f"公示期已于{day(end_on)}届满，应当已自动停止公示，无须申请；如仍能查到，请提出异议。",
        f"publication ended by itself on {end_on}; no application is needed, object if still shown",
    )


def expired_text(expired_on: date) -> Bilingual:
    """Text: the query period is over."""
    return Bilingual(
        f"失信信息查询期限已于{day(expired_on)}届满，不得再提供查询，无须申请；如仍能查到，请提出异议。",
        f"may not be queried since {expired_on}; no application is needed, object if still shown",
    )


def unpublished_text(record: AdverseRecord) -> Bilingual:
    """Nothing is published."""
    if record.published_on is None:
        return Bilingual(
            "该信息依规定不予公示，没有可以修复的公示信息，无须申请；如能查到，请提出异议。",
            "by this rule it is not published: nothing to apply for, object if it is shown",
        )
    return Bilingual(
        f"该信息依规定不予公示，无须申请修复；记载于{day(record.published_on)}公示，"
        "请向公示机关提出异议，由其撤下。",
        f"by this rule it is not published: nothing to apply for; but it is noted as published on "
        f"{record.published_on}: object, so that it is taken down",
    )


def by_itself_text(ends_on: date | None) -> Bilingual:
    """Publication ends by itself, and no application ends it earlier."""
    if ends_on is None:
        return Bilingual(
            "公示期届满自动停止公示，不能也无须申请提前停止；公示日期不明，请先核实。",
            "publication ends by itself, nothing to apply for; the day of publication is not known",
        )
    return Bilingual(
        f"公示至{day(ends_on)}届满，自动停止公示，不能也无须申请提前停止。",
        f"publication ends by itself on {ends_on} and not earlier; there is nothing to apply for",
    )


def check_corrected(corrected_on: date | None) -> Bilingual:
    """Text: whether the findings of a spot check are corrected."""
    if corrected_on is None:
        return Bilingual(
            "请改正检查（抽检）发现的问题并通过复查，改正之日起即可申请。",
            "put right what the check found and pass the re-check; then apply at once",
        )
    return Bilingual(
        f"检查（抽检）发现的问题于{day(corrected_on)}改正。",
        f"what the check found: corrected on {corrected_on}",
    )


def with_penalty(ended_on: date | None) -> Bilingual:
    """Whether the penalty that followed from a spot check is published no more."""
    if ended_on is None:
        return Bilingual(
            "该检查结果已作出行政处罚，与行政处罚信息一并停止公示；请先办理行政处罚信息的修复。",
            "a penalty followed: the result is hidden together with it, have that restored first",
        )
    return Bilingual(
        f"随后的行政处罚信息自{day(ended_on)}起不再公示，一并停止公示。",
        f"the penalty that followed is published no more since {ended_on}: hidden together with it",
    )
