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
            found = level[_SIZE * sibling : _SIZE * (sibling + 1)]
            if found:
                steps.append({"side": "L" if sibling < position else "R", "hash": found.hex()})
            position //= 2
        return steps


def tree(rows: Iterable[bytes]) -> Tree:
    """The tree over the rows of a frame, of which there must be one at least."""
    levels = [_joined(sha256(b"\x00" + row).digest() for row in rows)]
    while len(levels[-1]) > _SIZE:
        levels.append(_above(levels[-1]))
    return Tree(levels)


def _above(level: bytes) -> bytes:
    whole = len(level) - len(level) % _PAIR
    pairs = (level[at : at + _PAIR] for at in range(0, whole, _PAIR))
    return _joined(sha256(b"\x01" + pair).digest() for pair in pairs) + level[whole:]


def _joined(hashes: Iterator[bytes]) -> bytes:
    """Hashes one after the other; few at a time, since each takes thrice its size by itself."""
    found = bytearray()
    while some := b"".join(islice(hashes, LEAVES_AT_ONCE)):
        found += some
    return bytes(found)


def climbed(start: bytes, proof: Iterable[Step]) -> str:
    """The root that a leaf and its proof lead to, in hex.

    Raises:
        ValueError: a step is no step.
    """
    now = start
    for step in proof:
        other = bytes.fromhex(step["hash"])
        if step["side"] not in ("L", "R") or len(other) != _SIZE or other.hex() != step["hash"]:
            raise ValueError(f"no step of a proof: {step}")
        now = node(other, now) if step["side"] == "L" else node(now, other)
    return now.hex()
