"""Options that commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.demo_clock import use_clock_of_store, use_clock_of_warehouse

DEFAULT_WAREHOUSE = Path("out/warehouse")
DEFAULT_STORE = "out/store.db"

AsOf = Annotated[
    str,
    typer.Option(
        "--as-of",
        help="As-of day, YYYY-MM-DD; only what was known by then counts.  [default: today]",
    ),
]
Warehouse = Annotated[
    Path,
    typer.Option(
        "--warehouse", callback=use_clock_of_warehouse, help="Folder that `ingest` wrote into."
    ),
]
Release = Annotated[
    Path | None,
    typer.Option(
        "--release",
        help="Points tables (JSON).  [default: the champion of --store, else the expert tables]",
    ),
]
Rules = Annotated[
    Path | None, typer.Option("--rules", help="Folder with the district's own rule entries.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Into = Annotated[Path, typer.Option("--out", help="Folder for scores.parquet and run.json.")]
AnswersIn = Annotated[
    str,
    typer.Option(
        callback=use_clock_of_store,
        envvar="XHCREDIT_STORE",
        help="Store whose restorations are told first; the night answers in it.  [default: none]",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Compute everything anew; carry nothing over.")]
Check = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        help="Share of what is carried over that is computed anew and compared; from 0.1 on "
        "the events of every table are read anew too.",
    ),
]
Address = Annotated[
    str,
    typer.Option(
        "--store",
        callback=use_clock_of_store,
        envvar="XHCREDIT_STORE",
        help="The store: a file, or postgresql://user@host/name (password: PGPASSWORD).",
    ),
]
Digest = Annotated[
    str,
    typer.Option(
        envvar="XHCREDIT_DIGEST", help="Digest of new activity entries: sha256, or sm3 (密评)."
    ),
]
Actor = Annotated[str, typer.Option(help="Who does it.  [default: who is logged in]")]
Why = Annotated[str, typer.Option(help="Why; kept in the activity chain.")]
Memory = Annotated[
    str, typer.Option(help="Memory for clustering and scoring, 1GB or more; then disk.")
]
Engine = Annotated[
    str,
    typer.Option(
        help="Cluster and score on Apache Spark (extra spark, Java 17): spark://HOST:PORT, yarn, "
        "local[2] or local-cluster[2,1,1024]; the warehouse and --out must lie where every worker "
        "sees them.  [default: here]",
    ),
]
TicketEngine = Annotated[
    str,
    typer.Option(
        "--engine",
        help="Compute the tickets of millions on Apache Spark, as xhcredit score --engine does; "
        "the draw is the same.  [default: here]",
    ),
]
