"""Intake's documents apart from its states: lists, counts, looks into the vault, nonces."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.intake.model import (
    WEB_SOURCE,
    Correspondence,
    Identity,
    Message,
    MessageState,
    OpeningTally,
    Person,
    Request,
    RequestState,
    Sealed,
)
from services.intake.model.account import Session, SignInTally
from services.intake.model.attachment import Attachment
from services.intake.model.subscriptions import SubscriptionChoice
from services.intake.model.suggestion import Suggestion
from shared import mongo
from shared.contracts.values import Channel
from shared.documents import Document
from shared.errors import Transient
from shared.looks import LookLog
from shared.scope import Cut, Scope

VAULT_LOOKS = LookLog("vault_access", field="person_id")
BINDING_CODES = "binding_codes"
BINDING_TTL = timedelta(minutes=10)
CALLBACK_NONCES = "callback_nonces"
MIGRATIONS = "migrations"
NONCE_TTL = timedelta(minutes=10)

INDEXES: tuple[mongo.Index, ...] = (
    (Request.COLLECTION, [("area.town_code", 1), ("state", 1)], {}),
    (Request.COLLECTION, [("state", 1), ("recorded_at", 1), ("_id", 1)], {}),
    (Person.COLLECTION, [("points", 1)], {}),
    (Person.COLLECTION, [("registrations.name_id", 1)], {}),
    (Request.COLLECTION, [("person_id", 1)], {}),
    (
        Request.COLLECTION,
        [("household_id", 1)],
        {"partialFilterExpression": {"household_id": {"$gt": ""}}},
    ),
    (Suggestion.COLLECTION, [("state", 1), ("town_code", 1), ("made_at", 1)], {}),
    (Request.COLLECTION, [("item_match", 1), ("recorded_at", -1)], {}),
    (Request.COLLECTION, [("source", 1), ("recorded_at", 1), ("_id", 1)], {}),
    (OpeningTally.COLLECTION, [("ends_at", 1)], {"expireAfterSeconds": 0}),
    (SubscriptionChoice.COLLECTION, [("expires_at", 1)], {"expireAfterSeconds": 0}),
    (Session.COLLECTION, [("ends_at", 1)], {"expireAfterSeconds": 0}),
    (SignInTally.COLLECTION, [("ends_at", 1)], {"expireAfterSeconds": 0}),
    (Message.COLLECTION, [("state", 1), ("urgent", -1), ("received_at", 1), ("_id", 1)], {}),
    (Message.COLLECTION, [("town_code", 1), ("state", 1)], {}),
    (Message.COLLECTION, [("point_id", 1)], {}),
    (Message.COLLECTION, [("request_id", 1)], {"sparse": True}),
    (Attachment.COLLECTION, [("check", 1)], {}),
    (Attachment.COLLECTION, [("person_id", 1)], {}),
    (Attachment.COLLECTION, [("message_id", 1)], {}),
    *VAULT_LOOKS.indexes,
    (BINDING_CODES, [("at", 1)], {"expireAfterSeconds": int(BINDING_TTL.total_seconds())}),
    (CALLBACK_NONCES, [("at", 1)], {"expireAfterSeconds": int(NONCE_TTL.total_seconds())}),
)
RETIRED_INDEXES = (
    (Request.COLLECTION, "state_1_channel_1"),
    (Request.COLLECTION, "recorded_at_1__id_1"),
)
"""Of before: `latest` and those that begin with `state` serve the same queries."""

MESSAGES = Cut(town="town_code")
RUNNING = [RequestState.RECORDED.value, RequestState.OPEN.value]
"""The states in which something is awaited."""


@dataclass(frozen=True, slots=True)
class SearchKeys:
    """What persons are looked for by, in keyed digests. person_ids: of before, by phone."""

    point_ids: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()
    name_ids: tuple[str, ...] = ()
    identity_id: str = ""

    def list_digests(self) -> list[str]:
        return [*filter(None, (*self.point_ids, *self.name_ids, self.identity_id))]


PERSONS = Cut(town="area", village="area")
SUGGESTIONS = Cut(town="town_code", village="village_code")
REQUESTS = Cut(town="area.town_code", village="area.village_code", owner="source")


async def load_requests(
    database: mongo.Database, query: Mapping[str, object], after: Request | None, limit: int
) -> list[Request]:
    """The oldest first. after: the last one of the page before."""
    paged = dict(query)
    if after:
        at = after.recorded_at
        later = [{"recorded_at": {"$gt": at}}, {"recorded_at": at, "_id": {"$gt": after.id}}]
        paged["$or"] = later
    sort = [("recorded_at", 1), ("_id", 1)]
    return await mongo.find(database, Request, paged, sort=sort, limit=limit)


async def list_unclear_items(
    database: mongo.Database, query: Mapping[str, object], limit: int
) -> list[Request]:
    """Newest first."""
    unclear = {**query, "item_match": {"$in": ["contained", "unknown"]}}
    return await mongo.find(database, Request, unclear, sort=[("recorded_at", -1)], limit=limit)


async def find_request(database: mongo.Database, id_: str) -> Request | None:
    return await mongo.load(database, Request, id_)


async def list_without_clock(database: mongo.Database, after: str, limit: int) -> list[str]:
    """Cases that go on, of before cases had clocks: behind that id, in the order of ids."""
    query = {"_id": {"$gt": after}, "clock": None, "state": {"$in": RUNNING}}
    rows = database[Request.COLLECTION].find(query, {"_id": 1}).sort("_id", 1).limit(limit)
    return [str(row["_id"]) for row in await rows.to_list(None)]


async def is_done(database: mongo.Database, migration: str) -> bool:
    return await database[MIGRATIONS].find_one({"_id": migration}) is not None


async def mark_done(database: mongo.Database, migration: str, at: datetime) -> None:
    await database[MIGRATIONS].update_one({"_id": migration}, {"$set": {"at": at}}, upsert=True)


async def count_asked(database: mongo.Database, tally_id: str, since: datetime) -> int:
    """Requests that were typed into the public page for one contact point."""
    query = {"source": WEB_SOURCE, "recorded_at": {"$gte": since}, "tally_ids": tally_id}
    return int(await database[Request.COLLECTION].count_documents(query))


async def has_request_there(database: mongo.Database, person_id: str, scope: Scope) -> bool:
    """Whether this person asked for something there."""
    query = {"person_id": person_id, **scope.build_query(REQUESTS)}
    return bool(await mongo.find(database, Request, query, limit=1))


async def load_persons(database: mongo.Database, ids: Iterable[str]) -> dict[str, Person]:
    persons = await mongo.find(database, Person, {"_id": {"$in": list(ids)}})
    return {person.id: person for person in persons}


async def search_persons(
    database: mongo.Database, keys: SearchKeys, scope: Scope, limit: int
) -> list[Person]:
    """Who is reached, called or numbered so, by any of the keys.

    A name is a city's: who is called so is looked for where the scope is, so that the namesakes of
    other towns do not fill the list.
    """
    names = {"$in": list(keys.name_ids)}
    ids = [*keys.person_ids, *await _list_identified(database, keys.identity_id)]
    if keys.name_ids:
        query = {**scope.build_query(REQUESTS), "name_id": names}
        requests = await mongo.find(database, Request, query, sort=[("_id", 1)], limit=limit)
        ids += [request.person_id for request in requests]
    any_of: list[dict[str, object]] = [
        {"points": {"$in": list(keys.point_ids)}},
        {"_id": {"$in": ids}},
        {**scope.build_query(PERSONS), "registrations.name_id": names},
    ]
    query = {"$or": any_of, "erased": {"$ne": True}}
    return await mongo.find(database, Person, query, sort=[("_id", 1)], limit=limit)


async def list_namesakes(database: mongo.Database, name_id: str, limit: int) -> list[Person]:
    """Who is called so by anybody's word, and was not erased."""
    query = {"registrations.name_id": name_id, "erased": {"$ne": True}}
    return await mongo.find(database, Person, query, sort=[("_id", 1)], limit=limit)


