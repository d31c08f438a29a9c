"""Plots of a model; labels in Chinese where a font is installed, else English."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xhcredit.engine.columns import Array
from xhcredit_training.additive_model import Additive
from xhcredit_training.dataset import Dataset
from xhcredit_training.metrics import auc, chance, ks
from xhcredit_training.models import RiskModel

_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Serif CJK SC", "Source Han Sans SC",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "SimHei",
)  # fmt: skip


@cache
def chinese_font() -> str:
    """Name of an installed font that has Chinese; empty if there is none."""
    installed_names = {f.name for f in font_manager.fontManager.ttflist}
    return next((name for name in _FONTS if name in installed_names), "")


def bilingual_label(zh: str, en: str) -> str:
    """A label: both languages if a font can show them."""
    return f"{zh} {en}" if chinese_font() else en


@contextmanager
def chinese_style() -> Iterator[None]:
    """Fonts in which labels can be read; everything is drawn within it."""
    font = [chinese_font()] if chinese_font() else []
    with mpl.rc_context({"font.family": [*font, "DejaVu Sans"], "axes.unicode_minus": False}):
        yield


def canvas(width: float = 6, height: float = 5) -> tuple[Figure, Axes]:
    """An empty picture that needs no screen."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _cumulative(risk: Array, judge: Dataset) -> tuple[Array, Array, Array]:
    """Shares of all, of bad and of good rows, from the riskiest down."""
    order = np.argsort(-risk, kind="stable")
    bad, mass = judge.bad[order], judge.weight[order]
    return tuple(np.append(0, np.cumsum(m) / m.sum()) for m in (mass, mass * bad, mass * (1 - bad)))  # type: ignore[return-value]


def roc(risk: Array, judge: Dataset) -> Figure:
    """Bad against good rows, from the riskiest down."""
    figure, ax = canvas()
    _, bad, good = _cumulative(risk, judge)
    ax.plot(good, bad)
    ax.plot([0, 1], [0, 1], linestyle=":", color="grey")
    ax.set(
        xlabel=bilingual_label("误报率", "false alarms"), ylabel=bilingual_label("命中率", "hits")
    )
    ax.set_title(f"ROC, AUC {auc(risk, judge.bad, judge.weight):.4f}")
    return figure


def ks_plot(risk: Array, judge: Dataset) -> Figure:
    """Cumulated shares of bad and good rows, and where they are furthest apart."""
    figure, ax = canvas()
    share, bad, good = _cumulative(risk, judge)
    widest = int(np.argmax(bad - good))
    ax.plot(share, bad, label=bilingual_label("坏", "bad"))
    ax.plot(share, good, label=bilingual_label("好", "good"))
    ax.vlines(share[widest], good[widest], bad[widest], color="grey")
    ax.set(xlabel=bilingual_label("自高风险起累计", "share of all, riskiest first"))
    ax.set_title(f"KS {ks(risk, judge.bad, judge.weight):.4f}")
    ax.legend()
    return figure


def calibration(risk: Array, judge: Dataset) -> Figure:
    """Observed rate against predicted chance, by tenths."""
    figure, ax = canvas()
    tenths = np.array_split(np.argsort(risk, kind="stable"), 10)
    points = [
        (np.average(values[t], weights=judge.weight[t]) for values in (chance(risk), judge.bad))
        for t in tenths
        if t.size
    ]
    point_array = np.array([list(p) for p in points])
    ax.plot(point_array[:, 0], point_array[:, 1], marker="o")
    axis_end = float(point_array.max()) * 1.05
    ax.plot([0, axis_end], [0, axis_end], linestyle=":", color="grey")
    ax.set(
        xlabel=bilingual_label("预测概率", "predicted"),
        ylabel=bilingual_label("实际发生率", "observed"),
    )
    ax.set_title(bilingual_label("校准", "calibration"))
    return figure


def lift(risk: Array, judge: Dataset) -> Figure:
    """How many times more bad rows the riskiest share holds than chance would."""
    figure, ax = canvas()
    share, bad, _ = _cumulative(risk, judge)
    positions = np.searchsorted(share, np.linspace(0.02, 1, 50))
    positions = np.minimum(positions, share.size - 1)
    ax.plot(share[positions], bad[positions] / share[positions])
    ax.axhline(1, linestyle=":", color="grey")
    ax.set(
        xlabel=bilingual_label("检查比例", "share inspected"),
        ylabel=bilingual_label("提升度", "lift"),
    )
    return figure


def points(model: Additive, names: Mapping[str, str] = MappingProxyType({})) -> Figure:
    """The twelve shapes of largest log-odds range; the dot is a missing value."""
    shapes = sorted(model.shapes, key=lambda s: -s.log_odds_range)[:12]
    figure, _ = canvas(12, 9)
    figure.clear()
    for k, shape in enumerate(shapes):
        ax = figure.add_subplot(3, 4, k + 1)
        ax.step(range(len(shape.values)), shape.values, where="mid")
        ax.plot([-1], [shape.missing], "o", color="grey")
        ax.set_xticks([-1, 0, len(shape.values) - 1], ["?", "-", "+"])
        name = names.get(shape.column.id, shape.column.id) if chinese_font() else shape.column.id
        ax.set_title(name, fontsize=8)
    return figure


def tier_moves(moves: Array) -> Figure:
    """How many enterprises move from a tier (rows) to another (columns)."""
    figure, ax = canvas()
    ax.imshow(np.log1p(moves), cmap="Blues")
    for (i, j), count in np.ndenumerate(moves):
        ax.text(j, i, f"{int(count):,}", ha="center", va="center")
    ax.set_xticks(range(4), list("ABCD"))
    ax.set_yticks(range(4), list("ABCD"))
    ax.set(
        xlabel=bilingual_label("新等级", "new tier"), ylabel=bilingual_label("原等级", "old tier")
    )
    return figure


_BY_RISK: Mapping[str, Callable[[Array, Dataset], Figure]] = MappingProxyType(
    {"roc": roc, "ks": ks_plot, "calibration": calibration, "lift": lift}
)


def write_plots(
    model: RiskModel,
    judge: Dataset,
    folder: Path,
    names: Mapping[str, str] = MappingProxyType({}),
    moves: Array | None = None,
) -> list[Path]:
    """Write all pictures as PNG into a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    risk = model.risk(judge.x, judge.ids)
    with chinese_style():
        figures = {name: plot(risk, judge) for name, plot in _BY_RISK.items()}
        if isinstance(model, Additive) and model.shapes:
            figures["points"] = points(model, names)
        if moves is not None:
            figures["tier_moves"] = tier_moves(moves)
        for name, figure in figures.items():
            figure.savefig(folder / f"{name}.png", dpi=110)
    return [folder / f"{name}.png" for name in figures]
