"""Names in source text: which of them say nothing of the thing that they stand for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import yaml
from jinja2 import Environment
from jinja2 import nodes as jinja

#: pronouns, participles and words that fit everything: a line alone must say what a name holds
VAGUE = frozenset({
    "told", "found", "kept", "asked", "given", "made", "seen", "said", "held", "own", "one", "at",
    "every", "took", "got", "thing", "things", "stuff", "data", "info", "more", "rest", "now",
    "here",
})  # fmt: skip
_CURE = "say in the field's term what it is (GLOSSARY.md)"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: fields of answers, which templates read as they are named there
_FIELDS = frozenset({"said"})
#: what a script names itself: not a comment, a text, a member after a dot, a key before a colon
_SCRIPT_TEXT = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
_SCRIPT_TEMPLATE = re.compile(r"`(?:\\.|\$\{[^}]*\}|[^`\\])*`", re.S)
_SCRIPT_NAME = re.compile(r"(?<![\w$.])[A-Za-z_$][\w$]*(?![\w$]|\s*:)")


def local_names(text: str) -> list[str]:
    """Names that functions bind, each once per function: parameters, variables, inner functions."""
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, (*_FUNCTIONS, ast.Lambda))]
    return [name for function in functions for name in sorted(set(_bound(function)))]


def vague_public_names(name: str, text: str) -> Iterator[str]:
    """Vague names of a module, of its classes, functions, methods, and of their parameters."""
    stem = name.rpartition("/")[2].removesuffix(".py")
    if _is_vague(stem):
        yield f'{name}: a module named "{stem}"; {_CURE}'
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and _is_vague(node.name):
            yield f'{name}:{node.lineno}: a class named "{node.name}"; {_CURE}'
        if isinstance(node, _FUNCTIONS) and not node.name.startswith("_"):
            for vague in filter(_is_vague, [node.name, *_parameters(node)]):
                yield f'{name}:{node.lineno}: "{vague}" in {node.name}; {_CURE}'


def vague_module_names(name: str, text: str) -> Iterator[str]:
    """Vague names of what a module binds, private or not: constants, functions, methods, classes.

    Parameters and variables of functions are left to ``local_names``.
    """
    nodes: list[ast.AST] = list(ast.parse(text).body)
    while nodes:
        node = nodes.pop()
        bound = [node.name] if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) else []
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound = [node.id]
        for vague in filter(_is_vague, bound):
            yield f'{name}:{node.lineno}: "{vague}"; {_CURE}'
        # what a function binds is local; of a class, all that is in its body is the module's
        nodes += [] if isinstance(node, (*_FUNCTIONS, ast.Lambda)) else ast.iter_child_nodes(node)


def vague_fields(name: str, text: str) -> Iterator[str]:
    """Vague names of what rows, answers and queries hold: annotated fields of classes."""
    for kind in ast.walk(ast.parse(text)):
        if isinstance(kind, ast.ClassDef):
            for node in kind.body:
                field = ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else ""
                if _is_vague(field):
                    yield f'{name}:{node.lineno}: a field "{field}" of {kind.name}; {_CURE}'


def vague_columns(name: str, text: str) -> Iterator[str]:
    """Vague names of tables and columns of the store: ``Table("data", …, Column("at", …))``."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _called(node) in ("Table", "Column") and node.args:
            named = node.args[0]
            if isinstance(named, ast.Constant) and _is_vague(str(named.value)):
                kind = _called(node).lower()
                yield f'{name}:{node.lineno}: a {kind} "{named.value}"; {_CURE}'


