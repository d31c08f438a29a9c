"""Every key of a rule's value, and the same rule with another value under one key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel, ValidationError

from xhcredit.errors import XhcreditError
from xhcredit.rules.families import shape_of
from xhcredit.rules.rule import Rule
from xhcredit.rules.rulebook import Rulebook

Path = tuple[str | int, ...]
_NOTHING = object()


def plain(value: Any) -> Any:
    """A rule's value as it was written, in mappings, tuples and scalars."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every key below which nothing has keys, with its value; an item of a list has its number."""
    items: Iterator[tuple[str | int, Any]]
    if isinstance(value, Mapping):
        items = iter(value.items())
    elif isinstance(value, tuple) and value and isinstance(value[0], Mapping):
        items = iter(enumerate(value))
    else:
        yield path, value
        return
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def keys_of(rule: Rule) -> dict[Path, list[int]]:
    """Every key of a rule, with the numbers of the entries that have it."""
    indices_by_path: dict[Path, list[int]] = {}
    for number, entry in enumerate(rule.entries):
        if not entry.repealed:
            for path, _ in leaves(plain(entry.value)):
                indices_by_path.setdefault(path, []).append(number)
    return indices_by_path


def with_value(value: Any, path: Path, new: Any) -> Any:
    """A plain value with another one at a path."""
    if not path:
        return new
    key, *deeper_path = path
    if isinstance(value, tuple):
        return tuple(
            with_value(v, tuple(deeper_path), new) if n == key else v for n, v in enumerate(value)
        )
    return {k: with_value(v, tuple(deeper_path), new) if k == key else v for k, v in value.items()}


def changed(book: Rulebook, rule: Rule, number: int, path: Path, new: Any) -> Rulebook | None:
    """The rulebook with another value under one key of one entry; None if its shape refuses it."""
    shape, entry = shape_of(rule.id), rule.entries[number]
    try:
        value = shape.validate_python(with_value(plain(entry.value), path, new))
    except ValidationError:
        return None
    entries = list(rule.entries)
    entries[number] = entry.model_copy(update={"value": value})
    other = rule.model_copy(update={"entries": tuple(entries)})
    return book.replaced(other)


def others(value: Any, pool: tuple[Any, ...]) -> Iterator[Any]:
    """Values that may stand in place of one: near ones, far ones, and those of like keys."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 3 + 7, 0, 1, 10**6)
    elif isinstance(value, float):
        yield from (value * 1.5, value / 2, value + 1, value / 50, 0.999, 50.0)
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif isinstance(value, tuple):
        if value and isinstance(value[0], bool):
            yield tuple(not item for item in value)
        yield from (value[:k] + value[k + 1 :] for k in range(len(value)))
        yield from ((*value, extra) for extra in pool if not isinstance(extra, tuple))
        yield from (extra for extra in pool if isinstance(extra, tuple) and extra != value)
    if not isinstance(value, tuple):
        yield from (v for v in pool if not isinstance(v, tuple) and v != value)


def pools(book: Rulebook) -> dict[str, tuple[Any, ...]]:
    """All values that stand under keys of one name anywhere in a rulebook, and their items."""
    values_by_name: dict[str, dict[Any, None]] = {}
    for rule in book.rules.values():
        for number, entry in enumerate(rule.entries):
            del number
            for path, value in leaves(plain(entry.value)):
                name = str(path[-1]) if path else rule.id
                pool = values_by_name.setdefault(name, {})
                pool[value] = None
                for item in value if isinstance(value, tuple) else ():
                    pool[item] = None
    return {name: tuple(values) for name, values in values_by_name.items()}


def differs(probe: Any, book: Rulebook, before: list[Any]) -> bool:
    """Whether a probe has another outcome under a rulebook; an error is an outcome as well."""
    return any(a != b for a, b in zip_longest(outcomes(probe, book), before, fillvalue=_NOTHING))


def outcomes(probe: Any, book: Rulebook) -> Iterator[Any]:
    """What a probe finds, one after the other; the refusal of a rule ends it."""
    try:
        yield from (repr(outcome) for outcome in probe(book))
    except XhcreditError as error:
        yield f"{type(error).__name__}: {error}"
