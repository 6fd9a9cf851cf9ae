"""Inclusion and consistency proofs: made from tiles in O(log n), checked as RFC 9162 says.

A proof is a list of hashes, the lowest first, as RFC 6962 (2.1.1, 2.1.2) orders them.
"""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256

from services.audit.tlog.merkle import EMPTY_ROOT, HASH_BYTES, hash_node
from services.audit.tlog.reader import Source, read_hashes
from services.audit.tlog.tiles import TILE_WIDTH

TILE_HEIGHT = 8

_KEPT_BYTES = 64 * 2**20

_TILES_KEPT = _KEPT_BYTES // (2 * TILE_WIDTH * HASH_BYTES)
"""The rows of a full tile are twice its size: so all tiles of a log of a million entries."""

Rows = list[bytes]
"""A tile's hashes, and above them each row of perfect subtrees within the tile."""


def prove_inclusion(source: Source, size: int, index: int) -> list[bytes]:
    """That entry `index` is in the tree of the first `size` entries. ValueError beyond them,
    BrokenError where a tile is missing."""
    return Prover(source, size).prove_inclusion(index)


def prove_consistency(source: Source, old: int, new: int) -> list[bytes]:
    """That the tree of `new` entries begins with that of `old`; empty from nothing or the same."""
    return Prover(source, new).prove_consistency(old)


class Prover:
    """Proofs in a log of `size` entries. Keeps the tiles last used, so a run of proofs is fast."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._size = size
        self._tiles: OrderedDict[tuple[int, int], Rows] = OrderedDict()

    def prove_inclusion(self, index: int) -> list[bytes]:
        if not 0 <= index < self._size:
            raise ValueError(f"entry {index} is not among the first {self._size}")
        return self._list_siblings(0, index)

    def prove_consistency(self, old: int) -> list[bytes]:
        if not 0 <= old <= self._size:
            raise ValueError(f"{old} entries are not among the first {self._size}")
        if old in (0, self._size):
            return []
        level = (old & -old).bit_length() - 1
        last = (old >> level) - 1
        start = (
            [self._find_node(level, last)] if last else []
        )  # a perfect old tree: its root is known
        return start + self._list_siblings(level, last)

    def _list_siblings(self, level: int, number: int) -> list[bytes]:
        """From subtree `number` of `level` up to the root: what its hash is joined with."""
        path = []
        while last := (self._size - 1) >> level:
            beside = number ^ 1
            if beside < last or (beside == last and self._size >> level << level == self._size):
                path.append(self._find_node(level, beside))
            elif beside == last:
                path.append(self._compute_edge(level))
            level, number = level + 1, number >> 1
        return path

    def _compute_edge(self, level: int) -> bytes:
        """The hash of what is right of the last perfect subtree of `level`."""
        node = b""
        for below in range(level):
            if self._size >> below & 1:
                left = self._find_node(below, (self._size >> below) - 1)
                node = hash_node(left, node) if node else left
        return node

    def _find_node(self, level: int, number: int) -> bytes:
        """The root of a perfect subtree of 2^level entries."""
        tile_level, row = divmod(level, TILE_HEIGHT)
        tile, at = divmod(number, TILE_WIDTH >> row)
        start = at * HASH_BYTES
        return self._read_rows(tile_level, tile)[row][start : start + HASH_BYTES]

    def _read_rows(self, level: int, number: int) -> Rows:
        rows = self._tiles.get((level, number))
        if rows is None:
            rows = self._tiles[level, number] = self._read(level, number)
            if len(self._tiles) > _TILES_KEPT:
                self._tiles.popitem(last=False)
        else:
            self._tiles.move_to_end((level, number))
        return rows

    def _read(self, level: int, number: int) -> Rows:
        width = (self._size >> TILE_HEIGHT * level) - number * TILE_WIDTH
        rows = [read_hashes(self._source, level, number, min(width, TILE_WIDTH))]
        while len(rows[-1]) > HASH_BYTES:
            rows.append(_build_row_above(rows[-1]))
        return rows


def _build_row_above(row: bytes) -> bytes:
    """The node hashes over `row` two by two; an odd last hash has none."""
    pairs = range(0, len(row) - HASH_BYTES, 2 * HASH_BYTES)
    return b"".join([sha256(b"\x01" + row[at : at + 2 * HASH_BYTES]).digest() for at in pairs])


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """RFC 9162, 2.1.3.2. leaf: the leaf's hash."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    number, last, node = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            node = hash_node(each, node)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = hash_node(node, each)
        number, last = number >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """RFC 9162, 2.1.4.2, and from nothing: then there is nothing to prove."""
    if old == 0 and old_root != EMPTY_ROOT:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not 0 <= old < new or not _are_hashes(old_root, new_root, *proof):
        return False
    if old == 0:
        return not proof
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    return bool(path) and _join(old - 1, new - 1, path) == (old_root, new_root)


def _join(number: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The roots the path leads to, of the old tree and of the new; None when it has a wrong length.

    number, last: the last entry of the old tree and of the new.
    """
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = path[0]
    for each in path[1:]:
        if last == 0:
            return None
        if number & 1 or number == last:
            old, new = hash_node(each, old), hash_node(each, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = hash_node(new, each)
        number, last = number >> 1, last >> 1
    return (old, new) if last == 0 else None


def _are_hashes(*hashes: bytes) -> bool:
    return all(len(each) == HASH_BYTES for each in hashes)
