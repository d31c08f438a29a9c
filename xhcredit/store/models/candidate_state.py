"""State of a candidate read within a transaction, and refusals of acts that do not fit it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select

from xhcredit.errors import BadInput, GateClosed, TwoPersons, UnknownRecord, WrongState
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import releases
from xhcredit.store.core.transactions import Act, Tx
from xhcredit.store.models.tables import candidate_steps, candidates

Json = dict[str, Any]
#: from which states an act may be done; what it then leads to is said by its method
_FROM = {
    "approve": ("judged", "approved_once"),
    "shadow": ("approved", "shadowed"),
    "switch": ("shadowed", "rolled_back"),
    "refuse": ("judged", "gates_closed", "approved_once", "approved", "shadowed"),
}


def keep_release(tx: Tx, release: Mapping[str, Any]) -> str:
    """Store the tables of a release once; return their digest."""
    body = canonical(release)
    digest = hashlib.sha256(body.encode()).hexdigest()
    if tx.con.scalar(select(releases.c.digest).where(releases.c.digest == digest)) is None:
        row = {"digest": digest, "name": release["release"], "body": body, "activity": tx.seq}
        tx.con.execute(insert(releases), row)
    return digest


def refuse_second(con: Connection, digest: str) -> None:
    """Refuse a release that is under way as another candidate."""
    same = select(candidates.c.id).where(candidates.c.digest == digest)
    for number in con.scalars(same).all():
        if one(con, number)["state"] not in ("refused", "gates_closed", "rolled_back"):
            raise WrongState(f"candidate {number} has this very release; go on with that one")


def refuse_closed(found: Json) -> None:
    """Refuse a candidate with a closed gate."""
    closed = [g for g in found["gates"] if not g["open"]]
    if closed:
        told = "; ".join(f"{g['gate']}: {g['en']}" for g in closed)
        raise GateClosed(f"candidate {found['id']} may not be promoted: {told}; train it anew")


def refuse_state(found: Json, act: str) -> None:
    """Refuse an act that does not fit the state of the candidate."""
    if found["state"] not in _FROM[act]:
        raise WrongState(
            f"candidate {found['id']} is {found['state']}; to {act} it must be "
            f"{' or '.join(_FROM[act])}"
        )


def refuse_same_person(found: Json, actor: str) -> None:
    """Four-eyes check: refuse the submitter or an earlier approver of the candidate."""
    for step in found["steps"]:
        if step["act"] in ("submit", "approve") and _person(step["actor"]) == _person(actor):
            raise TwoPersons(
                f'"{actor}" did "{step["act"]}" for candidate {found["id"]}; two other officers '
                "must approve it"
            )


def _person(actor: str) -> str:
    """Login of an actor; the service writes ``user:`` before it, the shell does not."""
    return actor.removeprefix("user:").casefold()


def refuse_unshadowed(found: Json, champion: str, nights: int, since: str) -> None:
    """Refuse a candidate that did not score beside this champion for long enough."""
    beside = {
        s["details"]["as_of"]
        for s in found["steps"]
        if s["act"] == "shadow"
        and s["details"]["champion"] == champion
        and s["details"]["as_of"] >= since
    }
    if len(beside) < nights:
        raise WrongState(
            f"candidate {found['id']} scored beside the champion on {len(beside)} days since "
            f"{since}, {nights} are needed; run: xhcredit models shadow {found['id']}"
        )


def one(con: Connection, number: int) -> Json:
    """A candidate with its steps and state."""
    row = con.execute(select(candidates).where(candidates.c.id == number)).mappings().first()
    if row is None:
        raise UnknownRecord(f"there is no candidate {number}; list them: xhcredit models list")
    own = select(candidate_steps).where(candidate_steps.c.candidate == number)
    steps = [
        {**s, "details": json.loads(s["details"])}
        for s in con.execute(own.order_by(candidate_steps.c.step)).mappings()
    ]
    read = {k: json.loads(row[k]) for k in ("evaluation", "gates")}
    return {**row, **read, "steps": steps, "state": steps[-1]["state"]}


def step(tx: Tx, act: Act, number: int, done: str, state: str, reason: str, details: Json) -> int:
    """Add a step; return its number."""
    own = candidate_steps.c.candidate == number
    step = (tx.con.scalar(select(func.max(candidate_steps.c.step)).where(own)) or 0) + 1
    row = {
        "candidate": number,
        "step": step,
        "act": done,
        "state": state,
        "at": tx.at,
        "actor": act.actor,
        "reason": reason,
        "details": canonical(details),
        "activity": tx.seq,
    }
    tx.con.execute(insert(candidate_steps), row)
    return step


def done(
    tx: Tx, act: Act, number: int, done: str, state: str, reason: str, details: Json | None = None
) -> Json:
    """Add a step and its audit log payload; return the state of the candidate."""
    if done in ("approve", "refuse") and not reason.strip():
        raise BadInput(f"to {done} needs a reason; say why")
    last = step(tx, act, number, done, state, reason, details or {})
    told = {"candidate": number, "step": last, "state": state}
    tx.tell(**told)
    return told
