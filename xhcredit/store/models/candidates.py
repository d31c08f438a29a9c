"""Candidates and champions: submission, approval, shadow nights, switch; append-only steps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, func, insert, select

from xhcredit.errors import WrongState
from xhcredit.store.core.bureau_scope import has_bureau
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import releases
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.models import candidate_state
from xhcredit.store.models.rows import (
    Candidate,
    CandidateAct,
    CandidateEvaluation,
    CandidateProgress,
    CandidateState,
    CandidateSubmitted,
    ChampionChange,
    ChampionRelease,
    ChampionSwitch,
    GateVerdict,
    ShadowNight,
    ShadowReport,
    StoredTierMove,
    TierMove,
)
from xhcredit.store.models.tables import candidates, champions, tier_moves


@dataclass(frozen=True)
class Submission:
    """Submission of a candidate: its release as JSON, evaluation, and gates with verdicts."""

    name: str
    score: str
    model: str
    release: Mapping[str, object]
    evaluation: CandidateEvaluation
    gates: tuple[GateVerdict, ...]


@dataclass(frozen=True)
class Models:
    """Reads and writes candidates and champions."""

    database: Database
    writer: Writer

    def submit(self, act: Act, submission: Submission, reason: str) -> CandidateSubmitted:
        """Submit a candidate and write down how its gates judged it.

        Raises:
            WrongState: a candidate with this very release is under way.
        """

        def work(tx: Tx) -> CandidateSubmitted:
            digest = candidate_state.keep_release(tx, submission.release)
            candidate_state.refuse_duplicate(tx.con, digest)
            number = (tx.con.scalar(select(func.max(candidates.c.id))) or 0) + 1
            row = {
                "id": number,
                "digest": digest,
                "name": submission.name,
                "score": submission.score,
                "model": submission.model,
                "evaluation": canonical(submission.evaluation),
                "gates": canonical(list(submission.gates)),
                "activity": tx.seq,
            }
            tx.con.execute(insert(candidates), row)
            closed_gates = [g["gate"] for g in submission.gates if not g["open"]]
            state: CandidateState = "gates_closed" if closed_gates else "judged"
            candidate_state.add_step(
                tx, act, number, "submit", "submitted", reason, {"digest": digest}
            )
            candidate_state.add_step(tx, act, number, "judge", state, "", {"closed": closed_gates})
            outcome: CandidateSubmitted = {
                "candidate": number,
                "digest": digest,
                "state": state,
                "closed": closed_gates,
            }
            tx.audit(**outcome)
            return outcome

        return self.writer.act(act, work)

    def approve(self, act: Act, number: int, reason: str) -> CandidateProgress:
        """Approve a candidate; the second of two officers makes it count.

        Raises:
            GateClosed: a gate is closed.
            TwoPersons: the same person submitted it, or approved it before.
            WrongState: it does not stand to be approved.
        """

        def work(tx: Tx) -> CandidateProgress:
            candidate = candidate_state.get_candidate(tx.con, number)
            candidate_state.refuse_closed_gate(candidate)
            candidate_state.refuse_state(candidate, "approve")
            candidate_state.refuse_same_person(candidate, act.actor)
            is_second = candidate["state"] == "approved_once"
            state: CandidateState = "approved" if is_second else "approved_once"
            return candidate_state.add_audited_step(tx, act, number, "approve", state, reason)

        return self.writer.act(act, work)

    def refuse(self, act: Act, number: int, reason: str) -> CandidateProgress:
        """Put an end to a candidate.

        Raises:
            WrongState: it is switched on, or ended.
        """

        def work(tx: Tx) -> CandidateProgress:
            candidate_state.refuse_state(candidate_state.get_candidate(tx.con, number), "refuse")
            return candidate_state.add_audited_step(tx, act, number, "refuse", "refused", reason)

        return self.writer.act(act, work)

    def record_shadow_night(
        self, act: Act, number: int, details: ShadowNight, moves: Iterable[TierMove]
    ) -> ShadowReport:
        """Write down a night in which candidate and champion both scored.

        Args:
            act: who ran it and why.
            number: of the candidate.
            details: the night.
            moves: one row per enterprise that would move.

        Raises:
            WrongState: it was not approved by two.
        """

        def work(tx: Tx) -> ShadowReport:
            candidate_state.refuse_state(candidate_state.get_candidate(tx.con, number), "shadow")
            outcome = candidate_state.add_audited_step(
                tx, act, number, "shadow", "shadowed", "", details
            )
            step_columns = {"candidate": number, "step": outcome["step"], "activity": tx.seq}
            rows = [{**move, **step_columns} for move in moves]
            if rows:
                tx.con.execute(insert(tier_moves), rows)
            return {**outcome, "moved": len(rows)}

        return self.writer.act(act, work)

    def switch(
        self,
        act: Act,
        number: int,
        day: str,
        replaced_release: Mapping[str, object],
        nights: int,
        since: str,
    ) -> CandidateProgress:
        """Switch the champion to a candidate from an as-of day on.

        Args:
            act: who switches and why.
            number: of the candidate.
            day: first as-of day, ISO.
            replaced_release: the release that it replaces.
            nights: how many days of shadow it must have been through.
            since: nights of shadow before this as-of day do not count.

        Raises:
            WrongState: it was not in shadow for long enough, or beside another champion.
        """

        def work(tx: Tx) -> CandidateProgress:
            candidate = candidate_state.get_candidate(tx.con, number)
            candidate_state.refuse_closed_gate(candidate)
            candidate_state.refuse_state(candidate, "switch")
            # Kept too: a roll-back names it, and it may never have been a candidate here.
            replaced_digest = candidate_state.keep_release(tx, replaced_release)
            candidate_state.refuse_unshadowed(candidate, replaced_digest, nights, since)
            row: ChampionChange = {
                "digest": candidate["digest"],
                "replaces": replaced_digest,
                "from_day": day,
            }
            _add_champion(tx, act, row, number, "switch")
            return candidate_state.add_audited_step(
                tx, act, number, "switch", "switched", act.purpose, row
            )

        return self.writer.act(act, work)

    def roll_back(self, act: Act, day: str) -> CandidateProgress:
        """Roll back to the champion before the last switch, from an as-of day on.

        Raises:
            WrongState: nothing was switched, or the last switch was rolled back.
        """

        def work(tx: Tx) -> CandidateProgress:
            last_champion = _last_champion(tx.con)
            if last_champion is None or last_champion["act"] == "roll_back":
                raise WrongState("there is no switch to roll back; see: xhcredit models list")
            row: ChampionChange = {
                "digest": last_champion["replaces"],
                "replaces": last_champion["digest"],
                "from_day": day,
            }
            _add_champion(tx, act, row, last_champion["candidate"], "roll_back")
            return candidate_state.add_audited_step(
                tx, act, last_champion["candidate"], "roll_back", "rolled_back", act.purpose, row
            )

        return self.writer.act(act, work)

    def champion(self, as_of: str) -> ChampionRelease | None:
        """The release with its tables that scores a day; None if none was promoted."""
        statement = (
            select(champions, releases.c.name, releases.c.body)
            .join(releases, releases.c.digest == champions.c.digest)
            # The last entry wins, not the latest day: a roll-back may begin before the switch
            # that it undoes.
            .where(champions.c.from_day <= as_of)
            .order_by(champions.c.id.desc())
        )
        with self.database.reading() as con:
            row = con.execute(statement.limit(1)).mappings().first()
        if row is None:
            return None
        return cast(ChampionRelease, {**row, "body": json.loads(row["body"])})

    def switches(self) -> list[ChampionSwitch]:
        """Every switch and roll-back, the latest first."""
        with self.database.reading() as con:
            rows = con.execute(select(champions).order_by(champions.c.id.desc())).mappings()
            return [cast(ChampionSwitch, dict(row)) for row in rows]

    def get(self, number: int) -> Candidate:
        """A candidate with its ``steps``, ``state``, ``evaluation`` and ``gates``.

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            return candidate_state.get_candidate(con, number)

    def list_candidates(self, limit: int = 100, *, before: int | None = None) -> list[Candidate]:
        """Candidates as ``get`` returns them, the latest first; those ``before`` a number."""
        statement = select(candidates.c.id).order_by(candidates.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(candidates.c.id < before)
        with self.database.reading() as con:
            return [
                candidate_state.get_candidate(con, number)
                for number in con.scalars(statement).all()
            ]

    def list_tier_moves(
        self,
        number: int,
        *,
        bureaus: frozenset[str] | None = None,
        after_code: str = "",
        limit: int = 100,
    ) -> list[StoredTierMove]:
        """Tier changes of the last shadow night, by code; ``bureaus`` None is the district."""
        candidate_filter = tier_moves.c.candidate == number
        with self.database.reading() as con:
            steps = (
                s
                for s in candidate_state.get_candidate(con, number)["steps"]
                if s["act"] == "shadow"
            )
            last_step = max((s["step"] for s in steps), default=0)
            statement = select(tier_moves).where(candidate_filter, tier_moves.c.step == last_step)
            statement = statement.where(tier_moves.c.code > after_code)
            if bureaus is not None:
                statement = statement.where(has_bureau(tier_moves.c.bureaus, bureaus))
            rows = con.execute(statement.order_by(tier_moves.c.code).limit(limit)).mappings()
            return [cast(StoredTierMove, dict(row)) for row in rows]


def _add_champion(
    tx: Tx, act: Act, row: ChampionChange, candidate: int, action: CandidateAct
) -> None:
    number = (tx.con.scalar(select(func.max(champions.c.id))) or 0) + 1
    step_columns = {
        "id": number,
        "candidate": candidate,
        "act": action,
        "recorded_at": tx.recorded_at,
        "actor": act.actor,
    }
    champion_row = {**row, **step_columns, "reason": act.purpose, "activity": tx.seq}
    tx.con.execute(insert(champions), champion_row)


def _last_champion(con: Connection) -> ChampionSwitch | None:
    row = con.execute(select(champions).order_by(champions.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else cast(ChampionSwitch, dict(row))
