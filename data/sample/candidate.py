"""Train the candidate of the demo on the sample district, and write what is submitted of it.

Example: python -m data.sample.candidate data/sample/candidate.json

The same sample, rules and indicators give the same points tables, to eleven digits on any kind of
processor; a test makes them again.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path

from xhcredit_training.promotion import make_submission
from xhcredit_training.run import TrainingRequest, train
from xhcredit_training.sample import SampleSpec, build_sample, quarter_ends
from xhcredit_training.sample_io import save_sample
from xhcredit_training.visits import logged_visits

from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.models.candidates import Submission

SAMPLE = Path(__file__).parent
FIRST, LAST, SUBMITTED_ON = date(2022, 3, 31), date(2025, 6, 30), date(2026, 6, 15)
_EXPORTED_ON = date(2026, 6, 30)


def candidate(folder: Path) -> Submission:
    """The candidate; ``folder`` is for the work in between."""
    rules, warehouse = Rulebook.load(), folder / "warehouse"
    run_ingest(str(SAMPLE / "exports"), SAMPLE / "mappings", warehouse, today=_EXPORTED_ON)
    store = open_event_columns(warehouse)
    days = quarter_ends(FIRST, LAST)
    wanted = SampleSpec("general", days, days[-1], "auto")
    made, outcome = build_sample(
        store, rules, wanted, lambda *_: None, logged_visits(warehouse, store)
    )
    told = {"score": "general", "horizon_days": outcome.horizon_days}
    told |= {"events": ",".join(outcome.events), "data_digest": store.digest}
    told |= {"rulebook_digest": rules.digest}
    sample, run = folder / "sample.parquet", folder / "woe-sample"
    save_sample(made, sample, told)
    order = TrainingRequest(sample, "woe", run, SUBMITTED_ON, None, None, False, None)
    train(order, rules, lambda *_: None)
    return make_submission(run, sample, load_release(), rules, SUBMITTED_ON)[0]


def main(to: Path) -> None:
    """Write the candidate."""
    with tempfile.TemporaryDirectory() as folder:
        given = asdict(candidate(Path(folder)))
    to.write_text(json.dumps(given, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
