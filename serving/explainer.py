"""Why has an enterprise the score that was published?  Computed from the very same night's data."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from serving.problems import Refusal
from xhcredit.engine.columns import Store as Columns
from xhcredit.errors import UnknownRecord
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.explain import explain
from xhcredit.jobs.model import Model, model_on
from xhcredit.jobs.night import open_store
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import Release, load_release, release_of
from xhcredit.store.reader import Answer, Reader

#: what must be the same as in the run that is explained
_SAME = ("release_digest", "rulebook_digest", "data_digest")


@dataclass
class Explainer:
    """Explains answers of the current run, one at a time, in its own thread."""

    reader: Reader
    warehouse: Path
    rulebook: Rulebook
    release: Path | None
    limit: int
    _asked: int = 0
    _loaded: tuple[int, Model, Columns] | None = None
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="explain")
    )

    async def explain(self, code: str, answer: Answer) -> dict[str, Any]:
        """Everything behind an answer.

        Raises:
            Refusal: too many ask at once, or the warehouse is no longer that of the run.
        """
        if self._asked >= self.limit:
            raise Refusal("overloaded", f"{self._asked} explanations are being made; try again")
        self._asked += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._explain, code, answer)
        finally:
            self._asked -= 1

    def _explain(self, code: str, answer: Answer) -> dict[str, Any]:
        model, columns = self._of_run(answer.run)
        told = explain(self.warehouse, columns, model, code)
        published = json.loads(answer.body)
        differ = [k for k in ("composite", "tier") if told[k] != published[k]]
        if differ or Warehouse(self.warehouse).digest() != columns.digest:
            raise _other_night(answer.run, differ or ["data_digest"])
        return {"run": answer.run, **told}

    def _of_run(self, number: int) -> tuple[Model, Columns]:
        """Model and data of a run; they are kept until another run is asked for."""
        if self._loaded is None or self._loaded[0] != number:
            run = self.reader.run(number)
            provenance: dict[str, str] = run["provenance"]
            model = model_on(
                self.rulebook, self._release(provenance), date.fromisoformat(run["as_of"])
            )
            columns = open_store(self.warehouse)
            now = model.provenance(columns.digest)
            differ = [k for k in _SAME if now[k] != provenance.get(k)]
            if differ:
                raise _other_night(number, differ)
            self._loaded = number, model, columns
        _, model, columns = self._loaded
        return model, columns

    def _release(self, provenance: dict[str, str]) -> Release:
        """The points tables of the run: as kept with it, else those that the operator named."""
        try:
            kept = self.reader.release(provenance["release_digest"])
        except UnknownRecord:
            return load_release(self.release)
        return release_of(kept, "store")

    def close(self) -> None:
        """Wait for what is being explained."""
        self._thread.shutdown(cancel_futures=True)


def _other_night(run: int, differ: list[str]) -> Refusal:
    """The refusal when what is here would not explain what was published."""
    return Refusal(
        "other_night",
        f"run {run} was made from other {', '.join(differ)} than what is here now; "
        "score and publish the night again, then ask again",
    )
