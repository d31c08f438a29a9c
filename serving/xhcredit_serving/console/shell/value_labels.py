"""Labels of data values in the reader's language, from the directory."""

from __future__ import annotations

from xhcredit.ingest.schema import directory
from xhcredit.rules.rulebook import Rulebook
from xhcredit_serving.console.shell.language import Language


def field_label(score: str, rules: Rulebook, language: Language) -> str:
    """The supervised field of a score in words; one that the rules do not have, as its name."""
    field = rules.field(score)
    if field is None:
        return score.removeprefix("x_").replace("_", " ")
    return field.names.name_zh if language == "zh" else field.names.name_en


def word_of(column: str, value: str, language: Language) -> str:
    """A value of a column (``table.column``) in words.

    >>> word_of("enterprise.size", "micro", "zh"), word_of("enterprise.size", "micro", "en")
    ('微型', 'micro')
    """
    table, _, name = column.partition(".")
    if language == "zh":
        return dict(directory()[table].column(name).values).get(value, value)
    return value.replace("_", " ")
