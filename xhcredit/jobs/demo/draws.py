"""Plans and draws of the demo: finished, partly entered, repeated, joint, and waiting."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from xhcredit.domain.calendar import Calendar
from xhcredit.jobs.demo.accounts import BUILDING, CIVIL, MARKET
from xhcredit.jobs.demo.schedule import Schedule
from xhcredit.jobs.draws import replacements, steps
from xhcredit.jobs.draws.joint import join_draws
from xhcredit.jobs.draws.publication import publish_list
from xhcredit.jobs.draws.results import enter_results
from xhcredit.jobs.draws.triggered_checks import cancel_check, close_check, open_check
from xhcredit.store.store import Store

#: what visits find, by turns: mostly nothing
_FINDINGS = ("no_problem", "no_problem", "corrected", "no_problem", "not_published",
             "no_activity", "no_problem", "unreachable", "no_problem", "pending")  # fmt: skip
_LOTTERY = "中国体育彩票7星彩 {due} 开奖号码"
FINISHED, PARTLY, REPEATED, JOINT = "zh-2026-01", "sp-2026-04", "zh-2026-05", "lh-2026-05"
DRAWN, SEEDED, WAITING = "zh-2026-06", "js-2026-06", "demo-2026-07"


@dataclass(frozen=True)
class PlannedDraw:
    """A draw and the plan made for it; ``as_of`` is the night of its frame.

    ``how`` are the parts in which its plan differs from the sample's, ``seed`` what the lottery
    brought on ``due``; ``round`` is shared by the draws of a joint round.
    """

    draw: str
    as_of: date
    seed_due: date
    seed: str
    plan_changes: dict[str, Any]
    round: str = ""

    @property
    def plan(self) -> str:
        """Id of the plan."""
        return f"plan-{self.draw}"


_GENERAL = {"title": "2026年度登记与公示信息综合抽查", "bureau": MARKET}
_FOOD = {
    "title": "2026年度食品经营抽查", "bureau": MARKET, "fields": ["food"],
    "items": ["food_operation"], "scope": {"x": "x_food", "streets": ["梧桐街道", "银杏街道"]},
    "qualification": "food",
    "ratios": {"A": "0.02", "B": "0.04", "C": "0.08", "D": "0.15"}, "pause_rounds": 1,
}  # fmt: skip
_CARE = {
    "title": "2026年度养老机构综合检查", "bureau": CIVIL, "fields": ["elderly_care"],
    "items": ["elderly_institution"], "scope": {"x": "x_elderly_care"},
    "qualification": "elderly_care", "pause_rounds": 1,
    "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.9"},
}  # fmt: skip
_SITES = {
    "title": "2026年度施工现场抽查", "bureau": BUILDING, "fields": ["construction"],
    "items": ["construction_site"], "scope": {"x": "x_construction"},
    "qualification": "construction", "pause_rounds": 1,
    "ratios": {"A": "0.03", "B": "0.1", "C": "0.2", "D": "0.5"},
}  # fmt: skip
_CARE_TOO = _FOOD | {
    "title": "2026年度养老机构食堂食品安全抽查",
    "scope": {"x": "x_elderly_care"},
    "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.9"},
}
_JAN, _MAR, _APR = date(2026, 1, 31), date(2026, 3, 31), date(2026, 4, 30)
_MAY, _JUN, _END = date(2026, 5, 31), date(2026, 6, 26), date(2026, 6, 30)
DRAWS = {
    each.draw: each
    for each in (
        PlannedDraw(FINISHED, _JAN, date(2026, 2, 3), "3 9 14 22 27 31 + 5", _GENERAL),
        PlannedDraw(PARTLY, _MAR, date(2026, 4, 3), "1 8 16 19 25 30 + 9", _FOOD),
        PlannedDraw(REPEATED, _APR, date(2026, 5, 8), "5 6 11 20 24 29 + 1", _GENERAL),
        PlannedDraw("yl-2026-05", _APR, date(2026, 5, 12), "2 4 13 18 21 33 + 7", _CARE, JOINT),
        PlannedDraw("mf-2026-05", _APR, date(2026, 5, 12), "2 4 13 18 21 33 + 7", _CARE_TOO, JOINT),
        PlannedDraw(DRAWN, _MAY, date(2026, 6, 5), "7 10 12 17 23 32 + 2", _GENERAL),
        PlannedDraw(SEEDED, _JUN, date(2026, 6, 30), "4 6 15 20 28 34 + 8", _SITES),
        PlannedDraw(WAITING, _END, date(2026, 7, 3), "", _GENERAL),
    )
}


@dataclass
class DrawOfficers:
    """Draw officers of the demo; freezing and seed are entered by different persons."""

    schedule: Schedule

    def file_plans(self) -> None:
        """File the plans of the year."""
        environment = self.schedule.environment
        sample = yaml.safe_load((environment.sample / "draw" / "plan.yaml").read_bytes())
        for planned in DRAWS.values():
            source = _LOTTERY.format(due=planned.seed_due)
            plan_fields = (
                sample
                | planned.plan_changes
                | {
                    "id": planned.plan,
                    "published_on": environment.today.isoformat(),
                    "seed_due": planned.seed_due.isoformat(),
                    "seed_source": source,
                }
            )
            act = environment.person("zhao").act("draw.plan", "年度抽查计划", plan=planned.plan)
            steps.file_plan(
                environment.store, act, plan_fields, environment.rules, environment.today
            )

    def freeze(self, draw: str, *, replaces: str = "", why: str = "") -> None:
        """Freeze the frame of a draw and publish the commitment."""
        environment, planned, people_folder = (
            self.schedule.environment,
            DRAWS[draw],
            self.schedule.environment.sample / "draw",
        )
        people = steps.People(
            (people_folder / "inspectors.csv").read_bytes(),
            (people_folder / "recusals.csv").read_bytes(),
        )
        plan = DRAWS[replaces].plan if replaces else planned.plan
        request = steps.FreezeRequest(
            plan, draw, planned.as_of, people, planned.round, replaces or None, why
        )
        act = environment.person("zhao").act("draw.freeze", "锁定名录并公布承诺", draw=draw)
        steps.freeze(
            environment.store,
            act,
            environment.warehouse,
            environment.rules,
            request,
            environment.progress,
        )

    def seed(self, *draws: str) -> None:
        """Enter the lottery numbers."""
        environment = self.schedule.environment
        for draw in draws:
            source = steps.commitment_of(environment.store, draw)["seed_source"]
            act = environment.person("qian").act("draw.seed", "录入开奖号码", draw=draw)
            steps.enter_seed(environment.store, act, draw, DRAWS[draw].seed, source)

    def run(self, *draws: str) -> None:
        """Run draws."""
        environment = self.schedule.environment
        for draw in draws:
            act = environment.person("zhao").act("draw.run", "抽取", draw=draw)
            steps.run_draw(environment.store, act, draw, environment.progress)

    def seed_and_run(self, *draws: str) -> None:
        """Both, on the evening of the lottery."""
        self.seed(*draws)
        self.run(*draws)

    def publish_list(self, draw: str) -> None:
        """Publish the list, with the results that are in."""
        environment = self.schedule.environment
        act = environment.person("zhao").act("draw.publish", "公示抽查名单和结果", draw=draw)
        publish_list(environment.store, act, draw, environment.folder / "draws" / draw)

    def enter_results(self, draw: str, share: float) -> None:
        """Enter results for a share of the visits, inspected on the working days before."""
        environment, draw_record = (
            self.schedule.environment,
            steps.record_of(self.schedule.environment.store, draw),
        )
        codes = sorted(s["code"] for s in draw_record["selected"])
        codes = codes[: max(1, round(len(codes) * share))]
        act = environment.person("chen").act("draw.results", "录入检查结果", draw=draw)
        results_csv = _results_csv(codes, environment.today, environment.rules.calendar)
        file_name = f"results-{draw}.csv"
        enter_results(
            environment.store,
            act,
            draw,
            results_csv,
            file_name,
            environment.warehouse,
            environment.today,
        )

    def replace_inspector(self, draw: str) -> None:
        """Replace one inspector of one visit."""
        environment = self.schedule.environment
        first_selected = steps.record_of(environment.store, draw)["selected"][0]
        act = environment.person("qian").act("draw.replace", "检查人员因病请假", draw=draw)
        absence = replacements.InspectorAbsence(
            first_selected["code"], first_selected["inspectors"][0], "检查人员因病请假"
        )
        replacements.replace_inspector(environment.store, act, draw, absence)

    def join_draws(self, joint: str, draws: Sequence[str]) -> None:
        """Create a joint draw of several draws."""
        environment = self.schedule.environment
        act = environment.person("zhao").act("draw.joint", "部门联合抽查", joint=joint)
        join_draws(environment.store, act, joint, draws)

    def check_complaint(self, check: str, bureau: str, item: str, position: int) -> None:
        """Open a check for a complaint about one that the bureau supervises, by place of score."""
        environment = self.schedule.environment
        codes = supervised_codes(environment.store, bureau, lowest_scored_codes(environment.folder))
        check_fields = {
            "id": check,
            "bureau": bureau,
            "code": codes[position],
            "source": "complaint",
            "reason": "市民热线投诉",
            "reference": f"12345-{check}",
            "items": [item],
            "opened_on": environment.today.isoformat(),
        }
        act = environment.person("chen").act("check.open", "投诉举报处理")
        open_check(environment.store, act, check_fields, environment.rules, environment.today)

    def close_check(self, check: str, result: str) -> None:
        """Enter what a check found."""
        environment = self.schedule.environment
        check_result = {
            "result": result,
            "inspected_on": environment.today.isoformat(),
            "note": "已告知投诉人",
        }
        act = environment.person("chen").act("check.close", "录入检查结果")
        close_check(
            environment.store, act, check, check_result, environment.warehouse, environment.today
        )

    def cancel_check(self, check: str) -> None:
        """Cancel a triggered check."""
        environment = self.schedule.environment
        act = environment.person("chen").act("check.call_off", "投诉人撤回")
        cancel_check(environment.store, act, check, "投诉人撤回投诉", environment.today)


def _results_csv(codes: Sequence[str], today: date, calendar: Calendar) -> bytes:
    """A file of results as an inspector writes it; visits on the working days before ``today``."""
    buffer = io.StringIO(newline="")
    csv_writer = csv.writer(buffer, lineterminator="\n")
    csv_writer.writerow(("code", "result", "inspected_on", "item", "note"))
    working_days = [
        d for d in (today - timedelta(days=n) for n in range(1, 15)) if calendar.is_working_day(d)
    ]
    for position, code in enumerate(codes):
        finding = _FINDINGS[position % len(_FINDINGS)]
        csv_writer.writerow(
            (code, finding, working_days[position % len(working_days)].isoformat(), "", "")
        )
    return buffer.getvalue().encode()


def supervised_codes(store: Store, bureau: str, codes: list[str]) -> list[str]:
    """Those of some codes that a bureau supervises in the current run, in their order."""
    run = store.reader.current_run()["run"]
    rows = store.watchlist.enterprise_rows(run, codes, frozenset({bureau}))
    return [code for code in codes if code in rows]


def lowest_scored_codes(folder: Path) -> list[str]:
    """Codes of the night in a folder, those of the lowest composites first."""
    table = pq.read_table(folder / "scores.parquet", columns=["code", "composite"])
    ranked = table.sort_by([("composite", "ascending"), ("code", "ascending")])
    return [str(code) for code in ranked["code"].to_pylist()]
