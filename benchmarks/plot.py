"""How cost and memory grow with the number of enterprises, as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_SHOWN = {"features": "Features", "night": "Night, general score", "full": "Night, 1 + X"}


def plot(results: dict[str, Any], out: Path) -> list[str]:
    """Draw growth of CPU seconds and peak memory; returns what to tell."""
    try:
        import matplotlib as mpl
    except ImportError:
        return ['no picture: matplotlib is missing; install the dependency group "bench"']
    mpl.use("Agg")
    from matplotlib import pyplot

    picture_lines = []
    for suite, title in _SHOWN.items():
        if suite in results:
            figure = _figure(pyplot, results[suite], title)
            for ending in ("png", "svg"):
                figure.savefig(out / f"{suite}.{ending}", dpi=150)
            pyplot.close(figure)
            picture_lines.append(f"picture: {out / suite}.png")
    return picture_lines


def _figure(pyplot: Any, rows: list[dict[str, Any]], title: str) -> Any:
    figure, (cpu, memory) = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for axes, key, label in ((cpu, "cpu", "CPU seconds"), (memory, "peak_mb", "peak memory, MB")):
        for name in dict.fromkeys(row["name"] for row in rows):
            points = [(row["size"], row[key]) for row in rows if row["name"] == name]
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
        axes.set(xscale="log", yscale="log", xlabel="enterprises", ylabel=label)
        axes.grid(visible=True, which="major", alpha=0.3)
    cpu.legend(fontsize=8)
    figure.suptitle(title)
    return figure
