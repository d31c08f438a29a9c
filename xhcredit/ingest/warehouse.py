"""Warehouse of ingested events: Parquet parts that count once a manifest names them.

``<warehouse>/parts/<table>/<entry>.parquet`` holds rows, ``<warehouse>/manifest/<entry>.json`` says
that they are there.  The manifest file is written last, by ``os.replace``: a kill at any moment
leaves all of a source file or nothing of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from xhcredit.domain.disk import disk_error
from xhcredit.domain.files import publish_file
from xhcredit.errors import BadInput, BookLost
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.sql_text import columns_of, literal, read_parquet

RETIRED = "manifest/retired"  #: entries that count no more, but that a published run knew
BOOKS = "books"  #: what the latest nights knew
BOOKS_KEPT = 3
FOLDERS = ("parts", "versions", "quarantine", "manifest")


@dataclass(frozen=True)
class Entry:
    """One ingested (source file, mapping).

    ``parts`` counts rows by table; ``versions`` counts, by table, the keys that an earlier entry
    holds too (their ids are in ``<warehouse>/versions``); ``None`` means nobody counted.
    ``replaces`` names the entries that stopped counting when this one was written.
    ``ingested_on`` is the day of the ingestion (ISO), empty if an older program did not note it.
    """

    name: str
    source: str
    source_digest: str
    mapping: str
    mapping_digest: str
    parts: dict[str, int]
    quarantined: dict[str, int] = field(default_factory=dict)
    rows_in: int = 0
    rows_skipped: int = 0
    rows_quarantined: int = 0
    versions: dict[str, int] | None = None
    replaces: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    register_digest: str = ""
    person_key_check: str = ""
    ingested_on: str = ""

    @property
    def seq(self) -> int:
        """Place in the order of ingestion, from 1."""
        return int(self.name[:6])


@dataclass(frozen=True)
class Warehouse:
    """A folder of ingested events; nothing needs to exist before the first ingestion."""

    path: Path

    def entries(self) -> list[Entry]:
        """Entries that count, in the order of ingestion.

        Raises:
            BadInput: a manifest file cannot be read.
        """
        folder = os.fspath(self.path / "manifest")
        # every answer about an enterprise asks for the digest: names are sorted as plain text
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:  # before the first ingestion
            names = []
        except OSError as error:
            raise disk_error(error) or error from None
        all_entries = [_read_entry(f"{folder}/{name}") for name in names if name.endswith(".json")]
        replaced_names = {name for entry in all_entries for name in entry.replaces}
        return [entry for entry in all_entries if entry.name not in replaced_names]

    def entry(self, name: str) -> Entry | None:
        """An entry by name, whether it counts or was replaced; ``None`` if it was swept away."""
        for folder in (self.path / "manifest", self.path / RETIRED):
            if (folder / f"{name}.json").exists():
                return _read_entry(os.fspath(folder / f"{name}.json"))
        return None

    def tables(self) -> dict[str, int]:
        """Rows by canonical table, summed over the parts; only tables that have any part."""
        rows: dict[str, int] = {}
        for entry in self.entries():
            for table, count in entry.parts.items():
                rows[table] = rows.get(table, 0) + count
        return rows

    def parts(self, table: str) -> list[Path]:
        """Parquet parts of a table that count, in the order of ingestion."""
        return [self.part(table, e.name) for e in self.entries() if table in e.parts]

    def digest(self) -> str:
        """SHA-256 (hex) over the names of the entries that count: same digest, same data."""
        return digest_of(self.entries())

    def register_digest(self, excluded_names: Collection[str] = ()) -> str:
        """SHA-256 (hex) over the content of the register's parts, some entries left out."""
        part_lines = [
            f"{e.source_digest} {e.mapping_digest} {e.parts['enterprise']}"
            for e in self.entries()
            if "enterprise" in e.parts and e.name not in excluded_names
        ]
        return _sha256("\n".join(part_lines))

    def part(self, table: str, entry: str) -> Path:
        """Where the part of one entry and table is kept."""
        return self.path / "parts" / table / f"{entry}.parquet"

    def versions(self, table: str, entry: str) -> Path:
        """Where the ids are kept that an entry shares with earlier ones."""
        return self.path / "versions" / table / f"{entry}.parquet"

    def next_seq(self) -> int:
        """Number of the next entry."""
        names = [file.name for file in (self.path / "manifest").glob("*.json")]
        return max((int(name[:6]) for name in names), default=0) + 1

    @contextmanager
    def lock(self, *, wait: bool = False) -> Iterator[None]:
        """Keep every other ingestion out while the body runs; ``wait`` until the others are done.

        Raises:
            BadInput: another ingestion is running, or a night is reading, and nobody waits.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        # An flock ends with the process that holds it: a kill leaves no stale lock behind.
        with (self.path / ".lock").open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInput(
                    f'an ingestion or a night is at work in "{self.path}"; wait until it has ended'
                ) from None
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep ingestion out while the body reads several parts; waits for one that is running."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("a", encoding="utf-8") as file:
            # Shared: nights may read beside one another, only an ingestion has to wait.
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def commit(
        self,
        con: duckdb.DuckDBPyConnection,
        selects: Mapping[str, str],
        entry: Entry,
        callback: Callable[[str], None] = lambda _: None,
    ) -> Entry:
        """Write one entry: parts first, the manifest last.

        Args:
            con: connection on which the ``selects`` run.
            selects: SQL by table, giving the canonical columns and ``EXTRA_COLUMNS`` by name; a
                table whose select gives no row gets no part.
            entry: what to note down; ``name``, ``parts`` and ``versions`` are filled in here.
            callback: called with the entry's name when the parts are written, before the manifest.

        Returns:
            The entry as written.
        """
        replaced_names = set(entry.replaces)
        # What replaces an entry takes its place, so that later corrections stay the later ones.
        seq = min((int(name[:6]) for name in replaced_names), default=self.next_seq())
        # The name says what the entry holds, because the digest of a warehouse is over names
        # alone.
        name = f"{seq:06d}-{_sha256(json.dumps(asdict(entry), sort_keys=True))[:12]}"
        other_entries = [e for e in self.entries() if e.name not in replaced_names]
        parts: dict[str, int] = {}
        versions: dict[str, int] = {}
        for table, select in selects.items():
            row_count = self._write_part(con, table, name, select)
            if row_count:
                parts[table] = row_count
                earlier_parts = [
                    self.part(table, e.name) for e in other_entries if table in e.parts
                ]
                versions[table] = self._write_versions(con, table, name, earlier_parts)
        written_entry = replace(entry, name=name, parts=parts, versions=versions)
        callback(name)
        _write_json(self.path / "manifest" / f"{name}.json", asdict(written_entry))
        return written_entry

    def _write_part(
        self, con: duckdb.DuckDBPyConnection, table: str, entry: str, select: str
    ) -> int:
        """Write one part and return its rows; no file stays behind for no row."""
        target = self.part(table, entry)
        rows = copy_to_parquet_file(con, _typed_select(directory()[table], select), target)
        if not rows:
            target.unlink()
        return rows

    def _write_versions(
        self, con: duckdb.DuckDBPyConnection, table: str, entry: str, earlier: list[Path]
    ) -> int:
        """Write the ids that earlier parts hold too, and return how many."""
        if not earlier:
            return 0
        select = (
            f"SELECT event_id FROM {read_parquet([self.part(table, entry)])} WHERE event_id IN "
            f"(SELECT event_id FROM {read_parquet(earlier)})"
        )
        target = self.versions(table, entry)
        rows = copy_to_parquet_file(con, select, target)
        if not rows:
            target.unlink()
        return rows

    def sweep(self, folders: Collection[str] = FOLDERS) -> None:
        """Remove what was replaced or left behind by a kill; call it only under ``lock``.

        Parts go only when the next ingestion starts: somebody may still be reading them.  What a
        night in ``books`` knew stays; the manifest of an entry that no longer counts is set aside.
        """
        counting_names = {entry.name for entry in self.entries()}
        known_names = counting_names.union(*self.books().values())
        for name in known_names - counting_names:
            self._retire_manifest(name)
        for folder in folders:
            for file in (self.path / folder).rglob("*"):
                if file.is_file() and file.name.split(".")[0] not in known_names:
                    file.unlink()

    def books(self) -> dict[str, list[str]]:
        """Books of the latest nights: names of entries by digest, last used first."""
        book_files = sorted((self.path / BOOKS).glob("*.json"), key=_modified_at, reverse=True)
        names_by_digest: dict[str, list[str]] = {}
        for file in book_files:
            with suppress(FileNotFoundError):  # an older one goes when a newer one is kept
                names_by_digest[file.stem] = json.loads(file.read_text(encoding="utf-8"))
        return names_by_digest

    def keep_book(self, digest: str, names: Sequence[str]) -> None:
        """Keep the book of a night, so that the night can be explained later.

        Of the ``BOOKS_KEPT`` nights used last nothing is swept away; to call this again is to use
        a night again.

        Args:
            digest: of the warehouse, as it was.
            names: of the entries that counted.
        """
        file = self.path / BOOKS / f"{digest}.json"
        if file.exists():
            os.utime(file)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(
                f".{os.getpid()}"
            )  # workers may keep the same one at once
            unfinished.write_text(json.dumps(list(names)), encoding="utf-8")
            publish_file(unfinished, file)
        files = sorted((self.path / BOOKS).glob("*.json"), key=_modified_at, reverse=True)
        for file in files[BOOKS_KEPT:]:
            file.unlink(missing_ok=True)

    def book(self, digest: str) -> list[Entry]:
        """The entries that counted when the warehouse had a digest, in the order of ingestion.

        Raises:
            BookLost: nobody can tell, or some of what counted then is gone.
        """
        names = self.books().get(digest) or self._first_entries_with(digest)
        entries = [self.entry(name) for name in names]
        known_entries = [entry for entry in entries if entry is not None]
        missing_names = [n for n, e in zip(names, entries, strict=True) if e is None]
        missing_names += [
            e.name for e in known_entries for t in e.parts if not self.part(t, e.name).exists()
        ]
        if missing_names or digest_of(known_entries) != digest:
            raise BookLost(
                f'the data "{digest[:12]}…" that the run was made from is not in the warehouse '
                f'"{self.path.name}"; name the warehouse that it was made from, or score and '
                "publish a new night"
            )
        return known_entries

    def _first_entries_with(self, digest: str) -> list[str]:
        """Names of the first entries with a given digest; empty if there are none."""
        names = [entry.name for entry in self.entries()]
        sizes = (n for n in range(len(names), -1, -1) if _sha256("\n".join(names[:n])) == digest)
        return names[: next(sizes, 0)]

    def _retire_manifest(self, name: str) -> None:
        """Set a manifest aside: whatever replaced it may itself be swept away one day."""
        file = self.path / "manifest" / f"{name}.json"
        if file.exists():
            (self.path / RETIRED).mkdir(exist_ok=True)
            os.replace(file, self.path / RETIRED / file.name)


def digest_of(entries: Iterable[Entry]) -> str:
    """SHA-256 (hex) over the names of entries: identifies the state of a warehouse."""
    return _sha256("\n".join(entry.name for entry in entries))


def copy_to_parquet_file(con: duckdb.DuckDBPyConnection, select: str, target: Path) -> int:
    """Write the rows of ``select`` to ``target``, whole or not at all, and return their number."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    copied_row = con.execute(
        f"COPY ({select}) TO {literal(str(unfinished))} (FORMAT parquet)"
    ).fetchone()
    publish_file(unfinished, target)
    return int(copied_row[0]) if copied_row else 0


