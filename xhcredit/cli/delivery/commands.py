"""``deliver`` commands: send webhooks and manage subscriptions."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from traceback import format_exception
from typing import Annotated

import typer

from xhcredit.cli.arguments import existing_store
from xhcredit.cli.options import DEFAULT_STORE, Actor, Address, AsJson, Why
from xhcredit.cli.output import err, grid, out, print_json
from xhcredit.domain.clock import beijing_time
from xhcredit.domain.disk import disk_error
from xhcredit.errors import XhcreditError
from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy
from xhcredit.jobs.delivery.webhooks import DeliveryPolicy, DeliveryReport, delivery_passes
from xhcredit.jobs.delivery.webhooks import deliver as one_pass
from xhcredit.store.core.transactions import Act
from xhcredit.store.delivery.subscriptions import Subscription

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
    store: Address = DEFAULT_STORE,
    interval: Annotated[
        float,
        typer.Option("--every", help="Seconds between passes; 0: one pass.", min=0, max=86400),
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
    policy = DeliveryPolicy(
        attempts, timedelta(seconds=first), address_policy=_address_policy(allow), ca_file=authority
    )
    if interval:
        _deliver_repeatedly(store, policy, interval)
        return
    with existing_store(store) as opened_store:
        reports = one_pass(opened_store, policy)
    if json_:
        print_json([asdict(report) for report in reports])
    else:
        _show_reports(reports)


def _address_policy(allow: str) -> AddressPolicy:
    return AddressPolicy.of(allow)


def _deliver_repeatedly(store: str, policy: DeliveryPolicy, interval_seconds: float) -> None:
    """Delivery passes until stopped; prints a line per subscription that had messages."""
    with existing_store(store) as opened_store:
        for pass_outcome in delivery_passes(opened_store, policy, interval_seconds, time.sleep):
            if isinstance(pass_outcome, Exception):
                err.print(_error_text(pass_outcome), markup=False, highlight=False, soft_wrap=True)
                continue
            for report in pass_outcome:
                if report.delivered or report.waiting or report.dead or report.stopped:
                    sys.stdout.write(f"{_report_line(report)}\n")
            sys.stdout.flush()


def _error_text(error: Exception) -> str:
    """Error text of a delivery pass; with a traceback if it is a fault of the program."""
    known_error = error if isinstance(error, XhcreditError) else disk_error(error)
    if known_error is None:
        return f"{''.join(format_exception(error))}the next pass begins in a moment"
    return f"{known_error.code}: {known_error}"


def _report_line(report: DeliveryReport) -> str:
    counts = (
        f"{report.delivered} delivered, {report.waiting} to be tried again, {report.dead} given up"
    )
    reason_text = (
        f" ({', '.join(filter(None, (report.stopped, report.last_answer)))})"
        if report.last_answer
        else ""
    )
    return f"{report.subscription} {report.name}: {counts}{reason_text}"


def _show_reports(reports: Sequence[DeliveryReport]) -> None:
    if not reports:
        out.print("nobody is to be told; add who is: xhcredit deliver add")
    for report in reports:
        out.print(_report_line(report), markup=False, highlight=False, soft_wrap=True)


def _act(actor: str, action: str, purpose: str, bureau: str = "") -> Act:
    return Act(actor or getpass.getuser(), action, purpose, bureau)


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
    store: Address = DEFAULT_STORE,
    actor: Actor = "",
) -> None:
    """Let another system be told from now on; its secret is shown once."""
    # Before it is stored: the operator sees a forbidden address at once, not at the first
    # sending.
    _address_policy(allow).url(url)
    with existing_store(store) as opened_store:
        act = _act(actor, "subscription.new", why, bureau)
        number, secret = opened_store.subscriptions.add(act, name, url, kind or (), bureau)
    sys.stdout.write(f"{number} {secret}\n")


@deliver.command("list")
def list_(store: Address = DEFAULT_STORE, json_: AsJson = False) -> None:
    """List who is told, and how many messages wait, arrived, or were given up."""
    with existing_store(store) as opened_store:
        counts = opened_store.deliveries.counts()
        subscriptions = opened_store.subscriptions.list_subscriptions(include_ended=True)
    if json_:
        print_json([asdict(s) | {"messages": counts.get(s.id, {})} for s in subscriptions])
        return
    table = grid("", "no.", "name", "url", "kinds", "bureau", "messages", "ended 北京时间")
    for s in subscriptions:
        table.add_row(*map(str, _cells(s, counts.get(s.id, {}))))
    out.print(table)


def _cells(subscription: Subscription, count_by_state: Mapping[str, int]) -> tuple[object, ...]:
    s, messages = subscription, ", ".join(f"{n} {state}" for state, n in count_by_state.items())
    kinds = ", ".join(s.kinds) or "每一种 every kind"
    ended_at = beijing_time(s.ended_at) if s.ended_at else ""
    return s.id, s.name, s.url, kinds, s.bureau or "全区 whole district", messages, ended_at


@deliver.command()
def replay(
    number: Number,
    why: Why,
    since: Annotated[
        int | None, typer.Option(help="All messages from this number on.  [default: given up]")
    ] = None,
    store: Address = DEFAULT_STORE,
    actor: Actor = "",
) -> None:
    """Send again what was given up, or everything since a message."""
    with existing_store(store) as opened_store:
        act = _act(actor, "subscription.replay", why)
        count = opened_store.deliveries.replay(act, number, since)
    out.print(f"{count:,} messages will be sent again")


@deliver.command()
def rotate(number: Number, why: Why, store: Address = DEFAULT_STORE, actor: Actor = "") -> None:
    """Make a new secret, shown once; messages carry both signatures for a day."""
    with existing_store(store) as opened_store:
        secret = opened_store.subscriptions.rotate(_act(actor, "subscription.rotate", why), number)
    sys.stdout.write(f"{secret}\n")


@deliver.command()
def end(number: Number, why: Why, store: Address = DEFAULT_STORE, actor: Actor = "") -> None:
    """Tell a system nothing more; what waits for it is dropped."""
    with existing_store(store) as opened_store:
        opened_store.subscriptions.end(_act(actor, "subscription.end", why), number)
    out.print(f"{number} is told nothing more")
