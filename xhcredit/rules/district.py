"""District rule files: what may be added to or extended in the shipped rules."""

from __future__ import annotations

import re
from pathlib import Path

from xhcredit.rules.consistency import nearest_hint
from xhcredit.rules.families import REPLACED, is_open
from xhcredit.rules.loader import display_path, load_folder, rule_files
from xhcredit.rules.rule import Rule
from xhcredit.rules.strict_yaml import bad_rule
from xhcredit.rules.working_days import YEARS, refuse_against_law, refuse_other_days

_FIXED = ("unit", "selected_by", "pack")


def with_district(shipped: dict[str, Rule], folder: Path) -> dict[str, Rule]:
    """Return the shipped rules with those of a district's folder added or extended.

    A file with a new id is added where its family is open (``families.OPEN``).  A file with a
    shipped id takes its place if it only extends it: the same unit, day and pack, all shipped
    entries unchanged, its own entries after them.  So a past decision keeps its rule.  The notice
    on holidays of a year (``calendar.years.*``) must hold the days of the shipped one, if there is
    one, which then stays; else it must be off on every statutory holiday.  The lists of bureaus
    and streets (``families.REPLACED``) take the place of the sample district's as a whole.

    Raises:
        BadRule: a file is refused by the loader, rewrites a shipped entry, or has an id that
            nothing reads; the message names the nearest.
    """
    district_rules, files = load_folder(folder), rule_files(folder)
    for rule_id, rule in district_rules.items():
        file = display_path(files[rule_id], folder)
        if rule_id in REPLACED:
            continue
        if rule_id in shipped and rule_id.startswith(YEARS):
            refuse_other_days(shipped[rule_id], rule, file)
        elif rule_id in shipped:
            refuse_rewriting(shipped[rule_id], rule, file)
        elif not is_open(rule_id):
            # A file that nothing reads would be taken for a rule in force.
            remedy = nearest_hint(rule_id, shipped, "see: xhcredit rules show")
            raise bad_rule(file, "id", f'nothing reads a rule "{rule_id}"', remedy)
    official = {i: rule for i, rule in shipped.items() if i.startswith(YEARS)}
    # The State Council's notices come last: a district may add a year that is missing, never
    # change one.
    merged = {**shipped, **district_rules, **official}
    for rule_id in district_rules:
        if rule_id.startswith(YEARS):
            file = display_path(files[rule_id], folder)
            refuse_against_law(merged, rule_id, file)
    return dict(sorted(merged.items()))


def with_file(message: str, folder: Path) -> str:
    """A message about a rule that begins with its id, with the file before it if it is the
    district's.
    """
    rule_id = re.match(r'rule "([^"]+)"', message)
    file = rule_files(folder).get(rule_id[1]) if rule_id else None
    return message if file is None else f"{display_path(file, folder)}: {message}"


def refuse_rewriting(old: Rule, new: Rule, file: str) -> None:
    """Refuse ``new`` if it does more than add entries to ``old`` (append-only).

    Raises:
        BadRule: an entry of ``old`` is changed or lacking, or its unit, day or pack differs.
    """
    for key in _FIXED:
        old_value, new_value = getattr(old, key), getattr(new, key)
        if old_value != new_value:
            problem = f'"{new_value}", where the shipped rule has "{old_value}"'
            raise bad_rule(file, key, problem, "keep it; another meaning needs another id")
    for i, entry in enumerate(old.entries):
        # Append-only: every past decision must find the entry again by which it was made.
        if new.entries[i : i + 1] != (entry,):
            problem = f"the shipped entry of {entry.effective_from} is changed or lacking"
            remedy = "copy all shipped entries as they are and add yours after them"
            raise bad_rule(file, f"entries[{i}]", problem, remedy)
