"""``xhcredit-serve``: command line of the HTTP service."""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from xhcredit.domain.disk import disk_error
from xhcredit.domain.log import events_to, json_lines
from xhcredit.errors import BadInput, XhcreditError
from xhcredit_serving.access import operator_commands
from xhcredit_serving.auth.permissions import ROLES

if TYPE_CHECKING:  # the server is loaded only to serve, so that --help is quick
    from fastapi import FastAPI

    from xhcredit.store.core.transactions import Act
    from xhcredit.store.store import Store
    from xhcredit_serving.auth.oidc import Provider

#: a worker that is silent for so long is started anew; loading a model takes a few seconds
WORKER_SECONDS = 60

cli = typer.Typer(
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="评分接口服务 – answers questions about published runs over HTTP; `/docs` describes it.",
)
operator_commands.register(cli)
Address = Annotated[
    str,
    typer.Option(
        "--store", envvar="XHCREDIT_STORE", help="SQLite file, or postgresql://user@host/name."
    ),
]
Public = Annotated[
    str, typer.Option(envvar="XHCREDIT_PUBLIC", help="How browsers reach it: https://name.")
]
Claim = Annotated[
    str, typer.Option(envvar="XHCREDIT_OIDC_CLAIM", help="Claim by which it knows people.")
]
Allow = Annotated[
    str,
    typer.Option(
        envvar="XHCREDIT_WEBHOOK_ALLOW",
        help="Hosts and networks (commas between) that may be told though inside.",
    ),
]
STORE = "out/store.db"


@cli.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    store: Address = STORE,
    warehouse: Annotated[
        Path | None, typer.Option(help="Folder that xhcredit ingest wrote; adds /explanation.")
    ] = None,
    release: Annotated[
        Path | None, typer.Option(help="Points tables of the night, if not kept in the store.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Folder with the district's own rule entries.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    public: Public = "",
    demo: Annotated[
        Path | None, typer.Option(help="Folder that xhcredit demo made: show it, here only.")
    ] = None,
    oidc: Annotated[
        str, typer.Option(envvar="XHCREDIT_OIDC", help="Issuer of the identity provider.")
    ] = "",
    oidc_client: Annotated[
        str, typer.Option(envvar="XHCREDIT_OIDC_CLIENT", help="Who we are to it.")
    ] = "xhcredit",
    oidc_claim: Claim = "sub",
    webhook_allow: Allow = "",
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1, max=64)] = 1,
) -> None:
    """Serve until stopped. An SQLite store is made if there is none.

    If nobody is there yet, three administrators are made and their one-time passwords shown once;
    none of them sees enterprises: let officers and systems in with new-user, grant and new-key.
    There is no account or key by default. On another host than this computer, put a gateway with
    HTTPS before it: keys travel in headers. The secret shared with an identity provider is read
    from XHCREDIT_OIDC_SECRET.
    """
    if context.invoked_subcommand is not None:
        return
    from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy  # only this command waits for it
    from xhcredit.jobs.demo import build  # only this command waits for it
    from xhcredit_serving.demo_login import refuse_exposed  # only this command waits for it

    provider = _provider(oidc, oidc_client, oidc_claim) if oidc else None
    if demo is not None:
        store, warehouse = str(demo / build.STORE), demo / build.WAREHOUSE
    settings = dict(
        warehouse=warehouse, release=release, rules=rules, public=public, oidc=provider,
        outward=AddressPolicy.of(webhook_allow), warm=True,
    )  # fmt: skip
    with events_to(json_lines(sys.stderr)), _open_store(store, demo) as open_store:
        if open_store.is_demo:
            refuse_exposed(host, public, provider)
        else:
            operator_commands.create_first_accounts(open_store)
    _serve_http(partial(application, store, settings), host, port, workers)


def _open_store(address: str, demo: Path | None) -> Store:
    """The store to be served; with ``demo`` a demo store, which must be there already.

    Raises:
        BadInput: there is no demo in the folder.
    """
    from xhcredit.store.store import Store  # only this command waits for it
    from xhcredit_serving.demo_login import refuse_real  # only this command waits for it

    if demo is None:
        return Store.open(address)
    if not Path(address).is_file():
        raise BadInput(f'there is no demo in "{demo}"; make one: xhcredit demo --out {demo}')
    open_store = Store.open(address)
    try:
        refuse_real(open_store, str(demo))
    except BadInput:
        open_store.close()
        raise
    return open_store


