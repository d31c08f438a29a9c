"""Walks over source text for the house rules: each gives complaints that say the cure."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Collection, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import xhcredit
from xhcredit import errors

ROOT = Path(__file__).parent.parent

#: what a test may never wait for or ask
CLOCKS = {
    "time.sleep", "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns",
    "time.perf_counter", "time.perf_counter_ns", "time.process_time", "time.process_time_ns",
    "time.localtime", "time.gmtime",
    "date.today", "datetime.today", "datetime.now", "datetime.utcnow",
}  # fmt: skip
#: what asks the machine for the day or the moment; durations (``time.monotonic``) may be measured
MACHINE_CLOCKS = {
    "datetime.date.today", "datetime.datetime.today", "datetime.datetime.now",
    "datetime.datetime.utcnow", "time.time", "time.time_ns", "time.localtime", "time.gmtime",
    "time.ctime", "time.asctime", "time.strftime", "pandas.Timestamp.now", "pandas.Timestamp.today",
}  # fmt: skip
#: what measures how long something takes
DURATION_CLOCKS = {
    f"time.{clock}{unit}"
    for clock in ("monotonic", "perf_counter", "process_time", "thread_time")
    for unit in ("", "_ns")
}
#: the same, asked of a database
DATABASE_CLOCK = re.compile(
    r"\b(?:current_date|current_timestamp|localtimestamp|transaction_timestamp)\b"
    r"|\b(?:now|today|get_current_timestamp)\(\)|\((?:'now')",
    re.IGNORECASE,
)
MOCKS = {"mock", "unittest.mock", "pytest_mock", "mocker"}

#: numbers that are no law: nothing, one, a pair, the last
HARMLESS = (-1, 0, 1, 2)

#: patterns are put together from parts, so that this file does not break its own rule
MACHINE_PATH = re.compile(
    r"(?<![\w.:/-])/(?:work|home|root|Users)" + r"/\w|\b[A-Z]:\\" + r"\\?Users"
)
REGISTRY_HOST = re.compile(
    "|".join(
        [
            "py" + r"pi\.org",
            "python" + "hosted",
            "npm" + r"js\.(?:org|com)",
            "ana" + r"conda\.(?:org|com)",
            r"\bmirr" + r"ors?\.\w+\.",
            "(?:extra-)?index" + "-url",
        ]
    )
)
SECRET = re.compile(
    "|".join(
        [
            "-----BEGIN [A-Z ]*PRIV" + "ATE KEY",
            r"\bAK" + r"IA[0-9A-Z]{16}\b",
            r"\bgh[opusr]_" + r"\w{36}",
            r"\bsk-" + r"\w{20,}",
        ]
    )
)
BANNED_TEXT = {
    MACHINE_PATH: "a path of one machine; take it from an option, or from the file's own place",
    REGISTRY_HOST: "the address of a package registry; leave it to pip's own configuration",
    SECRET: "a secret; take it out, change it, and read it from the environment",
}


def tracked() -> list[Path]:
    """Files that are, or would be, committed."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / n for n in sorted(set(names.decode().split("\0"))) if n and (ROOT / n).is_file()]


