"""A department's export of inspections of special equipment, made by a known rule."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np

HEAD = ("使用单位代码", "检查编号", "检查日期", "结论")
FIRST, LAST = date(2016, 1, 1), date(2026, 6, 20)
EVERY_DAYS = 200


def write_inspections(file: Path, register: Path, users: int = 1500) -> list[str]:
    """Write inspections of some enterprises of a register; return the codes of those inspected.

    Each has a risk of its own, which every inspection shows anew: who failed fails again.
    """
    with register.open(encoding="utf-8-sig") as lines:
        codes = sorted({row["统一社会信用代码"] for row in csv.DictReader(lines)})
    rng = np.random.default_rng(57)
    chosen = sorted(rng.choice([c for c in codes if len(c) == 18], users, replace=False))
    rows = []
    for code in chosen:
        risk = 1 / (1 + np.exp(-rng.normal(-2.0, 1.5)))
        day = FIRST + timedelta(days=int(rng.integers(EVERY_DAYS)))
        while day <= LAST:
            has_failed = rng.random() < risk
            rows.append((code, f"TZ{len(rows):06}", day, "发现问题" if has_failed else "合格"))
            day += timedelta(days=int(rng.integers(EVERY_DAYS // 2, EVERY_DAYS * 2)))
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([HEAD, *rows])
    return [str(code) for code in chosen]
