"""A real PostgreSQL that the tests start themselves, as root or as anybody."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=120")


def binaries() -> Path | None:
    """The folder of ``postgres`` and ``initdb``; Debian keeps them off the path."""
    postgres_path = shutil.which("postgres")
    if postgres_path and shutil.which("initdb"):
        return Path(postgres_path).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return versions[-1].parent if versions else None


@dataclass
class Server:
    """A server: makes an empty database whenever it is asked; ours can be stopped and started."""

    admin: str
    folder: Path = Path()
    binary: Path = Path()
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"xhc_{os.getpid()}_{next(self._numbers)}"
        with closing(psycopg.connect(self.admin, autocommit=True)) as con:
            con.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.admin.rpartition("/")[0] + f"/{name}"

    def drop(self, address: str) -> None:
        """Remove a database, whoever is still connected."""
        name = sql.Identifier(address.rpartition("/")[2])
        with closing(psycopg.connect(self.admin, autocommit=True)) as con:
            con.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def start(self) -> None:
        """Start it on its data folder and return when it answers."""
        options = [part for setting in QUICK for part in ("-c", setting)]
        command = [self.binary / "postgres", "-D", self.folder / "data", "-k", self.folder]
        command += ["-p", str(self.port), "-h", "127.0.0.1", *options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, user=_somebody(), stdout=log, stderr=log, cwd=self.folder
            )
        ready = [self.binary / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(errors="replace"))

    def stop(self) -> None:
        """Stop it at once: SIGTERM would wait for every pooled client."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
            self.process = None


def _somebody() -> str | None:
    """Who runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(folder: Path, binary: Path, *options: str) -> Server:
    """Make a server in an empty folder, and start it; ``options`` are more of initdb's."""
    user = _somebody()
    if user:
        shutil.chown(folder, user)
    init = [binary / "initdb", "-D", folder / "data", "-U", "xhc", "-A", "trust", "-N"]
    init += ["-E", "UTF8", "--locale=C.UTF-8", *options]
    subprocess.run(init, user=user, check=True, capture_output=True, cwd=folder)
    port = _free_port()
    server = Server(f"postgresql://xhc@127.0.0.1:{port}/postgres", folder, binary, port)
    server.start()
    return server


@contextmanager
def running() -> Iterator[Server | None]:
    """A server for a session; None if there is no PostgreSQL on this computer."""
    external_address = os.environ.get("XHC_TEST_PG_URL")
    binary = binaries()
    if external_address:
        yield Server(external_address)
    elif binary is None:
        yield None
    else:
        with tempfile.TemporaryDirectory(prefix="xhc-pg-") as name:
            server = start_server(Path(name), binary)
            try:
                yield server
            finally:
                server.stop()


def empty_database(request: Any, kind: str, file: Path) -> Iterator[str]:
    """For fixtures: the address of an empty database; it is dropped afterwards.

    ``kind`` names PostgreSQL, or an address in it; else the database is SQLite's, in ``file``.
    """
    if not kind.startswith("postgresql"):
        yield str(file)
        return
    server = request.getfixturevalue("postgres")
    database_address = server.database()
    yield database_address
    server.drop(database_address)
