"""C2SP tlog-tiles: paths, tile contents, entry bundles, and a tree that grows tile by tile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.audit.tlog.merkle import HASH_BYTES, compute_subtree_root

TILE_WIDTH = 256

ENTRIES = "entries"
"""The level name of entry bundles."""

CHECKPOINT = "checkpoint"


class MalformedBundleError(ValueError):
    """The bundle does not hold the number of entries its place in the log requires."""


def format_tile_path(level: int | str, number: int, width: int = 0) -> str:
    """`tile/<L>/<N>[.p/<W>]`; width 0 is the full tile. 1234067 is written x001/x234/067."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    partial = f".p/{width}" if width else ""
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def split_tile(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """OverflowError for an entry of more than 65,535 bytes."""
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def split_bundle(data: bytes, count: int) -> list[bytes]:
    """The `count` entries of a bundle; MalformedBundleError if it holds fewer, more or a part."""
    entries, at, end = [], 0, len(data)
    while at < end:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != end or len(entries) != count:
        raise MalformedBundleError(f"{len(entries)} entries in {end} bytes, not {count}")
    return entries


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile's place and content; partial unless it holds 256 hashes."""

    level: int
    number: int
    data: bytes

    @property
    def width(self) -> int:
        return len(self.data) // HASH_BYTES % TILE_WIDTH

    @property
    def path(self) -> str:
        return format_tile_path(self.level, self.number, self.width)


class TileTree:
    """The right edge of a growing tree: for each level the hashes of its unfinished tile.

    Mutable, because it is fed millions of leaves; memory is O(log n). Level L's hashes are roots of
    perfect trees of 256^L leaves.
    """

    def __init__(self, size: int = 0, edges: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self.edges: list[list[bytes]] = [list(edge) for edge in edges] or [[]]

    def add(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Append leaf hashes; returns the tiles they completed, lower levels first."""
        completed: list[Tile] = []
        at = 0
        while at < len(leaves):
            take = TILE_WIDTH - len(self.edges[0])
            chunk = leaves[at : at + take]
            self.edges[0].extend(chunk)
            self.size += len(chunk)
            at += len(chunk)
            self._carry(completed)
        return completed

    def _carry(self, completed: list[Tile]) -> None:
        level = 0
        while len(self.edges[level]) == TILE_WIDTH:
            number = self.size // TILE_WIDTH ** (level + 1) - 1
            completed.append(Tile(level, number, b"".join(self.edges[level])))
            if level + 1 == len(self.edges):
                self.edges.append([])
            self.edges[level + 1].append(compute_subtree_root(self.edges[level]))
            self.edges[level].clear()
            level += 1

    def list_partials(self) -> Iterator[Tile]:
        """The partial tiles a checkpoint of this size is served with."""
        for level, edge in enumerate(self.edges):
            if edge:
                yield Tile(level, self.size // TILE_WIDTH ** (level + 1), b"".join(edge))

    def compute_root(self, leaves: Sequence[bytes] = ()) -> bytes:
        """The root, as if the leaf hashes `leaves` (within the unfinished tile) were added."""
        row: list[bytes] = [*self.edges[0], *leaves]
        for edge in self.edges[1:]:
            row = [*edge, compute_subtree_root(row)] if row else edge
        return compute_subtree_root(row)


def list_edge_places(size: int) -> list[tuple[int, int, int]]:
    """(level, tile number, width) of the unfinished tiles of a log of `size`; width may be 0."""
    places, level = [], 0
    while size >= TILE_WIDTH**level or level == 0:
        number, width = divmod(size // TILE_WIDTH**level, TILE_WIDTH)
        places.append((level, number, width))
        level += 1
    return places
