"""``draw joint|joint-verify`` commands: joint draws of several bureaus and their verification."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, existing_store, read_file_bytes
from xhcredit.cli.draws.verify_and_results import _optional_bytes
from xhcredit.cli.options import DEFAULT_STORE, Address, AsJson
from xhcredit.cli.output import out, print_json
from xhcredit.draws.joint_verify import verify_joint_record
from xhcredit.draws.verify import json_of
from xhcredit.errors import BadInput
from xhcredit.jobs.draws import joint as joint_draws
from xhcredit.store.core.transactions import Act

_Day = Annotated[str, typer.Option(help="YYYY-MM-DD; instead of naming draws, with the other day.")]


def joint(
    joint: Annotated[str, typer.Argument(help="Id of the joint draw.")],
    draws: Annotated[list[str] | None, typer.Argument(help="Ids of the draws.")] = None,
    first: Annotated[
        str, typer.Option("--from", help="With --until: all draws of these days.")
    ] = "",
    until: _Day = "",
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "joint",
    once: Annotated[str, typer.Option("--once", help="Key: done once with the same key.")] = "",
    out_: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("out/joint"),
    public: Annotated[bool, typer.Option("--public", help="Only what everybody may have.")] = False,
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """综合查一次: lay draws of several bureaus over one another, one visit per enterprise.

    Each bureau's own record and odds stay as they are; an enterprise that several drew gets one
    visit with all items and the inspectors of each bureau, and the record says what that saved.
    """
    with existing_store(store) as opened_store:
        if draws and (first or until):
            raise BadInput("draws and days were named; name either")
        if not draws:
            if not (first and until):
                raise BadInput("no draw was named; name two or more, or --from and --until")
            draws = joint_draws.drawn_within(
                opened_store, day_from_text(first), day_from_text(until)
            )
        payload = {"joint": joint, "draws": sorted(set(draws))}
        key = once or f"joint {joint} {' '.join(payload['draws'])}"  # again: the files once more
        act = Act(getpass.getuser(), "draw.joint", why, payload=payload, key=key)
        joint_summary = joint_draws.join_draws(opened_store, act, joint, draws)
        joint_draws.export_joint_draw(opened_store, joint, out_, private=not public)
    if json_:
        print_json(joint_summary)
        return
    out.print(
        f"检查 inspections {joint_summary['inspections']} → 上门 visits {joint_summary['visits']}；"
        f"减少 saved {joint_summary['saved']}",
        soft_wrap=True,
    )
    out.print(f"check it: xhcredit draw joint-verify {out_ / 'joint.json'}", soft_wrap=True)


def joint_verify(
    record: Annotated[Path, typer.Argument(help="joint.json, its members' files beside it.")],
    json_: AsJson = False,
) -> None:
    """Check a joint record against its members' records (members/ID/record.json beside it).

    With plan.json and frame.csv of every member also whose draws they are, and the probabilities.
    """
    joint_record, members_folder = json_of(read_file_bytes(record)), record.parent / "members"
    names = [
        str(m.get("draw_id", "")) for m in joint_record.get("members", []) if isinstance(m, dict)
    ]
    files_by_name = {
        name: {
            draw: file_bytes
            for draw in names
            if (file_bytes := _optional_bytes(None, members_folder / draw / name))
        }
        for name in ("record.json", "plan.json", "frame.csv")
    }
    checks = verify_joint_record(joint_record, *files_by_name.values())
    if json_:
        print_json([check._asdict() for check in checks])
        return
    for check in checks:
        out.print(f"✓ {check.zh} / {check.en}", soft_wrap=True)
    out.print("核验通过 the joint record holds")
