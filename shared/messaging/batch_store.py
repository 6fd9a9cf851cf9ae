"""A batch in and out of Mongo: one find per collection, one transaction for everything decided."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import compress
from typing import Any

from shared import mongo
from shared.documents import Document
from shared.errors import Conflict
from shared.messaging import feedback, outbox
from shared.messaging.changes import Changes, DeadLetter, Loaded, Snapshot, StoredKey
from shared.messaging.decision import Answer, AnyRef, Ref, State
from shared.messaging.encoding import build_dead_letter_notice
from shared.messaging.feedback import FeedbackLine, is_answered
from shared.messaging.inbox import Inbox, Incoming, Item
from shared.messaging.recent import RecentStates
from shared.messaging.sealing import Sealer
from shared.messaging.state_writes import (
    CheckedUpdate,
    EncodedState,
    build_updates,
    check_together,
    encode_states,
    list_state_writes,
)
from shared.messaging.uncommitted import NOTHING_UNCOMMITTED, Layers, Uncommitted, describe_writes

SEQUENCES = "sequences"
PARKED = "parked"
KEYS = "idempotency_keys"
POSITIONS = "positions"
DEAD_LETTERS = "dead_letters"

INDEXES: tuple[mongo.Index, ...] = (
    (SEQUENCES, [("_id", 1)], {}),
    (PARKED, [("stream", 1), ("sequence", 1)], {}),
    (PARKED, [("parked_at", 1)], {}),
    (KEYS, [("_id", 1)], {}),
    (POSITIONS, [("_id", 1)], {}),
    (DEAD_LETTERS, [("state", 1), ("stored_at", 1)], {}),
)

# Only here may an update match nothing: everywhere else that is somebody who was faster.
UNCHECKED = frozenset({PARKED, POSITIONS, DEAD_LETTERS})

Position = tuple[str, str, int]
_Query = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Writing:
    """What one transaction writes. documents: of the outbox, among them."""

    writes: Mapping[str, list[Any]]
    documents: Sequence[mongo.Row]
    uncommitted: Uncommitted


class BatchStore:
    """Everything the processor reads and writes for one service."""

    def __init__(self, database: mongo.Database, inbox: Inbox, source: str, sealer: Sealer) -> None:
        self._database = database
        self._inbox = inbox
        self._source = source
        self._sealer = sealer
        self._recent = RecentStates()

    # --- reading ---

    async def load(
        self,
        items: Sequence[Item],
        before: Uncommitted = NOTHING_UNCOMMITTED,
        *,
        trusts_places: bool = True,
    ) -> Snapshot:
        """What comes with the items themselves: sequences, keys, what is parked.

        before: what commits meanwhile, for a batch that is written only after that. trusts_places:
        whether a subject's sequence goes on where this process remembers. Raises Transient when the
        database does not answer.
        """
        try:
            return await self._load(items, before, trusts_places)
        except mongo.PyMongoError as error:
            raise mongo.translate_error(error) from error

    async def _load(
        self, items: Sequence[Item], before: Uncommitted, trusts_places: bool
    ) -> Snapshot:
        streams = {item.stream for item in items if item.stream}
        certain = {stream: before.places[stream] for stream in streams & before.places.keys()}
        remembered = self._recent.find_places(streams - certain.keys()) if trusts_places else {}
        places = remembered | certain
        unknown = streams - places.keys()
        assumed: set[str] = set()
        if trusts_places and not self._recent.is_resting:
            # Where a subject begins, the insert tells whether it had begun before.
            assumed = unknown & {item.stream for item in items if item.sequence == 1}
        # Keys of before they were digests stand as they were written.
        keys = {key for item in items for key in (item.key, item.written_key) if key}
        queries = [
            # Sequences before what is parked on them: whoever parks in between changes a revision.
            _query_by_id(SEQUENCES, unknown - assumed),
            (PARKED, {"stream": {"$in": sorted(unknown - assumed)}}),
            _query_by_id(KEYS, keys - before.keys.keys()),
        ]
        sequences, parked, stored_keys = await self._find_each(queries)
        layers = Layers(before, self._recent)
        lines = {Ref(FeedbackLine, item.sender) for item in items if is_answered(item)}
        at_hand = _list_at_hand(layers, lines)
        return Snapshot(
            at_hand | await self._load_states(lines - at_hand.keys()),
            {row["_id"]: row["last"] for row in sequences}
            | {stream: place.last for stream, place in places.items()},
            {row["_id"]: row["revision"] for row in sequences}
            | {stream: place.revision for stream, place in places.items()},
            _parse_keys(stored_keys) | {key: before.keys[key] for key in keys & before.keys.keys()},
            self._parse_parked(parked) | {stream: before.parked[stream] for stream in certain},
            layers,
            assumed | remembered.keys(),
        )

    def _parse_parked(self, rows: Iterable[mongo.Row]) -> dict[str, dict[int, Item]]:
        parked: dict[str, dict[int, Item]] = defaultdict(dict)
        for row in rows:
            incoming = parse_incoming_document(row["incoming"], bytes(row["incoming"]["value"]))
            item = self._inbox.parse_record(incoming, trusted=True)
            parked[row["stream"]][row["sequence"]] = item
        return parked

    async def load_states(self, refs: Collection[AnyRef]) -> dict[AnyRef, Loaded]:
        """One find per collection. Raises Transient when the database does not answer."""
        try:
            return await self._load_states(refs)
        except mongo.PyMongoError as error:
            raise mongo.translate_error(error) from error

    async def _load_states(self, refs: Collection[AnyRef]) -> dict[AnyRef, Loaded]:
        ids: dict[type[State], list[str]] = defaultdict(list)
        for ref in refs:
            ids[ref.state].append(ref.id)
        states: dict[AnyRef, Loaded] = dict.fromkeys(refs, Loaded(None))
        rows_of_each = await self._find_each(
            [_query_by_id(state.COLLECTION, ids[state]) for state in ids]
        )
        for state, rows in zip(ids, rows_of_each, strict=True):
            for row in rows:
                states[Ref(state, row["_id"])] = Loaded(
                    mongo.to_state(state, row),
                    row["_version"],
                    row["_emitted"],
                    size=len(mongo.encode_document(row)),
                )
        return states

    async def _find_each(self, queries: Sequence[_Query]) -> list[list[mongo.Row]]:
        """In this order; what asks for nothing is not asked."""
        are_wanted = [any(condition["$in"] for condition in query.values()) for _, query in queries]
        wanted = list(compress(queries, are_wanted))
        if not wanted:
            return [[] for _ in queries]
        rows = iter(await mongo.run_steps(self._database, partial(mongo.find_each, wanted)))
        return [next(rows) if is_wanted else [] for is_wanted in are_wanted]

    @property
    def is_contested(self) -> bool:
        """Whether another writes the same, as far as the last batches show."""
        return self._recent.is_resting

    def forget(self) -> None:
        """What is remembered may be behind the database: the next batch is read from there."""
        self._recent.forget()

    # --- writing ---

    def prepare(
        self,
        snapshot: Snapshot,
        changes: Changes,
        positions: Mapping[Position, int],
        now: datetime,
    ) -> Writing:
        """What `write` writes, encoded."""
        notices = [
            build_dead_letter_notice(self._source, id_, letter, now)
            for id_, letter in changes.dead_letters.items()
        ]
        documents = outbox.build_documents([*changes.outgoing, *notices], now)
        states = encode_states(snapshot, changes)
        writes = self._build_writes(snapshot, changes, states, positions, documents, now)
        written = {ref: state.loaded for ref, state in states.items()}
        return Writing(writes, documents, describe_writes(snapshot, changes, written))

    async def write(self, writing: Writing) -> None:
        """One transaction. Raises Conflict or Transient; then nothing was written."""
        if writing.writes:
            await mongo.run_transaction(self._database, partial(_write_each, writing.writes))
            self._recent.remember(writing.uncommitted)

    def _build_writes(
        self,
        snapshot: Snapshot,
        changes: Changes,
        states: Mapping[AnyRef, EncodedState],
        positions: Mapping[Position, int],
        documents: Sequence[mongo.Row],
        now: datetime,
    ) -> dict[str, list[Any]]:
        writes: dict[str, list[Any]] = defaultdict(list)
        for ref, operation in list_state_writes(snapshot, changes, states):
            writes[ref.state.COLLECTION].append(operation)
        for stream, last in changes.sequences.items():
            revision = snapshot.revisions.get(stream)
            writes[SEQUENCES].append(_build_sequence_write(stream, revision, last))
        for key, key_use in changes.keys.items():
            writes[KEYS].append(mongo.InsertOne(_build_key_document(key, key_use, now)))
        for record in changes.records:
            writes[record.collection].append(mongo.InsertOne({"_id": record.id, **record.fields}))
        for sender, entries in changes.feedback.items():
            row = feedback.build_row(sender, entries, now)
            writes[feedback.COLLECTION].append(mongo.InsertOne(row))
        for (stream, sequence), item in changes.parked.items():
            writes[PARKED].append(_build_parked_write(stream, sequence, item, now))
        for stream, sequence in changes.unparked:
            writes[PARKED].append(mongo.DeleteOne({"_id": f"{stream}|{sequence}"}))
        for id_, letter in changes.dead_letters.items():
            writes[DEAD_LETTERS].append(self._build_dead_letter_write(id_, letter, now))
        for id_, how in changes.settled_dead_letters.items():
            settled = {"$set": {"state": how, "settled_at": now}}
            writes[DEAD_LETTERS].append(mongo.UpdateMany({"_id": id_}, settled))
        for (cluster, topic, partition), position in positions.items():
            writes[POSITIONS].append(
                mongo.UpdateOne(
                    {"_id": f"{cluster}|{topic}|{partition}"},
                    {"$max": {"next": position}},
                    upsert=True,
                )
            )
        writes[outbox.COLLECTION] = [mongo.InsertOne(document) for document in documents]
        return {collection: operations for collection, operations in writes.items() if operations}

    def _build_dead_letter_write(
        self, id_: str, letter: DeadLetter, now: datetime
    ) -> mongo.UpdateOne:
        """The first content stays; the reason is the latest."""
        item = letter.item
        assert item.incoming is not None
        sealed = self._sealer.seal(id_, item.incoming.value)
        first = {
            "state": "open",
            "stored_at": now,
            "incoming": build_incoming_document(item.incoming, sealed),
            "subject": item.subject,
            "stream": item.stream,
            "sequence": item.sequence,
        }
        latest = {
            "problems": [problem.as_dict() for problem in letter.problems],
            "traceback": letter.traceback,
            "last_failed_at": now,
        }
        return mongo.UpdateOne({"_id": id_}, {"$setOnInsert": first, "$set": latest}, upsert=True)


def _list_at_hand(layers: Layers, refs: Iterable[AnyRef]) -> dict[AnyRef, Loaded]:
    states = ((ref, layers.get(ref)) for ref in refs)
    return {ref: loaded for ref, loaded in states if loaded}


def _query_by_id(collection: str, ids: Collection[str]) -> _Query:
    return collection, {"_id": {"$in": sorted(ids)}}


def _parse_keys(rows: Iterable[mongo.Row]) -> dict[str, StoredKey]:
    return {
        row["_id"]: StoredKey(
            bytes(row["digest"]),
            Answer(row["answer"]["status"], row["answer"]["body"]) if row["answer"] else None,
        )
        for row in rows
    }


def _write_each(
    writes: Mapping[str, list[Any]], database: mongo.BlockingDatabase, session: mongo.Session
) -> None:
    is_checked = check_together(writes, database, session)
    for collection, operations in writes.items():
        built = build_updates(operations, is_checked=is_checked)
        result = database[collection].bulk_write(built, ordered=False, session=session)
        if collection in UNCHECKED:
            continue
        expected = sum(not isinstance(operation, mongo.InsertOne) for operation in operations)
        if result.matched_count < expected:
            raise Conflict(f"{collection}: {result.matched_count} of {expected} as they were read")


def _build_sequence_write(stream: str, revision: int | None, last: int) -> Any:
    if revision is None:
        return mongo.InsertOne({"_id": stream, "last": last, "revision": 1})
    change = {"$set": {"last": last}, "$inc": {"revision": 1}}
    return CheckedUpdate(stream, "revision", revision, change)


def _build_key_document(key: str, key_use: StoredKey, now: datetime) -> dict[str, object]:
    answer = key_use.answer and {"status": key_use.answer.status, "body": dict(key_use.answer.body)}
    return {"_id": key, "digest": key_use.digest, "answer": answer, "at": now}


def _build_parked_write(stream: str, sequence: int, item: Item, now: datetime) -> mongo.UpdateOne:
    assert item.incoming is not None
    document = {
        "stream": stream,
        "sequence": sequence,
        "incoming": build_incoming_document(item.incoming, item.incoming.value),
        "parked_at": now,
    }
    place = {"_id": f"{stream}|{sequence}"}
    return mongo.UpdateOne(place, {"$setOnInsert": document}, upsert=True)


def build_incoming_document(incoming: Incoming, value: bytes) -> dict[str, object]:
    return {
        "cluster": incoming.cluster,
        "topic": incoming.topic,
        "partition": incoming.partition,
        "offset": incoming.offset,
        "value": value,
        "signature": incoming.signature,
    }


def parse_incoming_document(document: Document, value: bytes) -> Incoming:
    signature = document.get("signature")  # older rows have none
    return Incoming(
        cluster=document["cluster"],
        topic=document["topic"],
        partition=document["partition"],
        offset=document["offset"],
        value=value,
        signature=None if signature is None else bytes(signature),
    )
