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

from xhcredit.domain.disk import need_room
from xhcredit.domain.log import logged
from xhcredit.domain.number_format import POINTS, written_sql
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.stores import PLACES
from xhcredit.errors import BadInput, NothingKnown
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.store.core.transactions import Act
from xhcredit.store.night.publish import Night, Row
from xhcredit.store.store import Store

#: rows per transaction while staging: small, so that other writers never wait long
CHUNK = 2_000
#: bytes per enterprise of ready answers with indexes, twice: the database's log holds them too
_ROOM = 5_000


@dataclass(frozen=True)
class Published:
    """Outcome of publishing a night; ``changed`` enterprises have another tier than before it.

    ``repeated``: this very provenance was published before, and nothing was done.
    """

    run: int
    enterprises: int
    is_current: bool
    previous: int | None
    changed: int
    repeated: bool = False


@logged("night.published", asdict)
def publish(
    folder: Path,
    store: Store,
    *,
    actor: str,
    purpose: str = "nightly run",
    release: Mapping[str, Any] | None = None,
    progress: Progress = ignore_progress,
    chunk: int = CHUNK,
) -> Published:
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
    night = _night(folder, release)
    with store.snapshots.staging() as staged:
        earlier = _earlier(store, night)
        if earlier is not None:
            return earlier
        if store.database.is_sqlite:  # a server watches its own disk
            needed = _ROOM * night.enterprises
            need_room(store.database.path.parent, needed, "publishing this night")
        for rows in _rows(store, folder / "scores.parquet", night, staged.run, chunk):
            store.snapshots.stage(staged, rows)
            progress("publish", staged.rows, night.enterprises)
        payload = {"provenance": dict(night.provenance), "enterprises": night.enterprises}
        act = Act(actor, "run.publish", purpose, payload=payload, key=night.digest)
        done = store.snapshots.publish(act, staged, night)
    progress("publish", night.enterprises, night.enterprises)
    return Published(enterprises=night.enterprises, **done)


def _earlier(store: Store, night: Night) -> Published | None:
    """Outcome if this provenance was published before; else None."""
    run = store.snapshots.published(night)
    if run is None:
        return None
    answering = store.reader.current_run()["run"]
    return Published(run, night.enterprises, answering == run, answering, 0, repeated=True)


def release_digest(folder: Path) -> str:
    """Which points tables scored the night in a folder.

    Raises:
        NothingKnown: there is no night in it.
    """
    return _night(folder, None).provenance["release_digest"]


def _night(folder: Path, release: Mapping[str, Any] | None) -> Night:
    """What ``run.json`` says, if ``scores.parquet`` beside it is of the same night."""
    report, scores = folder / "run.json", folder / "scores.parquet"
    if not report.exists() or not scores.exists():
        raise NothingKnown(f'"{folder}" holds no finished night; run "xhcredit score" first')
    try:
        kept = json.loads(report.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f'"{report}" is damaged ({error}); run "xhcredit score" again') from error
    metadata = pq.read_schema(scores).metadata or {}
    of = {k: metadata.get(f"xhcredit.{k}".encode(), b"").decode() for k in kept["provenance"]}
    if of != kept["provenance"]:
        raise BadInput(
            f'"{scores}" and "{report}" are of different nights; run "xhcredit score" again'
        )
    return Night(
        as_of=kept["provenance"]["as_of"],
        provenance=kept["provenance"],
        enterprises=kept["enterprises"],
        tiers=kept["tiers"],
        release=release,
    )


def _rows(store: Store, scores: Path, night: Night, run: int, chunk: int) -> Iterator[list[Row]]:
    """Ready rows in order of code; DuckDB writes the JSON, row by row would take minutes."""
    sql = _ready_sql(pq.read_schema(scores).names)
    values = [run, night.as_of, night.provenance["release"], MARK, str(scores)]
    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.register("previous", _previous(store, night))
        for batch in con.sql(sql, params=values).to_arrow_reader(chunk):
            columns = [
                c.cast(pa.binary()) if name == "body" else c
                for name, c in zip(batch.schema.names, batch.columns, strict=True)
            ]
            yield [Row(*row) for row in zip(*(c.to_pylist() for c in columns), strict=True)]


