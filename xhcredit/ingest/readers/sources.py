"""Sources of an ingestion: files of a folder, or tables of a database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from xhcredit.errors import BadInput
from xhcredit.ingest.mapping_types import Format
from xhcredit.ingest.readers import database
from xhcredit.ingest.readers.csvfile import stage_csv
from xhcredit.ingest.readers.parquet import stage_parquet
from xhcredit.ingest.readers.staged import Staged
from xhcredit.ingest.readers.xlsx import stage_xlsx

_ENDINGS = {".csv": "csv", ".csv.gz": "csv", ".txt": "csv", ".xlsx": "xlsx", ".parquet": "parquet"}


@dataclass(frozen=True)
class Source:
    """One file or database table.

    ``stage(format, folder)`` reads it; ``digest()`` is of the file's bytes, empty for a database
    table (whose content is known only when it has been read).
    """

    name: str
    stage: Callable[[Format, Path], Staged]
    digest: Callable[[], str]


def sources_of(source: str) -> list[Source]:
    """List what a SOURCE holds, by name: a file, the files of a folder, the tables of a database.

    Folders within the folder, hidden files and mapping files are not sources.

    Raises:
        BadInput: there is nothing under this name.
    """
    if database.is_database(source):
        return _tables(source)
    path = Path(source)
    if path.is_file():
        return [_file(path)]
    if not path.is_dir():
        raise BadInput(f'"{source}" does not exist; give a file, a folder or a database URL')
    files = sorted(f for f in path.iterdir() if f.is_file() and not f.name.startswith("."))
    return [_file(f) for f in files if f.suffix not in (".yaml", ".yml")]


def bytes_of(source: str) -> int:
    """Bytes of the files of a SOURCE; 0 for a database, whose size is unknown."""
    if database.is_database(source):
        return 0
    path = Path(source)
    files = path.iterdir() if path.is_dir() else [path]
    return sum(f.stat().st_size for f in files if f.is_file())


def _tables(url: str) -> list[Source]:
    engine = database.connect(url)
    return [
        Source(
            name,
            stage=lambda _, folder, name=name: database.stage_table(  # type: ignore[misc]
                engine, name, folder
            ),
            digest=lambda: "",
        )
        for name in database.table_names(engine)
    ]


def _file(path: Path) -> Source:
    return Source(
        path.name,
        stage=lambda source_format, folder: _stage_file(path, source_format, folder),
        digest=cache(lambda: _file_digest(path)),
    )


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stage_file(path: Path, source_format: Format, folder: Path) -> Staged:
    kind = source_format.kind or next(
        (k for e, k in _ENDINGS.items() if path.name.lower().endswith(e)), ""
    )
    if kind == "csv":
        return stage_csv(path, source_format, folder)
    if kind == "xlsx":
        return stage_xlsx(path, source_format, folder)
    if kind == "parquet":
        return stage_parquet(path)
    raise BadInput(
        f'"{path.name}": no reader for this ending; save it as one of {", ".join(_ENDINGS)}, or '
        f"say `format: {{kind: csv}}` in the mapping"
    )


def content_digest(con: duckdb.DuckDBPyConnection, staged: Staged) -> str:
    """Digest of the rows of a database table, whatever order they come in."""
    rows = con.execute(
        # A sum, because a database gives its rows in any order; HUGEINT, so that it does not
        # overflow.
        f"SELECT count(*), sum(md5_number_lower(t::VARCHAR)::HUGEINT) "
        f"FROM (SELECT * EXCLUDE (_row) FROM ({staged.select})) t"
    ).fetchone()
    return hashlib.sha256(f"{staged.columns}|{rows}".encode()).hexdigest()
