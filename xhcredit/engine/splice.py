"""Splice of changed rows into clustered columns without sorting anew.

A clustered table is an ``offsets`` array (one per key, and the end) and columns in the order of the
keys.  Of a key that is concerned all rows are put in order again; the runs between are copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xhcredit.engine.columns import Array


def spans(offsets: Array, keys: Array) -> tuple[Array, Array]:
    """Positions of all rows of some keys, and for each which of ``keys`` it belongs to."""
    starts, sizes = offsets[keys], offsets[keys + 1] - offsets[keys]
    owner = np.repeat(np.arange(keys.shape[0]), sizes)
    within = np.arange(owner.shape[0]) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(starts, sizes) + within, owner


def places_of(old: Array, new: Array) -> Array:
    """Position of each of ``old`` in ``new`` (both sorted, unique); -1 where absent."""
    at = np.searchsorted(new, old)
    at[at == new.shape[0]] = 0
    if not new.shape[0]:
        return np.full(old.shape, -1, np.int64)
    return np.where(new[at] == old, at, -1)


def moved(old: Array, new: Array) -> Array:
    """As ``places_of``, quick if nothing differs."""
    if old.shape == new.shape and np.array_equal(_raw(old), _raw(new)):
        return np.arange(old.shape[0])
    return places_of(old, new)


def inserted(old: Array, more: Array) -> tuple[Array, Array]:
    """``old`` (sorted, unique) with what of ``more`` it lacks, and where its own stand in that."""
    more = np.unique(more)
    at = np.searchsorted(old, more)
    lacking = at == old.shape[0]
    lacking[~lacking] = old[at[~lacking]] != more[~lacking]
    before = at[lacking]
    steps = np.bincount(before, minlength=old.shape[0] + 1)[: old.shape[0]]
    place = np.arange(old.shape[0]) + np.cumsum(steps)
    return np.insert(old, before, more[lacking]) if before.shape[0] else old, place


def _raw(texts: Array) -> Array:
    """The bytes of texts, which compare faster than texts."""
    return np.ascontiguousarray(texts).view(np.uint8)


@dataclass(frozen=True)
class Splice:
    """How a clustered table of before becomes that of now.

    Row ``i`` of now is row ``source[i]`` of before, but at ``fresh_at`` it is row ``fresh`` of what
    came in.  ``offsets`` are those of now.
    """

    offsets: Array
    source: Array
    fresh_at: Array
    fresh: Array

    def column(self, before: Array, incoming: Array) -> Array:
        """One column of now."""
        if before.shape[0]:
            made = np.take(before, self.source, mode="clip")
        else:
            made = np.zeros(self.source.shape, before.dtype)
        made[self.fresh_at] = incoming[self.fresh]
        return made


def splice(
    offsets: Array,
    place: Array,
    size: int,
    gone: Array,
    keys: Array,
    before: Sequence[Array],
    incoming: Sequence[Array],
) -> Splice:
    """Find out how a table changes.

    Args:
        offsets: of before, by key.
        place: where each key of before stands now; -1 if it is gone (then so are its rows).
        size: number of keys now.
        gone: positions of the rows of before that no longer stand, sorted.
        keys: key, as of now, of each row that comes in.
        before: columns of before by which the rows of a key are ordered, the first decides first.
        incoming: the same columns of what comes in.
    """
    of_gone = np.searchsorted(offsets, gone, side="right") - 1
    touched = np.unique(np.concatenate([place[of_gone], keys]).astype(np.int64))
    touched = touched[touched >= 0]
    was = np.full(size, -1, np.int64)
    here = np.flatnonzero(place >= 0)
    was[place[here]] = here
    stays, owner = spans(offsets, was[touched[was[touched] >= 0]])
    owner_key = touched[was[touched] >= 0][owner]
    kept = ~np.isin(stays, gone)
    stays, key = stays[kept], np.concatenate([owner_key[kept], keys]).astype(np.int64)
    by = [np.concatenate([b[stays], i]) for b, i in zip(before, incoming, strict=True)]
    order = np.lexsort((*reversed(by), key))
    origin = np.concatenate([stays, -1 - np.arange(keys.shape[0])])[order]
    counts = recounted(offsets, place, size)
    counts[touched] = np.diff(np.searchsorted(key[order], np.append(touched, size)))
    return _laid_out(offsets, was, counts, touched, origin)


def recounted(offsets: Array, place: Array, size: int) -> Array:
    """Rows by key of now, if those of before only move."""
    counts = np.zeros(size, np.int64)
    here = place >= 0
    counts[place[here]] = np.diff(offsets)[here]
    return counts


def _laid_out(offsets: Array, was: Array, counts: Array, touched: Array, origin: Array) -> Splice:
    """Where each row of now comes from; ``origin`` are the rows of the touched keys in order."""
    now = np.concatenate([[0], np.cumsum(counts)])
    shift = np.where(was >= 0, offsets[was], 0) - now[:-1]
    source = np.arange(now[-1]) + np.repeat(shift, counts)
    at = spans(now, touched)[0]
    source[at] = np.maximum(origin, 0)
    fresh = origin < 0
    return Splice(now, source, at[fresh], -1 - origin[fresh])


def spliced(
    how: Splice, before: Mapping[str, Array], incoming: Mapping[str, Array]
) -> dict[str, Array]:
    """All columns of now, with the new offsets."""
    made = {k: how.column(before[k], incoming[k]) for k in before if k != "offsets"}
    return {"offsets": how.offsets, **made}
