"""What may each role read?  One table; the shell reads it without loading the server."""

from __future__ import annotations

SCORES, CATALOGUE = "enterprises:read", "catalogue:read"
_OFFICER = frozenset({SCORES, CATALOGUE})
#: the three administrators do not see enterprises
ROLES: dict[str, frozenset[str]] = {
    "viewer": _OFFICER,
    "inspector": _OFFICER,
    "draw_officer": _OFFICER,
    "restoration_officer": _OFFICER,
    "model_manager": _OFFICER,
    "system_admin": frozenset({CATALOGUE}),
    "security_admin": frozenset({CATALOGUE}),
    "auditor": frozenset({CATALOGUE}),
}
