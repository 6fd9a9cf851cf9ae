"""A published log read back, from a directory or a website: bundles and tiles at a given size."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.findings import TREE, BrokenError
from services.audit.tlog.merkle import HASH_BYTES
from services.audit.tlog.note import NoteError
from services.audit.tlog.tiles import (
    CHECKPOINT,
    ENTRIES,
    TILE_WIDTH,
    MalformedBundleError,
    split_bundle,
    tile_path,
)

READ_AHEAD = 32
"""Requests under way at once: tiles are small, so latency is what costs."""


class Source(Protocol):
    """Published files by path."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None where there is none."""

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """The files' bytes in order, read ahead where that helps."""

    def partial_widths(self, level: int | str, number: int) -> list[int]:
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

    def partial_widths(self, level: int | str, number: int) -> list[int]:
        folder = self._path / f"{tile_path(level, number)}.p"
        if not folder.is_dir():
            return []
        return sorted(int(each.name) for each in folder.iterdir() if each.name.isdigit())


class Website:
    """A log served over HTTP. Errors other than 404 raise httpx.HTTPError."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    def read(self, path: str) -> bytes | None:
        answer = self._client.get(f"{self._url}/{path}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().content

    def read_all(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        waiting: deque[Future[bytes | None]] = deque()
        with ThreadPoolExecutor(READ_AHEAD) as pool:
            for path in paths:
                waiting.append(pool.submit(self.read, path))
                if len(waiting) >= READ_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def partial_widths(self, level: int | str, number: int) -> list[int]:  # noqa: ARG002
        return []


def open_source(where: str | Path) -> Source:
    """A Website for http(s) addresses, else a Directory."""
    if str(where).startswith(("http://", "https://")):
        transport = httpx.HTTPTransport(retries=3)
        return Website(httpx.Client(transport=transport, timeout=30), str(where))
    return Directory(Path(where))


@dataclass(frozen=True, slots=True)
class BundleAndTile:
    """256 entries (fewer at the edge) and the level-0 tile published for them."""

    number: int
    entries: list[bytes]
    tile: bytes


def read_checkpoint(source: Source) -> Checkpoint:
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
        raise BrokenError(TREE, f"{tile_path(ENTRIES, number, width)} is missing", first)
    try:
        return split_bundle(data, held)[:count]
    except MalformedBundleError as error:
        raise BrokenError(TREE, f"{tile_path(ENTRIES, number, width)}: {error}", first) from None


def _tile(source: Source, level: int, number: int, width: int, data: bytes | None) -> bytes:
    held = width
    if data is None and width < TILE_WIDTH:
        data, held = source.read(tile_path(level, number)), TILE_WIDTH
    path = tile_path(level, number, width % TILE_WIDTH)
    if data is None:
        raise BrokenError(TREE, f"{path} is missing")
    if len(data) != held * HASH_BYTES:
        raise BrokenError(TREE, f"{path} has {len(data)} bytes, not {held * HASH_BYTES}")
    return data[: width * HASH_BYTES]
