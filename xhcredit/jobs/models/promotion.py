"""Promotion of releases: candidates in shadow beside the champion, switched on a stated day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from xhcredit.domain.disk import disk_error, not_writable
from xhcredit.domain.number_format import POINTS, written
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.columns import EventColumns as Columns
from xhcredit.engine.stores import PLACES
from xhcredit.errors import BadInput
from xhcredit.jobs.documents.spreadsheets import Column, write_xlsx
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.jobs.scoring.result_table import NightResults, write_atomic
from xhcredit.jobs.scoring.score_columns import present_rows, score_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, open_rows
from xhcredit.jobs.warehouse.supervision import bureaus_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import ShadowTerms
from xhcredit.scores.release import Release, load_release, release_of
from xhcredit.store.core.transactions import Act
from xhcredit.store.models.candidates import Submission
from xhcredit.store.models.rows import (
    CandidateProgress,
    CandidateSubmitted,
    ShadowNight,
    ShadowReport,
    TierMove,
)
from xhcredit.store.store import Store
from xhcredit.tiers.assign import TIERS

_TITLE = "等级变化清单（内部参考，不得公开） tier moves, internal reference"
_COLUMNS = (
    Column("code", 22),
    Column("name", 30),
    Column("bureau", 20),
    Column("tier_before", 12),
    Column("tier_after", 12),
    Column("composite_before", 18),
    Column("composite_after", 18),
)


@dataclass(frozen=True)
class ShadowComparison:
    """Comparison of two releases on one night: tier changes, and counts by tier of both."""

    as_of: date
    enterprises: int
    before: dict[str, int]
    after: dict[str, int]
    matrix: dict[str, int]
    moves: list[TierMove]

    def as_shadow_night(self, champion: str) -> ShadowNight:
        """What the store keeps of it besides the tier changes; ``champion`` is a digest."""
        return {
            "as_of": self.as_of.isoformat(),
            "champion": champion,
            "before": self.before,
            "after": self.after,
            "matrix": self.matrix,
            "enterprises": self.enterprises,
        }


def champion_release(store: Store, rules: Rulebook, day: date) -> Release:
    """The release that scores an as-of day: as switched in the store, else the expert tables.

    A field that came after the champion was trained has no table in it and is not scored until a
    release with one is switched on.
    """
    champion_row = store.models.champion(day.isoformat())
    if champion_row is None:
        return load_release(None, rules)
    return release_of(champion_row["body"], "store")


def submit_candidate(
    store: Store, act: Act, submission: Submission, rules: Rulebook, day: date
) -> CandidateSubmitted:
    """Submit a candidate; what can be checked without its sample is checked here once more.

    Raises:
        BadDeclaration: the release must not score: forbidden or unknown indicators, or points
            that run against a declared direction.
        BadRule: it is on another scale than the rule in force.
        WrongState: this very release is under way.
    """
    model_on(rules, release_of(dict(submission.release), submission.name), day)
    return store.models.submit(act, submission, act.purpose)


def shadow(
    store: Store,
    act: Act,
    number: int,
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    *,
    out: Path | None = None,
    progress: Progress = ignore_progress,
) -> ShadowReport:
    """Score a night with candidate and champion, and store the tier changes.

    Args:
        store: where the candidate is.
        act: who does it and why.
        number: of the candidate.
        warehouse: folder that ingest wrote.
        rules: the rulebook.
        as_of: the night.
        out: folder for ``shadow.parquet`` (everybody, both scores) and ``moves.xlsx``; None: none.
        progress: told how far it is.

    Raises:
        UnknownRecord: there is no such candidate.
        WrongState: it was not approved by two officers.
        NothingKnown: nobody was known on that day.
    """
    body = store.reader.release(store.models.get(number)["digest"])
    candidate, champion = release_of(body, "store"), champion_release(store, rules, as_of)
    comparison = compare_releases(warehouse, rules, (champion, candidate), as_of, out, progress)
    return store.models.record_shadow_night(
        act, number, comparison.as_shadow_night(champion.digest), comparison.moves
    )


def compare_releases(
    warehouse: Path,
    rules: Rulebook,
    releases: tuple[Release, Release],
    as_of: date,
    out: Path | None = None,
    progress: Progress = ignore_progress,
) -> ShadowComparison:
    """Score a night with two releases, the champion first."""
    columns = open_event_columns(warehouse, progress=progress)
    rows = present_rows(columns, as_of)
    models = [model_on(rules, release, as_of) for release in releases]
    results = [score_rows(columns, model, rows, progress) for model in models]
    bureaus = bureaus_on(warehouse, columns, as_of).take(pa.array(rows))
    register_columns = open_rows(warehouse, columns, [REGISTER]).register_rows(rows, PLACES)
    register_columns = register_columns.append_column("bureaus", bureaus)
    comparison = _comparison_of(columns, rows, results, register_columns, as_of)
    if out is not None:
        _write_comparison(out, columns, rows, models, results, register_columns, comparison)
    return comparison


def _comparison_of(
    columns: Columns,
    rows: np.ndarray,
    results: list[NightResults],
    register_columns: pa.Table,
    as_of: date,
) -> ShadowComparison:
    old, new = (r.columns for r in results)
    moved_positions = np.flatnonzero(old["tier"] != new["tier"])
    register_rows = register_columns.take(pa.array(moved_positions)).to_pylist()
    moves: list[TierMove] = [
        {
            "code": columns.codes[rows[k]].decode(),
            "name": register_row["name"] or "",
            "bureau": register_row["bureau"] or "",
            "bureaus": register_row["bureaus"],
            "tier_before": TIERS[old["tier"][k]],
            "tier_after": TIERS[new["tier"][k]],
            "composite_before": written(float(old["composite"][k]), POINTS),
            "composite_after": written(float(new["composite"][k]), POINTS),
        }
        for k, register_row in zip(moved_positions, register_rows, strict=True)
    ]
    pairs = Counter(zip(old["tier"].tolist(), new["tier"].tolist(), strict=True))
    matrix = {f"{TIERS[a]}{TIERS[b]}": n for (a, b), n in sorted(pairs.items())}
    before, after = (r.distribution() for r in results)
    return ShadowComparison(as_of, int(rows.size), before, after, matrix, moves)


def _write_comparison(
    out: Path,
    columns: Columns,
    rows: np.ndarray,
    models: list[Model],
    results: list[NightResults],
    register_columns: pa.Table,
    comparison: ShadowComparison,
) -> None:
    """Write both scores of all enterprises, and the tier changes as a spreadsheet.

    Raises:
        NotWritable, DiskFull: the folder cannot be written.
    """
    codes = columns.codes[rows]
    old, new = (r.table(codes, register_columns) for r in results)
    compared_columns = ("composite", "tier", "general")
    table = old.select(["code", "as_of", *PLACES])
    for name in compared_columns:
        table = table.append_column(f"{name}_before", old[name])
        table = table.append_column(f"{name}_after", new[name])
    file_metadata = {
        f"release_{when}": m.release.digest
        for when, m in zip(("before", "after"), models, strict=True)
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_atomic(table, out / "shadow.parquet", file_metadata)
        cells = ([dict(move)[c.heading] for c in _COLUMNS] for move in comparison.moves)
        write_xlsx(out / "moves.xlsx", _TITLE, _COLUMNS, cells)
    except OSError as error:
        raise disk_error(error) or not_writable(str(out), str(error)) from None


def switch_champion(
    store: Store, act: Act, number: int, rules: Rulebook, from_day: date, today: date
) -> CandidateProgress:
    """Let a candidate score from an as-of day on.

    Raises:
        BadInput: the day lies in the past; what was scored stays as it was.
        GateClosed: a gate is closed.
        WrongState: approvals or days of shadow beside the present champion are wanting.
    """
    if from_day < today:
        raise BadInput(f"{from_day} is past; nights that were scored stay: choose {today} or later")
    nights, since = shadow_requirements(rules, today)
    champion = champion_release(store, rules, from_day)
    return store.models.switch(act, number, from_day.isoformat(), champion.as_data(), nights, since)


def shadow_requirements(rules: Rulebook, today: date) -> tuple[int, str]:
    """Required number of shadow days of a candidate, and the day since which they count."""
    terms = rules.serving("promotion.shadow", ShadowTerms, as_of=today)
    return terms.least_days, (today - timedelta(days=terms.within_days)).isoformat()


def roll_back(store: Store, act: Act, today: date) -> CandidateProgress:
    """Let the release before the last switch score again, from today's as-of day on.

    Raises:
        WrongState: nothing was switched, or the last switch was rolled back.
    """
    return store.models.roll_back(act, today.isoformat())
