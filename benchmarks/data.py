"""The districts that are measured: generated, ingested, clustered, once per size, below out/bench.

No dirty rows: every contestant reads the same parts, and none pays for resolving versions.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.runner import OUT, ROOT, THREADS, measure

SEED = 20261122


def home(size: int) -> Path:
    """Folder of the district of a size."""
    return OUT / "data" / f"e{size}"


def warehouse(size: int) -> Path:
    """Its warehouse, as ``xhcredit ingest`` wrote it."""
    return home(size) / "warehouse"


def _made_by() -> str:
    """Digest of the directory and the mappings: districts made by others are made anew."""
    files = [*ROOT.glob("xhcredit/ingest/directory/*.yaml"), *ROOT.glob("data/sample/mappings/*")]
    text = b"".join(file.read_bytes() for file in sorted(files))
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def ensure(size: int, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Make a district if it is not there; returns what ingestion cost if it was done now."""
    done, made_by = home(size) / "ready", _made_by()
    if done.exists() and done.read_text() == made_by:
        return {}
    tell(f"making the district of {size:,} enterprises (once) …")
    shutil.rmtree(home(size), ignore_errors=True)
    exports = home(size) / "exports"
    generator = [sys.executable, str(ROOT / "data" / "sample" / "generate.py")]
    options = ["--enterprises", str(size), "--seed", str(SEED), "--out", str(home(size))]
    quiet = ["--format", "parquet", "--no-dirt", "--no-truth"]
    subprocess.run([*generator, *options, *quiet], check=True, stdout=subprocess.DEVNULL)
    ingest_run = measure("data.ingest", size=size)
    measure("data.native", size=size)
    measure("data.clustered", size=size)
    shutil.rmtree(exports)
    done.write_text(made_by)
    return {
        "size": size,
        "cpu": ingest_run.cpu,
        "wall": ingest_run.wall,
        "peak_mb": ingest_run.peak_mb,
        "load": ingest_run.load,
        **ingest_run.figures,
    }


def ingest(size: int) -> Callable[[], dict[str, int]]:
    """Ingest the generated exports with the sample's mappings."""
    from xhcredit.jobs.warehouse.ingest import run_ingest

    mappings = ROOT / "data" / "sample" / "mappings"
    exports = str(home(size) / "exports")

    def work() -> dict[str, int]:
        report = run_ingest(exports, mappings, warehouse(size), today=date(2026, 7, 1))
        return {"rows": sum(f.rows_in for f in report.files)}

    return work


def clustered(size: int) -> Callable[[], None]:
    """Build the clustered store if it is not current."""
    from xhcredit.jobs.warehouse.clustered_store import open_event_columns

    return lambda: open_event_columns(warehouse(size)) and None


def connect(size: int) -> Any:
    """A DuckDB connection that shows the canonical tables."""
    import duckdb

    from xhcredit.ingest.resolved import create_views
    from xhcredit.ingest.warehouse import Warehouse

    con = duckdb.connect(config={"threads": THREADS})
    create_views(con, Warehouse(warehouse(size)))
    return con


def native(size: int) -> Callable[[], None]:
    """The peer's own preparation: DuckDB's own format, dense integer keys, sorted by enterprise."""
    from xhcredit.ingest.schema import directory

    file = home(size) / "native.duckdb"

    def work() -> None:
        file.unlink(missing_ok=True)
        con = connect(size)
        con.execute(f"ATTACH '{file}' AS own")
        con.execute(
            "CREATE TEMP TABLE ids AS SELECT code, "
            "CAST(row_number() OVER (ORDER BY code) - 1 AS INTEGER) AS ent FROM enterprise"
        )
        for name in directory():
            order = "code" if name == "enterprise" else "code, occurred_on, event_id"
            con.execute(
                f"CREATE TABLE own.{name} AS SELECT i.ent AS code, t.* EXCLUDE (code, source_file, "
                f"source_row) FROM {name} t JOIN ids i USING (code) ORDER BY {order}"
            )
        con.close()

    return work
