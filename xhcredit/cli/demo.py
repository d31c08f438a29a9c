"""``demo`` command: build a demo store with half a year of the sample district."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.options import AsJson
from xhcredit.cli.output import grid, out, print_json, progress_bar
from xhcredit.jobs.demo.build import Demo, make_demo
from xhcredit.jobs.demo.tour import Tour, tour_of
from xhcredit.store.store import Store

#: the sample stands beside the library in a checkout
SAMPLE_FOLDER = Path(__file__).parents[2] / "data" / "sample"


def demo(
    into: Annotated[Path, typer.Option("--out", help="Folder for the demo.")] = Path("out/demo"),
    anew: Annotated[
        bool, typer.Option("--anew", help="Delete the demo that is there and make it again.")
    ] = False,
    sample: Annotated[Path, typer.Option(help="Folder of a sample district.")] = SAMPLE_FOLDER,
    json_: AsJson = False,
) -> None:
    """Make a district that lives: nights, alerts, draws, restoration; then say what to look at.

    All of it happens in a demo store, whose own clock runs through half a year while it is made.
    A demo that is there already is left as it is.
    """
    with progress_bar(quiet=json_) as progress:
        built_demo = make_demo(sample, into, rebuild=anew, progress=progress)
    with Store.open(str(built_demo.store)) as store:
        tour = tour_of(store)
    if json_:
        print_json({"folder": built_demo.folder, "repeated": built_demo.repeated, **asdict(tour)})
        return
    _show(built_demo, tour)


def _show(built_demo: Demo, tour: Tour) -> None:
    if built_demo.repeated:
        out.print(f'[yellow]"{built_demo.folder}" is there already; --anew makes it again.[/]')
    _show_nights(tour)
    _show_work(tour)
    options_text = f"--warehouse {built_demo.warehouse} --as-of {tour.nights[-1]['as_of']}"
    code = tour.fallen.code if tour.fallen else "CODE"
    out.print(
        f"\n[bold]打开控制台 open the console[/] (this computer only; choose a person on the "
        f"login page)\n  .venv/bin/xhcredit-serve --demo {built_demo.folder}\n"
        "\n[bold]或者 or[/]\n"
        f"  xhcredit explain {code} {options_text}\n"
        f"  xhcredit draw verify {built_demo.folder / 'draw' / 'record.json'} "
        f"--frame {built_demo.folder / 'draw' / 'frame.csv'}\n"
        f"  python3 {built_demo.folder / 'draw' / 'verify_draw.py'} "
        f"{built_demo.folder / 'draw'}/*.json\n"
        "(in a checkout the program is .venv/bin/xhcredit)",
        soft_wrap=True,
    )


def _show_nights(tour: Tour) -> None:
    table = grid("批次 nights", "日期 day", "企业 enterprises", "降级 fell", "升级 rose")
    for night in tour.nights:
        numbers = (f"{night[n]:,}" for n in ("enterprises", "worse", "better"))
        table.add_row(night["as_of"], *numbers)
    out.print(table)
    if tour.fallen:
        f = tour.fallen
        alerts = f"，预警 alerts {', '.join(map(str, f.alerts))}" if f.alerts else ""
        out.print(
            f"降幅最大 fell furthest: [bold]{f.name}[/] {f.code} {f.previous_tier} → {f.tier} "
            f"({f.moved:+.1f}) {f.as_of}{alerts}",
            soft_wrap=True,
        )


def _show_work(tour: Tour) -> None:
    table = grid("")
    for name, counts_text in (
        ("预警 alerts", _counts_text(tour.alerts, f"逾期 overdue {tour.overdue}")),
        ("抽查 draws", _counts_text({d["draw"]: d["state"] for d in tour.draws})),
        ("联合抽查 joint draws", ", ".join(tour.joint_draws)),
        ("触发式检查 checks", _counts_text(tour.checks)),
        ("信用修复 restoration", _counts_text(tour.applications)),
        ("异议 objections", _counts_text(tour.objections)),
        (
            "候选评分卡 candidates",
            ", ".join(f"{c['model']}: {c['state']}" for c in tour.candidates),
        ),
        ("部门 bureaus", "、".join(tour.bureaus)),
        ("演示时钟 demo clock", f"{tour.clock} 北京时间 Beijing time"),
    ):
        table.add_row(name, counts_text or "–")
    out.print(table)


def _counts_text(count_by_name: Mapping[str, object], *extra_texts: str) -> str:
    return ", ".join([f"{name} {value}" for name, value in count_by_name.items()] + [*extra_texts])
