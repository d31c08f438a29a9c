"""Explanation of a published run from the data that it knew, whatever was ingested since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from xhcredit.domain.number_format import rounded
from xhcredit.errors import OtherNight, UnknownEnterprise, UnknownRecord
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.enterprise.rows import PublishedExplanation
from xhcredit.jobs.enterprise.what_if import LiveModel
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_book
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release, load_release, release_of
from xhcredit.store.night.rows import PublishedScore
from xhcredit.store.night.run_reader import RunReader

#: what must be here as it was for the run, besides its data
_COMPARED_DIGESTS = ("release_digest", "rulebook_digest")


def open_published_run(
    reader: RunReader, warehouse: Path, rules: Rulebook, number: int, release: Path | None = None
) -> LiveModel:
    """The model of a published run with the data that it knew.

    Args:
        reader: of the store that the run was published in.
        warehouse: that it was scored from; later deliveries change nothing.
        rules: the rulebook.
        number: of the run.
        release: points tables, if they were not kept with the run.

    Raises:
        UnknownRecord: there is no such run.
        OtherNight: rules or release are not those of the run.
        BookLost: its data is not in this warehouse.
    """
    run = reader.run(number)
    provenance: Mapping[str, str] = run["provenance"]
    model = model_on(
        rules, _release_of_run(reader, provenance, release, rules), date.fromisoformat(run["as_of"])
    )
    digest = provenance["data_digest"]
    local_provenance = model.provenance(digest)
    differing = [
        name for name in _COMPARED_DIGESTS if local_provenance[name] != provenance.get(name)
    ]
    if differing:
        raise OtherNight(_other_night_message(number, differing))
    event_columns = open_book(warehouse, digest)
    return LiveModel(model, open_rows(warehouse, event_columns))


def _release_of_run(
    reader: RunReader, provenance: Mapping[str, str], release_file: Path | None, rules: Rulebook
) -> Release:
    """The points tables of a run: as kept with it, else those that the operator named."""
    try:
        stored_release = reader.release(provenance["release_digest"])
    except UnknownRecord:
        return load_release(release_file, rules)
    return release_of(stored_release, "store")


def published_answer_of(
    reader: RunReader, code: str, run: int | None = None
) -> tuple[int, PublishedScore]:
    """Published answer for an enterprise and the number of its run; by default the current run.

    Raises:
        UnknownEnterprise: the run has no such enterprise.
        UnknownRecord: no run was published yet.
    """
    if run is None:
        current_answer = reader.current_answer(code)
        return current_answer.run, json.loads(current_answer.body)
    answers = [row for row in reader.history(code) if row["run"] == run]
    if not answers:
        raise UnknownEnterprise(
            f'run {run} has no enterprise "{code}"; list them: xhcredit store runs'
        )
    return run, json.loads(answers[0]["body"])


def explain_run(
    live_model: LiveModel,
    warehouse: Path,
    run: int,
    published_answer: PublishedScore,
    shown_on: date,
) -> PublishedExplanation:
    """Full explanation of a published answer, as JSON-ready values.

    Args:
        live_model: the run's model and data (``open_published_run``).
        warehouse: where the data lies.
        run: its number.
        published_answer: the answer.
        shown_on: what is withdrawn by this day, as far as the run knew, is left out.

    Raises:
        OtherNight: computed anew, the result is another one.
    """
    explanation = explain(
        warehouse, live_model.event_columns, live_model.model, published_answer["code"], shown_on
    )
    # Compared as written, because the published answer holds rounded values.
    computed, published = (
        {name: rounded(part[name], name) for name in ("composite", "tier")}
        for part in (dict(explanation), dict(published_answer))
    )
    differing = [name for name in computed if computed[name] != published[name]]
    if differing:
        raise OtherNight(_other_night_message(run, differing))
    return {"run": run, **explanation}


def _other_night_message(run: int, differ: list[str]) -> str:
    return (
        f"run {run} was made from other {', '.join(differ)} than what is here now; score and "
        "publish the night again, then ask again"
    )
