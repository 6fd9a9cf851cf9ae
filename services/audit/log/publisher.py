"""The log directory: committed entries become bundles, tiles and, last of all, a checkpoint.

Everything here follows from the entries, so publishing may stop anywhere and be done again. Nothing
refers to a file until the checkpoint does. Blocking: call it in a thread from async code.
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.audit.log.disk import remove_folder, store
from services.audit.log.signing import SigningKey, sign_checkpoint
from services.audit.verify.findings import BrokenError
from services.audit.verify.merkle import EMPTY_ROOT, Frontier, leaf_hash
from services.audit.verify.note import Checkpoint, NoteError, open_checkpoint
from services.audit.verify.published import read_bundle, read_entry, read_tile
from services.audit.verify.source import Directory
from services.audit.verify.tiles import (
    CHECKPOINT,
    ENTRIES,
    TILE_WIDTH,
    Tile,
    TileTree,
    edge_places,
    pack_bundle,
    split_tile,
    tile_path,
)

LOCK = ".lock"


class ForkError(Exception):
    """Publishing would contradict what the log has signed. A person must look; never retried."""


class CorruptLogError(Exception):
    """The published files do not agree with the checkpoint that stands."""


class MissingEntriesError(ValueError):
    """The entries given do not follow on what is published."""


@dataclass(slots=True)
class _Standing:
    """What is published: signed checkpoint, the tree's edge, the unfinished bundle's entries."""

    note: bytes | None
    checkpoint: Checkpoint
    tree: TileTree
    tail: list[bytes] = field(default_factory=list)


class LogDirectory:
    """One log's directory. Several processes may publish to it: a lock lets one at a time.

    `path` is made if missing; `key.name` is the log's origin. What stands is read back from the
    files alone, at the first publishing and whenever another process published since.
    """

    def __init__(self, path: Path, key: SigningKey) -> None:
        self._path = path
        self._key = key
        self._source = Directory(path)
        self._known: _Standing | None = None

    @property
    def path(self) -> Path:
        return self._path

    def standing(self) -> Checkpoint:
        """The checkpoint that stands (size 0 before the first). ForkError if it is not ours."""
        note = self._source.read(CHECKPOINT)
        if note is None:
            return Checkpoint(self._key.name, 0, EMPTY_ROOT)
        try:
            found = open_checkpoint(note, [self._key.vkey])
        except NoteError as error:
            raise ForkError(f"the checkpoint that stands is not ours: {error}") from None
        if found.origin != self._key.name:
            raise ForkError(f"the directory holds another log, {found.origin}")
        return found

    def publish(
        self, entries: Iterable[tuple[int, bytes]], head: Frontier | None = None
    ) -> Checkpoint:
        """Publish committed (index, entry) pairs, ascending; returns the checkpoint then standing.

        Entries already published are compared and passed over, so any batch may be repeated.
        `head`, the database's frontier, must agree when its size is the one reached. ForkError if
        the entries contradict the published log, MissingEntriesError if there is a gap.
        """
        with self._locked():
            known = self._current()
            fresh = list(self._fresh(known, entries))
            if not fresh and known.note is not None:
                _agree(known.tree, head)
                return known.checkpoint
            return self._extend(known, fresh, head)

    def _extend(self, known: _Standing, fresh: list[bytes], head: Frontier | None) -> Checkpoint:
        tree = TileTree(known.tree.size, known.tree.edges)
        tiles = tree.add([leaf_hash(entry) for entry in fresh])
        _agree(tree, head)
        if known.checkpoint.frozen:
            raise ForkError("the log is frozen: its year is closed")
        bundles, tail = _bundles(known.tree.size, [*known.tail, *fresh])
        files = {tile.path: tile.data for tile in (*tiles, *tree.partials())}
        checkpoint = replace(known.checkpoint, size=tree.size, root=tree.root())
        note = sign_checkpoint(checkpoint, self._key)
        store(self._path, bundles | files)
        store(self._path, {CHECKPOINT: note})
        self._known = _Standing(note, checkpoint, tree, tail)
        self._drop_partials(tiles)
        return checkpoint

    def _fresh(self, known: _Standing, entries: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
        expected = known.checkpoint.size
        for index, entry in entries:
            if index < known.checkpoint.size:
                self._compare_published(known.checkpoint.size, index, entry)
            elif index == expected:
                expected += 1
                yield entry
            else:
                raise MissingEntriesError(f"entry {index} where {expected} must follow")

    def _compare_published(self, size: int, index: int, entry: bytes) -> None:
        if read_entry(self._source, size, index) != entry:
            raise ForkError(f"entry {index} was published with other content")

    def _drop_partials(self, full: list[Tile]) -> None:
        """Partial tiles are served until the full one exists; readers then take that."""
        for tile in full:
            remove_folder(self._path / f"{tile.path}.p")
            if tile.level == 0:
                remove_folder(self._path / f"{tile_path(ENTRIES, tile.number)}.p")

    def _current(self) -> _Standing:
        note = self._source.read(CHECKPOINT)
        if self._known is None or self._known.note != note:
            self._known = self._recover(note)
        return self._known

    def _recover(self, note: bytes | None) -> _Standing:
        """Rebuild the tree's edge from the files, and prove it against the checkpoint."""
        checkpoint = self.standing()
        try:
            tree = TileTree(checkpoint.size, self._edges(checkpoint.size))
            tail = self._tail(checkpoint.size)
        except BrokenError as broken:
            raise CorruptLogError(broken.finding.message) from None
        hashes = [leaf_hash(entry) for entry in tail]
        if tree.root() != checkpoint.root or hashes != tree.edges[0]:
            raise CorruptLogError("the tiles are not those of the checkpoint that stands")
        return _Standing(note, checkpoint, tree, tail)

    def _edges(self, size: int) -> list[list[bytes]]:
        return [
            split_tile(read_tile(self._source, level, number, width)) if width else []
            for level, number, width in edge_places(size)
        ]

    def _tail(self, size: int) -> list[bytes]:
        unfinished = size % TILE_WIDTH
        return read_bundle(self._source, size, size // TILE_WIDTH) if unfinished else []

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One publisher at a time; the kernel drops the lock with the process."""
        self._path.mkdir(parents=True, exist_ok=True)
        with (self._path / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _agree(tree: TileTree, head: Frontier | None) -> None:
    if head is not None and head.size == tree.size and head.root() != tree.root():
        raise ForkError(f"the database has another root at size {tree.size}")


def _bundles(size: int, entries: list[bytes]) -> tuple[dict[str, bytes], list[bytes]]:
    """Bundle files by path, and the last one's entries if it is unfinished.

    `entries` begin with those of the bundle that was unfinished at `size`.
    """
    first = size // TILE_WIDTH
    files, part = {}, []
    for at in range(0, len(entries), TILE_WIDTH):
        part = entries[at : at + TILE_WIDTH]
        path = tile_path(ENTRIES, first + at // TILE_WIDTH, len(part) % TILE_WIDTH)
        files[path] = pack_bundle(part)
    return files, part if len(part) < TILE_WIDTH else []