def _provider(issuer: str, client: str, claim: str) -> Provider:
    from xhcredit_serving.auth.oidc import Provider  # only this command waits for it

    return Provider(issuer, client, os.environ.get("XHCREDIT_OIDC_SECRET", ""), claim)


def application(store: str, settings: Mapping[str, Any]) -> FastAPI:
    """The application of one process, over its own connections."""
    from xhcredit.store.store import Store  # only this command waits for it
    from xhcredit_serving.app import create_app  # only this command waits for it
    from xhcredit_serving.service import Settings  # only this command waits for it

    return create_app(Store.open(store), Settings(**settings))


def _serve_http(make_app: Callable[[], FastAPI], host: str, port: int, workers: int) -> None:
    """Serve until stopped, and print the address; port 0 takes a free one."""
    import uvicorn  # only this command waits for it
    from uvicorn.supervisors import Multiprocess  # only this command waits for it

    config = uvicorn.Config(
        make_app,
        host,
        port,
        factory=True,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_worker_healthcheck=WORKER_SECONDS,
    )
    listen_socket = config.bind_socket()
    listen_socket.listen(config.backlog)  # who comes before all is loaded waits, and is not refused
    address, bound_port = listen_socket.getsockname()[:2]
    sys.stdout.write(f"接口服务 serving at http://{address}:{bound_port}/docs\n")
    sys.stdout.flush()
    if workers == 1:
        uvicorn.Server(config).run([listen_socket])
        return
    with tempfile.TemporaryDirectory(prefix="xhcredit-meters-") as meter_folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = (
            meter_folder  # so that /metrics tells of all workers
        )
        Multiprocess(config, [listen_socket]).run()


@cli.command("new-key")
def new_key(
    name: Annotated[str, typer.Argument(help="Which system it is for.")],
    bureau: Annotated[
        str, typer.Option(help="It reads this bureau's enterprises only; empty: the district's.")
    ],
    why: Annotated[str, typer.Option(help="Why; kept in the activity chain.")],
    role: Annotated[list[str], typer.Option(help=f"One or more of: {', '.join(ROLES)}.")],
    days: Annotated[int, typer.Option(help="How long it opens.", min=1, max=400)] = 365,
    rules: operator_commands.Rules = None,
    store: Address = STORE,
) -> None:
    """Make a key and show it once."""
    unknown_roles = sorted(set(role) - set(ROLES))
    if unknown_roles:
        raise BadInput(f'there is no role "{unknown_roles[0]}"; choose from {", ".join(ROLES)}')
    from xhcredit.store.core.transactions import Act  # only this command waits for it
    from xhcredit.store.store import Store  # only this command waits for it

    with Store.open(store) as open_store:
        official_name = operator_commands.bureau_of_district(open_store, bureau, rules)
        act = Act(getpass.getuser(), "key.new", why, official_name)
        sys.stdout.write(_create_key(open_store, act, name, official_name, role, days) + "\n")


@cli.command("revoke-key")
def revoke_key(
    prefix: Annotated[str, typer.Argument(help="The part between the first two underscores.")],
    why: Annotated[str, typer.Option(help="Why; kept in the activity chain.")],
    store: Address = STORE,
) -> None:
    """Make a key open nothing any more, within a second."""
    from xhcredit.store.core.transactions import Act  # only this command waits for it
    from xhcredit.store.store import Store  # only this command waits for it

    with Store.open(store) as open_store:
        open_store.access.revoke_key(Act(getpass.getuser(), "key.revoke", why), prefix)


def _create_key(store: Store, act: Act, name: str, bureau: str, roles: list[str], days: int) -> str:
    expires_at = store.writer.clock() + timedelta(days=days)
    return store.access.new_key(act, name, bureau, roles, expires_at)


def _exit_with_error(error: XhcreditError) -> NoReturn:
    """Print an error and exit with its code."""
    sys.stderr.write(f"{error.code}: {error}\n")
    sys.exit(error.exit_code)


def run() -> None:
    """Run the program and turn known errors into messages."""
    try:
        cli()
    except XhcreditError as error:
        _exit_with_error(error)
    except Exception as error:
        disk_problem = disk_error(error)
        if disk_problem is None:
            raise
        _exit_with_error(disk_problem)


if __name__ == "__main__":
    run()
