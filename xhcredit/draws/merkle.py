"""Merkle tree of a sampling frame: root hash and inclusion proofs (RFC 6962, section 2.1).

Leaf ``SHA256(0x00 || row)``, inner node ``SHA256(0x01 || left || right)``; the tree over n leaves
splits at the largest power of two below n.  Made level by level, where the last node of an odd
level moves up as it is: the same tree, without recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TypedDict

from xhcredit.draws.numerics import LEAVES_AT_ONCE

_SIZE = sha256().digest_size
_PAIR = 2 * _SIZE


class Step(TypedDict):
    """A sibling on the way up: its side (``L`` or ``R``) and its hash in hex."""

    side: str
    hash: str


def leaf(row: str) -> bytes:
    """The leaf of a row, written as in the file without its line end."""
    return sha256(b"\x00" + row.encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The inner node over two others."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Tree:
    """All levels from the leaves to the root, each as its hashes one after the other."""

    levels: Sequence[bytes]

    @property
    def root(self) -> str:
        """The root in lower-case hex."""
        return self.levels[-1].hex()

    def proof(self, position: int) -> list[Step]:
        """The siblings from a leaf up."""
        steps: list[Step] = []
        for level in self.levels[:-1]:
            sibling = position ^ 1
            sibling_hash = level[_SIZE * sibling : _SIZE * (sibling + 1)]
            # The last node of an odd level has no sibling and moves up as it is (RFC 6962), so
            # the proof has no step there.
            if sibling_hash:
                steps.append(
                    {"side": "L" if sibling < position else "R", "hash": sibling_hash.hex()}
                )
            position //= 2
        return steps


def tree(rows: Iterable[bytes]) -> Tree:
    """The tree over the rows of a frame, of which there must be one at least."""
    levels = [_concatenated(sha256(b"\x00" + row).digest() for row in rows)]
    while len(levels[-1]) > _SIZE:
        levels.append(_parent_level(levels[-1]))
    return Tree(levels)


def _parent_level(level: bytes) -> bytes:
    paired_length = len(level) - len(level) % _PAIR
    pairs = (level[offset : offset + _PAIR] for offset in range(0, paired_length, _PAIR))
    return _concatenated(sha256(b"\x01" + pair).digest() for pair in pairs) + level[paired_length:]


def _concatenated(hashes: Iterator[bytes]) -> bytes:
    """Hashes one after the other; few at a time, since each takes thrice its size by itself."""
    joined_hashes = bytearray()
    while batch := b"".join(islice(hashes, LEAVES_AT_ONCE)):
        joined_hashes += batch
    return bytes(joined_hashes)


def root_from_proof(start: bytes, proof: Iterable[Step]) -> str:
    """The root that a leaf and its proof lead to, in hex.

    Raises:
        ValueError: a step is no step.
    """
    current_hash = start
    for step in proof:
        sibling_hash = bytes.fromhex(step["hash"])
        if (
            step["side"] not in ("L", "R")
            or len(sibling_hash) != _SIZE
            # Upper case or blanks would open to the same root: one proof, one writing, so that
            # no second file passes for the first.
            or sibling_hash.hex() != step["hash"]
        ):
            raise ValueError(f"no step of a proof: {step}")
        current_hash = (
            node(sibling_hash, current_hash)
            if step["side"] == "L"
            else node(current_hash, sibling_hash)
        )
    return current_hash.hex()
