"""``models`` commands: candidates, approvals, shadow nights, champion switch and rollback."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, open_store
from xhcredit.cli.clock import today
from xhcredit.cli.option_groups import with_option_groups
from xhcredit.cli.options import (
    DEFAULT_STORE,
    DEFAULT_WAREHOUSE,
    Address,
    AsJson,
    AsOf,
    Rules,
    Warehouse,
)
from xhcredit.cli.output import grid, out, print_json, progress_bar
from xhcredit.domain.clock import beijing_time, china_day
from xhcredit.jobs.models import promotion
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.core.transactions import Act

Number = Annotated[int, typer.Argument(help="Number of the candidate.")]
Why = Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")]
Once = Annotated[
    str, typer.Option("--once", help="Key: the same command with the same key is done once.")
]
Actor = Annotated[str, typer.Option("--actor", help="Who does it.  [default: who is logged in]")]


@dataclass(frozen=True)
class _Desk:
    """Where candidates are decided on, by whom, once for which key, and how it is shown."""

    actor: Actor = ""
    once: Once = ""
    store: Address = DEFAULT_STORE
    json_: AsJson = False

    def act(self, action: str, purpose: str, **payload: object) -> Act:
        """Audit log entry of what is decided."""
        actor_name = self.actor or getpass.getuser()
        return Act(actor_name, f"model.{action}", purpose, payload=payload, key=self.once or None)

    def show_fields(self, fields: Mapping[str, object]) -> None:
        """Print what came of it."""
        if self.json_:
            print_json(fields)
            return
        out.print(", ".join(f"{k} {v}" for k, v in fields.items()), soft_wrap=True)


def _print_table(title: str, headings: list[str], rows: list[list[str]]) -> None:
    table = grid(title, *headings)
    for row in rows:
        table.add_row(*row)
    out.print(table)


def list_(store: Address = DEFAULT_STORE, json_: AsJson = False) -> None:
    """List candidates, the latest first, and every switch."""
    with open_store(store) as opened_store:
        candidates, switches = opened_store.models.list_candidates(), opened_store.models.switches()
    if json_:
        print_json({"candidates": candidates, "switches": switches})
        return
    rows = [
        [str(c["id"]), c["name"], c["score"], c["model"], c["state"], c["digest"][:12]]
        for c in candidates
    ]
    headings = ["候选 candidate", "名称 run", "评分 score", "model", "状态 state", "digest"]
    _print_table("候选评分卡 candidates", headings, rows)
    for s in switches:
        out.print(
            f"{china_day(s['recorded_at'])} {s['act']} by {s['actor']}: {s['digest'][:12]} scores "
            f"from {s['from_day']} ({s['reason']})",
            soft_wrap=True,
        )


def show(
    number: Number,
    limit: Annotated[int, typer.Option(help="How many tier moves to list.")] = 50,
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Show a candidate: gates with their reasons, steps with names, and who would move."""
    with open_store(store) as opened_store:
        candidate, moves = (
            opened_store.models.get(number),
            opened_store.models.list_tier_moves(number, limit=limit),
        )
    if json_:
        print_json({**candidate, "moves": moves})
        return
    out.print(
        f"[bold]{candidate['name']}[/] {candidate['score']} {candidate['model']}: "
        f"{candidate['state']}"
    )
    gates = [
        ["开 open" if g["open"] else "关 closed", g["gate"], g["zh"], g["en"]]
        for g in candidate["gates"]
    ]
    _print_table("门槛 gates", ["", "gate", "理由", "reason"], gates)
    steps = [
        [
            str(s["step"]),
            beijing_time(s["recorded_at"], seconds=True),
            *(s[k] for k in ("actor", "act", "state", "reason")),
        ]
        for s in candidate["steps"]
    ]
    _print_table("步骤 steps", ["", "北京时间 at", "who", "act", "state", "why"], steps)
    if moves:
        rows = [
            [
                m["code"],
                m["name"],
                f"{m['tier_before']} → {m['tier_after']}",
                f"{m['composite_before']:.1f} → {m['composite_after']:.1f}",
            ]
            for m in moves
        ]
        _print_table("等级变化 tier moves", ["code", "name", "tier", "composite"], rows)


@with_option_groups
def approve(number: Number, why: Why, desk: _Desk) -> None:
    """Approve a candidate; the second officer makes it count."""
    act = desk.act("approve", why, candidate=number)
    with open_store(desk.store) as opened_store:
        desk.show_fields(opened_store.models.approve(act, number, why))


@with_option_groups
def refuse(number: Number, why: Why, desk: _Desk) -> None:
    """Put an end to a candidate."""
    act = desk.act("refuse", why, candidate=number)
    with open_store(desk.store) as opened_store:
        desk.show_fields(opened_store.models.refuse(act, number, why))


@with_option_groups
def shadow(
    number: Number,
    as_of: AsOf = "",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    into: Annotated[
        Path, typer.Option("--out", help="Folder for shadow.parquet and moves.xlsx.")
    ] = Path("out/shadow"),
    why: Why = "shadow night",
    rules: Rules = None,
    *,
    desk: _Desk,
) -> None:
    """Score a night with candidate and champion; list who would move, enterprise by enterprise."""
    day, rulebook = day_from_text(as_of), load_rulebook(rules)
    act = desk.act("shadow", why, candidate=number, as_of=day.isoformat())
    with open_store(desk.store) as opened_store, progress_bar(quiet=desk.json_) as progress:
        comparison = promotion.shadow(
            opened_store, act, number, warehouse, rulebook, day, out=into, progress=progress
        )
    desk.show_fields({**comparison, "list": str(into / "moves.xlsx")})


@with_option_groups
def switch(
    number: Number,
    from_: Annotated[str, typer.Option("--from", help="First as-of day, YYYY-MM-DD.")],
    why: Why,
    rules: Rules = None,
    *,
    desk: _Desk,
) -> None:
    """Let a candidate score from a stated as-of day on; `xhcredit score --store` then takes it."""
    day, rulebook = day_from_text(from_), load_rulebook(rules)
    act = desk.act("switch", why, candidate=number, from_day=day.isoformat())
    with open_store(desk.store) as opened_store:
        desk.show_fields(
            promotion.switch_champion(opened_store, act, number, rulebook, day, today())
        )


@with_option_groups
def rollback(why: Why, desk: _Desk) -> None:
    """Let the release before the last switch score again, from today on."""
    with open_store(desk.store) as opened_store:
        desk.show_fields(promotion.roll_back(opened_store, desk.act("roll_back", why), today()))
