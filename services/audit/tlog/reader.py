"""A published log read back, from a directory or a website: bundles and tiles at a given size."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Protocol

from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.findings import HISTORY, TREE, BrokenError
from services.audit.tlog.merkle import EMPTY_ROOT, HASH_BYTES, hash_leaves
from services.audit.tlog.note import NoteError
from services.audit.tlog.tiles import (
    CHECKPOINT,
    ENTRIES,
    TILE_WIDTH,
    MalformedBundleError,
    Tile,
    TileTree,
    format_tile_path,
    pack_bundle,
    split_bundle,
    split_tile,
)


class UnreachableError(OSError):
    """The network refuses a file: it says nothing about the log."""


class Source(Protocol):
    """Published files by path. UnreachableError where the network refuses one."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None where there is none."""

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """The files' bytes in order, read ahead where that helps."""

    def list_partial_widths(self, level: int | str, number: int) -> list[int]:
        """Widths of the partial tiles kept beside a tile; empty where they cannot be listed."""


class Directory:
    """A log directory on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, path: str) -> bytes | None:
        try:
            return (self._path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        return map(self.read, paths)

    def list_partial_widths(self, level: int | str, number: int) -> list[int]:
        folder = self._path / f"{format_tile_path(level, number)}.p"
        if not folder.is_dir():
            return []
        return sorted(int(each.name) for each in folder.iterdir() if each.name.isdigit())


def open_source(where: str | Path) -> Source:
    """A website for http(s) addresses, else a Directory."""
    if str(where).startswith(("http://", "https://")):
        from services.audit.tlog.website import open_website  # a folder is read without HTTP

        return open_website(str(where))
    return Directory(Path(where))


@dataclass(frozen=True, slots=True)
class BundleAndTile:
    """256 entries (fewer at the edge) and the level-0 tile published for them."""

    number: int
    entries: list[bytes]
    tile: bytes


def read_unverified_checkpoint(source: Source) -> Checkpoint:
    """The checkpoint that stands, unverified. NoteError where there is none that can be read."""
    data = source.read(CHECKPOINT)
    if data is None:
        raise NoteError("没有检查点 there is no checkpoint")
    return Checkpoint.read_unverified(data)


def read_bundles(source: Source, size: int) -> Iterator[BundleAndTile]:
    """The log's first `size` entries with their tiles, in order."""
    numbers = range(-(-size // TILE_WIDTH))
    paths = (
        format_tile_path(level, number, _find_width(size, number))
        for number in numbers
        for level in (ENTRIES, 0)
    )
    files = source.read_all(paths)
    for number, bundle, tile in zip(numbers, files, files, strict=False):
        entries = _split_entries(source, size, number, bundle)
        yield BundleAndTile(number, entries, _cut_tile(source, 0, number, len(entries), tile))


def read_entries(source: Source, size: int) -> Iterator[bytes]:
    """The log's first `size` entries, in order, without their tiles."""
    numbers = range(-(-size // TILE_WIDTH))
    paths = (format_tile_path(ENTRIES, number, _find_width(size, number)) for number in numbers)
    for number, bundle in zip(numbers, source.read_all(paths), strict=True):
        yield from _split_entries(source, size, number, bundle)


def read_entries_at(source: Source, size: int, numbers: Sequence[int]) -> Iterator[bytes]:
    """These entries of a log of `size`, ascending: no bundle is read that has none of them."""
    wanted = [(at, list(each)) for at, each in groupby(numbers, lambda n: n // TILE_WIDTH)]
    paths = (format_tile_path(ENTRIES, at, _find_width(size, at)) for at, _ in wanted)
    for (at, some), bundle in zip(wanted, source.read_all(paths), strict=True):
        entries = _split_entries(source, size, at, bundle)
        yield from (entries[number % TILE_WIDTH] for number in some)


def read_entry(source: Source, size: int, index: int) -> bytes:
    """One entry of a log of `size`."""
    number, at = divmod(index, TILE_WIDTH)
    return read_bundle(source, size, number)[at]


def read_bundle(source: Source, size: int, number: int) -> list[bytes]:
    """Bundle `number` of a log of `size`: 256 entries, fewer at the edge."""
    bundle = source.read(format_tile_path(ENTRIES, number, _find_width(size, number)))
    return _split_entries(source, size, number, bundle)


def read_hashes(source: Source, level: int, number: int, width: int) -> bytes:
    """A tile's first `width` hashes, from the partial tile or the full one."""
    partial = source.read(format_tile_path(level, number, width % TILE_WIDTH))
    return _cut_tile(source, level, number, width, partial)


def _find_width(size: int, number: int) -> int:
    """The width in the path of bundle or level-0 tile `number`: 0 where it is full."""
    return size % TILE_WIDTH if number == size // TILE_WIDTH else 0


def _split_entries(source: Source, size: int, number: int, data: bytes | None) -> list[bytes]:
    width = _find_width(size, number)
    count = stored_width = width or TILE_WIDTH
    if data is None and width:
        data, stored_width = source.read(format_tile_path(ENTRIES, number)), TILE_WIDTH
    first = number * TILE_WIDTH
    if data is None:
        raise BrokenError(TREE, f"{format_tile_path(ENTRIES, number, width)} is missing", first)
    try:
        return split_bundle(data, stored_width)[:count]
    except MalformedBundleError as error:
        raise BrokenError(
            TREE, f"{format_tile_path(ENTRIES, number, width)}: {error}", first
        ) from None


def _cut_tile(source: Source, level: int, number: int, width: int, data: bytes | None) -> bytes:
    stored_width = width
    if data is None and width < TILE_WIDTH:
        data, stored_width = source.read(format_tile_path(level, number)), TILE_WIDTH
    path = format_tile_path(level, number, width % TILE_WIDTH)
    if data is None:
        raise BrokenError(TREE, f"{path} is missing")
    if len(data) != stored_width * HASH_BYTES:
        raise BrokenError(TREE, f"{path} has {len(data)} bytes, not {stored_width * HASH_BYTES}")
    return data[: width * HASH_BYTES]


# --- invariants 2 and 3: the tree rebuilt is the one published and signed for ---------------------


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
        leaves = hash_leaves(part.entries)
        bottom = Tile(0, part.number, b"".join(leaves))
        self._compare(bottom, part.tile)
        self._compare_partial_tiles(bottom)
        self._compare_partial_bundles(part)
        self._compare_older(leaves, part.number * TILE_WIDTH)
        for tile in self.tree.add(leaves)[1:]:
            self._compare(tile, read_hashes(self.source, tile.level, tile.number, TILE_WIDTH))
            self._compare_partial_tiles(tile)
        return leaves

    def finish(self) -> None:
        """All bundles were added: the unfinished tiles, and the root."""
        for tile in self.tree.list_partials():
            if tile.level:
                self._compare(tile, read_hashes(self.source, tile.level, tile.number, tile.width))
                self._compare_partial_tiles(tile)
        if self.tree.compute_root() != self.newest.root:
            raise BrokenError(TREE, "the entries' root is not the checkpoint's")

    def _compare(self, rebuilt: Tile, published: bytes) -> None:
        if rebuilt.data == published:
            return
        at = _find_first_difference(rebuilt.data, published)
        index = (rebuilt.number * TILE_WIDTH + at) * TILE_WIDTH**rebuilt.level
        raise BrokenError(TREE, f"{rebuilt.path} is not the hash of the entries", index)

    def _compare_partial_bundles(self, part: BundleAndTile) -> None:
        """Older partial bundles that still lie there must say the same."""
        for width in self.source.list_partial_widths(ENTRIES, part.number):
            path = format_tile_path(ENTRIES, part.number, width)
            is_covered = width <= len(part.entries)
            if is_covered and self.source.read(path) != pack_bundle(part.entries[:width]):
                raise BrokenError(TREE, f"{path} differs", part.number * TILE_WIDTH)

    def _compare_partial_tiles(self, tile: Tile) -> None:
        for width in self.source.list_partial_widths(tile.level, tile.number):
            hashes = tile.data[: width * HASH_BYTES]
            if len(hashes) == width * HASH_BYTES:
                path = format_tile_path(tile.level, tile.number, width)
                self._compare(Tile(tile.level, tile.number, hashes), self.source.read(path) or b"")

    def _compare_older(self, leaves: Sequence[bytes], first: int) -> None:
        for size, root in self.older.items():
            reached = first < size <= first + len(leaves)
            if reached and self.tree.compute_root(leaves[: size - first]) != root:
                raise BrokenError(
                    HISTORY, f"the first {size} entries are not those signed for before"
                )


def _find_first_difference(rebuilt: bytes, published: bytes) -> int:
    """The number of the first hash that differs."""
    pairs = zip(split_tile(rebuilt), split_tile(published), strict=False)
    return next((at for at, (ours, theirs) in enumerate(pairs) if ours != theirs), 0)
