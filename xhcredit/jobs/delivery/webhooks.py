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
from typing import Literal

import httpx

from xhcredit.domain.backoff import pause_after, random_share
from xhcredit.domain.clock import stopwatch
from xhcredit.domain.log import event, failure
from xhcredit.domain.webhook_signatures import signature_headers
from xhcredit.errors import BadInput, StoreUnavailable, UnknownRecord, WrongState, XhcreditError
from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.transactions import Act
from xhcredit.store.delivery.deliveries import DeliveryOutcome, PendingDelivery
from xhcredit.store.delivery.subscriptions import Subscription
from xhcredit.store.store import Store

BATCH_SIZE = 50  #: messages whose fate is noted in one act
CONCURRENCY = 8  #: subscriptions that are told at the same time
_MAX_FAILURES_IN_A_ROW = 3  #: failures after which a receiver is left alone until the next pass
_HTTP_GONE = 410  #: the receiver wants no more, says Standard Webhooks
_RETRY_AFTER_STATUSES = frozenset({429, 502, 503, 504})  #: answers that may say when to come again
ACTOR, PURPOSE = "deliverer", "delivery"
_STATES = ("delivered", "waiting", "dead")


@dataclass(frozen=True)
class DeliveryPolicy:
    """Delivery policy; attempts are ``first``, 2 × ``first``, 4 × … apart.

    By default a message is given up after about two days.
    """

    attempts: int = 14
    first_pause: timedelta = timedelta(seconds=20)
    longest_pause: timedelta = timedelta(hours=12)
    timeout_seconds: float = 15.0  #: how long an answer is waited for
    address_policy: AddressPolicy = field(default_factory=AddressPolicy)
    ca_file: Path | None = None  #: certificate of the district's own authority (PEM)

    def retry_pause(self, attempts: int) -> timedelta:
        """Pause after so many failed attempts (exponential backoff).

        >>> [str(DeliveryPolicy().retry_pause(n)) for n in (1, 2, 3, 14)]
        ['0:00:20', '0:00:40', '0:01:20', '12:00:00']
        """
        doubled: int = 2 ** min(attempts - 1, 40)
        return min(self.first_pause * doubled, self.longest_pause)


@dataclass
class DeliveryReport:
    """Report of one delivery pass for one subscription."""

    subscription: int
    name: str
    delivered: int = 0
    waiting: int = 0
    dead: int = 0
    stopped: Literal["", "failing", "gone", "ended"] = ""
    last_answer: str = ""  #: what the last failed attempt brought

    def count_fates(self, fates: Sequence[DeliveryOutcome]) -> None:
        """Add the outcomes of some attempts."""
        for fate in fates:
            setattr(self, fate.state, getattr(self, fate.state) + 1)
            self.last_answer = self.last_answer if fate.state == "delivered" else fate.answer


def deliver(store: Store, policy: DeliveryPolicy | None = None) -> list[DeliveryReport]:
    """Send all due messages once and report the outcomes.

    Raises:
        WrongState: another deliverer is at work on this store.
        StoreUnavailable: the database is away; what was sent and not noted is sent again.
    """
    policy, elapsed = policy or DeliveryPolicy(), stopwatch()
    # One deliverer at a time, or the order of an enterprise's messages is lost.
    with store.database.delivering() as is_only_deliverer:
        if not is_only_deliverer:
            raise WrongState("another deliverer is at work on this store; let it finish")
        spread_act = Act(ACTOR, "outbox.spread", PURPOSE)
        while store.deliveries.enqueue_messages(spread_act):
            pass
        reports = asyncio.run(_deliver_to_all(store, policy))
    if any(
        t.delivered or t.waiting or t.dead or t.stopped for t in reports
    ):  # many passes are idle
        event("deliver.sent", level="info", **_report_counts(reports), seconds=elapsed())
    return reports


def _report_counts(reports: Sequence[DeliveryReport]) -> dict[str, int]:
    """Log fields of a delivery pass."""
    states = {state: sum(getattr(t, state) for t in reports) for state in _STATES}
    return {
        "subscriptions": len(reports),
        **states,
        "stopped": sum(bool(t.stopped) for t in reports),
    }


