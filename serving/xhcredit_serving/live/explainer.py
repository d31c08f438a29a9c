"""Explainer thread: explanation, what-if and enterprise file computed live, a few at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from xhcredit.jobs.enterprise.enterprise_file import enterprise_file_of
from xhcredit.jobs.enterprise.published_explanation import explain_run
from xhcredit.jobs.enterprise.rows import (
    EnterpriseFileRow,
    PublishedExplanation,
    WhatIfResult,
)
from xhcredit.jobs.enterprise.what_if import what_if
from xhcredit.jobs.enterprise.what_if_changes import CheckedChanges
from xhcredit.store.night.run_reader import Answer
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.live.champion import Champions

_Result = TypeVar("_Result")


@dataclass
class Explainer:
    """Computes in its own thread, so that ready answers beside it do not wait."""

    champions: Champions
    limit: int
    _running: int = 0
    # One thread and a cap: at eight times the load what is served takes 108 ms, and other
    # answers 14 (measured).
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="explain")
    )

    def refuse_if_full(self) -> None:
        """Refuse before anything is looked up or noted.

        Raises:
            Refusal: too many wait already.
        """
        if self._running >= self.limit:
            raise Refusal("overloaded", f"{self._running} computations are under way; try again")

    async def run_in_thread(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        """Do one thing in the thread.

        Raises:
            Refusal: too many wait for it already.
        """
        self.refuse_if_full()
        self._running += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, work, *arguments)
        finally:
            self._running -= 1

    def explain(self, answer: Answer, today: date) -> PublishedExplanation:
        """Everything behind an answer; records that ceased to count by today are left out.

        Raises:
            BookLost, OtherNight: the run cannot be told from what is here.
        """
        champions = self.champions
        live = champions.champion_of_run(answer.run).live
        published = json.loads(answer.body)
        return explain_run(live, champions.warehouse, answer.run, published, today)

    def enterprise_file(
        self, code: str, as_of: date | None, today: date
    ) -> tuple[int, EnterpriseFileRow, list[str], int]:
        """The file of an enterprise as of a day (the champion's by default), and the run; see
        ``enterprise_file_of``."""
        champion = self.champions.current()
        live = champion.live
        model = self.champions.model_on_day(champion, as_of or live.model.as_of)
        file_body, neighbours, hidden_count = enterprise_file_of(model, live.rows, code, today)
        return champion.run, file_body, neighbours, hidden_count

    def champion_day(self) -> date:
        """The day of the champion."""
        return self.champions.current().live.model.as_of

    def what_if(self, code: str, changes: CheckedChanges, today: date) -> WhatIfResult:
        """The champion's result with and without supposed changes."""
        champion = self.champions.current()
        return {"run": champion.run, **what_if(champion.live, code, changes, today)}

    def close(self) -> None:
        """Wait for computations under way."""
        self._thread.shutdown(cancel_futures=True)
