"""What a batch is about to write, for the next one, which is decided while this one commits.

Nothing here is a guess: the next batch is written only after this one is committed, and that checks
every version and revision. Where this one fails, what was decided on it is decided again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.messaging.changes import Changes, Loaded, Remembered, Snapshot, StoredKey
from shared.messaging.decision import AnyRef
from shared.messaging.inbox import Item


@dataclass(frozen=True, slots=True)
class Place:
    """How far a subject's sequence was worked, and how often that was written."""

    last: int
    revision: int


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """written, read: states that it changes, as the database will give them, and those whose
    version alone it raises. places: of the subjects that it works; parked: what waits behind each
    of them then."""

    written: Mapping[AnyRef, Loaded] = field(default_factory=dict)
    read: Mapping[AnyRef, Loaded] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    parked: Mapping[str, Mapping[int, Item]] = field(default_factory=dict)
    keys: Mapping[str, StoredKey] = field(default_factory=dict)

    def get(self, ref: AnyRef) -> Loaded | None:
        return self.written.get(ref) or self.read.get(ref)


NOTHING_UNCOMMITTED = Uncommitted()


@dataclass(frozen=True, slots=True)
class Layers:
    """What needs no load: as the batch before will leave it, else as this process wrote it last."""

    before: Uncommitted
    recent: Remembered

    def get(self, ref: AnyRef) -> Loaded | None:
        return self.before.get(ref) or self.recent.get(ref)


def describe_writes(
    snapshot: Snapshot, changes: Changes, written: Mapping[AnyRef, Loaded]
) -> Uncommitted:
    """written: the states that were changed, as the database will give them."""
    read = {}
    for ref in changes.read - written.keys():
        loaded = snapshot.states[ref]
        if loaded.version:
            read[ref] = Loaded(loaded.state, loaded.version + 1, loaded.emitted, size=loaded.size)
    places = {
        stream: Place(last, snapshot.revisions.get(stream, 0) + 1)
        for stream, last in changes.sequences.items()
    }
    parked = {stream: dict(snapshot.parked.get(stream, {})) for stream in places}
    for stream, sequence in changes.unparked:
        del parked[stream][sequence]
    for (stream, sequence), item in changes.parked.items():
        parked[stream][sequence] = item
    return Uncommitted(written, read, places, parked, changes.keys)
