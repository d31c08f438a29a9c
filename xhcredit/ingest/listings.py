"""Listings in force on a day: which lists of dishonest or abnormal enterprises one is on."""

from __future__ import annotations

#: code and list on ``$day``, as known by then; a listing no longer holds on the day it ended
_LISTING_SQL = """
SELECT code, 'abnormal_listing' AS listing, known_on, withdrawn_on, occurred_on, ended_on,
  ended_known_on FROM abnormal_listing
UNION ALL
SELECT code, 'serious_listing.' || list_kind, known_on, withdrawn_on, occurred_on, ended_on,
  ended_known_on FROM serious_listing
UNION ALL
SELECT code, 'dishonest_debtor', known_on, withdrawn_on, occurred_on, ended_on, ended_known_on
FROM judicial WHERE kind = 'dishonest_debtor'
"""
#: code and its lists as one text, sorted: ``;abnormal_listing;serious_listing.tax;``
LISTINGS_SQL = f"""
SELECT code, ';' || string_agg(listing, ';' ORDER BY listing) || ';' AS listings
FROM (
  SELECT DISTINCT code, listing FROM ({_LISTING_SQL})
  WHERE known_on <= $day AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND occurred_on <= $day
    AND (ended_on IS NULL OR ended_on > $day OR coalesce(ended_known_on, ended_on) > $day)
) GROUP BY code
"""
