"""Two runs on one HTML page: every figure with the interval of its difference; no outside parts."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from xhcredit.domain.disk import disk_error, not_writable
from xhcredit_training.bootstrap import Told
from xhcredit_training.registry import read


def write_page(
    one: Path, other: Path, both: dict[str, tuple[float, float, Told]], out: Path
) -> None:
    """Write the page.

    Args:
        one: folder of a run.
        other: folder of the run to compare with.
        both: as ``side_by_side`` made it.
        out: HTML file.

    Raises:
        BadInput: a folder holds no run.
        NotWritable, DiskFull: the file cannot be written.
    """
    pages = Environment(
        loader=PackageLoader("xhcredit_training"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    runs = [(folder.name, read(folder)) for folder in (one, other)]
    body = pages.get_template("compare.html").render(runs=runs, both=both)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(body, encoding="utf-8")
    except OSError as error:
        raise disk_error(error) or not_writable(str(out), str(error)) from None
