"""Option groups: options that several commands take together, declared as fields of one class."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, get_type_hints

if TYPE_CHECKING:  # a module of type checkers only
    from _typeshed import DataclassInstance


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Command whose parameters of a dataclass are given field by field, each as an option.

    The fields' types are those that Typer reads (``Annotated[str, typer.Option(…)]``), their
    defaults the options' defaults; a field without one is an option that must be given.
    """
    types = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    groups = {name: types[name] for name in signature.parameters if is_dataclass(types[name])}
    options: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        if name in groups:
            options += _field_options(groups[name])
        else:
            # Keyword-only, so that one without a default may follow one that has it.
            kind = inspect.Parameter.KEYWORD_ONLY
            options.append(parameter.replace(annotation=types[name], kind=kind))

    @wraps(command)
    def run(**values: object) -> None:
        for name, group in groups.items():
            values[name] = group(**{f.name: values.pop(f.name) for f in fields(group)})
        command(**values)

    # Typer reads names and types from both.
    run.__annotations__ = {option.name: option.annotation for option in options}
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # as inspect says
    return run


def _field_options(group: type[DataclassInstance]) -> list[inspect.Parameter]:
    types = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=types[field.name],
        )
        for field in fields(group)
    ]


def _default(field: Field[object]) -> object:
    return inspect.Parameter.empty if field.default is MISSING else field.default
