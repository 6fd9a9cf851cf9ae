"""What this process wrote it need not read again: states and places in sequences, as last written.

Nothing here is believed: whatever is written is checked by its version or revision, and what writes
nothing is decided on what the database says (`Fold`). Where somebody else writes too, each look
here may cost a transaction that fails: after a conflict all is forgotten, for longer each time.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Generic, TypeVar

from shared.messaging.changes import Loaded
from shared.messaging.decision import AnyRef
from shared.messaging.uncommitted import Place, Uncommitted

STATE_BYTES_MAX = 4_000_000
STREAMS_MAX = 20_000
REST_BATCHES_MAX = 256
TRUSTED_AGAIN_AFTER = 64

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Forgets what was not asked for while as much again as fits came in."""

    def __init__(self, size_max: int) -> None:
        """size_max: the sum of the sizes given; twice as much may be there."""
        self._size_max = size_max
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._size = 0

    def get(self, key: K) -> V | None:
        return self._young.get(key) or self._old.get(key)

    def put(self, key: K, value: V, size: int = 1) -> None:
        if self._size + size > self._size_max:
            self._old, self._young, self._size = self._young, {}, 0
        self._young[key] = value
        self._size += size

    def drop(self, key: K) -> None:
        self._young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        self._young, self._old, self._size = {}, {}, 0


class RecentStates:
    """Of one service's process; asked by the fold, told by the store."""

    def __init__(self) -> None:
        self._states = BoundedCache[AnyRef, Loaded](STATE_BYTES_MAX)
        self._places = BoundedCache[str, Place](STREAMS_MAX)
        self._rest = 0
        self._next_rest = 1
        self._clean = 0

    @property
    def is_resting(self) -> bool:
        return self._rest > 0

    def get(self, ref: AnyRef) -> Loaded | None:
        return self._states.get(ref)

    def find_places(self, streams: Iterable[str]) -> dict[str, Place]:
        """Those streams alone behind which nothing is parked."""
        places = ((stream, self._places.get(stream)) for stream in streams)
        return {stream: place for stream, place in places if place}

    def remember(self, batch: Uncommitted) -> None:
        """After its commit."""
        if self._rest:
            self._rest -= 1
            return
        self._clean += 1
        if self._clean == TRUSTED_AGAIN_AFTER:
            self._next_rest = 1
        for ref, loaded in batch.written.items():
            self._put(ref, loaded)
        for ref, loaded in batch.read.items():
            if self._states.get(ref) is not None:
                self._put(ref, loaded)
        for stream, place in batch.places.items():
            if batch.parked[stream]:
                self._places.drop(stream)
            else:
                self._places.put(stream, place)

    def _put(self, ref: AnyRef, loaded: Loaded) -> None:
        self._states.put(ref, replace(loaded, is_remembered=True), loaded.size)

    def forget(self) -> None:
        """After a conflict, or where nobody knows what was written."""
        self._states.clear()
        self._places.clear()
        self._clean = 0
        self._rest = self._next_rest
        self._next_rest = min(2 * self._next_rest, REST_BATCHES_MAX)
