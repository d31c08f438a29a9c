"""Restoration notice served together with the decision (两书同达)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import jinja2

from xhcredit.restoration.assess import assess
from xhcredit.restoration.assessment import NOTHING_TO_APPLY_FOR, Assessment
from xhcredit.restoration.citizen_texts import CURES, day
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import ZH
from xhcredit.rules.check import MARKS
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import SPOT_CHECKS

DOCUMENTS = {
    "penalty": "行政处罚决定书",
    "abnormal_listing": "列入经营异常名录决定书",
    "serious_listing": "列入严重违法失信名单决定书",
    "inspection": "抽查检查结果通知书",
    "food_sample": "食品抽检结果通知书",
}


@dataclass(frozen=True)
class Parties:
    """Recipient, issuing agency and document number of a notice."""

    name: str
    code: str
    agency: str
    doc_no: str = ""


@dataclass(frozen=True)
class Notice:
    """Text to be served, and the points that need legal review first."""

    text: str
    lawyer: tuple[str, ...]


def notice(record: AdverseRecord, parties: Parties, rules: Rulebook) -> Notice:
    """The text of the notice, by the rules in force on the day of the decision.

    Nothing is taken as done yet: the notice tells what to do, and from which day.

    Raises:
        RuleNotInForce: the rulebook does not reach the day of the decision.
    """
    # The notice goes out with the decision (两书同达, 国办发〔2025〕22号): later facts would
    # name days that the enterprise had not earned when it was served.
    undone_record = replace(
        record,
        duties_done_on=None,
        corrected_on=None,
        pledge=False,
        harm_remains=True,
        decision_revoked_on=None,
    )
    assessment = assess(undone_record, applied_on=record.decided_on, rules=rules)
    text = _template().render(**_context(record, parties, assessment))
    return Notice(
        text, (*(reason.zh for reason in assessment.lawyer), *_unverified_rules(assessment))
    )


def _context(record: AdverseRecord, parties: Parties, assessment: Assessment) -> dict[str, object]:
    ends = assessment.publication_ends_on
    return {
        "name": parties.name,
        "code": parties.code,
        "agency": parties.agency,
        "doc_no": f"（{parties.doc_no}）" if parties.doc_no else "",
        "document": DOCUMENTS[record.kind],
        "kind": record.kind,
        "decided_on": day(record.decided_on),
        "severity": ZH[assessment.severity],
        "ends": day(ends) if ends else "",
        "may_apply": assessment.route not in NOTHING_TO_APPLY_FOR,
        "counted_from_publication": _is_published_later(record, assessment),
        "when": _application_day_text(record, assessment),
        "conditions": [
            {"zh": c.text.zh, "title": c.basis.title, "article": _article(c.basis.article)}
            for c in assessment.conditions
            # A prohibition is nothing the enterprise can meet; it stands in the sentence on the
            # day instead.
            if not c.rule_id.endswith("never_early")
        ],
        "materials": "、".join(m.zh for m in assessment.materials),
        "decides": assessment.decides.zh,
        "deadlines": [{"zh": d.text.zh, "days": d.days} for d in assessment.deadlines],
        "effects": [e.zh for e in assessment.effects],
        "objections": "作出决定的部门或者公示该信息的网站",
    }


def _is_published_later(record: AdverseRecord, assessment: Assessment) -> bool:
    """Whether publication has an end that cannot be named, because its first day is not known."""
    unpublished = assessment.route == "unpublished"
    return record.kind == "penalty" and record.published_on is None and not unpublished


def _application_day_text(record: AdverseRecord, assessment: Assessment) -> str:
    """The day from which one may apply, if all is done by then."""
    if record.kind == "abnormal_listing":
        zh, _ = CURES.get(record.ground or "", ("纠正列入事由", ""))
        return f"{zh}之日起即可申请移出。"
    if record.kind in SPOT_CHECKS:
        return "改正之日起可申请；随后作出行政处罚的，与行政处罚信息一并停止公示。"
    waiting = [c.met_from for c in assessment.conditions if c.met_from is not None]
    if any(
        c.rule_id.endswith("minimum_publication") and c.met_from is None for c in assessment.unmet
    ):
        return "自公示之日起算，公示期达到最短期限并且下列条件都符合之日起可申请。"
    if any(c.rule_id.endswith("never_early") for c in assessment.unmet):
        return "依现行规定不得提前停止公示，公示期限届满自动停止。"
    first = max([record.decided_on, *waiting])
    return f"义务履行完毕并作出信用承诺的，{day(first)}起可申请。"


def _article(article: str) -> str:
    # An article that nobody has checked is not printed on a document that is served.
    return "" if article == "待核" else article


def _unverified_rules(assessment: Assessment) -> list[str]:
    """Rules in the notice that were not compared with the original text."""
    bases = dict.fromkeys(c.basis for c in assessment.conditions)
    # Only V1 was read in the law's own text; anything else must pass a lawyer before it is
    # served.
    return [f"{b.rule_id}：{MARKS[b.mark][0]}（{b.mark}）" for b in bases if b.mark != "V1"]


@cache
def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 -- plain text, never a page
        keep_trailing_newline=True,
    )
    return environment.get_template("notice.txt.j2")
