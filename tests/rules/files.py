"""Tiny builders of rule files; each returns what a test is about and fills in the rest."""

from datetime import date
from pathlib import Path

from xhcredit.rules.loader import load_folder
from xhcredit.rules.rule import Rule

START = date(2020, 1, 1)

SOURCE = "{title: 某办法, number: 某令第1号, article: 第1条, published_on: 2019-12-01}"


def entry(since="2020-01-01", value="5", *, until="", source=SOURCE, mark="V1", extra=""):
    """One entry as text; ``value="repealed"`` writes a repeal, ``until`` its own last day."""
    ends = f"    effective_to: {until}\n" if until else ""
    what = "repealed: true" if value == "repealed" else f"value: {value}"
    return (
        f"  - effective_from: {since}\n{ends}    {what}\n"
        f"    verification: {mark}\n    source: {source}\n{extra}"
    )


def text(*entries: str, rule_id="query.years", pack="core", extra="", status="draft"):
    """A whole rule file as text."""
    return (
        f"id: {rule_id}\nname_zh: 年限\nname_en: years\nunit: years\nselected_by: as_of\n"
        f"status: {status}\npack: {pack}\n{extra}entries:\n{''.join(entries or (entry(),))}"
    )


def write(folder: Path, content: str | bytes, path="query/years.yaml") -> Path:
    """Write one file below ``folder`` and return the folder."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def switch(name="core", *entries: str):
    """The switch of a pack as text; in service from the start unless said otherwise."""
    on = entry(value="{in_service: true, why: 在用}")
    return text(*(entries or (on,)), rule_id=f"packs.{name}", pack=name)


def rules(folder: Path, content: str, path="query/years.yaml") -> dict[str, Rule]:
    """The rules of a folder with this file added, and the switch of pack ``core`` if lacking."""
    if not (folder / "packs" / "core.yaml").exists():
        write(folder, switch(), "packs/core.yaml")
    return load_folder(write(folder, content, path))


def district_list(folder: Path, rule_id: str, value: str) -> Path:
    """A district's own folder with one of its lists: names and aliases as YAML."""
    content = text(entry("2017-10-01", value), rule_id=rule_id)
    return write(folder, content, f"{rule_id.replace('.', '/')}.yaml")
