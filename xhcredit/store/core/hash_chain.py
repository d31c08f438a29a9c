"""Hash chain of the audit log: digests of entries, each over the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import rfc8785
from sqlalchemy import RowMapping

from xhcredit.errors import BadInput, BadStore

START = ""  #: ``previous`` of the first entry


def format_moment(moment: datetime) -> str:
    """Moment as stored: UTC, always 27 characters, so that text sorts as time does.

    >>> format_moment(datetime(2026, 6, 30, 8, tzinfo=UTC))
    '2026-06-30T08:00:00.000000Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_moment(moment_text: str) -> datetime:
    """Stored moment as datetime."""
    return datetime.strptime(moment_text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def canonical(value: object) -> str:
    """JSON of a value in the one form of RFC 8785, as text.

    Raises:
        BadInput: the value has no such form (a number beyond 2**53, broken text ...).
    """
    try:
        if _is_plain(value):
            # Encoded and back to refuse lone surrogates, as RFC 8785 demands.
            return _plain_json(value).encode().decode()
        return rfc8785.dumps(value).decode("utf-8")  # type: ignore[arg-type]  # refused below
    except (rfc8785.CanonicalizationError, UnicodeError, TypeError) as error:
        raise BadInput(f"this cannot be kept as JSON: {error}; write plain values") from error


#: for what is plain this is the form of RFC 8785 too, in a tenth of the time
_plain_json = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode
_MAX_SAFE_INTEGER = 2**53  #: whole numbers below it are the same in every language


def _is_plain(value: object) -> bool:
    """Whether it is one level of ASCII names with text, small whole numbers, or nothing."""
    return type(value) is dict and all(
        type(k) is str
        and k.isascii()
        # RFC 8785 sorts names by UTF-16 units, Python by code points; beyond ASCII the two
        # orders differ.
        and (
            v is None
            # By type, not by isinstance: True is an int in Python, and floats have a form of
            # their own in RFC 8785.
            or type(v) is str
            or (type(v) is int and -_MAX_SAFE_INTEGER < v < _MAX_SAFE_INTEGER)
        )
        for k, v in value.items()
    )


@cache
def hasher(algorithm: str) -> Callable[[bytes], str]:
    """The digest function of a chain, in hex.

    Raises:
        BadStore: not one of ours, or this computer's OpenSSL does not have it.
    """
    if algorithm not in ("sha256", "sm3"):
        raise BadStore(f'"{algorithm}" is no digest of the chain; choose sha256 or sm3')
    try:
        hashlib.new(algorithm)
    except ValueError:
        raise BadStore(
            f'this computer cannot compute "{algorithm}"; install OpenSSL 3 or choose sha256'
        ) from None
    return lambda content: hashlib.new(algorithm, content).hexdigest()


@dataclass(frozen=True)
class Link:
    """Entry of the hash chain, as stored.

    ``recorded_at`` never runs back: while the computer's clock is behind the entry before, it
    repeats that entry's time and ``clock_back_ms`` says by how much the clock was behind.  Refusing
    instead would stop the service for a wrong clock; keeping the wrong time would lie.
    """

    seq: int
    recorded_at: str
    clock_back_ms: int
    actor: str
    bureau: str
    purpose: str
    action: str
    payload: str
    algorithm: str
    previous: str
    digest: str = ""

    def computed_digest(self) -> str:
        """The digest that the entry must have: over the canonical JSON of all its other fields."""
        fields = {k: v for k, v in vars(self).items() if k != "digest"}  # asdict is slow
        return hasher(self.algorithm)(canonical(fields).encode())


def next_link(head: Link | None, moment: datetime, algorithm: str, **fields: str) -> Link:
    """Return the entry that follows ``head``; ``fields`` are its texts, from actor to payload."""
    moment_text, clock_back_ms = format_moment(moment), 0
    if head is not None and moment_text < head.recorded_at:
        # Rounded up, because 0 means that the clock was right.
        clock_back_ms = int((parse_moment(head.recorded_at) - moment).total_seconds() * 1000) + 1
        moment_text = head.recorded_at
    seq, previous = (1, START) if head is None else (head.seq + 1, head.digest)
    link = Link(
        seq=seq,
        recorded_at=moment_text,
        clock_back_ms=clock_back_ms,
        algorithm=algorithm,
        previous=previous,
        **fields,
    )
    return replace(link, digest=link.computed_digest())


@dataclass(frozen=True)
class Verdict:
    """Verdict on the hash chain; ``broken_at`` is the first entry that is wrong."""

    entries: int
    head_seq: int
    head_digest: str
    clock_set_back: int
    broken_at: int | None = None
    why: str = ""

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return self.broken_at is None


def verify_chain(links: Iterable[RowMapping], prior: Link | None = None) -> Verdict:
    """Follow the chain from its first entry, or from ``prior`` on; stop where it does not fit."""
    count = clock_set_back = 0
    for fields in links:
        link = Link(**fields)
        why = _link_fault(prior, link)
        if why:
            seq, digest = (prior.seq, prior.digest) if prior else (0, START)
            # A row that somebody changed may hold anything, also a text where its number stood.
            broken_at = link.seq if isinstance(link.seq, int) else count + 1
            return Verdict(count, seq, digest, clock_set_back, broken_at, why)
        prior, count = link, count + 1
        clock_set_back += link.clock_back_ms > 0
    seq, digest = (prior.seq, prior.digest) if prior else (0, START)
    return Verdict(count, seq, digest, clock_set_back)


def _link_fault(prior: Link | None, link: Link) -> str:
    """Fault of an entry against the one before; empty if it fits."""
    expected = 1 if prior is None else prior.seq + 1
    if link.seq != expected:
        return f"entry {expected} is missing"
    if link.previous != (START if prior is None else prior.digest):
        return "it does not name the entry before it"
    try:
        computed_digest = link.computed_digest()
    except (BadInput, BadStore) as error:
        return f"its digest cannot be computed ({error})"
    if link.digest != computed_digest:
        return "its content is not what its digest was computed from"
    if prior is not None and link.recorded_at < prior.recorded_at:
        return "it is older than the entry before it"
    return ""
