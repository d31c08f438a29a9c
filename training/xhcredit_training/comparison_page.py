"""Two runs on one HTML page: every figure with the interval of its difference; no outside parts."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from xhcredit.domain.disk import disk_error, not_writable
from xhcredit_training.bootstrap import Estimate
from xhcredit_training.registry import read_run


def write_page(
    run_a: Path, run_b: Path, differences: dict[str, tuple[float, float, Estimate]], html_path: Path
) -> None:
    """Write the page.

    Args:
        run_a: folder of a run.
        run_b: folder of the run to compare with.
        differences: as ``side_by_side`` made it.
        html_path: HTML file.

    Raises:
        BadInput: a folder holds no run.
        NotWritable, DiskFull: the file cannot be written.
    """
    templates = Environment(
        loader=PackageLoader("xhcredit_training"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    runs = [(folder.name, read_run(folder)) for folder in (run_a, run_b)]
    body = templates.get_template("compare.html").render(runs=runs, both=differences)
    try:
        html_path.parent.mkdir(parents=True, exist_ok=True)
        html_path.write_text(body, encoding="utf-8")
    except OSError as error:
        raise disk_error(error) or not_writable(str(html_path), str(error)) from None
