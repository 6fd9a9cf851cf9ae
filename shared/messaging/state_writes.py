"""How changed states come to their documents: the fields that differ, checked by version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared import mongo
from shared.errors import Conflict
from shared.messaging.changes import Changes, Loaded, Snapshot
from shared.messaging.decision import AnyRef, State
from shared.moments import cut_moments

CHECKED_TOGETHER_FROM = 50
"""Updates of a transaction: from here on, to read all versions first costs less than to compare
each as it is updated."""


@dataclass(frozen=True, slots=True)
class CheckedUpdate:
    """Of a document that must be as it was read. field: the one that counts its writes."""

    id: str
    field: str
    version: int
    change: Mapping[str, object]

    def build(self, *, is_checked: bool) -> mongo.UpdateOne:
        condition = {"_id": self.id} | ({} if is_checked else {self.field: self.version})
        return mongo.UpdateOne(condition, self.change)


def check_together(
    writes: Mapping[str, Sequence[object]],
    database: mongo.BlockingDatabase,
    session: mongo.Session,
) -> bool:
    """Whether all versions were read and found right; few are compared as they are updated.

    Within a transaction: the updates meet what was read here, or they fail. Raises Conflict.
    """
    updates = {name: _list_checked(operations) for name, operations in writes.items()}
    if sum(map(len, updates.values())) < CHECKED_TOGETHER_FROM:
        return False
    _check_versions({name: some for name, some in updates.items() if some}, database, session)
    return True


def build_updates(operations: Iterable[Any], *, is_checked: bool) -> list[Any]:
    return [
        each.build(is_checked=is_checked) if isinstance(each, CheckedUpdate) else each
        for each in operations
    ]


def _list_checked(operations: Iterable[object]) -> list[CheckedUpdate]:
    return [each for each in operations if isinstance(each, CheckedUpdate)]


def _check_versions(
    updates: Mapping[str, Sequence[CheckedUpdate]],
    database: mongo.BlockingDatabase,
    session: mongo.Session,
) -> None:
    queries = [
        (collection, some[0].field, [each.id for each in some])
        for collection, some in updates.items()
    ]
    versions_of_each = mongo.find_numbers(queries, database, session)
    for (collection, some), versions in zip(updates.items(), versions_of_each, strict=True):
        if any(versions.get(each.id) != each.version for each in some):
            raise Conflict(f"{collection}: not all as they were read")


@dataclass(frozen=True, slots=True)
class EncodedState:
    """loaded: as it will be read. content: the whole document of a new one; of another the fields
    that differ from what was read, with `_version` and `_emitted`."""

    loaded: Loaded
    content: bytes


def encode_states(snapshot: Snapshot, changes: Changes) -> dict[AnyRef, EncodedState]:
    return {
        ref: _encode_state(snapshot.states[ref], state, changes.emitted.get(ref))
        for ref, state in changes.states.items()
    }


def _encode_state(before: Loaded, after: State, emitted: int | None) -> EncodedState:
    version = before.version + 1
    emitted = before.emitted if emitted is None else emitted
    if before.state is None:
        state = cut_moments(after)
        fields = mongo.to_document(state)
    else:
        state, changed = _compare(before.state, after)
        # What is computed counts as changed: documents of before it was stored lack it.
        fields = state.model_dump(include={*changed, *type(state).model_computed_fields})
    content = mongo.encode_document(fields | {"_version": version, "_emitted": emitted})
    size = max(before.size, len(content))
    return EncodedState(Loaded(state, version, emitted, size=size), content)


def _compare(before: State, after: State) -> tuple[State, list[str]]:
    """The one after as it will be read, and which of its fields differ."""
    old = before.__dict__
    touched = [name for name, value in after.__dict__.items() if value is not old[name]]
    state = cut_moments(after, touched)
    return state, [name for name in touched if state.__dict__[name] != old[name]]


def list_state_writes(
    snapshot: Snapshot, changes: Changes, encoded: Mapping[AnyRef, EncodedState]
) -> Iterable[tuple[AnyRef, object]]:
    """What was read is written with its version, changed or not: two decisions that each read
    the same fund cannot both stand. Only fields that changed are set: MongoDB looks at the indexes
    only where one of their fields is."""
    for ref, state in encoded.items():
        version, content = snapshot.states[ref].version, mongo.RawBSONDocument(state.content)
        if version == 0:
            yield ref, mongo.InsertOne(content)
        else:
            # An instance of the release before may have written what this one no longer has.
            retired = mongo.build_removal(ref.state)
            yield ref, CheckedUpdate(ref.id, "_version", version, {"$set": content, **retired})
    for ref in changes.read - set(changes.states):
        version = snapshot.states[ref].version
        if version:
            yield ref, CheckedUpdate(ref.id, "_version", version, {"$inc": {"_version": 1}})