async def _list_identified(database: mongo.Database, identity_id: str) -> list[str]:
    """The persons who are named with an ID number."""
    identity = await mongo.load(database, Identity, identity_id) if identity_id else None
    return list(identity.persons.values()) if identity else []


async def load_suggestions(
    database: mongo.Database, query: Mapping[str, object], after: str, limit: int
) -> list[Suggestion]:
    """The newest first; after: the last id of the page before."""
    last = await mongo.load(database, Suggestion, after) if after else None
    older: list[dict[str, object]] = []
    if last is not None:
        older = [
            {"made_at": {"$lt": last.made_at}},
            {"made_at": last.made_at, "_id": {"$gt": last.id}},
        ]
    paged = {"$and": [query, {"$or": older}]} if older else query
    order = [("made_at", -1), ("_id", 1)]
    return await mongo.find(database, Suggestion, paged, sort=order, limit=limit)


async def list_requests_of(
    database: mongo.Database, person_ids: Iterable[str], household_id: str = "", limit: int = 200
) -> list[Request]:
    """Of these persons, and of their household where it is known; the latest first."""
    query: dict[str, object] = {"person_id": {"$in": list(person_ids)}}
    if household_id:
        query = {"$or": [query, {"household_id": household_id}]}
    return await mongo.find(database, Request, query, sort=[("recorded_at", -1)], limit=limit)


