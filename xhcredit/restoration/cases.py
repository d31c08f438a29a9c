"""Acceptance cases written by lawyers: expected against actual assessments."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from xhcredit.errors import BadInput, XhcreditError
from xhcredit.restoration.assess import assess
from xhcredit.restoration.assessment import Assessment
from xhcredit.restoration.record import AdverseRecord, day_of, record_from
from xhcredit.rules.rulebook import Rulebook

_KEYS = ("name", "source", "quote", "count", "record", "applied_on", "applicant", "expect")


@dataclass(frozen=True)
class Case:
    """One acceptance case: a record, a day, and the expected assessment."""

    name: str
    record: AdverseRecord
    applied_on: date
    applicant: str
    expect: Mapping[str, object]

    def answer(self, rules: Rulebook) -> Assessment:
        """Actual assessment of the case.

        Raises:
            XhcreditError: as ``assess``; the message begins with the case's name.
        """
        try:
            return assess(
                self.record, applied_on=self.applied_on, rules=rules, applicant=self.applicant
            )
        except XhcreditError as error:
            raise type(error)(f'case "{self.name}": {error}') from None


class _Loader(yaml.SafeLoader):
    """YAML loader that leaves impossible days as text, to be reported with their case."""

    def timestamp(self, node: yaml.ScalarNode) -> object:
        """A day; 2026-02-30 as text."""
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            # YAML would stop the whole file at 30 February; a lawyer is to hear of every wrong
            # case at once.
            return node.value


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.timestamp)


def load_cases(file: Path) -> list[tuple[str, object]]:
    """Read a case file: a YAML list with the place of each item, not yet checked one by one.

    Raises:
        BadInput: there is no such file, or it is no list of cases.
    """
    try:
        # Windows editors put a byte order mark in front, which would become part of the first
        # key.
        document, lines = _parse_yaml(file.read_text(encoding="utf-8-sig"))
    except OSError:
        raise BadInput(f'no file "{file.name}" to read; check its name') from None
    except UnicodeDecodeError:
        raise BadInput(f'"{file.name}" is not UTF-8; save it as UTF-8') from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "somewhere"
        raise BadInput(f'"{file.name}" is not YAML ({place}); correct it there') from None
    if not isinstance(document, list):
        raise BadInput(f'"{file.name}" holds no list of cases; begin each with "- name: ..."')
    places = (f"item {number} (line {line})" for number, line in enumerate(lines, start=1))
    return list(zip(places, document, strict=True))


def _parse_yaml(text: str) -> tuple[object, list[int]]:
    """Parsed content of a file and, of a list, the line on which each item begins."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        document = None if node is None else loader.construct_document(node)
        return document, [item.start_mark.line + 1 for item in items]
    finally:
        loader.dispose()


def case_from(case_item: object) -> Case:
    """Check one item of a case file.

    Raises:
        BadInput: an unknown or missing key, or a record without sense.
    """
    if not isinstance(case_item, Mapping):
        raise BadInput(f'"{_short(case_item)}" is no case; write "- name: ...", "record: {{...}}"')
    name = str("?" if case_item.get("name") in (None, "") else case_item["name"])
    unknown_keys = sorted(map(str, set(case_item) - set(_KEYS)))
    missing_keys = [
        key for key in ("name", "record", "applied_on") if case_item.get(key) in (None, "", {})
    ]
    if unknown_keys or missing_keys:
        key_problem = (
            f'unknown key "{unknown_keys[0]}"'
            if unknown_keys
            else f"no {' and no '.join(missing_keys)}"
        )
        raise BadInput(f'case "{name}": {key_problem}; a case has {", ".join(_KEYS)}')
    record = case_item["record"]
    if not isinstance(record, Mapping):
        record_problem = f'record is "{_short(record)}"'
        raise BadInput(f'case "{name}": {record_problem}; write it as {{kind: penalty, ...}}')
    try:
        record = record_from(record)
        applied_on = day_of("applied_on", case_item["applied_on"])
    except BadInput as error:
        raise BadInput(f'case "{name}": {error}') from None
    expect = case_item.get("expect") or {}
    if not isinstance(expect, Mapping):
        raise BadInput(f'case "{name}": expect is "{expect}"; write it as {{eligible: true, ...}}')
    return Case(name, record, applied_on, str(case_item.get("applicant") or ""), expect)


def _short(value: object) -> str:
    """A value as it is quoted in a message."""
    return reprlib.repr(str(value))[1:-1]


def line_of(name: str, assessment: Assessment) -> dict[str, object]:
    """The line that is printed for a case; its keys are fixed, others write against them."""
    return {
        "name": name,
        "eligible": assessment.eligible,
        "earliest_on": assessment.earliest_on and assessment.earliest_on.isoformat(),
        "publication_ends_on": assessment.publication_ends_on
        and assessment.publication_ends_on.isoformat(),
        "unmet": [condition.rule_id for condition in assessment.unmet],
        "severity": assessment.severity,
    }


def extras_of(assessment: Assessment) -> dict[str, object]:
    """Further values that a case may expect beside the printed line."""
    return {
        "route": assessment.route,
        "needs_lawyer": assessment.needs_lawyer,
        "deadlines": {d.step: d.by and d.by.isoformat() for d in assessment.deadlines},
    }


def differences(case: Case, assessment: Assessment) -> Iterator[str]:
    """Differences between expected and actual values, in words."""
    actual = line_of(case.name, assessment) | extras_of(assessment)
    for key, expected in case.expect.items():
        expected_value = _plain(expected)
        actual_value = actual.get(key, "nothing of that name")
        if (
            key == "deadlines"
            and isinstance(expected_value, dict)
            and isinstance(actual_value, dict)
        ):
            actual_value = {step: actual_value.get(step) for step in expected_value}
        if expected_value != actual_value:
            yield f"{case.name}: {key}: expected {expected_value}, answered {actual_value}"


def _plain(value: object) -> object:
    """A value as it is printed: days as text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, date) else value
