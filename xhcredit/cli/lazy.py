"""Lazy commands: a command's module is imported when the command is called, not for ``--help``."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

#: ``module:function``; or the text of a group with its commands, or with its ``module:Typer``
Target = str | tuple[str, "Mapping[str, Target] | str"]


class LazyCommand(TyperCommand):
    """A command or group known by name and summary; it is made by ``load`` when it is called."""

    def __init__(self, name: str, summary: str, load: Callable[[], Any]) -> None:
        """Know a command without importing it."""
        super().__init__(name=name, help=inspect.cleandoc(summary))
        self._load = load

    @cached_property
    def loaded(self) -> Any:
        """The command itself."""
        command = self._load()
        command.name = self.name
        return command

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Let the command itself read its options."""
        # Not read by this stand-in, which has no options: it knows name and summary only.
        return self.loaded.make_context(info_name, args, parent, **extra)


def lazy_commands(targets: Mapping[str, Target]) -> dict[str, Any]:
    """Commands by name: of functions, and of groups with their text."""
    return {name: _lazy(name, target) for name, target in targets.items()}


def _lazy(name: str, target: Target) -> LazyCommand:
    if isinstance(target, str):
        return LazyCommand(name, _docstring(target), partial(_command, name, target))
    text, commands = target
    if isinstance(commands, str):
        return LazyCommand(name, text, lambda: get_command(_imported(commands)))
    return LazyCommand(name, text, partial(_group, text, commands))


def _group(text: str, targets: Mapping[str, Target]) -> TyperGroup:
    return TyperGroup(
        help=inspect.cleandoc(text),
        commands=lazy_commands(targets),
        no_args_is_help=True,
        rich_markup_mode="markdown",
    )


def _command(name: str, target: str) -> Any:
    app = typer.Typer(
        add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False
    )
    app.command(name)(_imported(target))
    return get_command(app)


def _imported(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def _docstring(target: str) -> str:
    """Docstring of a function as its module's source has it: nothing is imported for a summary.

    A function that is made by another has none there; it is imported and asked.
    """
    module, _, attribute = target.partition(":")
    spec = find_spec(module)
    source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return ast.get_docstring(node) or ""
    return inspect.getdoc(_imported(target)) or ""