def _typed_select(table: Table, select: str) -> str:
    columns = ", ".join(f'"{n}"::{t} AS "{n}"' for n, t in columns_of(table).items())
    return f"SELECT {columns} FROM ({select})"


def _modified_at(file: Path) -> tuple[int, str]:
    """When a file was written, for sorting; one that was taken away meanwhile is the oldest."""
    with suppress(FileNotFoundError):
        return file.stat().st_mtime_ns, file.name
    return 0, file.name


def _write_json(target: Path, json_fields: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(json_fields, ensure_ascii=False, indent=1), encoding="utf-8")
    publish_file(unfinished, target)


def _read_entry(file: str) -> Entry:
    """Read one manifest file; fields of a newer version are left out."""
    try:
        file_stat = os.stat(file)
    except OSError as error:
        unreadable = BadInput(f'"{file}" cannot be read ({error.strerror}); ingest anew')
        raise disk_error(error) or unreadable from error
    return _entry_of(file, file_stat.st_mtime_ns, file_stat.st_size)


@lru_cache(maxsize=1 << 16)
def _entry_of(name: str, _changed: int, _size: int) -> Entry:
    """One manifest file, read once as long as it stays as it is: digests are asked for often."""
    file = Path(name)
    field_names = {f.name for f in fields(Entry)}
    try:
        raw_fields = json.loads(file.read_text(encoding="utf-8"))
        return Entry(
            **{k: v for k, v in raw_fields.items() if k in field_names} | {"name": file.stem}
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        bad_manifest = BadInput(
            f'"{file}" is not a manifest entry ({error}); restore it or ingest anew'
        )
        raise disk_error(error) or bad_manifest from error


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
