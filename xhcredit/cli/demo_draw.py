"""The draw of ``demo``: plan, commitment, seed, list, on the sample district."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from xhcredit.errors import UnknownRecord

if TYPE_CHECKING:  # imported when it is asked for, so that --help is quick
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.store.store import Store

PLAN_DAY, DRAW = date(2026, 3, 20), "demo-2026-07"
#: in a real draw this comes from outside, after the commitment was published
SEED = "2 7 11 13 25 28 + 3"


def draw_sample(sample: Path, into: Path, progress: Callable[[str, int, int], None]) -> Path:
    """Publish the night and draw, once; the folder with all files of the draw."""
    from xhcredit.jobs import draw as jobs
    from xhcredit.jobs.publish import publish
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import load_release
    from xhcredit.store.store import Store

    rules, folder = Rulebook.load(), into / "draw"
    with Store.open(str(into / "store.db")) as store:
        publish(into, store, actor="demo", release=load_release().as_data())
        try:
            store.draws.one(DRAW)
        except UnknownRecord:
            _draw(store, sample / "draw", into / "warehouse", rules, progress)
        jobs.export(store, DRAW, folder)
    return folder


def _draw(
    store: Store,
    lists: Path,
    warehouse: Path,
    rules: Rulebook,
    progress: Callable[[str, int, int], None],
) -> None:
    """Every step of the draw, as an officer would do them."""
    import yaml

    from xhcredit.cli.draw import act_of
    from xhcredit.jobs import draw as jobs

    plan = yaml.safe_load((lists / "plan.yaml").read_bytes())
    try:
        store.draws.plan(plan["id"])
    except UnknownRecord:
        jobs.file_plan(store, act_of("plan", "demo"), plan, rules, PLAN_DAY)
    people = jobs.People(
        (lists / "inspectors.csv").read_bytes(), (lists / "recusals.csv").read_bytes()
    )
    as_of = date.fromisoformat(store.reader.current_run()["as_of"])
    asked = jobs.Freezing(plan["id"], DRAW, as_of, people)
    jobs.freeze(store, act_of("freeze", "demo"), warehouse, rules, asked, progress)
    jobs.seed(store, act_of("seed", "demo"), DRAW, SEED, plan["seed_source"])
    jobs.run(store, act_of("run", "demo"), DRAW, progress)
