"""Loader of rule files: strict validation, refusals with place and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from xhcredit.errors import BadRule
from xhcredit.rules.consistency import nearest_hint
from xhcredit.rules.families import families, shape_of
from xhcredit.rules.field_files import (
    FIELDS,
    SHIPPED_FIELDS,
    field_folders,
    rule_files_of_field,
)
from xhcredit.rules.rule import Entry, Rule, Source
from xhcredit.rules.strict_yaml import bad_rule, read_yaml

SHIPPED = Path(__file__).parent / "data"


def load_folder(folder: Path) -> dict[str, Rule]:
    """Return the rules of a folder by id, in order of id; those of its fields among them.

    Raises:
        BadRule: there is no such folder, or one of its files is refused.
    """
    if not folder.is_dir():
        raise BadRule(f'folder "{folder}": there is none; give the folder that holds rule files')
    return {i: load_file(file, folder, i) for i, file in sorted(rule_files(folder).items())}


def load_shipped() -> dict[str, Rule]:
    """The shipped rules by id, those of the shipped fields (``xhcredit/fields``) among them."""
    files = sorted(_field_rule_files(SHIPPED_FIELDS).items())
    return load_folder(SHIPPED) | {i: load_file(file, SHIPPED_FIELDS, i) for i, file in files}


@cache
def shipped_ids() -> tuple[str, ...]:
    """The ids of all shipped rules, by the paths of their files."""
    return (*rule_files(SHIPPED), *_field_rule_files(SHIPPED_FIELDS))


def rule_files(folder: Path) -> dict[str, Path]:
    """The rule files of a folder by the ids that their paths say.

    Raises:
        BadRule: a file is none of rules, or two are of one rule.
    """
    files = _field_rule_files(folder)
    for file in _files_by_path(folder):
        rule_id = ".".join(file.relative_to(folder).with_suffix("").parts)
        _refuse_twice(rule_id, file, files, folder)
        files[rule_id] = file
    return files


def display_path(file: Path, folder: Path) -> str:
    """How a rule file is named in messages: from its folder on, no path of a machine."""
    return f"{folder.name}/{file.relative_to(folder).as_posix()}"


def _field_rule_files(root: Path) -> dict[str, Path]:
    """The rule files of the fields below ``root/fields``, by id."""
    files: dict[str, Path] = {}
    for folder in field_folders(root):
        for rule_id, file in rule_files_of_field(folder, display_path(folder, root)).items():
            _refuse_twice(rule_id, file, files, root)
            files[rule_id] = file
    return files


def _refuse_twice(rule_id: str, file: Path, files: Mapping[str, Path], folder: Path) -> None:
    if rule_id in files:
        problem = f'the rule "{rule_id}" stands also in {display_path(files[rule_id], folder)}'
        raise bad_rule(display_path(file, folder), "file", problem, "keep one of the two")


def _files_by_path(folder: Path) -> Iterator[Path]:
    """Every rule file outside fields; a file that would be silently left out is refused."""
    for file in sorted(folder.rglob("*")):
        if file.is_dir() or file.name.startswith((".", "README")):
            continue
        if file.relative_to(folder).parts[0] == FIELDS:
            continue
        if file.suffix != ".yaml":
            problem = f'ends in "{file.suffix}"'
            raise bad_rule(
                display_path(file, folder), "file", problem, "rename it to .yaml or move it out"
            )
        yield file


def load_file(file: Path, folder: Path, path_id: str) -> Rule:
    """Return the rule of one file below ``folder``; its path there must say its id.

    Raises:
        BadRule: ``file: place: what was found; what to do``, one line for each thing found.
    """
    name = display_path(file, folder)
    raw = read_yaml(name, file.read_bytes())
    try:
        rule = Rule.model_validate(raw)
    except ValidationError as error:
        raise refused(name, error) from None
    # One id, one place: a copied file under another name would else shadow a rule or be read
    # twice.
    if rule.id != path_id:
        remedy = f'call it "{path_id}" or move the file'
        raise bad_rule(name, "id", f'"{rule.id}" is not what the path says', remedy)
    _refuse_disorder(name, rule)
    return _with_shaped_values(name, rule)


def _refuse_disorder(name: str, rule: Rule) -> None:
    """Entries run oldest first, each on its own day, and a repeal follows a value."""
    if rule.entries[0].repealed:
        remedy = "begin with the value that was repealed"
        raise bad_rule(name, "entries[0].repealed", "there is nothing to repeal yet", remedy)
    for i, (previous, entry) in enumerate(zip(rule.entries, rule.entries[1:], strict=False), 1):
        place, day = f"entries[{i}].effective_from", entry.effective_from
        # Two entries of one day would leave it to the order in the file which is law.
        if day == previous.effective_from:
            remedy = "keep one of the two, or correct the day"
            raise bad_rule(name, place, f"{day} is also the day of the entry before", remedy)
        if day < previous.effective_from:
            problem = f"{day} comes after {previous.effective_from}"
            raise bad_rule(name, place, problem, "put the entries oldest first")
        ends = previous.effective_to
        if ends is not None and ends >= day:
            problem = f"{day} begins before the entry before has ended ({ends}); they overlap"
            remedy = "let the entry before end earlier, or take its effective_to out"
            raise bad_rule(name, place, problem, remedy)
        if entry.repealed and ends is not None:
            problem = f"the entry before has ended by itself on {ends}"
            remedy = "delete the repeal, or the effective_to of the entry before"
            raise bad_rule(name, f"entries[{i}].repealed", problem, remedy)
        if entry.repealed and previous.repealed:
            problem = "the entry before is already a repeal"
            raise bad_rule(name, f"entries[{i}].repealed", problem, "delete one of the two")


def _with_shaped_values(name: str, rule: Rule) -> Rule:
    """The rule with its values validated by the schema of its family."""
    shape = shape_of(rule.id)
    if shape is None:
        remedy = nearest_hint(rule.id, (*shipped_ids(), *families()), "see: xhcredit rules show")
        raise bad_rule(name, "id", f'no family of rules has "{rule.id}"', remedy)
    entries = []
    for i, entry in enumerate(rule.entries):
        try:
            # Every entry is validated, past ones too: histories and recalculations read them as
            # readily as today's.
            value = None if entry.repealed else shape.validate_python(entry.value)
        except ValidationError as error:
            raise refused(name, error, ("entries", i, "value")) from None
        entries.append(entry.model_copy(update={"value": value}))
    return rule.model_copy(update={"entries": tuple(entries)})


def refused(
    name: str,
    error: ValidationError,
    prefix: tuple[str | int, ...] = (),
    keys: Iterable[str] = (),
) -> BadRule:
    """Error of all that does not fit a shape, in our words, one line each.

    Args:
        name: how messages call the file.
        error: what pydantic found.
        prefix: where in the file the validated part stands.
        keys: the keys that it may have, where it is no part of a rule.
    """
    lines = []
    for detail in error.errors(include_url=False):
        location = (*prefix, *detail["loc"])
        message, remedy = _message_and_remedy(location, detail, keys)
        lines.append(f"{name}: {_place(location)}: {message}; {remedy}")
    return BadRule("\n".join(lines))


def _place(location: tuple[str | int, ...]) -> str:
    """A place in a file as one would write it.

    >>> _place(("entries", 0, "value", "A"))
    'entries[0].value.A'
    """
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".") or "file"


def _message_and_remedy(
    location: tuple[str | int, ...], error: ErrorDetails, keys: Iterable[str]
) -> tuple[str, str]:
    """Message and remedy of a validation error."""
    kind, context = error["type"], error.get("ctx", {})
    input_text = str(error["input"])[:60]
    if kind == "value_error":
        message, _, remedy = str(context["error"]).partition("; ")
        return message, remedy
    messages = {
        "extra_forbidden": ("unknown key", _spelling(location, keys)),
        "missing": ("is missing", "add it"),
        "literal_error": (f'"{input_text}" is not known here', f"write {context.get('expected')}"),
        "int_type": (
            f"{input_text} is not a whole number",
            "write one; expressions belong in Python",
        ),
        "float_type": (f"{input_text} is not a number", "write one; expressions belong in Python"),
        "bool_type": (f"{input_text} is not a flag", "write true or false"),
        "tuple_type": (
            f"{input_text} is not a list",
            "write [...], or one item a line after a dash",
        ),
        "model_type": (f"{input_text} is not a mapping", "write keys and values"),
        "date_type": (f'"{input_text}" is not a day', "write it as 2026-04-01, without quotes"),
        "string_type": (f"{input_text} is not text", "write text; a number goes in quotes"),
        "string_too_short": ("is empty", "say what is meant"),
        "string_pattern_mismatch": (
            f'"{input_text}" is not a name',
            f"write a name ({context.get('pattern')}); expressions belong in Python",
        ),
        "too_short": ("is empty", "add at least one entry"),
    }
    return messages.get(kind, (f"{input_text}: {error['msg']}", "correct the value"))


def _spelling(location: tuple[str | int, ...], keys: Iterable[str]) -> str:
    """Which key may have been meant by an unknown one."""
    models: dict[int, type[BaseModel]] = {1: Rule, 3: Entry, 4: Source}
    model = models.get(len(location)) if location[-1] != "value" else None
    names = list(keys) or (model.model_fields if model else ())
    close_matches = get_close_matches(str(location[-1]), names, n=1)
    return (
        f'did you mean "{close_matches[0]}"?'
        if close_matches
        else "remove it or correct its spelling"
    )
