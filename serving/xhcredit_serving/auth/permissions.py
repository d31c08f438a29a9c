"""Permissions of each role; importable without the server."""

from __future__ import annotations

SCORES, CATALOGUE = "enterprises:read", "catalogue:read"
WHAT_IF = "enterprises:what-if"
RESTORATION_READ, RESTORATION_FILE = "restoration:read", "restoration:file"
RESTORATION_DECIDE = "restoration:decide"
DRAWS_READ, DRAWS_RUN, DRAWS_RESULTS = "draws:read", "draws:run", "draws:results"
ALERTS_READ, ALERTS_ACT = "alerts:read", "alerts:act"
MODELS_READ, MODELS_PROMOTE = "models:read", "models:promote"
SYSTEM, ACCOUNTS, AUDIT = "system:manage", "accounts:manage", "audit:read"

_READER = frozenset(
    {SCORES, WHAT_IF, CATALOGUE, RESTORATION_READ, DRAWS_READ, ALERTS_READ, MODELS_READ}
)
#: the three administrators do not see enterprises
ROLES: dict[str, frozenset[str]] = {
    "viewer": _READER,
    "inspector": _READER | {ALERTS_ACT, DRAWS_RESULTS},
    "draw_officer": _READER | {DRAWS_RUN, DRAWS_RESULTS, ALERTS_ACT},
    "restoration_officer": _READER | {RESTORATION_FILE, RESTORATION_DECIDE, ALERTS_ACT},
    "model_manager": _READER | {MODELS_PROMOTE},
    "system_admin": frozenset({CATALOGUE, SYSTEM}),
    "security_admin": frozenset({CATALOGUE, ACCOUNTS}),
    "auditor": frozenset({CATALOGUE, AUDIT}),
}