def vague_routes(name: str, text: str) -> Iterator[str]:
    """Vague names in routes: of their functions, their parameters, and of parameters in paths."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _FUNCTIONS):
            routes = [d for d in node.decorator_list if _is_route(d)]
            in_paths = [p for route in routes for p in re.findall(r"{(\w+)", ast.unparse(route))]
            names = [node.name, *_parameters(node), *in_paths] if routes else []
            for vague in dict.fromkeys(filter(_is_vague, names)):
                yield f'{name}:{node.lineno}: "{vague}" in the route {node.name}; {_CURE}'


def vague_keys(name: str, text: str) -> Iterator[str]:
    """Vague keys of a YAML file, wherever they stand in it."""
    nodes = [yaml.compose(text, Loader=yaml.SafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if _is_vague(key.value):
                    yield f'{name}:{key.start_mark.line + 1}: a key "{key.value}"; {_CURE}'
                # what a category may be is a value, not a name: a promise is "kept" or "broken"
                nodes += [] if key.value == "values" else [value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value


def vague_template_names(name: str, text: str) -> Iterator[str]:
    """Vague names of a template: variables, macros, parameters, keywords, attributes, imports."""
    for node in Environment(autoescape=True).parse(text).find_all(jinja.Node):
        for vague in filter(_is_vague, _names_of(node)):
            yield f'{name}:{node.lineno}: "{vague}"; {_CURE}'


def vague_context_keys(name: str, text: str) -> Iterator[str]:
    """Vague names under which pages hand values to their templates and scripts.

    Constants are tables of data, and what the audit log holds is written there under its old keys.
    """
    tree = ast.parse(text)
    stored = {inner for node in ast.walk(tree) if _is_stored(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if node in stored:
            continue
        keys: list[ast.expr | None] = node.keys if isinstance(node, ast.Dict) else []
        named = [k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str)]
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "page":
            named += [k.arg for k in node.keywords if k.arg]
        for vague in filter(_is_vague, named):
            yield f'{name}:{node.lineno}: "{vague}"; {_CURE}'


def vague_script_names(name: str, text: str) -> Iterator[str]:
    """Vague names that a script gives: variables, functions, parameters."""
    code = _SCRIPT_TEXT.sub(_as_blank, text)
    code = _SCRIPT_TEMPLATE.sub(lambda m: " ".join(re.findall(r"\$\{([^}]*)\}", m[0])), code)
    for number, line in enumerate(code.replace("...", " ").split("\n"), 1):
        for vague in sorted(set(filter(_is_vague, _SCRIPT_NAME.findall(line)))):
            yield f'{name}:{number}: "{vague}"; {_CURE}'


def silent_imports(name: str, text: str) -> Iterator[str]:
    """Imports inside functions without a reason on their line."""
    lines = text.splitlines()
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, _FUNCTIONS):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Import | ast.ImportFrom)
                    and "#" not in lines[node.lineno - 1]
                ):
                    why = "import it above, or say on the line why it waits"
                    yield f"{name}:{node.lineno}: an import inside {function.name}; {why}"


def packed_statements(name: str, text: str) -> Iterator[str]:
    """Statements kept from the formatter that are no tables of data."""
    lines = text.splitlines()
    tables = {
        node.end_lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and _is_table(node.value)
    }
    for number, line in enumerate(lines, 1):
        if re.search(r"#\s*fmt:\s*skip", line) and number not in tables:
            yield f"{name}:{number}: fmt: skip; let the formatter lay it out, it is no table"


def questioning_docstrings(name: str, text: str) -> Iterator[str]:
    """Docstrings whose first line asks instead of saying what one gets."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = (ast.get_docstring(node) or "").split("\n")[0]
            if first.endswith(("?", "？")):
                line = getattr(node, "lineno", 1)
                yield f'{name}:{line}: "{first}" asks; say what one gets, in the field\'s term'


def _names_of(node: jinja.Node) -> list[str]:
    """Names that a node of a template gives or reads."""
    if isinstance(node, jinja.Name | jinja.Macro):
        return [node.name]
    if isinstance(node, jinja.Getattr):
        return [] if node.attr in _FIELDS else [node.attr]
    if isinstance(node, jinja.Keyword):
        return [node.key]
    if isinstance(node, jinja.FromImport):
        return [name if isinstance(name, str) else name[1] for name in node.names]
    return []


def _is_stored(node: ast.AST) -> bool:
    """Whether a statement is a constant, or what goes into the audit log."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [t.id for t in targets if isinstance(t, ast.Name)]
    return any(n.isupper() or n.startswith("audit_") for n in names)


def _as_blank(match: re.Match[str]) -> str:
    """The line ends of a text, so that what follows stays on its line."""
    return " " + "\n" * match[0].count("\n")


def _is_vague(name: str) -> bool:
    return name.strip("_").lower() in VAGUE


def _called(call: ast.Call) -> str:
    """Last name of what is called: ``Column`` of ``sa.Column(…)``."""
    return ast.unparse(call.func).rpartition(".")[2]


def _is_route(decorator: ast.expr) -> bool:
    methods = ("get", "post", "put", "patch", "delete")
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in methods
    )


def _is_table(value: ast.expr) -> bool:
    """Whether an expression is literal data over several lines."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in ("frozenset", "set", "dict") and all(map(_is_table, value.args))
    if isinstance(value, ast.Subscript):
        return isinstance(value.value, ast.Name) and value.value.id == "Literal"
    return isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set)


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    of = function.args
    several = [*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg]
    return [a.arg for a in several if a is not None and a.arg not in ("self", "cls")]


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
    """Names bound in a function itself, those of inner functions left out."""
    yield from _parameters(function)
    nodes = [function.body] if isinstance(function, ast.Lambda) else list(function.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name
        elif not isinstance(node, ast.Lambda):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            if isinstance(node, ast.ExceptHandler) and node.name:
                yield node.name
            nodes += ast.iter_child_nodes(node)
