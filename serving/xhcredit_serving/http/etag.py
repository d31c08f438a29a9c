"""ETag: whether the caller holds the answer already (RFC 9110, section 13.1.2)."""

from __future__ import annotations


def matches_etag(if_none_match: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names the tag, strong or weak, or takes any."""
    if not if_none_match:
        return False
    # For GET a weak tag matches as a strong one does (RFC 9110); gateways that compress weaken
    # it.
    named_tags = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return tag in named_tags or "*" in named_tags
