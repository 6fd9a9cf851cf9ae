"""A published log read back: bundles and tiles at a given size, partial or full."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.audit.verify.findings import BrokenError
from services.audit.verify.merkle import HASH_BYTES
from services.audit.verify.note import Checkpoint, NoteError
from services.audit.verify.source import Source
from services.audit.verify.tiles import (
    CHECKPOINT,
    ENTRIES,
    TILE_WIDTH,
    MalformedBundleError,
    split_bundle,
    tile_path,
)


@dataclass(frozen=True, slots=True)
class BundleAndTile:
    """256 entries (fewer at the edge) and the level-0 tile published for them."""

    number: int
    entries: list[bytes]
    tile: bytes


def standing(source: Source) -> Checkpoint:
    """The checkpoint that stands, unverified. NoteError where there is none that can be read."""
    data = source.read(CHECKPOINT)
    if data is None:
        raise NoteError("没有检查点 there is no checkpoint")
    return Checkpoint.unverified(data)


def read_bundles(source: Source, size: int) -> Iterator[BundleAndTile]:
    """The log's first `size` entries with their tiles, in order."""
    numbers = range(-(-size // TILE_WIDTH))
    paths = (
        tile_path(level, number, _width(size, number))
        for number in numbers
        for level in (ENTRIES, 0)
    )
    files = source.read_all(paths)
    for number, bundle, tile in zip(numbers, files, files, strict=False):
        entries = _entries(source, size, number, bundle)
        yield BundleAndTile(number, entries, _tile(source, 0, number, len(entries), tile))


def read_entries(source: Source, size: int) -> Iterator[bytes]:
    """The log's first `size` entries, in order, without their tiles."""
    numbers = range(-(-size // TILE_WIDTH))
    paths = (tile_path(ENTRIES, number, _width(size, number)) for number in numbers)
    for number, bundle in zip(numbers, source.read_all(paths), strict=True):
        yield from _entries(source, size, number, bundle)


def read_entry(source: Source, size: int, index: int) -> bytes:
    """One entry of a log of `size`."""
    number, at = divmod(index, TILE_WIDTH)
    return read_bundle(source, size, number)[at]


def read_bundle(source: Source, size: int, number: int) -> list[bytes]:
    """Bundle `number` of a log of `size`: 256 entries, fewer at the edge."""
    bundle = source.read(tile_path(ENTRIES, number, _width(size, number)))
    return _entries(source, size, number, bundle)


def read_tile(source: Source, level: int, number: int, width: int) -> bytes:
    """A tile's first `width` hashes, from the partial tile or the full one."""
    partial = source.read(tile_path(level, number, width % TILE_WIDTH))
    return _tile(source, level, number, width, partial)


def _width(size: int, number: int) -> int:
    """The width in the path of bundle or level-0 tile `number`: 0 where it is full."""
    return size % TILE_WIDTH if number == size // TILE_WIDTH else 0


def _entries(source: Source, size: int, number: int, data: bytes | None) -> list[bytes]:
    width = _width(size, number)
    count = held = width or TILE_WIDTH
    if data is None and width:
        data, held = source.read(tile_path(ENTRIES, number)), TILE_WIDTH
    first = number * TILE_WIDTH
    if data is None:
        raise BrokenError(2, f"{tile_path(ENTRIES, number, width)} is missing", first)
    try:
        return split_bundle(data, held)[:count]
    except MalformedBundleError as error:
        raise BrokenError(2, f"{tile_path(ENTRIES, number, width)}: {error}", first) from None


def _tile(source: Source, level: int, number: int, width: int, data: bytes | None) -> bytes:
    held = width
    if data is None and width < TILE_WIDTH:
        data, held = source.read(tile_path(level, number)), TILE_WIDTH
    path = tile_path(level, number, width % TILE_WIDTH)
    if data is None:
        raise BrokenError(2, f"{path} is missing")
    if len(data) != held * HASH_BYTES:
        raise BrokenError(2, f"{path} has {len(data)} bytes, not {held * HASH_BYTES}")
    return data[: width * HASH_BYTES]