async def _deliver_to_all(store: Store, policy: DeliveryPolicy) -> list[DeliveryReport]:
    ssl_context = ssl.create_default_context(cafile=policy.ca_file)
    semaphore = asyncio.Semaphore(CONCURRENCY)

    async def deliver_to_one(subscription: Subscription) -> DeliveryReport:
        # a client each: a connection that was proved to be one host's is never used for another.
        # It follows nothing, and asks no proxy of the environment, which could lead anywhere.
        client = httpx.AsyncClient(
            verify=ssl_context, timeout=policy.timeout_seconds, trust_env=False
        )
        async with semaphore, client:
            return await _Sender(store, policy, client, subscription).deliver_due()

    subscriptions = store.subscriptions.list_subscriptions()
    # One receiver that fails must not leave the deliveries of the others unnoted.
    outcomes = await asyncio.gather(*map(deliver_to_one, subscriptions), return_exceptions=True)
    _raise_first(
        [
            (subscription, end)
            for subscription, end in zip(subscriptions, outcomes, strict=True)
            if isinstance(end, BaseException)
        ]
    )
    return [end for end in outcomes if isinstance(end, DeliveryReport)]


def _raise_first(errors: Sequence[tuple[Subscription, BaseException]]) -> None:
    """Raise the first error of a pass after all subscriptions were served; log the others."""
    for subscription, error in errors[1:]:
        event("deliver.failed", level="error", subscription=subscription.id, **failure(error))
    for _, error in errors[:1]:
        raise error


@dataclass
class _Sender:
    """Sender of the due messages of one subscription."""

    store: Store
    policy: DeliveryPolicy
    client: httpx.AsyncClient
    subscription: Subscription

    async def deliver_due(self) -> DeliveryReport:
        """Send batch after batch until nothing is due, or the receiver fails."""
        report = DeliveryReport(self.subscription.id, self.subscription.name)
        try:
            while not report.stopped and (messages := await asyncio.to_thread(self._due_messages)):
                fates: list[DeliveryOutcome] = []
                try:
                    report.stopped = await self._send_messages(messages, fates.append)
                finally:  # what has arrived is noted, whatever happened to the rest
                    if fates:
                        await asyncio.to_thread(self._record_fates, fates)
                report.count_fates(fates)
            if report.stopped == "gone":
                act = self._act("subscription.gone")
                await asyncio.to_thread(self.store.subscriptions.end, act, self.subscription.id)
        except UnknownRecord:  # somebody ended it meanwhile
            report.stopped = "ended"
        return report

    def _act(self, action: str) -> Act:
        return Act(ACTOR, action, PURPOSE, self.subscription.bureau)

    def _due_messages(self) -> list[PendingDelivery]:
        moment_text = format_moment(self.store.writer.clock())
        return self.store.deliveries.pending(self.subscription.id, moment_text, BATCH_SIZE)

    def _record_fates(self, fates: Sequence[DeliveryOutcome]) -> None:
        self.store.deliveries.record_outcomes(self._act("outbox.sent"), self.subscription.id, fates)

    async def _send_messages(
        self, messages: Sequence[PendingDelivery], on_fate: Callable[[DeliveryOutcome], None]
    ) -> Literal["", "failing", "gone"]:
        """Send messages in order; one whose enterprise has an earlier one waiting is left out."""
        failed_codes: set[str] = set()
        failures_in_a_row = 0
        for message in messages:
            if message.code in failed_codes:
                continue
            answer = await self._post(message)
            fate = self._fate(message, answer)
            on_fate(fate)
            failures_in_a_row = 0 if answer.ok else failures_in_a_row + 1
            failed_codes |= {message.code} - {""} if fate.state == "waiting" else set()
            if answer.status == _HTTP_GONE:
                return "gone"
            if failures_in_a_row == _MAX_FAILURES_IN_A_ROW:
                return "failing"
        return ""

    async def _post(self, message: PendingDelivery) -> _ReceiverAnswer:
        """Send one message; only the head of the response is read, with a timeout."""
        try:
            # httpx's own timeout is for each read: a receiver that drips bytes would hold the
            # pass for ever.
            async with asyncio.timeout(self.policy.timeout_seconds):
                request = await asyncio.to_thread(self._request, message)
                response = await self.client.send(request, stream=True)
                await response.aclose()
                return _ReceiverAnswer(response.status_code, dict(response.headers))
        except BadInput as error:
            return _ReceiverAnswer(text=str(error))
        except TimeoutError:
            return _ReceiverAnswer(text=f"no answer in {self.policy.timeout_seconds:g} s")
        except httpx.HTTPError as error:
            return _ReceiverAnswer(text=f"{type(error).__name__}: {error}"[:200])

    def _request(self, message: PendingDelivery) -> httpx.Request:
        """HTTP request to the checked IP address, with the host name for TLS and Host."""
        # Checked with every attempt: what the name resolves to may have changed since the last
        # one.
        url = self.policy.address_policy.url(self.subscription.url)
        address = self.policy.address_policy.resolved_address(url)
        moment = self.store.writer.clock()
        secrets = self.store.subscriptions.secrets(self.subscription.id, format_moment(moment))
        headers = {
            **signature_headers(secrets, message.event, int(moment.timestamp()), message.body),
            "host": url.netloc.decode(),
            "content-type": "application/json",
            "user-agent": "xhcredit",
        }
        # The address that was judged is the one connected to; SNI and Host keep the name, which
        # TLS still has to prove.
        address_url = url.copy_with(host=str(address))
        extensions = {"sni_hostname": url.host}
        return self.client.build_request(
            "POST", address_url, content=message.body, headers=headers, extensions=extensions
        )

    def _fate(self, message: PendingDelivery, answer: _ReceiverAnswer) -> DeliveryOutcome:
        moment = self.store.writer.clock()
        if answer.ok:
            return DeliveryOutcome(message.message, "delivered", answer.text, format_moment(moment))
        attempts = message.attempts + 1
        if attempts >= self.policy.attempts:
            return DeliveryOutcome(message.message, "dead", answer.text, format_moment(moment))
        # A receiver may ask for a longer pause than ours, but not for one without end.
        pause = max(
            self.policy.retry_pause(attempts),
            min(answer.retry_after(moment.timestamp()), self.policy.longest_pause),
        )
        return DeliveryOutcome(
            message.message, "waiting", answer.text, format_moment(moment + pause)
        )


