"""``--engine`` and ``--memory``: where a night or a draw is computed, and in how much room."""

from __future__ import annotations

from typing import Annotated

import typer

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
