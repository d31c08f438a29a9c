"""Files of a supervised field's folder: which there may be, which there must be, what each holds.

A field (an X) is one folder below ``fields``: ours in ``xhcredit/fields``, a district's own in its
``--rules`` folder.  Nothing else names it.
"""

from __future__ import annotations

import re
from pathlib import Path

from xhcredit.rules.consistency import nearest_hint
from xhcredit.rules.strict_yaml import bad_rule

FIELDS = "fields"  #: name of the folder that holds the folders of fields
SHIPPED_FIELDS = Path(__file__).parents[1]  #: ours stand in the folder ``fields`` of it
NAMES_FILE, FEATURES_FILE, POINTS_FILE = "field.yaml", "features.yaml", "points.json"
CASES_FILE, ALERTS, MAPPINGS = "cases.md", "alerts", "mappings"
_TRIGGERS = "alerts.triggers."

#: rule files by name: the id of the rule, with {} for the name of the field
RULE_IDS = {
    "pack.yaml": "packs.x_{}",
    "scope.yaml": "scope.x_{}",
    "weight.yaml": "scores.weights.x_{}",
    "outcome.yaml": "outcomes.x_{}",
    "tier_caps.yaml": "tiers.caps.x_{}",
    "tolerance.yaml": "tolerance.period.x_{}",
    "routing.yaml": "alerts.routing.x_{}",
    "items.yaml": "draws.items.x_{}",
    "inspection_caps.yaml": "draws.caps.x_{}",
    "coverage.yaml": "draws.coverage.{}",
}

#: files without which a folder is no field, with what each holds
REQUIRED = {
    NAMES_FILE: "name_zh and name_en of the field",
    FEATURES_FILE: "its indicators",
    POINTS_FILE: "its first points table",
    "pack.yaml": "the switch of its rules: {in_service: true, why: …}",
    "scope.yaml": "to whom it applies: {feature: …, at_least: …}",
    "weight.yaml": "its weight beside that of the general score, such as 0.4",
    "outcome.yaml": "what its score foretells: {horizon_months: …, events: …, observed: …}",
}
_OTHER = (NAMES_FILE, FEATURES_FILE, POINTS_FILE, CASES_FILE)


def cases_file(field: str, extra: Path | None) -> Path:
    """Where the worked cases of a field stand: in a district's folder if that has the field."""
    has_field = extra is not None and (extra / FIELDS / field / NAMES_FILE).is_file()
    root = extra if extra is not None and has_field else SHIPPED_FIELDS
    return root / FIELDS / field / CASES_FILE


def field_folders(root: Path) -> list[Path]:
    """The folders of fields below ``root/fields``, by name.

    Raises:
        BadRule: one has a name that no score can have, or a file stands beside them.
    """
    folder, folders = root / FIELDS, []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith((".", "_", "README")):
            continue
        name = f"{root.name}/{FIELDS}/{path.name}"
        if not path.is_dir():
            remedy = f"move it into the folder of its field: {FIELDS}/<field>/{path.name}"
            raise bad_rule(name, "file", "stands beside the folders of fields", remedy)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", path.name) or path.name.startswith("x_"):
            remedy = 'write a-z, 0-9 and _, without "x_": it is the name of the field in English'
            raise bad_rule(name, "folder", f'"{path.name}" is no name of a field', remedy)
        folders.append(path)
    return folders


def rule_files_of_field(folder: Path, name: str) -> dict[str, Path]:
    """The rule files of one field's folder, by the ids that their names say.

    Args:
        folder: of the field.
        name: how messages call it.

    Raises:
        BadRule: a file that nothing reads.
    """
    files = {}
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder).as_posix()
        if file.is_dir() or file.name.startswith((".", "README")) or place in _OTHER:
            continue
        if place.startswith(f"{MAPPINGS}/"):
            continue
        rule_id = _rule_id(place, folder.name)
        if rule_id is None:
            known = (*RULE_IDS, *_OTHER, f"{ALERTS}/<name>.yaml", f"{MAPPINGS}/<name>.yaml")
            remedy = nearest_hint(place, known, f"the files of a field are {', '.join(known)}")
            raise bad_rule(f"{name}/{place}", "file", "nothing reads a file of this name", remedy)
        files[rule_id] = file
    return files


def _rule_id(place: str, field: str) -> str | None:
    """The id that the place of a file in the folder of a field says; None if it says none."""
    if place in RULE_IDS:
        return RULE_IDS[place].format(field)
    trigger = re.fullmatch(rf"{ALERTS}/([a-z][a-z0-9_]*)\.yaml", place)
    return f"{_TRIGGERS}{trigger[1]}" if trigger else None
