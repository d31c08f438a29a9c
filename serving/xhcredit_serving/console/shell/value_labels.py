"""Labels of data values in the reader's language, from the directory."""

from __future__ import annotations

from xhcredit.features.describe import dimension_zh
from xhcredit.ingest.schema import directory
from xhcredit_serving.console.shell.language import Language


def word_of(column: str, value: str, language: Language) -> str:
    """A value of a column (``table.column``, or ``x`` for a supervised field) in words.

    >>> word_of("enterprise.size", "micro", "zh"), word_of("x", "x_elderly_care", "en")
    ('微型', 'elderly care')
    """
    if column == "x":
        field = value.removeprefix("x_")
        return dimension_zh(field) if language == "zh" else field.replace("_", " ")
    table, _, name = column.partition(".")
    if language == "zh":
        return dict(directory()[table].column(name).values).get(value, value)
    return value.replace("_", " ")
