"""Outbox of messages to other systems; delivered at least once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import outbox

TIER_CHANGED = "tier_changed"  #: the one kind that is told by columns; others have a payload


@dataclass(frozen=True)
class Outbox:
    """Messages with waiting deliveries, or not yet queued."""

    database: Database

    def waiting(self, limit: int = 1000) -> list[dict[str, object]]:
        """The oldest messages that are not yet delivered."""
        statement = select(outbox).where(outbox.c.delivered_at.is_(None))
        with self.database.reading() as con:
            rows = con.execute(statement.order_by(outbox.c.id).limit(limit)).mappings()
            return [dict(row) for row in rows]


def event_id(row: RowMapping) -> str:
    """The name under which receivers know a message, the same however often it is sent.

    It follows from what the message says and its place in the chain: a store brought back from a
    backup never gives an old name to a new message.
    """
    identity_fields = [row[c] for c in ("id", "activity", "kind", "code", "run", "tier", "payload")]
    return f"msg_{hashlib.sha256(canonical(identity_fields).encode()).hexdigest()[:32]}"


def webhook_body(row: RowMapping) -> bytes:
    """Webhook body of a message: type, timestamp and data.

    Args:
        row: columns of the outbox, and ``recorded_at`` of its activity entry.
    """
    event_data: dict[str, object] = {"code": row["code"] or None, "bureau": row["bureau"] or None}
    if row["kind"] == TIER_CHANGED:
        event_data |= {c: row[c] for c in ("tier", "previous_tier", "run", "previous_run")}
    event_data |= json.loads(row["payload"])
    event = {"type": row["kind"], "timestamp": row["recorded_at"], "data": event_data}
    # Canonical, so that every attempt sends the same bytes under the same name.
    return canonical(event).encode()
