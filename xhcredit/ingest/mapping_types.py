"""Types of a parsed mapping: source columns to canonical columns, with conversions."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch

from xhcredit.ingest import schema

ISO_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S")
DEFAULT_DATES = (*ISO_DATES, "%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")


@dataclass(frozen=True)
class Condition:
    """Row filter: cells of ``column`` that are (or, if ``negated``, are not) listed."""

    column: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Cell:
    """Where a canonical value comes from.

    Exactly one of ``column``, ``join``, ``row_digest`` is set, or none (a constant).  If it gives
    nothing, ``else_column`` (another canonical column of the row), ``else_cell`` (another source)
    and ``default`` are tried in this order.

    Args that have a catch:
        values: canonical value by what stands in the source; ``None`` means missing.
        otherwise: canonical value for what ``values`` does not list, if ``lenient``.
        empty: what stands in the source for an empty cell, such as ``/``.
        usual: bounds for the median in yuan, if this source has other amounts than the directory
            holds for usual.
        by_name: source column with the enterprise's name, to look up an empty code.
        when: the cell counts as empty in rows that do not fulfil it.
    """

    column: str = ""
    join: tuple[str, ...] = ()
    separator: str = "|"
    row_digest: bool = False
    dates: tuple[str, ...] = DEFAULT_DATES
    values: dict[str, str | None] = field(default_factory=dict)
    lenient: bool = False
    otherwise: str | None = None
    split: tuple[str, ...] = ()
    unit: str = "元"
    usual: tuple[float, float] | None = None
    default: str | None = None
    else_column: str = ""
    else_cell: Cell | None = None
    by_name: str = ""
    empty: tuple[str, ...] = ()
    when: Condition | None = None

    def source_columns(self) -> set[str]:
        """Every source column that this cell reads."""
        own_columns = {self.column, *self.join, self.by_name} | (
            {self.when.column} if self.when else set()
        )
        else_columns = self.else_cell.source_columns() if self.else_cell else set()
        return (own_columns | else_columns) - {""}


@dataclass(frozen=True)
class Block:
    """One canonical table fed by a source file.

    ``optional``: rows that do not fit are not used for this table, without quarantine; for the
    register rows that come with events.
    """

    table: schema.Table
    cells: dict[str, Cell]
    where: tuple[Condition, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Format:
    """How to read a source; empty ``kind`` means by the ending of the file name."""

    kind: str = ""
    encoding: str = "auto"
    delimiter: str = ","
    sheet: str = ""


@dataclass(frozen=True)
class Mapping:
    """One mapping file; ``skip_where`` are source rows that are declared not to be taken.

    ``spellings`` are official names by spelling, by the rule that lists them; texts of columns with
    ``names`` are turned to them.  Without the list of a rule its columns stay as they are written.
    """

    id: str
    name_zh: str
    files: str
    format: Format
    blocks: tuple[Block, ...]
    where: tuple[Condition, ...]
    skip_where: tuple[Condition, ...]
    ignore: frozenset[str]
    file: str
    digest: str
    spellings: dict[str, dict[str, str]] = field(default_factory=dict)

    def matches(self, name: str) -> bool:
        """Whether a file (or database table) of this name is read by this mapping."""
        return fnmatch(name, self.files)

    def source_columns(self) -> set[str]:
        """Every source column that must be there."""
        conditions = [*self.where, *self.skip_where, *(c for b in self.blocks for c in b.where)]
        cells = [cell for block in self.blocks for cell in block.cells.values()]
        cell_columns = {column for cell in cells for column in cell.source_columns()}
        return cell_columns | {condition.column for condition in conditions}

    @property
    def feeds_register(self) -> bool:
        """Whether rows go to the enterprise register, which other files are checked against."""
        return any(block.table.kind == "register" for block in self.blocks)

    def collapses(self, block: Block) -> bool:
        """Whether rows with the same key become one without a word.

        So with enterprises that are named by events, once per event; in a register of its own a
        code that stands twice is a mistake.
        """
        with_events = any(b.table.kind == "event" for b in self.blocks)
        return block.optional or (block.table.kind == "register" and with_events)

    @property
    def has_persons(self) -> bool:
        """Whether a person column is filled, so that a key is needed."""
        return any(b.table.column(name).type == "person" for b in self.blocks for name in b.cells)
