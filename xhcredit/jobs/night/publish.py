"""Publication of a night: its files become answers in the store, then the current run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.domain.disk import require_free_space
from xhcredit.domain.log import log_call
from xhcredit.domain.number_format import POINTS, written_sql
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.stores import PLACES
from xhcredit.errors import BadInput, NothingKnown
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.store.core.transactions import Act
from xhcredit.store.night.answers import answer_etag
from xhcredit.store.night.publish import Night, SnapshotRow
from xhcredit.store.store import Store

#: rows per transaction while staging: small, so that other writers never wait long
CHUNK_ROWS = 2_000
#: bytes per enterprise of ready answers with indexes, twice: the database's log holds them too
_BYTES_PER_ENTERPRISE = 5_000


@dataclass(frozen=True)
class PublishedRun:
    """Outcome of publishing a night; ``changed`` enterprises have another tier than before it.

    ``repeated``: this very provenance was published before, and nothing was done.
    """

    run: int
    enterprises: int
    is_current: bool
    previous: int | None
    changed: int
    repeated: bool = False


@log_call("night.published", asdict)
def publish(
    folder: Path,
    store: Store,
    *,
    actor: str,
    purpose: str = "nightly run",
    release: Mapping[str, Any] | None = None,
    progress: Progress = ignore_progress,
    chunk: int = CHUNK_ROWS,
) -> PublishedRun:
    """Publish the night in ``folder`` and let it answer, in one step.

    Readers see the run before or this one, never a mix; whatever stops this leaves the run before.
    The same provenance again does nothing.

    Args:
        folder: what ``run_night`` wrote (``scores.parquet``, ``run.json``).
        store: where to.
        actor: who publishes.
        purpose: why; kept in the activity chain.
        release: the points tables that scored the night, to be kept beside it.
        progress: told how many rows are staged.
        chunk: rows per transaction while staging.

    Raises:
        NothingKnown: there is no night in the folder.
        BadInput: its two files are not of one night.
        DiskFull: the store's disk has less room than the answers need; nothing was begun.
    """
    night = _read_night(folder, release)
    with store.snapshots.staging() as staged_run:
        # Asked under the publisher's lock: the same night from two processes is published once.
        earlier_run = _earlier_run(store, night)
        if earlier_run is not None:
            return earlier_run
        if store.database.is_sqlite:  # a server watches its own disk
            needed_bytes = _BYTES_PER_ENTERPRISE * night.enterprises
            require_free_space(store.database.path.parent, needed_bytes, "publishing this night")
        for rows in _ready_rows(store, folder / "scores.parquet", night, staged_run.run, chunk):
            store.snapshots.stage(staged_run, rows)
            progress("publish", staged_run.rows, night.enterprises)
        audit_payload = {"provenance": dict(night.provenance), "enterprises": night.enterprises}
        # The provenance is the key: a night published just before a crash is not published
        # again.
        act = Act(actor, "run.publish", purpose, payload=audit_payload, key=night.digest)
        run_outcome = store.snapshots.publish(act, staged_run, night)
    progress("publish", night.enterprises, night.enterprises)
    return PublishedRun(enterprises=night.enterprises, **run_outcome)


def _earlier_run(store: Store, night: Night) -> PublishedRun | None:
    """Outcome if this provenance was published before; else None."""
    run = store.snapshots.published_run(night)
    if run is None:
        return None
    current_run = store.reader.current_run()["run"]
    return PublishedRun(run, night.enterprises, current_run == run, current_run, 0, repeated=True)


def release_digest(folder: Path) -> str:
    """Which points tables scored the night in a folder.

    Raises:
        NothingKnown: there is no night in it.
    """
    return _read_night(folder, None).provenance["release_digest"]


def _read_night(folder: Path, release: Mapping[str, Any] | None) -> Night:
    """What ``run.json`` says, if ``scores_file.parquet`` beside it is of the same night."""
    report_file, scores_file = folder / "run.json", folder / "scores.parquet"
    if not report_file.exists() or not scores_file.exists():
        raise NothingKnown(f'"{folder}" holds no finished night; run "xhcredit score" first')
    try:
        run_details = json.loads(report_file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(
            f'"{report_file}" is damaged ({error}); run "xhcredit score" again'
        ) from error
    metadata = pq.read_schema(scores_file).metadata or {}
    stored_provenance = {
        k: metadata.get(f"xhcredit.{k}".encode(), b"").decode() for k in run_details["provenance"]
    }
    if stored_provenance != run_details["provenance"]:
        raise BadInput(
            f'"{scores_file}" and "{report_file}" are of different nights; run "xhcredit '
            'score" again'
        )
    _refuse_moving_reasons(scores_file)
    return Night(
        as_of=run_details["provenance"]["as_of"],
        provenance=run_details["provenance"],
        enterprises=run_details["enterprises"],
        tiers=run_details["tiers"],
        release=release,
    )


def _refuse_moving_reasons(scores_file: Path) -> None:
    """Refuse a night whose reasons hold values that move from day to day."""
    reason_fields = pq.read_schema(scores_file).field("reasons").type.value_type
    if reason_fields.get_field_index("since") < 0:
        raise BadInput(
            f'"{scores_file}" was scored by an earlier version, whose reasons do not say since '
            'when; score the night again: "xhcredit score --full"'
        )


def _ready_rows(
    store: Store, scores_file: Path, night: Night, run: int, chunk: int
) -> Iterator[list[SnapshotRow]]:
    """Ready rows in order of code; DuckDB writes the JSON, row by row would take minutes."""
    sql = _ready_sql(pq.read_schema(scores_file).names)
    sql_parameters = [night.provenance["release"], MARK, str(scores_file)]
    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.register("previous", _previous(store, night))
        for batch in con.sql(sql, params=sql_parameters).to_arrow_reader(chunk):
            columns = [
                c.cast(pa.binary()) if name == "body" else c
                for name, c in zip(batch.schema.names, batch.columns, strict=True)
            ]
            rows = zip(*(c.to_pylist() for c in columns), strict=True)
            yield [_snapshot_row(row, run, night.as_of) for row in rows]


def _snapshot_row(ready_row: tuple[Any, ...], run: int, as_of: str) -> SnapshotRow:
    """Row of the store from a row of the query, which lacks the answer's tag."""
    columns = dict(zip(_READY_COLUMNS, ready_row, strict=True))
    etag = answer_etag(columns["body"], run, as_of, columns["previous_tier"])
    return SnapshotRow(**columns, etag=etag)


