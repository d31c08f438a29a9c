"""Explanation of a published run from the data that it knew, whatever was ingested since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from xhcredit.domain.number_format import rounded
from xhcredit.errors import OtherNight, UnknownEnterprise, UnknownRecord
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.enterprise.what_if import Live
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_book
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release, load_release, release_of
from xhcredit.store.night.run_reader import Reader

#: what must be here as it was for the run, besides its data
_SAME = ("release_digest", "rulebook_digest")


def open_run(
    reader: Reader, warehouse: Path, rules: Rulebook, number: int, release: Path | None = None
) -> Live:
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
    model = model_on(rules, _release(reader, provenance, release), date.fromisoformat(run["as_of"]))
    digest = provenance["data_digest"]
    here = model.provenance(digest)
    differ = [name for name in _SAME if here[name] != provenance.get(name)]
    if differ:
        raise OtherNight(_other(number, differ))
    store = open_book(warehouse, digest)
    return Live(model, open_rows(warehouse, store))


def _release(reader: Reader, provenance: Mapping[str, str], named: Path | None) -> Release:
    """The points tables of a run: as kept with it, else those that the operator named."""
    try:
        kept = reader.release(provenance["release_digest"])
    except UnknownRecord:
        return load_release(named)
    return release_of(kept, "store")


def answer_of(reader: Reader, code: str, run: int | None = None) -> tuple[int, dict[str, Any]]:
    """Published answer for an enterprise and the number of its run; by default the current run.

    Raises:
        UnknownEnterprise: the run has no such enterprise.
        UnknownRecord: no run was published yet.
    """
    if run is None:
        now = reader.current(code)
        return now.run, json.loads(now.body)
    found = [row for row in reader.history(code) if row["run"] == run]
    if not found:
        raise UnknownEnterprise(
            f'run {run} has no enterprise "{code}"; list them: xhcredit store runs'
        )
    return run, json.loads(found[0]["body"])


def explain_run(
    live: Live, warehouse: Path, run: int, published: Mapping[str, Any], shown_on: date
) -> dict[str, Any]:
    """Full explanation of a published answer, as JSON-ready values.

    Args:
        live: the run's model and data (``open_run``).
        warehouse: where the data lies.
        run: its number.
        published: the answer.
        shown_on: what is withdrawn by this day, as far as the run knew, is left out.

    Raises:
        OtherNight: computed anew, the result is another one.
    """
    told = explain(warehouse, live.store, live.model, published["code"], shown_on)
    result = ("composite", "tier")
    differ = [n for n in result if rounded(told[n], n) != rounded(published[n], n)]
    if differ:
        raise OtherNight(_other(run, differ))
    return {"run": run, **told}


def _other(run: int, differ: list[str]) -> str:
    return (
        f"run {run} was made from other {', '.join(differ)} than what is here now; score and "
        "publish the night again, then ask again"
    )
