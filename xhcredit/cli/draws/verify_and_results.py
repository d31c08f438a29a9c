"""``draw verify|results|estimate`` commands: verification, results and estimates of a draw."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, existing_store, read_file_bytes
from xhcredit.cli.options import DEFAULT_STORE, DEFAULT_WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import out, print_json
from xhcredit.draws.verify import PublishedFiles, json_of, verify_record
from xhcredit.jobs.draws.documents import write_internal_documents
from xhcredit.jobs.draws.publication import publish_list as published
from xhcredit.jobs.draws.results import enter_results
from xhcredit.jobs.draws.results import estimate as estimated
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.core.transactions import Act

_Beside = Annotated[
    Path | None, typer.Option(help="If at hand; else looked for beside the record.")
]


def verify(
    record: Annotated[Path, typer.Argument(help="record.json as published.")],
    frame: Annotated[
        Path | None, typer.Option(help="frame.csv: draws the whole list again.")
    ] = None,
    commitment: _Beside = None,
    inspectors: _Beside = None,
    recusals: _Beside = None,
    json_: AsJson = False,
) -> None:
    """Check a record line by line; ends with 0 if all holds, else names the first wrong thing.

    Needs no store and no network.  The frame is not public: without it, what the public can check.
    """
    named_paths = {"commitment": commitment, "inspectors": inspectors, "recusals": recusals}
    names = {"commitment": "commitment.json", "inspectors": "inspectors.csv",
             "recusals": "recusals.csv"}  # fmt: skip
    bytes_by_name = {
        k: _optional_bytes(v, record.parent / names[k]) for k, v in named_paths.items()
    }
    record_bytes = read_file_bytes(record)
    record_fields = json_of(record_bytes)
    files = PublishedFiles(
        bytes_by_name["commitment"],
        read_file_bytes(frame) if frame else None,
        bytes_by_name["inspectors"],
        bytes_by_name["recusals"],
        record_bytes,
    )
    checks = verify_record(record_fields, files)
    if json_:
        print_json([check._asdict() for check in checks])
        return
    for check in checks:
        out.print(f"✓ {check.zh} / {check.en}", soft_wrap=True)
    available_names = [
        n
        for n, file_bytes in zip(PublishedFiles._fields, files, strict=True)
        if file_bytes is not None
    ]
    out.print(
        f"核验通过 the record holds; checked against: {', '.join(available_names) or 'itself'}"
    )


def results(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    file: Annotated[
        Path, typer.Argument(help="results.csv: code,result,inspected_on,item,note[,completeness].")
    ],
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "results",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    on: Annotated[str, typer.Option(help="Day of entry, YYYY-MM-DD.  [default: today]")] = "",
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Enter what the visits found; they become inspection events with their probability."""
    with existing_store(store) as opened_store:
        act = Act(getpass.getuser(), "draw.results", why, payload={"draw": draw})
        csv_bytes = read_file_bytes(file)
        entry_report = enter_results(
            opened_store, act, draw, csv_bytes, file.name, warehouse, day_from_text(on)
        )
    print_json(entry_report) if json_ else out.print(
        f"{entry_report['entered']} results entered 已录入"
    )


def publish(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder for the list.")] = Path("out/draw"),
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "publish",
    store: Address = DEFAULT_STORE,
) -> None:
    """Write the list as it may be published (no tier), and note that it was."""
    with existing_store(store) as opened_store:
        act = Act(getpass.getuser(), "draw.publish", why, payload={"draw": draw})
        for file in published(opened_store, act, draw, out_):
            out.print(str(file), soft_wrap=True)


def lists(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder; internal.")] = Path("out/draw"),
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "lists",
    rules: Rules = None,
    store: Address = DEFAULT_STORE,
) -> None:
    """Write the internal list (tier, reasons) and a notice with 检查码 fields per enterprise."""
    with existing_store(store) as opened_store:
        files = write_internal_documents(opened_store, draw, load_rulebook(rules), out_)
        opened_store.record([Act(getpass.getuser(), "draw.lists", why, payload={"draw": draw})])
        for file in files:
            out.print(str(file), soft_wrap=True)


def estimate(
    draw: Annotated[str, typer.Argument(help="Id of the draw.")],
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """Tell what the draw says about everybody: prevalence with intervals, by tier, field, street.

    Also what the same number of visits would have found had they been drawn without regard to the
    tier, or taken from the lowest scores; and how good the score is, without selection bias.
    """
    with existing_store(store) as opened_store:
        estimates = estimated(opened_store, draw)
    if json_:
        print_json(estimates)
        return
    for group, figures in estimates.items():
        out.print(f"{group}: {figures}", soft_wrap=True)


def _optional_bytes(named_path: Path | None, default_path: Path) -> bytes | None:
    """Content of a named file, else of the file beside the record; None if neither exists."""
    if named_path is not None:
        return read_file_bytes(named_path)
    return default_path.read_bytes() if default_path.is_file() else None
