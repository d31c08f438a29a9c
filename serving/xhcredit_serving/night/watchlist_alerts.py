"""Open alerts on the watchlist: permission, filters and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xhcredit.store.night.rows import OpenAlerts, WatchlistRow
from xhcredit.store.watchlist import WatchlistQuery
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import ALERTS_READ
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.night.schemas import WatchedEnterprise
from xhcredit_serving.service import Service

_RULE_PREFIX = "alerts.triggers."


def restrict_to_alert_readers(caller: Caller, query: WatchlistQuery) -> WatchlistQuery:
    """Query restricted to bureaus whose alerts the caller may read, if it filters by alerts.

    Raises:
        Refusal: it asks by alerts, and the caller may read none.
    """
    if not query.by_alerts:
        return query
    if ALERTS_READ not in caller.permissions:
        raise Refusal("not_allowed", f'you lack "{ALERTS_READ}"; leave alerts out of the question')
    scopes = [s for s in (query.within, caller.scope(ALERTS_READ)) if s is not None]
    return replace(query, within=frozenset.intersection(*scopes) if scopes else None)


def with_open_alerts(
    service: Service, caller: Caller, rows: Sequence[WatchlistRow]
) -> list[WatchedEnterprise]:
    """Rows with their open alerts: ``open`` (count), worst ``colour``, ``triggers``.

    None where there is none, or where the caller may read no alerts.
    """
    alerts_by_code: dict[str, OpenAlerts] = {}
    if ALERTS_READ in caller.permissions:
        codes = [row["code"] for row in rows]
        alerts_by_code = service.store.watchlist.open_alerts_by_code(
            codes, caller.scope(ALERTS_READ)
        )
    return [{**row, "alerts": alerts_by_code.get(row["code"])} for row in rows]


def trigger_labels(service: Service, triggers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Names of triggers in both languages; an undeclared trigger keeps its id."""
    rules = service.rulebook.rules
    names_by_trigger = {}
    for name in triggers:
        rule = rules.get(_RULE_PREFIX + name)
        names_by_trigger[name] = (
            {"zh": rule.name_zh, "en": rule.name_en} if rule else {"zh": name, "en": name}
        )
    return names_by_trigger