async def find_vouched(
    database: mongo.Database, person_ids: Sequence[str], by: str
) -> frozenset[str]:
    """Those whom he met, or for whom he recorded or mended a request, by any of their records."""
    persons = await load_persons(database, person_ids)
    records = {id_: {id_, *persons[id_].joined} if id_ in persons else {id_} for id_ in person_ids}
    every = sorted({record for each in records.values() for record in each})
    mended = {"steps": {"$elemMatch": {"act": "corrected", "by": by}}}
    parts = [{"recorded_by": by}, {"collector_id": by}, {"sighting.by": by}, mended]
    requests = await mongo.find(database, Request, {"person_id": {"$in": every}, "$or": parts})
    ids = {each.person_id for each in requests}
    every_person = await load_persons(database, every)
    ids |= {id_ for id_, person in every_person.items() if person.was_met_by(by)}
    return frozenset(id_ for id_, own in records.items() if own & ids)


async def load_messages(
    database: mongo.Database,
    query: Mapping[str, object],
    after: Message | None,
    limit: int,
) -> list[Message]:
    """The urgent first, then the oldest. after: the last one of the page before."""
    order = [("urgent", -1), ("received_at", 1), ("_id", 1)]
    if after is not None:
        later: dict[str, object] = {
            "urgent": after.urgent,
            "$or": [
                {"received_at": {"$gt": after.received_at}},
                {"received_at": after.received_at, "_id": {"$gt": after.id}},
            ],
        }
        behind = [later, {"urgent": False}] if after.urgent else [later]
        query = {"$and": [dict(query), {"$or": behind}]}
    return await mongo.find(database, Message, query, sort=order, limit=limit)


@dataclass(frozen=True, slots=True)
class UnreadConversation:
    """What one contact point wrote that waits to be read. message_ids: in the order it came."""

    message_ids: tuple[str, ...]
    urgent: bool
    since: datetime

    @property
    def cursor(self) -> str:
        milliseconds = round(self.since.timestamp() * 1000)
        return f"{int(self.urgent)}_{milliseconds}_{self.message_ids[0]}"


async def load_conversations(
    database: mongo.Database, query: Mapping[str, object], after: str, limit: int
) -> list[UnreadConversation]:
    """The urgent first, then what waits the longest. after: the `cursor` of the last one.

    A ticket of the hotline stands by itself: it is a matter of its own, whoever calls.
    """
    group = {
        "_id": {"$cond": [{"$eq": ["$channel", Channel.HOTLINE.value]}, "$_id", "$point_id"]},
        "urgent": {"$max": "$urgent"},
        "first": {"$min": {"at": "$received_at", "id": "$_id"}},
        "messages": {"$push": {"at": "$received_at", "id": "$_id"}},
    }
    steps: list[dict[str, object]] = [
        {"$match": {**query, "state": "unread"}},
        {"$group": group},
        {"$match": _build_behind(after)},
        {"$sort": {"urgent": -1, "first": 1}},
        {"$limit": limit},
    ]
    rows = await database[Message.COLLECTION].aggregate(steps).to_list(None)
    return [_make_conversation(row) for row in rows]


