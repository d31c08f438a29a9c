"""Reader of published runs: ready answers of the current run, and history."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import RowMapping, select, text

from xhcredit.errors import UnknownEnterprise, UnknownRecord
from xhcredit.store.core.bureau_scope import BureauScope, is_within
from xhcredit.store.core.database import Database, driver_connection, translate_errors
from xhcredit.store.core.tables import current, releases, runs, snapshots
from xhcredit.store.night.answers import complete_answer
from xhcredit.store.night.current_run import current_run_row
from xhcredit.store.night.rows import (
    HistoryRow,
    PublishedScore,
    ReleaseName,
    Run,
    StoredRelease,
)

#: one statement, so that it sees the old run or the new one, never a bit of both
_CURRENT_SQL = (
    "SELECT s.code, s.run, s.etag, s.body, s.bureaus, r.as_of, s.previous_tier "
    "FROM current_run c CROSS JOIN runs r CROSS JOIN snapshots s "
    "WHERE r.run = c.run AND s.run = c.run AND s.code {condition}"
)

#: CROSS JOIN tells SQLite to go through the few runs, and not through all rows of an index
_RUNS_OF = "FROM runs r CROSS JOIN snapshots s WHERE s.run = r.run AND s.code = :code "
_LATEST_FIRST = "ORDER BY r.as_of DESC, r.run DESC LIMIT "
_LATEST_SQL = text(f"SELECT s.bureaus {_RUNS_OF}{_LATEST_FIRST}1")
_HISTORY_SQL = text(
    "SELECT r.run, r.as_of, r.published_at, s.tier, s.composite, s.general, s.x, s.etag, "
    f"s.bureau, s.bureaus, s.body, s.previous_tier {_RUNS_OF}"
    "AND (:before = 0 OR (r.as_of, r.run) < "
    f"(SELECT b.as_of, b.run FROM runs b WHERE b.run = :before)) {_LATEST_FIRST}:limit"
)


class Answer(NamedTuple):
    """A ready answer: JSON as bytes, its tag, its run, and all bureaus of the enterprise."""

    run: int
    etag: str
    body: bytes
    bureaus: str


class RunReader:
    """Reads published runs; never waits for a writer."""

    def __init__(self, database: Database) -> None:
        """Read from ``database``; connections are opened when first used, one per thread."""
        self._database = database
        self._thread_local = threading.local()
        self._connections: list[Any] = []
        placeholder = "?" if database.is_sqlite else "%s"
        self._sql = _CURRENT_SQL.format(condition=f"= {placeholder}")

    def current_answer(self, code: str, within: BureauScope = None) -> Answer:
        """The ready answer of the current run for one enterprise.

        Raises:
            UnknownEnterprise: the current run has no such enterprise, or it belongs to another
                bureau: the two are not told apart.
            UnknownRecord: no run was published yet.
        """
        row = self._fetch_current(code)
        answer = None if row is None else _answer(row)
        if answer is None or not is_within(answer.bureaus, within):
            run = self.current_run()
            raise UnknownEnterprise(
                f'enterprise "{code}" is not in the run of {run["as_of"]}; check the code'
            )
        return answer

    def answers_by_code(
        self, codes: Sequence[str], within: BureauScope = None
    ) -> dict[str, Answer]:
        """Ready answers of one and the same run, by code.

        Codes that it lacks, or that belong to another bureau, are left out.
        """
        sqlite = self._database.is_sqlite
        # One parameter for all codes: SQLite limits how many a statement may have.
        code_condition = "IN (SELECT value FROM json_each(:codes))" if sqlite else "= ANY(:codes)"
        sql = text(_CURRENT_SQL.format(condition=code_condition))
        code_parameter = json.dumps(list(codes)) if sqlite else list(codes)
        with self._database.reading() as con:
            rows = con.execute(sql, {"codes": code_parameter})
            answers = {row.code: _answer(row) for row in rows}
        return {
            code: answer for code, answer in answers.items() if is_within(answer.bureaus, within)
        }

    def history(
        self,
        code: str,
        limit: int = 400,
        within: BureauScope = None,
        before_run: int | None = None,
    ) -> list[HistoryRow]:
        """History of an enterprise over published runs, the latest first.

        Args:
            code: of which enterprise.
            limit: how many runs at most.
            within: bureaus whose enterprises may be told; whose it is says the latest run.
            before_run: the last run of the page before; None for the first page.

        Raises:
            UnknownEnterprise: no published run has it, or it belongs to another bureau.
        """
        parameters = {"code": code, "limit": limit, "before": before_run or 0}
        with self._database.reading() as con:
            latest = con.execute(_LATEST_SQL, {"code": code}).mappings().first()
            rows = [_history_row(row) for row in con.execute(_HISTORY_SQL, parameters).mappings()]
        if latest is None or not is_within(latest["bureaus"], within):
            raise UnknownEnterprise(f'no published run has enterprise "{code}"; check the code')
        return rows

    def number_of_current_run(self) -> int | None:
        """Number of the current run; cheap enough to be polled several times a second."""
        with self._database.reading() as con:
            return con.scalar(select(current.c.run))

    def current_run(self) -> Run:
        """The run that answers now.

        Raises:
            UnknownRecord: no run was published yet.
        """
        with self._database.reading() as con:
            statement = select(runs).join(current, current.c.run == runs.c.run)
            row = con.execute(statement).mappings().first()
        if row is None:
            raise UnknownRecord("no run was published yet; publish one: xhcredit publish FOLDER")
        return cast(Run, _parsed_row(row))

    def sample_answers(self, run: int, size: int) -> dict[str, PublishedScore]:
        """First answers of a run by code, parsed; to check a live model against them."""
        c = snapshots.c
        statement = select(c.code, c.body, c.run, runs.c.as_of, c.previous_tier)
        statement = statement.join(runs, runs.c.run == c.run).where(c.run == run)
        with self._database.reading() as con:
            rows = con.execute(statement.order_by(c.code).limit(size))
            return {code: json.loads(complete_answer(*answer)) for code, *answer in rows}

    def tier_rows(self, as_of: str) -> list[tuple[str, str, float]]:
        """Code, tier and composite of all enterprises in the run before a night of ``as_of``.

        Nobody, if no run answers yet or the one that does is of a later day.
        """
        with self._database.reading() as con:
            current_run = current_run_row(con)
            if current_run is None or current_run["as_of"] > as_of:
                return []
            c = snapshots.c
            statement = select(c.code, c.tier, c.composite).where(c.run == current_run["run"])
            return [(code, tier, points) for code, tier, points in con.execute(statement)]

    def runs(self, before_run: int | None = None, limit: int = 100) -> list[Run]:
        """Published runs, the latest first; ``before_run`` is the last run of the page before."""
        statement = select(runs).order_by(runs.c.run.desc()).limit(limit)
        if before_run is not None:
            statement = statement.where(runs.c.run < before_run)
        with self._database.reading() as con:
            return [cast(Run, _parsed_row(row)) for row in con.execute(statement).mappings()]

    def run(self, run: int) -> Run:
        """One published run.

        Raises:
            UnknownRecord: there is none with this number.
        """
        with self._database.reading() as con:
            row = con.execute(select(runs).where(runs.c.run == run)).mappings().first()
        if row is None:
            raise UnknownRecord(f"there is no run {run}; list them: xhcredit store runs")
        return cast(Run, _parsed_row(row))

    def releases(self) -> list[ReleaseName]:
        """Names and digests of the stored releases, the latest first."""
        statement = select(releases.c.digest, releases.c.name)
        with self._database.reading() as con:
            rows = con.execute(statement.order_by(releases.c.activity.desc())).mappings()
            return [cast(ReleaseName, dict(row)) for row in rows]

    def release(self, digest: str) -> StoredRelease:
        """The points tables with this digest, as they were published.

        Raises:
            UnknownRecord: there are none.
        """
        with self._database.reading() as con:
            body = con.scalar(select(releases.c.body).where(releases.c.digest == digest))
        if body is None:
            raise UnknownRecord(f'no release has the digest "{digest}"; take it from a run')
        return cast(StoredRelease, json.loads(body))

    def _fetch_current(self, code: str) -> Any:
        """The row for the one hot question; past SQLAlchemy, which would cost more than it does."""
        with translate_errors():
            try:
                return self._connection().execute(self._sql, (code,)).fetchone()
            except Exception:
                if self._database.is_sqlite:
                    raise
            # PostgreSQL may have been started anew since: once more, on a new connection
            self._discard_connection()
            return self._connection().execute(self._sql, (code,)).fetchone()

    def _connection(self) -> Any:
        """This thread's own connection."""
        con = getattr(self._thread_local, "con", None)
        if con is None:
            con = self._thread_local.con = driver_connection(self._database)
            self._connections.append(con)
        return con

    def _discard_connection(self) -> None:
        """Close this thread's connection, if it has one."""
        con = getattr(self._thread_local, "con", None)
        if con is not None:
            self._thread_local.con = None
            self._connections.remove(con)
            con.close()

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._connections:
            self._connections.pop().close()
        self._thread_local = threading.local()


def _answer(row: Sequence[Any]) -> Answer:
    _, run, etag, body, bureaus, as_of, previous_tier = row
    return Answer(run, etag, complete_answer(bytes(body), run, as_of, previous_tier), bureaus)


def _history_row(row: RowMapping) -> HistoryRow:
    """A row whose body is the whole answer."""
    stored_row = _parsed_row(row)
    previous_tier = row["previous_tier"]
    body = complete_answer(bytes(row["body"]), row["run"], row["as_of"], previous_tier)
    del stored_row["previous_tier"]
    return cast(HistoryRow, {**stored_row, "body": body})


def _parsed_row(row: RowMapping) -> dict[str, object]:
    """A row with its JSON columns read."""
    return {
        k: json.loads(v) if k in ("provenance", "tiers", "x") else v
        for k, v in row.items()
        if k != "one"
    }
