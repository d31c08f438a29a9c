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
from xhcredit.jobs.demo.schedule import Diary
from xhcredit.jobs.draws import replacements as draw_people
from xhcredit.jobs.draws import steps as jobs
from xhcredit.jobs.draws.joint import lay_over
from xhcredit.jobs.draws.publication import publish
from xhcredit.jobs.draws.results import enter_results
from xhcredit.jobs.draws.triggered_checks import call_off, close_check, open_check

#: what visits find, by turns: mostly nothing
_FINDINGS = ("no_problem", "no_problem", "corrected", "no_problem", "not_published",
             "no_activity", "no_problem", "unreachable", "no_problem", "pending")  # fmt: skip
_LOTTERY = "中国体育彩票7星彩 {due} 开奖号码"
FINISHED, PARTLY, REPEATED, JOINT = "zh-2026-01", "sp-2026-04", "zh-2026-05", "lh-2026-05"
DRAWN, SEEDED, WAITING = "zh-2026-06", "js-2026-06", "demo-2026-07"


@dataclass(frozen=True)
class Planned:
    """A draw and the plan made for it; ``as_of`` is the night of its frame.

    ``how`` are the parts in which its plan differs from the sample's, ``seed`` what the lottery
    brought on ``due``; ``round`` is shared by the draws of a joint round.
    """

    draw: str
    as_of: date
    due: date
    seed: str
    how: dict[str, Any]
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
_CARE_TOO = _GENERAL | {
    "title": "2026年度民办非企业单位信息抽查",
    "scope": {"kinds": ["nonprofit"]},
    "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.9"},
    "pause_rounds": 1,
}
_JAN, _MAR, _APR = date(2026, 1, 31), date(2026, 3, 31), date(2026, 4, 30)
_MAY, _JUN, _END = date(2026, 5, 31), date(2026, 6, 26), date(2026, 6, 30)
DRAWS = {
    each.draw: each
    for each in (
        Planned(FINISHED, _JAN, date(2026, 2, 3), "3 9 14 22 27 31 + 5", _GENERAL),
        Planned(PARTLY, _MAR, date(2026, 4, 3), "1 8 16 19 25 30 + 9", _FOOD),
        Planned(REPEATED, _APR, date(2026, 5, 8), "5 6 11 20 24 29 + 1", _GENERAL),
        Planned("yl-2026-05", _APR, date(2026, 5, 12), "2 4 13 18 21 33 + 7", _CARE, JOINT),
        Planned("mf-2026-05", _APR, date(2026, 5, 12), "2 4 13 18 21 33 + 7", _CARE_TOO, JOINT),
        Planned(DRAWN, _MAY, date(2026, 6, 5), "7 10 12 17 23 32 + 2", _GENERAL),
        Planned(SEEDED, _JUN, date(2026, 6, 30), "4 6 15 20 28 34 + 8", _SITES),
        Planned(WAITING, _END, date(2026, 7, 3), "", _GENERAL),
    )
}


