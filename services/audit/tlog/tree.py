"""Invariants 2 and 3: the tree rebuilt from the bundles is the one published and signed for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.findings import HISTORY, TREE, BrokenError
from services.audit.tlog.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hashes
from services.audit.tlog.reader import BundleAndTile, Source, read_tile
from services.audit.tlog.tiles import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    TileTree,
    pack_bundle,
    split_tile,
    tile_path,
)


@dataclass(slots=True)
class TreeCheck:
    """Fed bundle after bundle; memory is O(log n). Every method raises BrokenError."""

    source: Source
    newest: Checkpoint
    tree: TileTree = field(default_factory=TileTree)
    older: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    """Roots signed for before, by size."""

    def expect(self, older: Checkpoint) -> None:
        """The log must have had this root when it was of that size."""
        newest = self.newest
        if older.size > newest.size:
            raise BrokenError(HISTORY, f"the log shrank from {older.size} to {newest.size} entries")
        root = newest.root if older.size == newest.size else self.older.get(older.size)
        if root is not None and root != older.root:
            raise BrokenError(HISTORY, f"two signed roots at size {older.size}: proof of fraud")
        self.older[older.size] = older.root

    def add(self, part: BundleAndTile) -> list[bytes]:
        """Hash a bundle's entries and compare what is published of them; their leaf hashes."""
        leaves = leaf_hashes(part.entries)
        bottom = Tile(0, part.number, b"".join(leaves))
        self._compare(bottom, part.tile)
        self._compare_partial_tiles(bottom)
        self._compare_partial_bundles(part)
        self._compare_older(leaves, part.number * TILE_WIDTH)
        for tile in self.tree.add(leaves)[1:]:
            self._compare(tile, read_tile(self.source, tile.level, tile.number, TILE_WIDTH))
            self._compare_partial_tiles(tile)
        return leaves

    def finish(self) -> None:
        """All bundles were added: the unfinished tiles, and the root."""
        for tile in self.tree.partials():
            if tile.level:
                self._compare(tile, read_tile(self.source, tile.level, tile.number, tile.width))
                self._compare_partial_tiles(tile)
        if self.tree.root() != self.newest.root:
            raise BrokenError(TREE, "the entries' root is not the checkpoint's")

    def _compare(self, rebuilt: Tile, published: bytes) -> None:
        if rebuilt.data == published:
            return
        at = _first_difference(rebuilt.data, published)
        index = (rebuilt.number * TILE_WIDTH + at) * TILE_WIDTH**rebuilt.level
        raise BrokenError(TREE, f"{rebuilt.path} is not the hash of the entries", index)

    def _compare_partial_bundles(self, part: BundleAndTile) -> None:
        """Older partial bundles that still lie there must say the same."""
        for width in self.source.partial_widths(ENTRIES, part.number):
            path = tile_path(ENTRIES, part.number, width)
            known = width <= len(part.entries)
            if known and self.source.read(path) != pack_bundle(part.entries[:width]):
                raise BrokenError(TREE, f"{path} differs", part.number * TILE_WIDTH)

    def _compare_partial_tiles(self, tile: Tile) -> None:
        for width in self.source.partial_widths(tile.level, tile.number):
            hashes = tile.data[: width * HASH_BYTES]
            if len(hashes) == width * HASH_BYTES:
                path = tile_path(tile.level, tile.number, width)
                self._compare(Tile(tile.level, tile.number, hashes), self.source.read(path) or b"")

    def _compare_older(self, leaves: Sequence[bytes], first: int) -> None:
        for size, root in self.older.items():
            reached = first < size <= first + len(leaves)
            if reached and self.tree.root(leaves[: size - first]) != root:
                raise BrokenError(
                    HISTORY, f"the first {size} entries are not those signed for before"
                )


def _first_difference(rebuilt: bytes, published: bytes) -> int:
    """The number of the first hash that differs."""
    pairs = zip(split_tile(rebuilt), split_tile(published), strict=False)
    return next((at for at, (ours, theirs) in enumerate(pairs) if ours != theirs), 0)
