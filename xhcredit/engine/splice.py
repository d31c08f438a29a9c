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


def positions_in(old: Array, new: Array) -> Array:
    """Position of each of ``old`` in ``new`` (both sorted, unique); -1 where absent."""
    positions = np.searchsorted(new, old)
    positions[positions == new.shape[0]] = 0
    if not new.shape[0]:
        return np.full(old.shape, -1, np.int64)
    return np.where(new[positions] == old, positions, -1)


def moved_positions(old: Array, new: Array) -> Array:
    """As ``positions_in``, quick if nothing differs."""
    if old.shape == new.shape and np.array_equal(_raw(old), _raw(new)):
        return np.arange(old.shape[0])
    return positions_in(old, new)


def merge_sorted(old: Array, extra: Array) -> tuple[Array, Array]:
    """``old`` (sorted, unique) with what of ``extra`` it lacks, and where its own stand in that."""
    extra = np.unique(extra)
    positions = np.searchsorted(old, extra)
    is_missing = positions == old.shape[0]
    is_missing[~is_missing] = old[positions[~is_missing]] != extra[~is_missing]
    insert_positions = positions[is_missing]
    steps = np.bincount(insert_positions, minlength=old.shape[0] + 1)[: old.shape[0]]
    place = np.arange(old.shape[0]) + np.cumsum(steps)
    return np.insert(old, insert_positions, extra[is_missing]) if insert_positions.shape[
        0
    ] else old, place


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

    def column(self, old_column: Array, incoming: Array) -> Array:
        """One column of now."""
        if old_column.shape[0]:
            new_column = np.take(old_column, self.source, mode="clip")
        else:
            new_column = np.zeros(self.source.shape, old_column.dtype)
        new_column[self.fresh_at] = incoming[self.fresh]
        return new_column


def splice(
    offsets: Array,
    place: Array,
    size: int,
    removed: Array,
    keys: Array,
    old_sort: Sequence[Array],
    incoming: Sequence[Array],
) -> Splice:
    """Find out how a table changes.

    Args:
        offsets: of before, by key.
        place: where each key of before stands now; -1 if it is gone (then so are its rows).
        size: number of keys now.
        removed: positions of the rows of before that no longer stand, sorted.
        keys: key, as of now, of each row that comes in.
        old_sort: columns of before by which the rows of a key are ordered, the first decides first.
        incoming: the same columns of what comes in.
    """
    removed_keys = np.searchsorted(offsets, removed, side="right") - 1
    touched = np.unique(np.concatenate([place[removed_keys], keys]).astype(np.int64))
    touched = touched[touched >= 0]
    key_before = np.full(size, -1, np.int64)
    surviving = np.flatnonzero(place >= 0)
    key_before[place[surviving]] = surviving
    kept_rows, owner = spans(offsets, key_before[touched[key_before[touched] >= 0]])
    owner_key = touched[key_before[touched] >= 0][owner]
    is_kept = ~np.isin(kept_rows, removed)
    kept_rows, key = kept_rows[is_kept], np.concatenate([owner_key[is_kept], keys]).astype(np.int64)
    sort_columns = [
        np.concatenate([b[kept_rows], i]) for b, i in zip(old_sort, incoming, strict=True)
    ]
    # lexsort takes its last argument first: the key, then the columns in the order in which
    # they decide.
    order = np.lexsort((*reversed(sort_columns), key))
    # Rows of before by their position, those that come in as negative numbers: one array tells
    # both.
    origin = np.concatenate([kept_rows, -1 - np.arange(keys.shape[0])])[order]
    counts = moved_counts(offsets, place, size)
    counts[touched] = np.diff(np.searchsorted(key[order], np.append(touched, size)))
    return _laid_out(offsets, key_before, counts, touched, origin)


def moved_counts(offsets: Array, place: Array, size: int) -> Array:
    """Rows by key of now, if those of before only move."""
    counts = np.zeros(size, np.int64)
    is_present = place >= 0
    counts[place[is_present]] = np.diff(offsets)[is_present]
    return counts


def _laid_out(
    offsets: Array, key_before: Array, counts: Array, touched: Array, origin: Array
) -> Splice:
    """Where each row of now comes from; ``origin`` are the rows of the touched keys in order."""
    offsets_now = np.concatenate([[0], np.cumsum(counts)])
    shift = np.where(key_before >= 0, offsets[key_before], 0) - offsets_now[:-1]
    source = np.arange(offsets_now[-1]) + np.repeat(shift, counts)
    touched_rows = spans(offsets_now, touched)[0]
    source[touched_rows] = np.maximum(origin, 0)
    fresh = origin < 0
    return Splice(offsets_now, source, touched_rows[fresh], -1 - origin[fresh])


def apply_splice(
    splice_plan: Splice, old_columns: Mapping[str, Array], incoming: Mapping[str, Array]
) -> dict[str, Array]:
    """All columns of now, with the new offsets."""
    new_columns = {
        k: splice_plan.column(old_columns[k], incoming[k]) for k in old_columns if k != "offsets"
    }
    return {"offsets": splice_plan.offsets, **new_columns}