def _previous(store: Store, night: Night) -> pa.Table:
    """Tier and composite of everybody in the run that this night replaces; empty if in none."""
    rows = store.reader.tier_rows(night.as_of)
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    types = {"code": pa.string(), "tier": pa.string(), "composite": pa.float64()}
    arrays = [pa.array(c, t) for c, t in zip(columns, types.values(), strict=True)]
    return pa.table(arrays, names=list(types))


def _ready_sql(column_names: Sequence[str]) -> str:
    """The query that makes rows of a night's file; what an older file lacks is empty."""
    x_names = [n for n in column_names if f"{n}_grade" in column_names]
    x_parts = [f"'{n}', CASE WHEN {n} IS NOT NULL THEN {_x_sql(n)} END" for n in x_names]
    field_parts = [f"CASE WHEN {n} IS NOT NULL THEN '{n};' ELSE '' END" for n in x_names]
    bureaus = "s.bureaus" if "bureaus" in column_names else "';' || nullif(s.bureau, '') || ';'"
    return _READY_SQL.format(
        bureaus=f"coalesce({bureaus}, '')" if {"bureau", "bureaus"} & set(column_names) else "''",
        listings="coalesce(s.listings, '')" if "listings" in column_names else "''",
        # json_merge_patch drops members that are null, which are the X that do not apply.
        x=f"json_merge_patch('{{}}', json_object({', '.join(x_parts)}))" if x_parts else "'{}'",
        fields=f"concat({', '.join(field_parts)})" if field_parts else "''",
        **{
            n: f"coalesce(left(s.{n}, {_MAX_NAME_LENGTH}), '')" if n in column_names else "''"
            for n in PLACES
        },
        **_ROUNDED_SQL,
    )


def _x_sql(name: str) -> str:
    return _X_SQL.format(n=name, score=written_sql(name, POINTS))


#: characters of a name that lists hold: PostgreSQL takes no endless entry into an index
_MAX_NAME_LENGTH = 200
_X_SQL = "json_object('score', {score}, 'grade', {n}_grade)"
#: a value that counts days is left out: whoever reads the answer counts them (``complete_answer``)
_REASON_SQL = (
    "struct_pack(score := r.score, indicator := r.indicator, zh := r.zh, en := r.en, "
    f"value := CASE WHEN r.since IS NULL THEN {written_sql('r.value')} END, "
    "since := CAST(r.since AS VARCHAR), "
    f"bin := CASE WHEN r.bin IS NOT NULL THEN struct_pack(at_least := "
    f"{written_sql('r.bin.at_least')}, below := {written_sql('r.bin.below')}) END, "
    f"points_lost := {written_sql('r.points_lost', POINTS)})"
)
_READY_COLUMNS = tuple(name for name in SnapshotRow._fields if name != "etag")
#: numbers leave the program here: with the digits that answers have
_ROUNDED_SQL = {
    "composite": written_sql("s.composite", POINTS),
    "general": written_sql("s.general", POINTS),
    "moved": written_sql(f"{written_sql('s.composite', POINTS)} - p.composite", POINTS),
    "reasons": f"list_transform(reasons, lambda r: {_REASON_SQL})",
}

#: one row per enterprise; an X that does not apply is left out of ``x``
_READY_SQL = """
WITH told AS (
  SELECT s.code, CAST(s.tier AS VARCHAR) AS tier, {composite} AS composite,
    {general} AS general, CAST({x} AS VARCHAR) AS x, {reasons} AS reasons, decided_by,
    national_evaluation,
    {bureau} AS bureau, {bureaus} AS bureaus, {street} AS street, {name} AS name,
    {kind} AS kind, {size} AS size, {fields} AS fields, {listings} AS listings,
    coalesce(p.tier, '') AS previous_tier,
    coalesce({moved}, 0.0) AS moved
  FROM read_parquet($3) s LEFT JOIN previous p ON p.code = s.code
), ready AS (
  SELECT *,
    CAST(json_object(
      'code', code, 'name', name, 'release', $1,
      'composite', composite, 'tier', tier, 'decided_by', decided_by,
      'general', general, 'x', CAST(x AS JSON),
      'national_evaluation', national_evaluation, 'reasons', reasons,
      'bureau', bureau, 'bureaus', list_filter(string_split(bureaus, ';'), lambda b: b <> ''),
      'street', street, 'mark', $2
    ) AS VARCHAR) AS body
  FROM told
)
SELECT code, tier, composite, general, x, body,
  bureau, street, name, kind, size, CASE WHEN fields = '' THEN '' ELSE ';' || fields END AS fields,
  previous_tier, moved, bureaus, listings
FROM ready ORDER BY code
"""