def _build_behind(after: str) -> dict[str, object]:
    """Nothing for a cursor that is none of ours."""
    urgent, _, rest = after.partition("_")
    milliseconds, _, id_ = rest.partition("_")
    is_number = milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < 15
    if urgent not in ("0", "1") or not is_number:
        return {}
    at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    later: dict[str, object] = {
        "urgent": urgent == "1",
        "$or": [{"first.at": {"$gt": at}}, {"first.at": at, "first.id": {"$gt": id_}}],
    }
    return {"$or": [later, {"urgent": False}]} if urgent == "1" else later


def _make_conversation(row: Document) -> UnreadConversation:
    messages = sorted(row["messages"], key=lambda each: (each["at"], each["id"]))
    ids = tuple(str(each["id"]) for each in messages)
    return UnreadConversation(ids, row["urgent"], row["first"]["at"])


async def count_messages(
    database: mongo.Database, query: Mapping[str, object], state: MessageState
) -> dict[str, int]:
    """All, and the urgent ones of them."""
    messages, selection = database[Message.COLLECTION], {**query, "state": state}
    urgent = await messages.count_documents({**selection, "urgent": True})
    return {"total": await messages.count_documents(selection), "urgent": urgent}


def build_sender_query(person_ids: Iterable[str], point_ids: Iterable[str]) -> dict[str, object]:
    """Of their messages those that can still be read."""
    ways = [{"person_id": {"$in": list(person_ids)}}, {"point_id": {"$in": list(point_ids)}}]
    return {"key": {"$ne": None}, "$or": ways}


async def find_message_ids(
    database: mongo.Database, person_ids: Iterable[str], point_ids: Iterable[str], limit: int
) -> list[str]:
    query = build_sender_query(person_ids, point_ids)
    rows = database[Message.COLLECTION].find(query, {"_id": 1}).limit(limit)
    return [str(row["_id"]) for row in await rows.to_list(None)]


async def find_correspondences(
    database: mongo.Database, ids: Iterable[str]
) -> dict[str, Correspondence]:
    threads = await mongo.find(database, Correspondence, {"_id": {"$in": list(ids)}})
    return {thread.id: thread for thread in threads}


async def count_by_state_and_channel(
    database: mongo.Database, query: Mapping[str, object]
) -> dict[tuple[str, str], int]:
    grouped = {"_id": {"state": "$state", "channel": "$channel"}, "n": {"$sum": 1}}
    rows = database[Request.COLLECTION].aggregate([{"$match": query}, {"$group": grouped}])
    return {(r["_id"]["state"], r["_id"]["channel"]): r["n"] for r in await rows.to_list(None)}


async def claim_nonce(database: mongo.Database, id_: str, digest: bytes, at: datetime) -> bool:
    """Whether this nonce is new, or came before with the same content. Shared by all instances.

    at: when it was signed, so it outlives the time in which its signature is believed.
    """
    try:
        stored = await database[CALLBACK_NONCES].find_one_and_update(
            {"_id": id_},
            {"$setOnInsert": {"digest": digest, "at": at}},
            upsert=True,
            return_document=True,
        )
    except mongo.PyMongoError as error:
        raise Transient(str(error)) from error
    return stored is not None and bytes(stored["digest"]) == digest


async def save_binding_code(
    database: mongo.Database, id_: str, point_id: str, openid: Sealed, at: datetime
) -> None:
    """id_: keyed digest of the code, which the owner of the openid alone was told."""
    row = {"_id": id_, "handle_id": point_id, "at": at, **openid.model_dump()}
    await database[BINDING_CODES].insert_one(row)


async def find_binding_code(
    database: mongo.Database, id_: str, now: datetime
) -> tuple[str, Sealed] | None:
    """The contact point and openid that asked for it, until it ends."""
    row = await database[BINDING_CODES].find_one({"_id": id_, "at": {"$gt": now - BINDING_TTL}})
    return (row["handle_id"], Sealed(cipher=row["cipher"], key=row["key"])) if row else None


async def delete_binding_code(database: mongo.Database, id_: str) -> None:
    await database[BINDING_CODES].delete_one({"_id": id_})
