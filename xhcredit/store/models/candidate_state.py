"""State of a candidate read within a transaction, and refusals of acts that do not fit it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from sqlalchemy import Connection, func, insert, select

from xhcredit.errors import BadInput, GateClosed, TwoPersons, UnknownRecord, WrongState
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import releases
from xhcredit.store.core.transactions import Act, Tx
from xhcredit.store.models.rows import (
    Candidate,
    CandidateAct,
    CandidateProgress,
    CandidateState,
)
from xhcredit.store.models.tables import candidate_steps, candidates

#: from which states an act may be done; what it then leads to is said by its method
_STATES_BEFORE: dict[CandidateAct, tuple[CandidateState, ...]] = {
    "approve": ("judged", "approved_once"),
    "shadow": ("approved", "shadowed"),
    "switch": ("shadowed", "rolled_back"),
    "refuse": ("judged", "gates_closed", "approved_once", "approved", "shadowed"),
}


def keep_release(tx: Tx, release: Mapping[str, object]) -> str:
    """Store the tables of a release once; return their digest."""
    body = canonical(release)
    digest = hashlib.sha256(body.encode()).hexdigest()
    if tx.con.scalar(select(releases.c.digest).where(releases.c.digest == digest)) is None:
        row = {"digest": digest, "name": release["release"], "body": body, "activity": tx.seq}
        tx.con.execute(insert(releases), row)
    return digest


def refuse_duplicate(con: Connection, digest: str) -> None:
    """Refuse a release that is under way as another candidate."""
    same_digest = select(candidates.c.id).where(candidates.c.digest == digest)
    for number in con.scalars(same_digest).all():
        if get_candidate(con, number)["state"] not in ("refused", "gates_closed", "rolled_back"):
            raise WrongState(f"candidate {number} has this very release; go on with that one")


def refuse_closed_gate(candidate: Candidate) -> None:
    """Refuse a candidate with a closed gate."""
    closed_gates = [g for g in candidate["gates"] if not g["open"]]
    if closed_gates:
        gate_messages = "; ".join(f"{g['gate']}: {g['en']}" for g in closed_gates)
        raise GateClosed(
            f"candidate {candidate['id']} may not be promoted: {gate_messages}; train it anew"
        )


def refuse_state(candidate: Candidate, act: CandidateAct) -> None:
    """Refuse an act that does not fit the state of the candidate."""
    if candidate["state"] not in _STATES_BEFORE[act]:
        raise WrongState(
            f"candidate {candidate['id']} is {candidate['state']}; to {act} it must be "
            f"{' or '.join(_STATES_BEFORE[act])}"
        )


def refuse_same_person(candidate: Candidate, actor: str) -> None:
    """Four-eyes check: refuse the submitter or an earlier approver of the candidate."""
    for s in candidate["steps"]:
        if s["act"] in ("submit", "approve") and _login_of(s["actor"]) == _login_of(actor):
            raise TwoPersons(
                f'"{actor}" did "{s["act"]}" for candidate {candidate["id"]}; two other officers '
                "must approve it"
            )


def _login_of(actor: str) -> str:
    """Login of an actor; the service writes ``user:`` before it, the shell does not."""
    return actor.removeprefix("user:").casefold()


def refuse_unshadowed(candidate: Candidate, champion: str, nights: int, since: str) -> None:
    """Refuse a candidate that did not score beside this champion for long enough."""
    days = {
        s["details"]["as_of"]
        for s in candidate["steps"]
        if s["act"] == "shadow"
        and s["details"]["champion"] == champion
        and s["details"]["as_of"] >= since
    }
    if len(days) < nights:
        raise WrongState(
            f"candidate {candidate['id']} scored beside the champion on {len(days)} days since "
            f"{since}, {nights} are needed; run: xhcredit models shadow {candidate['id']}"
        )


def get_candidate(con: Connection, number: int) -> Candidate:
    """A candidate with its steps and state."""
    row = con.execute(select(candidates).where(candidates.c.id == number)).mappings().first()
    if row is None:
        raise UnknownRecord(f"there is no candidate {number}; list them: xhcredit models list")
    statement = select(candidate_steps).where(candidate_steps.c.candidate == number)
    steps = [
        {**s, "details": json.loads(s["details"])}
        for s in con.execute(statement.order_by(candidate_steps.c.step)).mappings()
    ]
    parsed_columns = {k: json.loads(row[k]) for k in ("evaluation", "gates")}
    candidate = {**row, **parsed_columns, "steps": steps, "state": steps[-1]["state"]}
    return cast(Candidate, candidate)


def add_step(
    tx: Tx,
    act: Act,
    number: int,
    action: CandidateAct,
    state: CandidateState,
    reason: str,
    details: Mapping[str, object],
) -> int:
    """Add a step; return its number."""
    candidate_filter = candidate_steps.c.candidate == number
    step_number = (
        tx.con.scalar(select(func.max(candidate_steps.c.step)).where(candidate_filter)) or 0
    ) + 1
    row = {
        "candidate": number,
        "step": step_number,
        "act": action,
        "state": state,
        "recorded_at": tx.recorded_at,
        "actor": act.actor,
        "reason": reason,
        "details": canonical(dict(details)),
        "activity": tx.seq,
    }
    tx.con.execute(insert(candidate_steps), row)
    return step_number


def add_audited_step(
    tx: Tx,
    act: Act,
    number: int,
    action: CandidateAct,
    state: CandidateState,
    reason: str,
    details: Mapping[str, object] = MappingProxyType({}),
) -> CandidateProgress:
    """Add a step and its audit log payload; return the state of the candidate."""
    if action in ("approve", "refuse") and not reason.strip():
        raise BadInput(f"to {action} needs a reason; say why")
    step_number = add_step(tx, act, number, action, state, reason, details)
    outcome: CandidateProgress = {"candidate": number, "step": step_number, "state": state}
    tx.audit(**outcome)
    return outcome
