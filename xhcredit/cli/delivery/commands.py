"""``deliver`` commands: send webhooks and manage subscriptions."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from traceback import format_exception
from typing import Annotated, Any

import typer

from xhcredit.cli.arguments import existing_store
from xhcredit.cli.options import STORE, Actor, Address, AsJson, Why
from xhcredit.cli.output import err, grid, out, tell_json
from xhcredit.domain.clock import beijing_time
from xhcredit.domain.disk import disk_error
from xhcredit.errors import XhcreditError
from xhcredit.jobs.delivery.ssrf_guard import Outward
from xhcredit.jobs.delivery.webhooks import Plan, Told, passes
from xhcredit.jobs.delivery.webhooks import deliver as one_pass
from xhcredit.store.core.transactions import Act

deliver = typer.Typer(
    rich_markup_mode="markdown",
    invoke_without_command=True,
    help="""
消息推送 tell other systems of tier changes and alerts (signed webhooks).

Without a command: send what is due, once, or again and again with `--every`. Receivers tell
repeats by the header `webhook-id` and prove the sender by `webhook-signature` (Standard Webhooks);
messages about one enterprise arrive in order. It may be stopped at any time: nothing is lost.
""",
)
Allow = Annotated[
    str,
    typer.Option(
        envvar="XHCREDIT_WEBHOOK_ALLOW",
        help="Hosts and networks (commas between) that are told though inside or without HTTPS.",
    ),
]
Number = Annotated[int, typer.Argument(help="Number of the subscription.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the shell."""
    app.add_typer(deliver, name="deliver")


@deliver.callback()
def send(
    context: typer.Context,
    store: Address = STORE,
    every: Annotated[
        float, typer.Option(help="Seconds between passes; 0: one pass.", min=0, max=86400)
    ] = 0,
    allow: Allow = "",
    attempts: Annotated[
        int, typer.Option(help="Attempts before a message is given up.", min=1, max=40)
    ] = 14,
    first: Annotated[
        float, typer.Option(help="Seconds before the second attempt, doubled each time.", min=0)
    ] = 20,
    authority: Annotated[
        Path | None, typer.Option(help="Certificate of the district's own authority (PEM).")
    ] = None,
    json_: AsJson = False,
) -> None:
    """Send what is due, and tell what came of it."""
    if context.invoked_subcommand is not None:
        return
    plan = Plan(attempts, timedelta(seconds=first), outward=_outward(allow), authority=authority)
    if every:
        _again_and_again(store, plan, every)
        return
    with existing_store(store) as opened:
        told = one_pass(opened, plan)
    if json_:
        tell_json([asdict(one) for one in told])
    else:
        _show(told)


def _outward(allow: str) -> Outward:
    return Outward.of(allow)


def _again_and_again(store: str, plan: Plan, every: float) -> None:
    """Delivery passes until stopped; prints a line per subscription that had messages."""
    with existing_store(store) as opened:
        for told in passes(opened, plan, every, time.sleep):
            if isinstance(told, Exception):
                err.print(_in_words(told), markup=False, highlight=False, soft_wrap=True)
                continue
            for one in told:
                if one.delivered or one.waiting or one.dead or one.stopped:
                    sys.stdout.write(f"{_line(one)}\n")
            sys.stdout.flush()


def _in_words(error: Exception) -> str:
    """Error text of a delivery pass; with a traceback if it is a fault of the program."""
    known = error if isinstance(error, XhcreditError) else disk_error(error)
    if known is None:
        return f"{''.join(format_exception(error))}the next pass begins in a moment"
    return f"{known.code}: {known}"


def _line(told: Told) -> str:
    counts = f"{told.delivered} delivered, {told.waiting} to be tried again, {told.dead} given up"
    why = f" ({', '.join(filter(None, (told.stopped, told.said)))})" if told.said else ""
    return f"{told.subscription} {told.name}: {counts}{why}"


def _show(told: Sequence[Told]) -> None:
    if not told:
        out.print("nobody is to be told; add who is: xhcredit deliver add")
    for one in told:
        out.print(_line(one), markup=False, highlight=False, soft_wrap=True)


def _act(actor: str, action: str, why: str, bureau: str = "") -> Act:
    return Act(actor or getpass.getuser(), action, why, bureau)


@deliver.command()
def add(
    name: Annotated[str, typer.Argument(help="Which system it is.")],
    url: Annotated[str, typer.Argument(help="Where it is told: https://host/path.")],
    why: Why,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only this kind, e.g. tier_changed, alert.issued.")
    ] = None,
    bureau: Annotated[str, typer.Option(help="Only what belongs to this bureau.")] = "",
    allow: Allow = "",
    store: Address = STORE,
    actor: Actor = "",
) -> None:
    """Let another system be told from now on; its secret is shown once."""
    _outward(allow).url(url)
    with existing_store(store) as opened:
        act = _act(actor, "subscription.new", why, bureau)
        number, secret = opened.subscriptions.add(act, name, url, kind or (), bureau)
    sys.stdout.write(f"{number} {secret}\n")


@deliver.command("list")
def list_(store: Address = STORE, json_: AsJson = False) -> None:
    """List who is told, and how many messages wait, arrived, or were given up."""
    with existing_store(store) as opened:
        counts = opened.deliveries.counts()
        every = [
            asdict(s) | {"messages": counts.get(s.id, {})}
            for s in opened.subscriptions.every(ended=True)
        ]
    if json_:
        tell_json(every)
        return
    table = grid("", "no.", "name", "url", "kinds", "bureau", "messages", "ended 北京时间")
    for row in every:
        table.add_row(*map(str, _cells(row)))
    out.print(table)


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    messages = ", ".join(f"{count} {state}" for state, count in row["messages"].items())
    kinds = ", ".join(row["kinds"]) or "每一种 every kind"
    ended = beijing_time(row["ended_at"]) if row["ended_at"] else ""
    bureau = row["bureau"] or "全区 whole district"
    return row["id"], row["name"], row["url"], kinds, bureau, messages, ended


@deliver.command()
def replay(
    number: Number,
    why: Why,
    since: Annotated[
        int | None, typer.Option(help="All messages from this number on.  [default: given up]")
    ] = None,
    store: Address = STORE,
    actor: Actor = "",
) -> None:
    """Send again what was given up, or everything since a message."""
    with existing_store(store) as opened:
        act = _act(actor, "subscription.replay", why)
        count = opened.deliveries.replay(act, number, since)
    out.print(f"{count:,} messages will be sent again")


@deliver.command()
def rotate(number: Number, why: Why, store: Address = STORE, actor: Actor = "") -> None:
    """Make a new secret, shown once; messages carry both signatures for a day."""
    with existing_store(store) as opened:
        secret = opened.subscriptions.rotate(_act(actor, "subscription.rotate", why), number)
    sys.stdout.write(f"{secret}\n")


@deliver.command()
def end(number: Number, why: Why, store: Address = STORE, actor: Actor = "") -> None:
    """Tell a system nothing more; what waits for it is dropped."""
    with existing_store(store) as opened:
        opened.subscriptions.end(_act(actor, "subscription.end", why), number)
    out.print(f"{number} is told nothing more")
