"""Markdown page of the rulebook: every entry with its day, instrument and mark (docs/rules.md)."""

from __future__ import annotations

from collections.abc import Iterator

from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.rulebook import Rulebook

_HEAD = """# 规则一览 Rules

由 `make docs` 自规则库生成，请勿手改。每一条目自“施行”之日起至下一条目之前（或者自定的末日）有效；
数值见 `xhcredit rules show <编号>`。

Generated from the rulebook by `make docs`. An entry is in force from its day until the next one
(or until its own last day, 至);
`xhcredit rules show <id>` gives the values. Marks are explained in the
[glossary](../GLOSSARY.md), subjects in [law notes](law-notes.md).

| 编号 id | 名称 name | 施行 in force from | 依据 instrument | 标记 mark | 法制 confirmed |
|---|---|---|---|---|---|
"""


def rules_page(rulebook: Rulebook) -> str:
    """Markdown with one row per entry of every rule, in order of id and day."""
    return _HEAD + "".join(row for rule in rulebook.rules.values() for row in _rows(rule))


def _rows(rule: Rule) -> Iterator[str]:
    for entry in rule.entries:
        ends = f"至 {entry.effective_to}" if entry.effective_to else ""
        days = f"{entry.effective_from}{'（废止）' if entry.repealed else ends}"
        confirmed = "已核" if rule.is_confirmed else "待核"
        cells = (f"`{rule.id}`", rule.name_zh, days, _instrument(entry), entry.verification)
        yield "| " + " | ".join(cell.replace("|", "¦") for cell in (*cells, confirmed)) + " |\n"


def _instrument(entry: Entry) -> str:
    """Title, number and article, without those that do not exist."""
    parts = (entry.source.title, entry.source.number, entry.source.article)
    return " ".join(part for part in parts if part != "无")
