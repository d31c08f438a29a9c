"""Webhook delivery: signed messages in order, retried with backoff, finally given up.

No transaction is open while a receiver is waited for, so the night is never held up.  What was sent
is noted for many messages at once; killed before that, the same ones are sent again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

import httpx

from xhcredit.domain.backoff import chance, pause_after
from xhcredit.domain.clock import stopwatch
from xhcredit.domain.log import event, failure
from xhcredit.domain.webhook_signatures import signed
from xhcredit.errors import BadInput, StoreUnavailable, UnknownRecord, WrongState, XhcreditError
from xhcredit.jobs.delivery.ssrf_guard import Outward
from xhcredit.store.core.hash_chain import written
from xhcredit.store.core.transactions import Act
from xhcredit.store.delivery.deliveries import Due, Fate
from xhcredit.store.delivery.subscriptions import Subscription
from xhcredit.store.store import Store

GROUP = 50  #: messages whose fate is noted in one act
AT_ONCE = 8  #: subscriptions that are told at the same time
_IN_A_ROW = 3  #: failures after which a receiver is left alone until the next pass
_GONE = 410  #: the receiver wants no more, says Standard Webhooks
_WAIT = frozenset({429, 502, 503, 504})  #: answers that may say when to come again
ACTOR, PURPOSE = "deliverer", "delivery"
_STATES = ("delivered", "waiting", "dead")


@dataclass(frozen=True)
class Plan:
    """Delivery policy; attempts are ``first``, 2 × ``first``, 4 × … apart.

    By default a message is given up after about two days.
    """

    attempts: int = 14
    first: timedelta = timedelta(seconds=20)
    longest: timedelta = timedelta(hours=12)
    seconds: float = 15.0  #: how long an answer is waited for
    outward: Outward = field(default_factory=Outward)
    authority: Path | None = None  #: certificate of the district's own authority (PEM)

    def after(self, attempts: int) -> timedelta:
        """Pause after so many failed attempts (exponential backoff).

        >>> [str(Plan().after(n)) for n in (1, 2, 3, 14)]
        ['0:00:20', '0:00:40', '0:01:20', '12:00:00']
        """
        doubled: int = 2 ** min(attempts - 1, 40)
        return min(self.first * doubled, self.longest)


@dataclass
class Told:
    """Report of one delivery pass for one subscription."""

    subscription: int
    name: str
    delivered: int = 0
    waiting: int = 0
    dead: int = 0
    stopped: Literal["", "failing", "gone", "ended"] = ""
    said: str = ""  #: what the last failed attempt brought

    def count(self, fates: Sequence[Fate]) -> None:
        """Add the outcomes of some attempts."""
        for fate in fates:
            setattr(self, fate.state, getattr(self, fate.state) + 1)
            self.said = self.said if fate.state == "delivered" else fate.answer


def deliver(store: Store, plan: Plan | None = None) -> list[Told]:
    """Send all due messages once and report the outcomes.

    Raises:
        WrongState: another deliverer is at work on this store.
        StoreUnavailable: the database is away; what was sent and not noted is sent again.
    """
    plan, elapsed = plan or Plan(), stopwatch()
    with store.database.delivering() as alone:
        if not alone:
            raise WrongState("another deliverer is at work on this store; let it finish")
        spread = Act(ACTOR, "outbox.spread", PURPOSE)
        while store.deliveries.spread(spread):
            pass
        told = asyncio.run(_tell_all(store, plan))
    if any(t.delivered or t.waiting or t.dead or t.stopped for t in told):  # many passes are idle
        event("deliver.sent", **_counts(told), seconds=elapsed())
    return told


def _counts(told: Sequence[Told]) -> dict[str, Any]:
    """Log fields of a delivery pass."""
    states = {state: sum(getattr(t, state) for t in told) for state in _STATES}
    return {"subscriptions": len(told), **states, "stopped": sum(bool(t.stopped) for t in told)}


async def _tell_all(store: Store, plan: Plan) -> list[Told]:
    trusted = ssl.create_default_context(cafile=plan.authority)
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(to: Subscription) -> Told:
        # a client each: a connection that was proved to be one host's is never used for another.
        # It follows nothing, and asks no proxy of the environment, which could lead anywhere.
        client = httpx.AsyncClient(verify=trusted, timeout=plan.seconds, trust_env=False)
        async with turn, client:
            return await _Courier(store, plan, client, to).tell()

    every = store.subscriptions.every()
    ends = await asyncio.gather(*map(one, every), return_exceptions=True)
    _raise_first(
        [(to, end) for to, end in zip(every, ends, strict=True) if isinstance(end, BaseException)]
    )
    return [end for end in ends if isinstance(end, Told)]


def _raise_first(errors: Sequence[tuple[Subscription, BaseException]]) -> None:
    """Raise the first error of a pass after all subscriptions were served; log the others."""
    for to, error in errors[1:]:
        event("deliver.failed", level="error", subscription=to.id, **failure(error))
    for _, error in errors[:1]:
        raise error


@dataclass
class _Courier:
    """Sender of the due messages of one subscription."""

    store: Store
    plan: Plan
    client: httpx.AsyncClient
    to: Subscription

    async def tell(self) -> Told:
        """Send batch after batch until nothing is due, or the receiver fails."""
        told = Told(self.to.id, self.to.name)
        try:
            while not told.stopped and (due := await asyncio.to_thread(self._due)):
                fates: list[Fate] = []
                try:
                    told.stopped = await self._send(due, fates.append)
                finally:  # what has arrived is noted, whatever happened to the rest
                    if fates:
                        await asyncio.to_thread(self._note, fates)
                told.count(fates)
            if told.stopped == "gone":
                act = self._act("subscription.gone")
                await asyncio.to_thread(self.store.subscriptions.end, act, self.to.id)
        except UnknownRecord:  # somebody ended it meanwhile
            told.stopped = "ended"
        return told

    def _act(self, action: str) -> Act:
        return Act(ACTOR, action, PURPOSE, self.to.bureau)

    def _due(self) -> list[Due]:
        now = written(self.store.writer.clock())
        return self.store.deliveries.due(self.to.id, now, GROUP)

    def _note(self, fates: Sequence[Fate]) -> None:
        self.store.deliveries.note(self._act("outbox.sent"), self.to.id, fates)

    async def _send(
        self, due: Sequence[Due], tell: Callable[[Fate], None]
    ) -> Literal["", "failing", "gone"]:
        """Send messages in order; one whose enterprise has an earlier one waiting is left out."""
        failed: set[str] = set()
        in_a_row = 0
        for message in due:
            if message.code in failed:
                continue
            answer = await self._post(message)
            fate = self._fate(message, answer)
            tell(fate)
            in_a_row = 0 if answer.ok else in_a_row + 1
            failed |= {message.code} - {""} if fate.state == "waiting" else set()
            if answer.status == _GONE:
                return "gone"
            if in_a_row == _IN_A_ROW:
                return "failing"
        return ""

    async def _post(self, message: Due) -> _Answer:
        """Send one message; only the head of the response is read, with a timeout."""
        try:
            async with asyncio.timeout(self.plan.seconds):
                request = await asyncio.to_thread(self._request, message)
                response = await self.client.send(request, stream=True)
                await response.aclose()
                return _Answer(response.status_code, dict(response.headers))
        except BadInput as error:
            return _Answer(said=str(error))
        except TimeoutError:
            return _Answer(said=f"no answer in {self.plan.seconds:g} s")
        except httpx.HTTPError as error:
            return _Answer(said=f"{type(error).__name__}: {error}"[:200])

    def _request(self, message: Due) -> httpx.Request:
        """HTTP request to the checked IP address, with the host name for TLS and Host."""
        url = self.plan.outward.url(self.to.url)
        address = self.plan.outward.route(url)
        now = self.store.writer.clock()
        keys = self.store.subscriptions.secrets(self.to.id, written(now))
        headers = {
            **signed(keys, message.event, int(now.timestamp()), message.body),
            "host": url.netloc.decode(),
            "content-type": "application/json",
            "user-agent": "xhcredit",
        }
        there = url.copy_with(host=str(address))
        asked_for = {"sni_hostname": url.host}
        return self.client.build_request(
            "POST", there, content=message.body, headers=headers, extensions=asked_for
        )

    def _fate(self, message: Due, answer: _Answer) -> Fate:
        now = self.store.writer.clock()
        if answer.ok:
            return Fate(message.message, "delivered", answer.said, written(now))
        attempts = message.attempts + 1
        if attempts >= self.plan.attempts:
            return Fate(message.message, "dead", answer.said, written(now))
        rest = max(self.plan.after(attempts), min(answer.rest(now.timestamp()), self.plan.longest))
        return Fate(message.message, "waiting", answer.said, written(now + rest))


@dataclass(frozen=True)
class _Answer:
    """Response of a receiver; status 0 if there was none."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "said", self.said or f"HTTP {self.status}")

    @property
    def ok(self) -> bool:
        """Whether the message was accepted; a redirect does not count."""
        return 200 <= self.status < 300

    def rest(self, now: float) -> timedelta:
        """Pause that the receiver asks for in Retry-After: seconds, or until a moment."""
        told = self.headers.get("retry-after", "") if self.status in _WAIT else ""
        if told.isdecimal():
            return timedelta(seconds=min(int(told), 10**6))
        with suppress(ValueError, OverflowError):  # a year of twenty digits, say
            return timedelta(seconds=max(parsedate_to_datetime(told).timestamp() - now, 0))
        return timedelta(0)


