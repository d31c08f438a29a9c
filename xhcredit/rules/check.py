"""Review list of the rulebook (unconfirmed, expiring, changing rules) and rule descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from xhcredit.domain.calendar import add_months
from xhcredit.errors import RuleNotInForce
from xhcredit.rules.consistency import TOLERANCE
from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Caps, Directs, PackState, Scope, Tolerance
from xhcredit.rules.working_days import notice_id

Kind = Literal[
    "unconfirmed", "not_checked", "not_in_force", "ends", "changes", "out_of_service",
    "notice_missing",
]  # fmt: skip

#: What each verification mark means.
MARKS: dict[str, tuple[str, str]] = {
    "V1": ("已核对法规原文", "the legal text itself was read in a stored copy"),
    "V2": (
        "已核对载有原文或官方通知的网页（多为开头部分）",
        "a page with the text or an official notice was read, often its first part only",
    ),
    "V3": ("见于二手来源，较可信", "seen in a secondary source; probable"),
    "M-H": ("凭记忆，未核对，把握约九成", "from memory, unverified, about 90% sure"),
    "M-M": ("凭记忆，未核对，把握约七成", "from memory, unverified, about 70% sure"),
    "M-L": ("凭记忆，未核对，把握约五成", "from memory, unverified, about 50% sure"),
    "proposal": ("本系统的建议值，不是法律规定", "a proposal of this system, not law"),
}

STATUSES: dict[str, tuple[str, str]] = {
    "draft": ("待法制核", "unconfirmed"),
    "reviewed": ("已经法制核", "confirmed by a lawyer"),
}

_YEAR = timedelta(days=365)
#: how long before its end or its successor's first day an entry is announced
_SOON_MONTHS = 3


@dataclass(frozen=True)
class Finding:
    """One thing that a person should look at."""

    kind: Kind
    rule_id: str
    zh: str
    en: str


def check(rulebook: Rulebook, day: date) -> list[Finding]:
    """Findings for human review on ``day``, by kind and rule; empty if there are none.

    Drafts; rules not compared with their source for a year or never; rules not in force; entries
    that end or change within three months; packs out of service; a year's notice on holidays that
    should have been added by now.
    """
    findings = [finding for rule in rulebook.rules.values() for finding in _findings(rule, day)]
    findings += missing_notice(rulebook, day)
    return sorted(findings, key=lambda finding: (finding.kind, finding.rule_id))


def missing_notice(rulebook: Rulebook, day: date) -> list[Finding]:
    """Finding for a holiday notice that is overdue by ``day``; empty if none is."""
    year = rulebook.missing_notice(day)
    if year is None:
        return []
    file = notice_id(year).replace(".", "/") + ".yaml"
    return [
        Finding(
            "notice_missing",
            notice_id(year),
            f"{year}年节假日安排尚未录入：该年的期限为暂定（补假和调休未计入）；请将国务院办公厅通知录入"
            f"规则目录的 {file}，格式同上一年的文件",
            f"the notice on holidays of {year} is missing: days of that year are provisional, "
            f"without made-up and swapped days; add it to the district's rules as {file}, written "
            "as the year before",
        )
    ]


def _findings(rule: Rule, day: date) -> Iterator[Finding]:
    if not rule.is_confirmed:
        zh, en = "待法制核：草案，尚未经法制部门确认", "unconfirmed: no lawyer has confirmed it yet"
        yield Finding("unconfirmed", rule.id, zh, en)
    yield from _unchecked(rule, day)
    yield from _upcoming_changes(rule, day)
    try:
        value = rule.on(day).value
    except RuleNotInForce as error:
        since = f"，有效期已于 {rule.entries[-1].effective_to} 届满" if _expired(rule, day) else ""
        yield Finding("not_in_force", rule.id, f"{day} 没有施行中的条目{since}", str(error))
        return
    if isinstance(value, PackState) and not value.in_service:
        zh, en = f"规则包已停用：{value.why}", f"pack out of service: {value.why}"
        yield Finding("out_of_service", rule.id, zh, en)


def _unchecked(rule: Rule, day: date) -> Iterator[Finding]:
    """Finding for a rule not compared with its source for a year, or ever."""
    # A lawyer's confirmation includes a comparison with the source.
    checked = max((d for d in (rule.reviewed_on, rule.last_checked_on) if d), default=None)
    if checked is None:
        yield Finding("not_checked", rule.id, "从未与依据核对", "never compared with its source")
    elif day - checked > _YEAR:
        zh, en = f"上次与依据核对是 {checked}", f"last compared with its source on {checked}"
        yield Finding("not_checked", rule.id, f"{zh}，已超过一年", f"{en}, over a year ago")


def _upcoming_changes(rule: Rule, day: date) -> Iterator[Finding]:
    """Entries that end within three months, or that begin and end what was in force before."""
    horizon = add_months(day, _SOON_MONTHS)
    for entry in rule.entries:
        last = rule.last_day(entry)
        # An end set by the source itself (有效期至) needs somebody to look for a successor; one
        # set by the next entry has it already.
        if last is not None and last == entry.effective_to and day <= last <= horizon:
            yield _ending(rule, entry, last)
    for previous, entry in zip(rule.entries, rule.entries[1:], strict=False):
        starts = entry.effective_from
        if not day < starts <= horizon:
            continue
        if entry.repealed:
            last = rule.last_day(previous)
            yield Finding("ends", rule.id, f"{starts} 起废止", f"repealed, last day {last}")
        else:
            yield Finding("changes", rule.id, f"{starts} 起有新条目", f"new entry from {starts}")


def _ending(rule: Rule, entry: Entry, last: date) -> Finding:
    """An entry whose source sets its last day (有效期至), which is near."""
    title, number = entry.source.title, entry.source.number
    follows = any(e.effective_from > last for e in rule.entries)
    zh = "其后已有新条目" if follows else "其后没有条目：请核对是否续期，或者补充新规定"
    en = "an entry follows" if follows else "nothing follows: look for its renewal or successor"
    return Finding(
        "ends",
        rule.id,
        f"{title}（{number}）有效期至 {last}，{zh}",
        f"{number} ends by its own terms, last day {last}; {en}",
    )


def ending_soon(rulebook: Rulebook, day: date) -> list[Finding]:
    """Rules that end within three months, or have expired and nothing has taken their place.

    What of ``check`` whoever looks after the rules must hear of without asking, by rule.
    """
    return [
        finding
        for finding in check(rulebook, day)
        if finding.kind == "ends"
        or (finding.kind == "not_in_force" and _expired(rulebook.rule(finding.rule_id), day))
    ]


def _expired(rule: Rule, day: date) -> bool:
    """Whether the last entry has ended by its own terms."""
    last = rule.entries[-1].effective_to
    return last is not None and last < day


def describe(rule: Rule, day: date) -> dict[str, object]:
    """Description of a rule on a day as JSON-ready values, in both languages.

    ``in_force`` false comes with ``why``, and without the values of an entry.
    """
    zh, en = STATUSES[rule.status]
    description: dict[str, object] = {
        **rule.model_dump(mode="json", exclude={"entries", "status"}),
        "status": {"id": rule.status, "zh": zh, "en": en, "confirmed": rule.is_confirmed},
        "day": day.isoformat(),
    }
    try:
        entry = rule.on(day)
    except RuleNotInForce as error:
        return {**description, "in_force": False, "why": str(error)}
    return {**description, "in_force": True, **_entry(rule, entry)}


def history(rule: Rule) -> list[dict[str, object]]:
    """Return all entries of a rule as plain values, oldest first, with their last day in force."""
    return [_entry(rule, entry) for entry in rule.entries]


def _entry(rule: Rule, entry: Entry) -> dict[str, object]:
    zh, en = MARKS[entry.verification]
    last = rule.last_day(entry)
    return {
        **entry.model_dump(mode="json"),
        "verification": {"id": entry.verification, "zh": zh, "en": en},
        "last_day": last and last.isoformat(),
    }


@dataclass(frozen=True)
class FeatureReference:
    """An indicator that an entry of a rule reads; ``place`` is its key in the file."""

    rule_id: str
    place: str
    feature: str


def feature_references(rulebook: Rulebook) -> Iterator[FeatureReference]:
    """Every indicator that any entry reads, in order of rule and entry."""
    for rule in rulebook.rules.values():
        for number, entry in enumerate(rule.entries):
            for key, feature in _features(rule, entry.value):
                yield FeatureReference(rule.id, f"entries[{number}].value{key}", feature)


def referenced_features(rulebook: Rulebook) -> dict[str, tuple[str, ...]]:
    """Return every feature that any entry reads, with the ids of the rules that read it."""
    readers: dict[str, set[str]] = {}
    for reference in feature_references(rulebook):
        readers.setdefault(reference.feature, set()).add(reference.rule_id)
    return {feature: tuple(sorted(ids)) for feature, ids in sorted(readers.items())}


def _features(rule: Rule, value: object) -> Iterator[tuple[str, str]]:
    """Key below ``value`` and feature of everything that a value reads."""
    if isinstance(value, Directs | Caps):
        yield from ((f"[{k}].feature", item.feature) for k, item in enumerate(value.root))
    elif isinstance(value, Scope):
        yield ".feature", value.feature
    elif isinstance(value, Tolerance):
        yield "", "age_days"
        yield from ((".covers", feature) for feature in value.covers.features)
        yield from ((f".never[{k}]", feature) for k, feature in enumerate(value.never))
    elif isinstance(value, tuple) and rule.id.startswith(f"{TOLERANCE}."):
        yield from ((f"[{k}]", str(feature)) for k, feature in enumerate(value))
