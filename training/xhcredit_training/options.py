"""Options that several commands of ``xhcredit-train`` have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Rules = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        help="Folder with the district's own rule entries and fields.",
    ),
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of all runs.")]
Tracking = Annotated[
    str, typer.Option("--tracking", help="MLflow address; a file beside the runs by default.")
]
