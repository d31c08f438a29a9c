"""Page of the Python API, docs/python-api.md, from docstrings: ``python -m tests.api.page``."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import xhcredit_training

import xhcredit

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python-api.md"
#: sections in the order in which one uses them, with their heading
SECTIONS = {
    "warehouse": "数据 Warehouse",
    "scoring": "评分与解释 Scores, reasons, indicators",
    "rules": "规则 Rules, working days, tiers",
    "draws": "双随机抽查 Draws",
    "restoration": "信用修复 Restoration",
    "alerts": "预警 Alerts",
    "codes": "统一社会信用代码 Codes",
}
HEAD = """# Python API

由 `make docs` 自代码中的说明生成，请勿手改。`import xhcredit` 之后可用的名称如下，
其余模块可能变动；各例按先后次序可直接运行（在本仓库根目录下），测试每次都会运行它们。

Generated from docstrings by `make docs`. These are the names behind `import xhcredit`; modules
below may change. The examples run one after the other in the root of the repository, and tests run
them so.

- Days are `datetime.date` or text such as `2026-06-30`. No function knows what day it is: pass it.
- Only what was known by the as-of day is visible, however much the warehouse holds.
- "No" is an answer: a wrong code, a record that cannot be restored, a draw that is refuted.
  Errors are subclasses of `xhcredit.XhcreditError`: what was found, and what to do.
- Tiers and scores are an internal reference for placing supervision resources, and never public.

| name | what one gets |
|---|---|
"""
TRAINING = """## 训练 Training: `import xhcredit_training`

A distribution with the extra `training` has these besides; notebook
[2](../notebooks/2_train_and_compare.ipynb) uses them one after the other, notebook
[4](../notebooks/4_chicago_and_beijing.ipynb) on rows from elsewhere. Runs, MLflow and promotion are
`xhcredit-train`'s.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD + "".join(f"| `{n}` | {_first_line(n)} |\n" for n in xhcredit.__all__)]
    for module, heading in SECTIONS.items():
        text = inspect.getdoc(import_module(f"xhcredit.api.{module}"))
        names = xhcredit._NAMES[module].split()
        functions = [n for n in names if n[0].islower()]
        parts += [f"## {heading}\n\n{_prose(text)}\n"]
        parts += [_entry(n) for n in (*functions, *(n for n in names if n not in functions))]
    parts += [f"## 错误 Errors\n\n{_entry('XhcreditError')}", TRAINING]
    return "\n".join([*parts, *(_entry(name, xhcredit_training) for name in training_names())])


def training_names() -> list[str]:
    """Public names of training: functions, then types."""
    return sorted(xhcredit_training.__all__, key=lambda name: (name[0].isupper(), name))


def _first_line(name: str) -> str:
    if name == "__version__":
        return f"version of the program, such as `{xhcredit.__version__}`"
    return _prose(inspect.getdoc(getattr(xhcredit, name)).partition("\n")[0]).strip()


def _entry(name: str, package: ModuleType = xhcredit) -> str:
    """Heading, signature (of a function) and docstring of a public name."""
    public = getattr(package, name)
    signature = f"```\n{_signature(name, public)}\n```\n\n" if inspect.isfunction(public) else ""
    return f"### `{name}`\n\n{signature}{_prose(inspect.getdoc(public))}\n"


def _signature(name: str, function: object) -> str:
    """A signature as in the source, one parameter a line if it is long."""
    signature = inspect.signature(function)
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", f"{name}{signature}")
    if len(text) <= 98:
        return text
    parameters = [re.sub(r"(: )'([^']*)'", r"\1\2", str(p)) for p in signature.parameters.values()]
    keyword = next((i for i, p in enumerate(signature.parameters.values()) if p.kind == 3), None)
    if keyword is not None:
        parameters.insert(keyword, "*")
    lines = "".join(f"    {p},\n" for p in parameters)
    return f"{name}(\n{lines}) -> {signature.return_annotation}"


def _prose(docstring: str) -> str:
    """A docstring as Markdown: names in code font, sections as lists, fences as they are."""
    parts = re.split(r"(^```.*?^```$)", docstring, flags=re.MULTILINE | re.DOTALL)
    return "".join(p if p.startswith("```") else _words(p) for p in parts)


def _words(text: str) -> str:
    return "\n".join(map(_line, text.replace("``", "`").split("\n")))


def _line(line: str) -> str:
    section = re.fullmatch(r"(Args|Returns|Raises):", line)
    item = re.match(r"    (\w[\w, ]*): (.*)", line)
    if section:
        return f"*{section[1]}*\n"
    if item:
        return f"- `{item[1]}`: {item[2]}"
    return f"  {line.strip()}" if line.startswith("        ") else line.removeprefix("    ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