@dataclass
class DrawDesk:
    """Draw officers of the demo; freezing and seed are entered by different persons."""

    diary: Diary

    def file_plans(self) -> None:
        """File the plans of the year."""
        stage = self.diary.stage
        sample = yaml.safe_load((stage.sample / "draw" / "plan.yaml").read_bytes())
        for planned in DRAWS.values():
            source = _LOTTERY.format(due=planned.due)
            given = (
                sample
                | planned.how
                | {
                    "id": planned.plan,
                    "published_on": stage.today.isoformat(),
                    "seed_due": planned.due.isoformat(),
                    "seed_source": source,
                }
            )
            act = stage.person("zhao").act("draw.plan", "年度抽查计划", plan=planned.plan)
            jobs.file_plan(stage.store, act, given, stage.rules, stage.today)

    def freeze(self, draw: str, *, replaces: str = "", why: str = "") -> None:
        """Freeze the frame of a draw and publish the commitment."""
        stage, planned, lists = self.diary.stage, DRAWS[draw], self.diary.stage.sample / "draw"
        people = jobs.People(
            (lists / "inspectors.csv").read_bytes(), (lists / "recusals.csv").read_bytes()
        )
        plan = DRAWS[replaces].plan if replaces else planned.plan
        asked = jobs.Freezing(
            plan, draw, planned.as_of, people, planned.round, replaces or None, why
        )
        act = stage.person("zhao").act("draw.freeze", "锁定名录并公布承诺", draw=draw)
        jobs.freeze(stage.store, act, stage.warehouse, stage.rules, asked, stage.progress)

    def seed(self, *draws: str) -> None:
        """Enter the lottery numbers."""
        stage = self.diary.stage
        for draw in draws:
            source = jobs.committed(stage.store, draw)["seed_source"]
            act = stage.person("qian").act("draw.seed", "录入开奖号码", draw=draw)
            jobs.seed(stage.store, act, draw, DRAWS[draw].seed, source)

    def run(self, *draws: str) -> None:
        """Run draws."""
        stage = self.diary.stage
        for draw in draws:
            act = stage.person("zhao").act("draw.run", "抽取", draw=draw)
            jobs.run(stage.store, act, draw, stage.progress)

    def seed_and_run(self, *draws: str) -> None:
        """Both, on the evening of the lottery."""
        self.seed(*draws)
        self.run(*draws)

    def publish(self, draw: str) -> None:
        """Publish the list, with the results that are in."""
        stage = self.diary.stage
        act = stage.person("zhao").act("draw.publish", "公示抽查名单和结果", draw=draw)
        publish(stage.store, act, draw, stage.folder / "draws" / draw)

    def enter(self, draw: str, share: float) -> None:
        """Enter results for a share of the visits, inspected on the working days before."""
        stage, made = self.diary.stage, jobs.record_of(self.diary.stage.store, draw)
        codes = sorted(s["code"] for s in made["selected"])
        codes = codes[: max(1, round(len(codes) * share))]
        act = stage.person("chen").act("draw.results", "录入检查结果", draw=draw)
        data = _results(codes, stage.today, stage.rules.calendar)
        name = f"results-{draw}.csv"
        enter_results(stage.store, act, draw, data, name, stage.warehouse, stage.today)

    def replace_somebody(self, draw: str) -> None:
        """Replace one inspector of one visit."""
        stage = self.diary.stage
        first = jobs.record_of(stage.store, draw)["selected"][0]
        act = stage.person("qian").act("draw.replace", "检查人员因病请假", draw=draw)
        away = draw_people.Away(first["code"], first["inspectors"][0], "检查人员因病请假")
        draw_people.replace_inspector(stage.store, act, draw, away)

    def lay_over(self, joint: str, draws: Sequence[str]) -> None:
        """Create a joint draw of several draws."""
        stage = self.diary.stage
        act = stage.person("zhao").act("draw.joint", "部门联合抽查", joint=joint)
        lay_over(stage.store, act, joint, draws)

    def check_complaint(self, check: str, bureau: str, item: str, at: int) -> None:
        """Open a check for a complaint about the enterprise at a place of the list by score."""
        stage = self.diary.stage
        codes = lowest(stage.folder, at + 1)
        given = {
            "id": check,
            "bureau": bureau,
            "code": codes[at],
            "source": "complaint",
            "reason": "市民热线投诉",
            "reference": f"12345-{check}",
            "items": [item],
            "opened_on": stage.today.isoformat(),
        }
        act = stage.person("chen").act("check.open", "投诉举报处理")
        open_check(stage.store, act, given, stage.rules, stage.today)

    def close_check(self, check: str, result: str) -> None:
        """Enter what a check found."""
        stage = self.diary.stage
        found = {"result": result, "inspected_on": stage.today.isoformat(), "note": "已告知投诉人"}
        act = stage.person("chen").act("check.close", "录入检查结果")
        close_check(stage.store, act, check, found, stage.warehouse, stage.today)

    def call_off(self, check: str) -> None:
        """Cancel a triggered check."""
        stage = self.diary.stage
        act = stage.person("chen").act("check.call_off", "投诉人撤回")
        call_off(stage.store, act, check, "投诉人撤回投诉", stage.today)


def _results(codes: Sequence[str], today: date, calendar: Calendar) -> bytes:
    """A file of results as an inspector writes it; visits on the working days before ``today``."""
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("code", "result", "inspected_on", "item", "note"))
    days = [
        d for d in (today - timedelta(days=n) for n in range(1, 15)) if calendar.is_working_day(d)
    ]
    for place, code in enumerate(codes):
        finding = _FINDINGS[place % len(_FINDINGS)]
        table.writerow((code, finding, days[place % len(days)].isoformat(), "", ""))
    return text.getvalue().encode()


def lowest(folder: Path, count: int) -> list[str]:
    """Codes of the lowest composites of the night in a folder, the lowest first."""

    table = pq.read_table(folder / "scores.parquet", columns=["code", "composite"])
    ranked = table.sort_by([("composite", "ascending"), ("code", "ascending")])
    return [str(code) for code in ranked["code"][:count].to_pylist()]
