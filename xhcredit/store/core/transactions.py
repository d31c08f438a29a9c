"""Write transactions: each with its audit log entry and idempotency key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy import Connection, insert, select

from xhcredit.domain.clock import MomentSource, machine_moment
from xhcredit.errors import BadInput, KeyReused
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import Link, canonical, hasher, next_link
from xhcredit.store.core.tables import activity, idempotency


@dataclass(frozen=True)
class Act:
    """Audited act: who does (or reads) what in the store, and why.

    ``payload`` goes into the activity chain as it is, so it holds no secrets.  With a ``key``,
    the same act again gives the kept response and does nothing; ``request`` is what else makes
    two requests different, of which only a digest is kept.
    """

    actor: str
    action: str
    purpose: str
    bureau: str = ""
    payload: Mapping[str, object] = field(default_factory=dict)
    key: str | None = None
    request: object = None

    def __post_init__(self) -> None:
        for name in ("actor", "action", "purpose"):
            if not getattr(self, name).strip():
                raise BadInput(f"an act without {name}; say who does what and why")
        for value in (self.actor, self.action, self.purpose, self.bureau, self.key or ""):
            # PostgreSQL keeps no NUL in text, and both databases must take the same words.
            if "\0" in value:
                raise BadInput("an act with an empty character (NUL) in its words; take it out")

    def request_digest(self) -> str:
        """SHA-256 of the request, for idempotency."""
        request_fields = [self.action, self.bureau, self.payload, self.request]
        return hashlib.sha256(canonical(request_fields).encode()).hexdigest()


@dataclass
class Tx:
    """An act being done: ``con`` to write with, ``seq`` and ``recorded_at`` of its coming entry."""

    con: Connection
    seq: int
    recorded_at: str
    outcome: dict[str, object] = field(default_factory=dict)

    def audit(self, **outcome: object) -> None:
        """Add the outcome to the audit log entry."""
        self.outcome |= outcome


#: what an act's work returns; it is stored under the act's key, so it must be plain JSON
_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True)
class Writer:
    """Does acts, one after the other, on one database."""

    database: Database
    algorithm: str = "sha256"
    clock: MomentSource = machine_moment

    def __post_init__(self) -> None:
        hasher(self.algorithm)

    def act(self, act: Act, work: Callable[[Tx], _Outcome]) -> _Outcome:
        """Run an act: its work, audit log entry and idempotency key are committed together.

        The same key with the same request returns the kept response and does nothing.

        Raises:
            KeyReused: the key came before with another request.
            StoreUnavailable: the database is away, busy or full; nothing was kept.
        """
        with self.database.writing() as con:
            if act.key is not None:
                # Looked up under the writer's lock: a request that comes twice at once is done
                # once.
                stored_response = _stored_response(con, act)
                if stored_response is not None:
                    return cast(_Outcome, json.loads(stored_response))
            # Head and moment are read under the lock, so entries stand in the order of commits
            # and their moments never fall.
            last_link, moment = chain_head(con), self.clock()
            # Rows name their entry before it is there; its number and moment do not depend on
            # what the work finds.
            provisional_link = self._link(last_link, act, moment)
            tx = Tx(con, provisional_link.seq, provisional_link.recorded_at)
            response = canonical(work(tx))
            link = self._link(last_link, act, moment, tx.outcome)
            # Last: its digest covers the outcome. Foreign keys to it are deferred to the
            # commit.
            con.execute(insert(activity), dict(vars(link)))
            if act.key is not None:
                con.execute(insert(idempotency), _key_row(act, response, link.seq))
        # As JSON gives it back: the first answer and that of a retry are equal.
        return cast(_Outcome, json.loads(response))

    def record(self, acts: Sequence[Act]) -> int:
        """Add audit log entries of acts that write nothing else (reads), in one commit.

        Returns the number of the last entry.
        """
        with self.database.writing() as con:
            return self.record_in(con, *acts)

    def record_in(self, con: Connection, *acts: Act) -> int:
        """Add audit log entries within a transaction of the caller, who holds the writer's lock."""
        links: list[Link] = []
        last_link = chain_head(con)
        for act in acts:
            last_link = self._link(last_link, act, self.clock())
            links.append(last_link)
        if links:
            con.execute(insert(activity), [dict(vars(link)) for link in links])
        return 0 if last_link is None else last_link.seq

    def _link(
        self,
        last_link: Link | None,
        act: Act,
        moment: datetime,
        outcome: Mapping[str, object] | None = None,
    ) -> Link:
        """The entry of an act after ``last_link``."""
        return next_link(
            last_link,
            moment,
            self.algorithm,
            actor=act.actor,
            bureau=act.bureau,
            purpose=act.purpose,
            action=act.action,
            payload=canonical({**act.payload, **(outcome or {})}),
        )


def chain_head(con: Connection) -> Link | None:
    """The last entry of the chain; None if there is none yet."""
    statement = select(activity).order_by(activity.c.seq.desc()).limit(1)
    row = con.execute(statement).mappings().first()
    return None if row is None else Link(**row)


def _stored_response(con: Connection, act: Act) -> str | None:
    """Stored response of an idempotency key, if the act was done before."""
    row = con.execute(
        select(idempotency.c.request_digest, idempotency.c.response).where(
            idempotency.c.actor == act.actor, idempotency.c.key == act.key
        )
    ).first()
    if row is None:
        return None
    if row.request_digest != act.request_digest():
        raise KeyReused(
            f'the idempotency key "{act.key}" was used for another request; take a new key'
        )
    return str(row.response)


def _key_row(act: Act, response: str, seq: int) -> dict[str, object]:
    return {
        "actor": act.actor,
        "key": act.key,
        "request_digest": act.request_digest(),
        "response": response,
        "activity": seq,
    }
