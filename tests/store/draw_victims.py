"""The steps of a draw as victims: each kills itself at a chosen moment.

Moments are every statement and commit of the database, and every rename of a file, which is how
exports, sheets and the warehouse come into being.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.serving.district import DRAWING
from tests.store.killed import Steps
from xhcredit.jobs.draws import publication as draw_publication
from xhcredit.jobs.draws import results as draw_results
from xhcredit.jobs.draws import steps as draw_steps
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

BOOK = Rulebook.load()
DAY, TODAY = date(2025, 3, 31), date(2025, 4, 4)
CLOCK_TIME = datetime(2026, 6, 30, 8, tzinfo=UTC)
SOURCE = "体彩 2025-04-02"
PEOPLE = "inspector,qualifications,unit,capacity\n" + "".join(
    f"I{n},general,一所,30\n" for n in range(6)
)
STEPS = ("plan", "freeze", "seed", "run", "results", "publish")


def plan_given(draw: str) -> dict:
    return {
        "id": f"p-{draw}",
        "bureau": DRAWING[0],
        "title": "综合抽查",
        "kind": "annual",
        "period": {"first": "2025-01-01", "last": "2025-12-31"},
        "fields": ["general"],
        "items": ["disclosure"],
        "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.5"},
        "places": 2,
        "qualification": "general",
        "pause_rounds": 3,
        "published_on": "2025-03-01",
        "filed_no": "1号",
        "seed_source": SOURCE,
        "seed_due": "2025-04-02",
    }


def act(step: str, draw: str) -> Act:
    """Each step has one key, so that the same step again is known as such."""
    return Act("wang", f"draw.{step}", "test", payload={"draw": draw}, key=f"{step} {draw}")


def results_of(store: Store, draw: str) -> bytes:
    rows = [
        f"{s['code']},{'corrected' if n % 2 else 'no_problem'},2025-04-03,,\n"
        for n, s in enumerate(draw_steps.record_of(store, draw)["selected"])
    ]
    return ("code,result,inspected_on,item,note\n" + "".join(rows)).encode()


def do(store: Store, step: str, draw: str, warehouse: Path, out: Path) -> object:
    """One step as the shell does it, with the files that it writes."""
    step_act = act(step, draw)
    if step == "plan":
        return draw_steps.file_plan(store, step_act, plan_given(draw), BOOK, date(2025, 3, 1))
    if step == "freeze":
        people = draw_steps.People(PEOPLE.encode(), b"inspector,code,reason\n")
        freezing = draw_steps.FreezeRequest(f"p-{draw}", draw, DAY, people)
        step_answer = draw_steps.freeze(store, step_act, warehouse, BOOK, freezing)
        draw_steps.export_draw(store, draw, out)
        return step_answer
    if step == "seed":
        return draw_steps.enter_seed(store, step_act, draw, f"1 2 3 {draw}", SOURCE)
    if step == "run":
        step_answer = draw_steps.run_draw(store, step_act, draw)
        draw_steps.export_draw(store, draw, out)
        return step_answer
    if step == "results":
        results_csv = results_of(store, draw)
        return draw_results.enter_results(
            store, step_act, draw, results_csv, "r.csv", warehouse, TODAY
        )
    return [str(path) for path in draw_publication.publish_list(store, step_act, draw, out)]


def clock_of(step: str):
    """Every step has its own day."""
    return lambda: CLOCK_TIME + timedelta(days=STEPS.index(step) + 1)


def do_until(address: str, step: str, draw: str, warehouse: str, out: str, limit: int) -> None:
    """Do one step until it is killed."""
    steps = Steps(limit)

    def renamed(event: str, _: object) -> None:
        if event == "os.rename":
            steps()

    with Store.open(address, clock=clock_of(step)) as store:
        steps.watch(store)
        sys.addaudithook(renamed)
        do(store, step, draw, Path(warehouse), Path(out))
        steps()