def python_files(folder: str) -> list[Path]:
    """All source files of a folder of the repository."""
    return sorted((ROOT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    """A file as it is named in complaints."""
    return path.relative_to(ROOT).as_posix()


def long_parts(name: str, text: str, *, file: int, function: int) -> Iterator[str]:
    """Files and functions that are too long; a function's docstring is not counted."""
    lines = len(text.splitlines())
    if lines > file:
        yield f"{name}: {lines} lines; split it by what its parts answer (at most {file})"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _lines(node) - (_lines(node.body[0]) if ast.get_docstring(node) else 0)
            if length > function:
                what = f"{node.name} has {length} lines"
                yield f"{name}:{node.lineno}: {what}; give its steps names (at most {function})"


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def blind_raises(name: str, text: str) -> Iterator[str]:
    """``pytest.raises`` that would accept any message."""
    for node in _calls(text):
        if ast.unparse(node.func) in ("pytest.raises", "raises"):
            keywords = {k.arg for k in node.keywords}
            if not keywords & {"match", "check"}:
                yield f"{name}:{node.lineno}: raises without match; match what was found"


def mocks(name: str, text: str) -> Iterator[str]:
    """Mocks: imported, or asked for as a fixture."""
    for node in ast.walk(ast.parse(text)):
        named: list[str] = []
        if isinstance(node, ast.Import):
            named = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            named = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
        elif isinstance(node, ast.arg):
            named = [node.arg]
        if MOCKS & set(named):
            yield f"{name}:{node.lineno}: a mock; write a small real thing instead"


def clocks(name: str, text: str) -> Iterator[str]:
    """Whatever waits or asks what time it is, under whichever name it was imported."""
    tree = ast.parse(text)
    imported = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, *others = ast.unparse(node).split(".")
            clock = ".".join(".".join([imported.get(first, first), *others]).split(".")[-2:])
            if clock in CLOCKS:
                yield f"{name}:{node.lineno}: {clock}(); give the test its own day, and never wait"


def _imported(tree: ast.Module) -> dict[str, str]:
    """Full dotted name by the name that the imports of a file, wherever they stand, bind."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bound |= {a.asname: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom):
            bound |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return bound


def machine_clocks(name: str, text: str) -> Iterator[str]:
    """Whatever asks the machine or a database what day or moment it is, under any alias."""
    tree = ast.parse(text)
    names = _imported(tree)
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        asks = ""
        if isinstance(node, ast.Attribute | ast.Name):
            first, _, others = ast.unparse(node).partition(".")
            full = f"{names.get(first, first)}.{others}".rstrip(".")
            asks = full if full in MACHINE_CLOCKS else ""
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        ):
            asks = match[0] if (match := DATABASE_CLOCK.search(node.value)) else ""
        if asks:
            yield f"{name}:{node.lineno}: {asks}; take the day from xhcredit/domain/clock.py"


def durations(name: str, text: str) -> Iterator[str]:
    """Whatever measures how long something takes, under any alias."""
    tree = ast.parse(text)
    names = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, _, others = ast.unparse(node).partition(".")
            full = f"{names.get(first, first)}.{others}".rstrip(".")
            if full in DURATION_CLOCKS:
                cure = "measure with the stopwatch of xhcredit/domain/clock.py"
                yield f"{name}:{node.lineno}: {full}; {cure}"


def untyped_lines(name: str, text: str) -> Iterator[str]:
    """Every line that names ``Any`` outside imports."""
    nodes = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name) and n.id == "Any"]
    for line in sorted({node.lineno for node in nodes}):
        yield f"{name}:{line}: Any; name the type, or take object and narrow it"


def _imported(tree: ast.AST) -> dict[str, str]:
    """Names of a module's imports, each with what it stands for."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {a.asname: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom):
            aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return aliases


def _calls(text: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))


def bare_numbers(name: str, text: str) -> Iterator[str]:
    """Numbers in code that decides by law: a legal number belongs into a dated rule."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            where = f"{name}:{node.lineno}: the number {node.value}"
            if node.value not in HARMLESS:
                yield f"{where}; put it into a dated rule under xhcredit/rules/data"


def rule_ids(text: str, families: Collection[str]) -> dict[str, int]:
    """Rule ids written out in code, with their line; docstrings are left out."""
    tree = ast.parse(text)
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    ids = re.compile(rf"(?:{'|'.join(sorted(families))})(?:\.[a-z][a-z0-9_]*)+")
    return {
        node.value: node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in prose
        and ids.fullmatch(node.value)
        and not node.value.endswith((".parquet", ".json", ".yaml", ".csv", ".html", ".id"))
    }


def banned_text(name: str, text: str) -> Iterator[str]:
    """Paths of a machine, registry addresses and secrets."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, cure in BANNED_TEXT.items():
            if banned := pattern.search(line):
                yield f'{name}:{number}: "{banned[0]}" is {cure}'


def undocumented_package(name: str, text: str) -> Iterator[str]:
    """A package whose ``__init__`` does not say what the package answers."""
    if name.endswith("__init__.py") and not ast.get_docstring(ast.parse(text)):
        yield f"{name}: no docstring; say in one line what the package answers"


def unexplained(name: str, text: str) -> Iterator[str]:
    """A silenced linter without a reason on the line; an inherited docstring needs none."""
    silenced = re.compile(r"#\s*noqa(?!: D102$)(?!: [A-Z]+\d+(?:, ?[A-Z]+\d+)* -{1,2} \w)")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and silenced.match(token.string):
            where = f"{name}:{token.start[0]}"
            yield f"{where}: noqa without code and reason; write `noqa: X000 - why`"


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of every package in a lock file."""
    pinned: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=\S)", lock.strip()):
        head = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block)
        if head:
            hashes = block.count("--hash=sha256:")
            known = pinned.get(plain(head[1]), (head[2], hashes))  # once per Python, it may be
            pinned[plain(head[1])] = (head[2], min(hashes, known[1]))
    return pinned


def plain(package: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", package).lower()


@cache
def error_classes() -> list[type[errors.XhcreditError]]:
    """Every class of ``XhcreditError`` in any module of the library."""
    for module in walk_packages(xhcredit.__path__, "xhcredit."):
        import_module(module.name)
    error_kinds = [errors.XhcreditError]
    for kind in error_kinds:
        error_kinds += kind.__subclasses__()
    return error_kinds