@dataclass(frozen=True)
class _ReceiverAnswer:
    """Response of a receiver; status 0 if there was none."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text or f"HTTP {self.status}")

    @property
    def ok(self) -> bool:
        """Whether the message was accepted; a redirect does not count."""
        return 200 <= self.status < 300

    def retry_after(self, timestamp: float) -> timedelta:
        """Pause that the receiver asks for in Retry-After: seconds, or until a moment."""
        header_text = (
            self.headers.get("retry-after", "") if self.status in _RETRY_AFTER_STATUSES else ""
        )
        if header_text.isdecimal():
            return timedelta(seconds=min(int(header_text), 10**6))
        with suppress(ValueError, OverflowError):  # a year of twenty digits, say
            return timedelta(
                seconds=max(parsedate_to_datetime(header_text).timestamp() - timestamp, 0)
            )
        return timedelta(0)


def delivery_passes(
    store: Store,
    policy: DeliveryPolicy,
    interval_seconds: float,
    sleep: Callable[[float], object],
    random_share: Callable[[], float] = random_share,
) -> Iterator[list[DeliveryReport] | Exception]:
    """Delivery passes, ``interval_seconds`` seconds apart, for as long as they are iterated.

    A database that is away is outlived, and so is what nobody expected: it is logged, and the next
    pass begins after a pause that grows (``pause_after``), over new connections.  Each is yielded.

    Raises:
        XhcreditError: a refusal that the same again would only repeat.
    """
    failures = 0
    while True:
        outcome = _attempt_pass(store, policy)
        pause = interval_seconds
        if isinstance(outcome, Exception):
            failures += 1
            if not isinstance(outcome, StoreUnavailable):
                store.database.engine.dispose()
                pause = pause_after(failures, random_share())
            fields = {"failures": failures, "again_in": round(pause, 3)}
            event("deliver.failed", level="error", **failure(outcome), **fields)
        elif failures:
            event("deliver.recovered", failures=failures)
            failures = 0
        yield outcome
        sleep(pause)


def _attempt_pass(store: Store, policy: DeliveryPolicy) -> list[DeliveryReport] | Exception:
    """Reports of one pass, or the error that ended it and must not end the later passes."""
    try:
        return deliver(store, policy)
    except StoreUnavailable as unavailable:
        return unavailable
    except XhcreditError:
        raise
    except Exception as error:  # of every kind: messages wait for who goes on
        return error
