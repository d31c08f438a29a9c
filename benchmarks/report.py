"""The table that is printed and stands in README.md."""

from __future__ import annotations

from typing import Any

_TITLES = {
    "points": "S1. 1,000,000 enterprises by 60 indicators from the points table",
    "single": "S2, S7c. One enterprise at a time",
    "features": "Features alone, in memory",
    "night": "S4. Night: events → features → points, reasons → tier → Parquet (general score)",
    "full": "S4. Night as shipped (1 + X)",
    "grid": "S7b. Training grid, 36 month ends",
    "memory": "S5. Memory",
}


def table(results: dict[str, Any]) -> str:
    """All suites as Markdown."""
    lines = [_machine(results["machine"])] if "machine" in results else []
    for suite, title in _TITLES.items():
        if suite in results:
            lines += ["", f"### {title}", "", *_suite(suite, results[suite])]
    return "\n".join(lines)


def _machine(m: dict[str, Any]) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items())
    return (
        f"{m['date']}, {m['cpu']}, {m['cores']} cores (shared), {m['threads']} threads, "
        f"Python {m['python']}, {versions}"
    )


def _suite(suite: str, rows: list[dict[str, Any]]) -> list[str]:
    if suite == "single":
        return _single(rows)
    heads = ["size", "who", "CPU-s", "CPU ratio to ours", "wall s", "per second", "peak MB",
             "without mapped files", "load"]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        lines.append(
            f"| {_count(row)} | {row['name']} | {row['cpu']:.2f} | {row['ratio']:.2f} | "
            f"{row['wall']:.2f} | {row['per_wall_second']:,.0f} | {row['peak_mb']:,.0f} | "
            f"{row['own_mb']:,.0f} | {row['load']:.1f} |"
        )
    return lines


def _count(row: dict[str, Any]) -> str:
    return f"{row['size']:,} {row['unit']}" if row["unit"] == "pairs" else f"{row['size']:,}"


def _single(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| what | p50 ms | p99 ms | p99 CPU ms | load |", "|---|---|---|---|---|"]
    for row in rows:
        figures = row["figures"]
        lines.append(
            f"| {row['name']} | {figures['p50_ms']:.3f} | {figures['p99_ms']:.3f} | "
            f"{figures['p99_cpu_ms']:.3f} | {row['load']:.1f} |"
        )
    return lines
