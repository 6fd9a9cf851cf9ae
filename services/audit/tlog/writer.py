"""The log directory: committed entries become bundles, tiles and, last of all, a checkpoint.

Everything here follows from the entries, so publishing may stop anywhere and be done again. Nothing
refers to a file until the checkpoint does. Blocking: call it in a thread from async code.

Before a checkpoint is put in place it is shown to the log's witnesses (`tlog.witnesses`): the tiles
they ask a proof from lie there already, and they sign what is about to stand or nothing.
"""

import fcntl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from services.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from services.audit.tlog.disk import make_folder, remove_folder, store
from services.audit.tlog.findings import BrokenError
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.merkle import EMPTY_ROOT, Frontier, hash_leaf
from services.audit.tlog.note import Note, NoteError
from services.audit.tlog.reader import Directory, read_bundle, read_hashes
from services.audit.tlog.tiles import (
    CHECKPOINT,
    ENTRIES,
    TILE_WIDTH,
    Tile,
    TileTree,
    format_tile_path,
    list_edge_places,
    pack_bundle,
    split_tile,
)
from services.audit.tlog.witnesses import NO_WITNESSES, Witnesses

LOCK = ".lock"

LOCK_WITHIN_S = 3.0


class ForkError(Exception):
    """Publishing would contradict what the log has signed. A person must look; never retried."""


class CorruptLogError(Exception):
    """The published files do not agree with the checkpoint that stands."""


