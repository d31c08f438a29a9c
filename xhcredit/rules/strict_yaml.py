"""Strict YAML reader of rule files: no aliases, repeated keys or implicit conversions."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import yaml
from yaml.composer import Composer

from xhcredit.errors import BadRule

_CORE = "tag:yaml.org,2002:"


def bad_rule(file: str, place: str, problem: str, remedy: str) -> BadRule:
    """Error of a rule file in its one form: ``file: place: problem; remedy``."""
    return BadRule(f"{file}: {place}: {problem}; {remedy}")


class _RefusedError(yaml.MarkedYAMLError):
    """Well-formed YAML that a rule file must not hold."""

    def __init__(self, mark: Any, problem: str, remedy: str) -> None:
        super().__init__(problem=problem, problem_mark=mark)
        self.remedy = remedy


class _StrictLoader(Composer, yaml.CSafeLoader):
    """YAML without its traps: no aliases, no repeated keys, no ``no`` that means false.

    Parsed by libyaml, since every program reads some 150 rule files before it does anything.

    YAML 1.1 reads ``12:30`` as 750, ``010`` as 8 and ``off`` as false; here only what looks like a
    whole number, a decimal, ``true``/``false`` or a day is one, and everything else is text.
    Lists come out as tuples, so that what was loaded cannot be changed.
    """

    def __init__(self, stream: str) -> None:
        Composer.__init__(self)
        yaml.CSafeLoader.__init__(self, stream)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: a lawyer reads one entry at a time."""
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise _RefusedError(event.start_mark, "a YAML alias", "write the value out in full")
        return super().compose_node(parent, index)

    def mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        """Build a mapping, refusing repeated keys and keys that are not text."""
        value_by_key: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node)
            if not isinstance(key, str):
                raise _RefusedError(
                    key_node.start_mark, f"key {key} is not text", "put it in quotes"
                )
            # YAML takes the later of two equal keys in silence; in a table of law that is a
            # number nobody approved.
            if key in value_by_key:
                raise _RefusedError(
                    key_node.start_mark, f'key "{key}" stands twice', "delete one of the two"
                )
            value_by_key[key] = self.construct_object(value_node, deep=True)
        return value_by_key

    def sequence(self, node: yaml.SequenceNode) -> tuple[Any, ...]:
        """Build a list as a tuple."""
        return tuple(self.construct_object(item, deep=True) for item in node.value)

    def day(self, node: yaml.ScalarNode) -> date:
        """Build a day, refusing those that no calendar has."""
        try:
            return date.fromisoformat(node.value)
        except ValueError:
            problem = f"{node.value} is no day of the calendar"
            raise _RefusedError(node.start_mark, problem, "correct the date") from None


_StrictLoader.yaml_implicit_resolvers = {}  # its own, so that PyYAML's stay as they are
for _tag, _pattern, _first in (
    ("null", r"~|null|", "~n\0"),
    ("bool", r"true|false", "tf"),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "0123456789"),
):
    _starts = ["" if c == "\0" else c for c in _first]
    _StrictLoader.add_implicit_resolver(_CORE + _tag, re.compile(rf"(?:{_pattern})\Z"), _starts)
_StrictLoader.add_constructor(_CORE + "map", _StrictLoader.mapping)
_StrictLoader.add_constructor(_CORE + "seq", _StrictLoader.sequence)
_StrictLoader.add_constructor(_CORE + "timestamp", _StrictLoader.day)


def read_yaml(file: str, content: bytes) -> dict[str, Any]:
    """Content of a rule file, lists as tuples; ``file`` is only named in messages.

    Raises:
        BadRule: not UTF-8, not YAML, not a mapping, or YAML that could be misread.
    """
    try:
        text = content.decode("utf-8-sig")
        document = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 -- a narrowed SafeLoader
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8"
        raise bad_rule(file, "text", problem, "save the file as UTF-8") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _from_yaml(file, error) from None
    if not isinstance(document, dict):
        problem = f"{'nothing' if document is None else 'no mapping'} in it"
        raise bad_rule(file, "file", problem, "write id, name_zh, ... entries as keys")
    return document


def _from_yaml(file: str, error: Exception) -> BadRule:
    """Say where the YAML is broken, in our form."""
    mark = getattr(error, "problem_mark", None)
    place = "text" if mark is None else f"line {mark.line + 1}"
    problem = getattr(error, "problem", None) or "this is not YAML"
    return bad_rule(file, place, problem, getattr(error, "remedy", "correct the YAML there"))
