"""Storage types of canonical columns: narrow integers, one value for missing."""

from __future__ import annotations

from xhcredit.errors import BadDeclaration
from xhcredit.ingest.schema import Column

_STORAGE = {
    "category": "int8", "flag": "int8",
    "categories": "int32", "date": "int32",
    "money": "int64", "count": "int64",
}  # fmt: skip

#: the value that stands for "missing" in each storage type
NULLS = {"int8": -128, "int32": -(2**31), "int64": -(2**63 - 1)}

#: day number that stands for "never": no withdrawal, no known ending
NEVER = 2**31 - 1


def storage_type(column: Column) -> str:
    """Numpy type of a column in the clustered store.

    Raises:
        BadDeclaration: the column is text, a person or a fraction, which no feature may read.
    """
    kind = _STORAGE.get(column.type)
    if kind is None or column.never_feature:
        raise BadDeclaration(f'column "{column.name}" ({column.type}) cannot be read by a feature')
    return kind


def is_readable(column: Column) -> bool:
    """Whether a feature may read the column."""
    return column.type in _STORAGE and not column.never_feature