def _previous(store: Store, night: Night) -> pa.Table:
    """Tier and composite of everybody in the run that this night replaces; empty if in none."""
    rows = store.reader.tiers(night.as_of)
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    types = {"code": pa.string(), "tier": pa.string(), "composite": pa.float64()}
    arrays = [pa.array(c, t) for c, t in zip(columns, types.values(), strict=True)]
    return pa.table(arrays, names=list(types))


def _ready_sql(held: Sequence[str]) -> str:
    """The query that makes rows of a night's file; what an older file lacks is empty."""
    x = [n for n in held if f"{n}_grade" in held]
    each = [f"'{n}', CASE WHEN {n} IS NOT NULL THEN {_x_sql(n)} END" for n in x]
    applying = [f"CASE WHEN {n} IS NOT NULL THEN '{n};' ELSE '' END" for n in x]
    return _READY.format(
        x=f"json_merge_patch('{{}}', json_object({', '.join(each)}))" if each else "'{}'",
        fields=f"concat({', '.join(applying)})" if applying else "''",
        **{n: f"coalesce(left(s.{n}, {_LONGEST}), '')" if n in held else "''" for n in PLACES},
        **_ROUNDED,
    )


def _x_sql(name: str) -> str:
    return _X.format(n=name, score=written_sql(name, POINTS))


#: characters of a name that lists hold: PostgreSQL takes no endless entry into an index
_LONGEST = 200
_X = "json_object('score', {score}, 'grade', {n}_grade)"
_REASON = (
    "struct_pack(score := r.score, indicator := r.indicator, zh := r.zh, en := r.en, "
    f"value := {written_sql('r.value')}, points_lost := {written_sql('r.points_lost', POINTS)})"
)
#: numbers leave the program here: with the digits that answers have
_ROUNDED = {
    "composite": written_sql("s.composite", POINTS),
    "general": written_sql("s.general", POINTS),
    "moved": written_sql(f"{written_sql('s.composite', POINTS)} - p.composite", POINTS),
    "reasons": f"list_transform(reasons, lambda r: {_REASON})",
}

#: one row per enterprise; an X that does not apply is left out of ``x``
_READY = """
WITH told AS (
  SELECT s.code, CAST(s.tier AS VARCHAR) AS tier, {composite} AS composite,
    {general} AS general, CAST({x} AS VARCHAR) AS x, {reasons} AS reasons, decided_by,
    national_evaluation,
    {bureau} AS bureau, {street} AS street, {name} AS name, {kind} AS kind, {size} AS size,
    {fields} AS fields, coalesce(p.tier, '') AS previous_tier,
    coalesce({moved}, 0.0) AS moved
  FROM read_parquet($5) s LEFT JOIN previous p ON p.code = s.code
), ready AS (
  SELECT *,
    CAST(json_object(
      'code', code, 'name', name, 'as_of', $2, 'run', CAST($1 AS BIGINT), 'release', $3,
      'composite', composite, 'tier', tier, 'decided_by', decided_by,
      'general', general, 'x', CAST(x AS JSON),
      'national_evaluation', national_evaluation, 'reasons', reasons,
      'bureau', bureau, 'street', street, 'previous_tier', previous_tier, 'mark', $4
    ) AS VARCHAR) AS body
  FROM told
)
SELECT code, tier, composite, general, x, left(sha256(body), 32) AS etag, body,
  bureau, street, name, kind, size, CASE WHEN fields = '' THEN '' ELSE ';' || fields END AS fields,
  previous_tier, moved
FROM ready ORDER BY code
"""
