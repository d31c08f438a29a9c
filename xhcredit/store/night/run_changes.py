"""Changes between two runs: tiers, scores, listings and supervision, compared in one statement."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, text

from xhcredit.store.core.bureau_scope import bureau_names, bureaus_text
from xhcredit.store.core.changes import ChangeRow

# Columns are compared, never the answers themselves: those also hold what moves from day to day
# though nothing happened.  Newcomers have no earlier row, leavers no later one.
_CHANGED_SQL = text("""
SELECT * FROM (
  SELECT new.code, new.bureau, new.bureaus, new.tier, old.tier AS previous_tier,
    old.bureaus AS previous_bureaus,
    (old.tier IS NULL OR new.tier <> old.tier) AS is_tier,
    (old.tier IS NULL OR new.composite <> old.composite OR new.x <> old.x
      OR coalesce(new.general, -1e300) <> coalesce(old.general, -1e300)) AS is_score,
    new.listings <> coalesce(old.listings, '') AS is_listing,
    coalesce(new.bureaus <> old.bureaus, false) AS is_supervision
  FROM snapshots new LEFT JOIN snapshots old ON old.run = :previous AND old.code = new.code
  WHERE new.run = :run
) compared
WHERE is_tier OR is_score OR is_listing OR is_supervision
UNION ALL
SELECT old.code, old.bureau, old.bureaus, NULL, old.tier, NULL, true, false, false, false
FROM snapshots old LEFT JOIN snapshots new ON new.run = :run AND new.code = old.code
WHERE old.run = :previous AND new.code IS NULL
ORDER BY 1
""")
_TIER_COLUMNS = ("bureau", "bureaus", "code", "tier", "previous_tier")


class RunChanges(NamedTuple):
    """What changes when one run answers in place of another.

    ``tiers`` are columns of messages about tiers, newcomers and leavers included; ``rows`` are all
    changes, by code, those of one enterprise in the order of ``KINDS``.
    """

    tiers: list[dict[str, object]]
    rows: list[ChangeRow]


def changes_between(con: Connection, previous: int | None, run: int) -> RunChanges:
    """Changes from the run ``previous`` to ``run``; before the first run there are none."""
    if previous is None:
        return RunChanges([], [])
    tiers: list[dict[str, object]] = []
    rows: list[ChangeRow] = []
    for row in con.execute(_CHANGED_SQL, {"run": run, "previous": previous}).mappings():
        if row["is_tier"]:
            tiers.append({name: row[name] for name in _TIER_COLUMNS})
        for kind in ("tier", "score", "listing", "supervision"):
            if row[f"is_{kind}"]:
                rows.append(ChangeRow(kind, row["code"], _readers(kind, row), run, previous))
    return RunChanges(tiers, rows)


def _readers(kind: str, row: RowMapping) -> str:
    """Bureaus that may be told of a change."""
    if kind != "supervision":
        return str(row["bureaus"])
    # Who loses an enterprise is told so too: a copy would else hold it for ever.
    return bureaus_text([*bureau_names(row["previous_bureaus"]), *bureau_names(row["bureaus"])])