class LockedError(Exception):
    """Another process publishes, or was stopped while it did. To be tried again: were its lock
    broken, it could wake up and put an older checkpoint over a newer one."""


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

    `path` is made if missing. The keys' name is the log's origin; while a key is replaced there are
    two, and both sign. What stands is read back from the files alone, at the first publishing and
    whenever another process published since.
    """

    def __init__(self, path: Path, *keys: SigningKey, witnesses: Witnesses = NO_WITNESSES) -> None:
        self._path = path
        self._keys = keys
        self._witnesses = witnesses
        self._source = Directory(path)
        self._known: _Standing | None = None

    @property
    def path(self) -> Path:
        return self._path

    @property
    def origin(self) -> str:
        return self._keys[0].name

    def find_checkpoint(self) -> Checkpoint:
        """The checkpoint that stands (size 0 before the first). ForkError if it is not ours."""
        note = self._source.read(CHECKPOINT)
        if note is None:
            return Checkpoint(self.origin, 0, EMPTY_ROOT)
        try:
            return open_checkpoint(note, [key.vkey for key in self._keys])
        except NoteError as error:
            raise ForkError(f"the checkpoint that stands is not ours: {error}") from None

    def lacks_signature(self) -> bool:
        """Whether a key of ours has not signed what stands, or one that is retired still does."""
        note = self._source.read(CHECKPOINT)
        return note is not None and not self._is_signed(Note.parse(note))

    def lacks_witness(self) -> bool:
        """Whether a witness has not cosigned what stands."""
        note = self._source.read(CHECKPOINT)
        return note is not None and self._witnesses.lacks_cosigner(Note.parse(note))

    def publish(
        self,
        entries: Iterable[tuple[int, bytes]],
        head: Frontier | None = None,
        *,
        ask_again: bool = False,
    ) -> Checkpoint:
        """Publish committed (index, entry) pairs, ascending; returns the checkpoint then standing.

        Entries already published are compared and passed over, so any batch may be repeated.
        `head`, the database's frontier, must agree when its size is the one reached. `ask_again`
        asks witnesses though nothing is new. ForkError if the entries contradict the published log
        or it is frozen, MissingEntriesError if there is a gap, QuorumError without the witnesses,
        LockedError while another process publishes.
        """
        with self._hold_lock():
            standing = self._read_standing()
            fresh = list(self._list_fresh(standing, entries))
            if fresh and standing.checkpoint.frozen:
                raise ForkError("the log is frozen: its year is closed")
            if not fresh and standing.note is not None:
                _agree(standing.tree, head)
                done = self._is_signed(Note.parse(standing.note)) and not ask_again
                return standing.checkpoint if done else self._sign(standing, standing.checkpoint)
            return self._extend(standing, fresh, head)

    def freeze(self, size: int, root: bytes) -> Checkpoint:
        """The last checkpoint, which says that the log will not grow; repeated, it changes nothing.

        MissingEntriesError until all `size` entries are published, ForkError at another root.
        """
        with self._hold_lock():
            standing = self._read_standing()
            if standing.checkpoint.size < size:
                raise MissingEntriesError(f"{standing.checkpoint.size} of {size} are published")
            if (standing.checkpoint.size, standing.checkpoint.root) != (size, root):
                raise ForkError(f"the log was closed at size {size} with another root")
            if standing.checkpoint.frozen:
                return standing.checkpoint
            return self._sign(standing, replace(standing.checkpoint, frozen=True))

    def _extend(self, standing: _Standing, fresh: list[bytes], head: Frontier | None) -> Checkpoint:
        tree = TileTree(standing.tree.size, standing.tree.edges)
        tiles = tree.add([hash_leaf(entry) for entry in fresh])
        _agree(tree, head)
        bundles, tail = _pack_bundles(standing.tree.size, [*standing.tail, *fresh])
        files = {tile.path: tile.data for tile in (*tiles, *tree.list_partials())}
        checkpoint = replace(standing.checkpoint, size=tree.size, root=tree.compute_root())
        store(self._path, bundles | files)
        self._sign(_Standing(standing.note, standing.checkpoint, tree, tail), checkpoint)
        self._drop_partials(tiles)
        return checkpoint

    def _sign(self, standing: _Standing, checkpoint: Checkpoint) -> Checkpoint:
        """Put `checkpoint` in place of the one that stands, whose tree and tail are in `known`."""
        body = checkpoint.format_body()
        note = Note(body, tuple(key.sign(body) for key in self._keys))
        if standing.note is not None and (old := Note.parse(standing.note)).body == body:
            note = note.with_signatures(each for each in old.signatures if each.name != self.origin)
        cosigned = self._witnesses.cosign(note, standing.checkpoint.size, self._source)
        store(self._path, {CHECKPOINT: bytes(cosigned)})
        self._known = _Standing(bytes(cosigned), checkpoint, standing.tree, standing.tail)
        return checkpoint

    def _is_signed(self, note: Note) -> bool:
        own = [each.key_id for each in note.signatures if each.name == self.origin]
        return own == [key.vkey.id for key in self._keys]

    def _list_fresh(
        self, standing: _Standing, entries: Iterable[tuple[int, bytes]]
    ) -> Iterator[bytes]:
        size = expected = standing.checkpoint.size
        number, published = -1, list[bytes]()
        for index, entry in entries:
            if index < size:
                if number != index // TILE_WIDTH:
                    number = index // TILE_WIDTH
                    published = read_bundle(self._source, size, number)
                if published[index % TILE_WIDTH] != entry:
                    raise ForkError(f"entry {index} was published with other content")
            elif index == expected:
                expected += 1
                yield entry
            else:
                raise MissingEntriesError(f"entry {index} where {expected} must follow")

    def _drop_partials(self, full: list[Tile]) -> None:
        """Partial tiles are served until the full one exists; readers then take that."""
        for tile in full:
            remove_folder(self._path / f"{tile.path}.p")
            if tile.level == 0:
                remove_folder(self._path / f"{format_tile_path(ENTRIES, tile.number)}.p")

    def _read_standing(self) -> _Standing:
        note = self._source.read(CHECKPOINT)
        if self._known is None or self._known.note != note:
            self._known = self._recover(note)
        return self._known

    def _recover(self, note: bytes | None) -> _Standing:
        """Rebuild the tree's edge from the files, and prove it against the checkpoint."""
        checkpoint = self.find_checkpoint()
        try:
            tree = TileTree(checkpoint.size, self._read_edges(checkpoint.size))
            tail = self._read_tail(checkpoint.size)
        except BrokenError as broken:
            raise CorruptLogError(broken.finding.message) from None
        hashes = [hash_leaf(entry) for entry in tail]
        if tree.compute_root() != checkpoint.root or hashes != tree.edges[0]:
            raise CorruptLogError("the tiles are not those of the checkpoint that stands")
        return _Standing(note, checkpoint, tree, tail)

    def _read_edges(self, size: int) -> list[list[bytes]]:
        return [
            split_tile(read_hashes(self._source, level, number, width)) if width else []
            for level, number, width in list_edge_places(size)
        ]

    def _read_tail(self, size: int) -> list[bytes]:
        unfinished = size % TILE_WIDTH
        return read_bundle(self._source, size, size // TILE_WIDTH) if unfinished else []

    @contextmanager
    def _hold_lock(self) -> Iterator[None]:
        """One publisher at a time; the kernel drops the lock with the process. LockedError."""
        make_folder(self._path)
        with (self._path / LOCK).open("w") as lock:
            _acquire_lock(lock, self.origin)
            yield


def _acquire_lock(lock: IO[str], origin: str) -> None:
    deadline = time.monotonic() + LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LockedError(f"{origin} is being published by another process") from None
            time.sleep(0.01)
        else:
            return


def _agree(tree: TileTree, head: Frontier | None) -> None:
    if head is not None and head.size == tree.size and head.compute_root() != tree.compute_root():
        raise ForkError(f"the database has another root at size {tree.size}")


def _pack_bundles(size: int, entries: list[bytes]) -> tuple[dict[str, bytes], list[bytes]]:
    """Bundle files by path, and the last one's entries if it is unfinished.

    `entries` begin with those of the bundle that was unfinished at `size`.
    """
    first = size // TILE_WIDTH
    files, part = {}, []
    for at in range(0, len(entries), TILE_WIDTH):
        part = entries[at : at + TILE_WIDTH]
        path = format_tile_path(ENTRIES, first + at // TILE_WIDTH, len(part) % TILE_WIDTH)
        files[path] = pack_bundle(part)
    return files, part if len(part) < TILE_WIDTH else []
