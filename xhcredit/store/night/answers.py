"""Answers of a run: the stored body, completed with what changes every night.

The stored body says nothing of its run, and a reason that counts days holds the day from which it
counts: an enterprise to which nothing happens has the same bytes in every run.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date

#: characters of an answer's tag
_ETAG_LENGTH = 32
#: no text can hold these bytes: quotation marks inside a JSON text are escaped
_COUNTED_FROM = re.compile(rb'"value":null,"since":"(\d{4}-\d\d-\d\d)"')
_AS_OF_FIELD = b'"as_of":"'
_SINCE_FIELD = b'"since":"'


def complete_answer(stored_body: bytes, run: int, as_of: str, previous_tier: str) -> bytes:
    """Answer of a run about one enterprise as JSON bytes (``PublishedScore``).

    Args:
        stored_body: as it lies in the store.
        run: number of the run.
        as_of: its day, ``YYYY-MM-DD``, on which the days since a reason's day are counted.
        previous_tier: of the enterprise in the run before; empty if it is new.
    """
    if _AS_OF_FIELD in stored_body:
        return _completed_first_form(stored_body)
    answer = _with_run(stored_body, run, as_of, previous_tier)
    if _SINCE_FIELD not in answer:
        return answer
    day = date.fromisoformat(as_of).toordinal()

    def counted(match: re.Match[bytes]) -> bytes:
        days = day - date.fromisoformat(match[1].decode()).toordinal()
        return b'"value":%d.0,"since":"%s"' % (days, match[1])

    return _COUNTED_FROM.sub(counted, answer)


def answer_etag(stored_body: bytes, run: int, as_of: str, previous_tier: str) -> str:
    """Tag of an answer: another run, day, tier before or body has another one."""
    # Over what stands beside the body too: the digest of a run is made of tags, and would not
    # notice if somebody changed the tier before.
    if _AS_OF_FIELD not in stored_body:
        stored_body = _with_run(stored_body, run, as_of, previous_tier)
    return hashlib.sha256(stored_body).hexdigest()[:_ETAG_LENGTH]


def _with_run(stored_body: bytes, run: int, as_of: str, previous_tier: str) -> bytes:
    head = f'{{"run":{run},"as_of":"{as_of}","previous_tier":"{previous_tier}",'
    return head.encode() + stored_body[1:]


def _completed_first_form(stored_body: bytes) -> bytes:
    """Answer of a store from before bodies were free of their run: whole, but for new fields."""
    answer = json.loads(stored_body)
    for reason in answer["reasons"]:
        reason.setdefault("since", None)
        reason.setdefault("bin", None)
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
