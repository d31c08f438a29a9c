"""Outbox of messages to other systems; delivered at least once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import outbox

TIER_CHANGED = "tier_changed"  #: the one kind that is told by columns; others have a payload


@dataclass(frozen=True)
class Outbox:
    """Messages with waiting deliveries, or not yet queued."""

    database: Database

    def waiting(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The oldest messages that are not yet delivered."""
        wanted = select(outbox).where(outbox.c.delivered_at.is_(None))
        with self.database.reading() as con:
            rows = con.execute(wanted.order_by(outbox.c.id).limit(limit)).mappings()
            return [dict(row) for row in rows]


def event_of(row: Mapping[str, Any]) -> str:
    """The name under which receivers know a message, the same however often it is sent.

    It follows from what the message says and its place in the chain: a store brought back from a
    backup never gives an old name to a new message.
    """
    said = [row[c] for c in ("id", "activity", "kind", "code", "run", "tier", "payload")]
    return f"msg_{hashlib.sha256(canonical(said).encode()).hexdigest()[:32]}"


def body_of(row: Mapping[str, Any]) -> bytes:
    """Webhook body of a message: type, timestamp and data.

    Args:
        row: columns of the outbox, and ``at`` of its activity entry.
    """
    data: dict[str, Any] = {"code": row["code"] or None, "bureau": row["bureau"] or None}
    if row["kind"] == TIER_CHANGED:
        data |= {c: row[c] for c in ("tier", "previous_tier", "run", "previous_run")}
    data |= json.loads(row["payload"])
    told = {"type": row["kind"], "timestamp": row["at"], "data": data}
    return canonical(told).encode()
