"""Every mutant of a source file: the operators of mutmut, applied to the whole file.

mutmut itself mutates neither module level nor decorated functions.  Conditions of indicators,
shapes of rules and properties stand just there, so its operators are led over the whole tree here;
type annotations, docstrings, decorators and calls of ``len`` and ``isinstance`` stay out as there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from textwrap import indent

import libcst as cst
import libcst.matchers as m
import mutmut.configuration
from libcst.metadata import (
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    WhitespaceInclusivePositionProvider,
)
from mutmut.mutation import file_mutation
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

from tests.walks import ROOT

_THIS_FILE = Path(__file__)

#: what may go wrong inside a condition that is written as text
_IN_CONDITIONS = (
    (r" and ", " or "), (r" or ", " and "), (r" == ", " != "), (r" != ", " == "), (r" < ", " <= "),
    (r" > ", " >= "), (r"'(\w+)'", r"'\1_'"), (r"is_missing\(", "not is_missing("),
)  # fmt: skip


def _conditions(node: cst.SimpleString) -> Iterator[cst.SimpleString]:
    """A condition of indicators with one operator or value changed."""
    for pattern, other in _IN_CONDITIONS:
        for match in re.finditer(pattern, node.value):
            changed = node.value[: match.start()] + match.expand(other) + node.value[match.end() :]
            yield node.with_changes(value=changed)


@dataclass(frozen=True)
class Mutant:
    """One change of one node.

    ``function`` is the top-level function or method that holds it ("" at module level);
    ``at_import`` means that it works only when the module is imported anew.  ``text`` is the
    statement around it; ``span`` are the characters of the file that ``after`` replaces.
    """

    path: str
    function: str
    line: int
    last_line: int
    at_import: bool
    before: str
    after: str
    nth: int
    text: str
    span: tuple[int, int]

    @property
    def key(self) -> str:
        """The same as long as nobody edits this node; independent of lines and of other files."""
        parts = (self.path, self.function, self.before, self.after, str(self.nth))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        before, after = (" ".join(t.split())[:90] for t in (self.before, self.after))
        return f"{self.path}:{self.line} {self.function or '(module)'}: {before}  →  {after}"


_LITERAL = m.Subscript(value=m.Name("Literal"))


class _Everywhere(MutationVisitor):
    """mutmut's visitor, that enters decorated functions too and leaves pure type aliases alone."""

    METADATA_DEPENDENCIES = (*MutationVisitor.METADATA_DEPENDENCIES, ParentNodeProvider)

    def __init__(self, *, typed_only: bool, conditions: bool) -> None:
        operators = [*mutation_operators]
        if conditions:
            operators += [(cst.SimpleString, _conditions)]
        super().__init__(operators, IgnoredCode(set(), set(), set()))
        self._typed_only = typed_only

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return node.name.value in file_mutation.NEVER_MUTATE_FUNCTION_NAMES
        if self._typed_only and m.matches(node, _LITERAL | m.Assign(value=_LITERAL)):
            return True
        return bool(super()._skip_node_and_children(node))


def found_in(path: str) -> list[Mutant]:
    """All mutants of a file, in order of their place."""
    mutmut.configuration.config()
    source = (ROOT / path).read_text(encoding="utf-8")
    wrapper = MetadataWrapper(cst.parse_module(source))
    conditions = path.startswith("xhcredit/features")
    visitor = _Everywhere(typed_only="pydantic" not in source, conditions=conditions)
    wrapper.visit(visitor)
    return list(_described(path, source, wrapper, visitor))


def stored(path: str, folder: Path) -> list[Mutant]:
    """The same, from the folder if they were listed there for this very content."""
    content = [version("mutmut"), path, *(p.read_text("utf-8") for p in (ROOT / path, _THIS_FILE))]
    file = folder / f"{hashlib.sha256(chr(0).join(content).encode()).hexdigest()}.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps([asdict(m) for m in found_in(path)]), encoding="utf-8")
        partial.replace(file)
    listed = json.loads(file.read_text("utf-8"))
    return [Mutant(**{**fields, "span": tuple(fields["span"])}) for fields in listed]


def _described(
    path: str, source: str, wrapper: MetadataWrapper, visitor: _Everywhere
) -> Iterator[Mutant]:
    places = wrapper.resolve(PositionProvider)
    spans = wrapper.resolve(WhitespaceInclusivePositionProvider)
    parents = wrapper.resolve(ParentNodeProvider)
    starts = list(accumulate((len(line) for line in source.splitlines(keepends=True)), initial=0))
    same: Counter[tuple[str, str, str]] = Counter()
    code = wrapper.module.code_for_node
    for mutation in visitor.mutations:
        node = mutation.original_node
        function, in_body = _function(node, parents)
        before, after = code(node), code(mutation.mutated_node)
        start, end = (
            starts[offset.line - 1] + offset.column
            for offset in (spans[node].start, spans[node].end)
        )
        if source[start:end].split() != before.split():
            raise ValueError(f"{path}: {before!r} does not stand at {spans[node]}")
        if isinstance(node, cst.Match):  # code of a block comes without the indent of its place
            after = indent(after, " " * spans[node].start.column).lstrip()
        statement = _statement(node, parents)
        name = (function, before, after)
        yield Mutant(
            path,
            function,
            places[statement].start.line,
            places[statement].end.line,
            not in_body,
            before,
            after,
            same[name],
            code(statement).strip(),
            (start, end),
        )
        same[name] += 1


def _statement(node: cst.CSTNode, parents: dict[cst.CSTNode, cst.CSTNode]) -> cst.CSTNode:
    """The smallest statement around a node; of ``if`` and ``for`` the expression of their head."""
    while not isinstance(node, cst.SimpleStatementLine):
        parent = parents.get(node)
        if parent is None or isinstance(parent, cst.BaseCompoundStatement | cst.Module):
            break
        node = parent
    return node


def _function(node: cst.CSTNode, parents: dict[cst.CSTNode, cst.CSTNode]) -> tuple[str, bool]:
    """Name of the outermost function around a node, and whether the node stands in its body."""
    names: list[str] = []
    outer, in_body = "", False
    child, parent = node, parents.get(node)
    while parent is not None:
        if isinstance(parent, cst.FunctionDef):
            names, in_body = [parent.name.value], child is parent.body
            outer = parent.name.value
        elif isinstance(parent, cst.ClassDef) and outer:
            names.insert(0, parent.name.value)
        child, parent = parent, parents.get(parent)
    return ".".join(names), in_body


def unchanged(mutant: Mutant) -> Mutant:
    """The place of a mutant with what stands there."""
    start, end = mutant.span
    return replace(mutant, after=(ROOT / mutant.path).read_text(encoding="utf-8")[start:end])


def source_with(mutant: Mutant) -> str:
    """The whole file with one mutant in it."""
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    start, end = mutant.span
    return source[:start] + mutant.after + source[end:]


def sources(package: str) -> list[str]:
    """Source files of a package (or the one file), below the repository."""
    place = ROOT / package
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [f.relative_to(ROOT).as_posix() for f in files]


def drawn(mutants: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """``count`` of the mutants at random; who is drawn depends on seed and node only."""

    def ticket(mutant: Mutant) -> str:
        return hashlib.sha256(f"{seed}\0{mutant.key}".encode()).hexdigest()

    return sorted(mutants, key=ticket)[:count]