def passes(
    store: Store,
    plan: Plan,
    every: float,
    rest: Callable[[float], object],
    share: Callable[[], float] = chance,
) -> Iterator[list[Told] | Exception]:
    """Delivery passes, ``every`` seconds apart, for as long as they are iterated.

    A database that is away is outlived, and so is what nobody expected: it is logged, and the next
    pass begins after a pause that grows (``pause_after``), over new connections.  Each is yielded.

    Raises:
        XhcreditError: a refusal that the same again would only repeat.
    """
    failures = 0
    while True:
        outcome = _outcome(store, plan)
        pause = every
        if isinstance(outcome, Exception):
            failures += 1
            if not isinstance(outcome, StoreUnavailable):
                store.database.engine.dispose()
                pause = pause_after(failures, share())
            fields = {"failures": failures, "again_in": round(pause, 3)}
            event("deliver.failed", level="error", **failure(outcome), **fields)
        elif failures:
            event("deliver.recovered", failures=failures)
            failures = 0
        yield outcome
        rest(pause)


def _outcome(store: Store, plan: Plan) -> list[Told] | Exception:
    """Reports of one pass, or the error that ended it and must not end the later passes."""
    try:
        return deliver(store, plan)
    except StoreUnavailable as away:
        return away
    except XhcreditError:
        raise
    except Exception as error:  # of every kind: messages wait for who goes on
        return error
