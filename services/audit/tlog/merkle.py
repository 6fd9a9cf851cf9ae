"""RFC 6962 tree hashes; the frontier and the head: all that is needed of a log to append to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

EMPTY_ROOT = sha256(b"").digest()

HASH_BYTES = 32


def hash_leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def hash_leaves(entries: Iterable[bytes]) -> list[bytes]:
    """As `leaf_hash` of each, sooner."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def hash_node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def compute_subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over `hashes`, themselves roots of equal perfect trees (the last may be smaller).

    Pairing from the left and carrying an odd last one upward is the same tree as RFC 6962's split
    at the largest power of two.
    """
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return row[0] if row else EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Frontier:
    """The perfect subtrees of a tree of `size` leaves, largest first: one for each bit of size."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier after one more leaf hash; one node hash on average."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        size, stack = self.size, list(self.hashes)
        for leaf in leaves:
            subtree, bits = leaf, size
            while bits & 1:
                subtree = sha256(b"\x01" + stack.pop() + subtree).digest()
                bits >>= 1
            stack.append(subtree)
            size += 1
        return Frontier(size, tuple(stack))

    def compute_root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = hash_node(left, root)
        return root

    @classmethod
    def from_list(cls, size: int, hashes: Iterable[bytes]) -> Self:
        """Raises ValueError unless there is one 32-byte hash for each bit of `size`."""
        subtrees = tuple(bytes(each) for each in hashes)
        if (
            size < 0
            or len(subtrees) != size.bit_count()
            or any(len(h) != HASH_BYTES for h in subtrees)
        ):
            raise ValueError(f"{len(subtrees)} hashes are no frontier of a tree of {size} leaves")
        return cls(size, subtrees)


EMPTY_FRONTIER = Frontier()


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A log's origin, its tree's frontier, and when its last entry was recorded."""

    origin: str
    frontier: Frontier = EMPTY_FRONTIER
    last_recorded_at: str = ""

    @property
    def size(self) -> int:
        return self.frontier.size
