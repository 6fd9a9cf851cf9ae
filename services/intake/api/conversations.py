"""What one contact point wrote and nobody handled yet, read together by who works on cases."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.intake import message_views, store
from services.intake.api.messages import load_seen_message, open_messages
from services.intake.model import READ_TOGETHER_MAX, Message
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.contracts.values import Channel
from shared.documents import Json
from shared.security import Credential
from shared.web.access import find_scope

BESIDE_WITHIN = timedelta(days=3)
BESIDE_MAX = 20
LISTED_MAX = 5
"""Messages of one conversation of which the list shows the words."""

Row = dict[str, Json]


async def list_conversations(
    runtime: IntakeRuntime, caller: Credential, after: str, limit: int
) -> dict[str, object]:
    """The urgent first, then what waits the longest; `next` is the `after` of the following page.

    Every look is stored. Raises OutOfScope.
    """
    query = find_scope(caller).build_query(store.MESSAGES)
    count = await store.count_messages(runtime.database, query, "unread")
    conversations = await store.load_conversations(runtime.database, query, after, limit)
    listed = {id_ for each in conversations for id_ in each.message_ids[:LISTED_MAX]}
    messages = await mongo.find(runtime.database, Message, {"_id": {"$in": sorted(listed)}})
    contents = await open_messages(runtime, caller, messages)
    rows = {each.id: message_views.describe_message(each) | contents[each.id] for each in messages}
    return {
        "conversations": [_describe(each, rows) for each in conversations],
        "next": conversations[-1].cursor if len(conversations) == limit else None,
        **count,
    }


def _describe(conversation: store.UnreadConversation, rows: Mapping[str, Row]) -> Row:
    """As its first message; texts: of the first ones, an urgent one before the others."""
    ids = conversation.message_ids
    listed = [rows[id_] for id_ in ids if id_ in rows]
    urgent_first = sorted(listed, key=lambda row: not row["urgent"])
    return {
        **listed[0],
        "urgent": conversation.urgent,
        "count": len(ids),
        "texts": [row["text"] or row["kind_zh"] for row in urgent_first],
    }


async def load_conversation(
    runtime: IntakeRuntime, caller: Credential, message_id: str
) -> list[Message]:
    """The message with whatever else of its sender waits in the reader's area, in the order it
    came; alone where it waits for nobody, or is a ticket. Raises Denied."""
    scope = find_scope(caller)
    message = await load_seen_message(runtime, message_id, scope)
    if not message.waits or message.channel is Channel.HOTLINE:
        return [message]
    same = {
        "point_id": message.point_id,
        "state": "unread",
        "channel": {"$ne": Channel.HOTLINE.value},
    }
    query = {"$and": [scope.build_query(store.MESSAGES), same]}
    first = await store.load_messages(runtime.database, query, None, READ_TOGETHER_MAX)
    if message_id not in [each.id for each in first]:
        first = [*first[: READ_TOGETHER_MAX - 1], message]
    return sorted(first, key=lambda each: (each.received_at, each.id))


async def describe_conversation(
    runtime: IntakeRuntime, caller: Credential, messages: Sequence[Message]
) -> list[Row]:
    """With what was written; the look is stored."""
    contents = await open_messages(runtime, caller, list(messages))
    return [message_views.describe_message(each) | contents.get(each.id, {}) for each in messages]


async def list_beside(
    runtime: IntakeRuntime, caller: Credential, messages: Sequence[Message]
) -> list[Row]:
    """What else the same contact point sent around these days, of the reader's area."""
    first, last = messages[0], messages[-1]
    days = {
        "$gt": first.received_at - BESIDE_WITHIN,
        "$lt": last.received_at + BESIDE_WITHIN,
    }
    ids = [each.id for each in messages]
    others = {"point_id": first.point_id, "received_at": days, "_id": {"$nin": ids}}
    query = {"$and": [find_scope(caller).build_query(store.MESSAGES), others]}
    others_sent = await store.load_messages(runtime.database, query, None, BESIDE_MAX)
    rows = await describe_conversation(runtime, caller, others_sent)
    return sorted(rows, key=lambda row: str(row["received_at"]))


async def list_noted(runtime: IntakeRuntime, caller: Credential, request_id: str) -> list[Row]:
    """What people wrote about a case that the reader sees, beside what it was made of; the look is
    stored. Also for who works in its village alone: it was put to the case for him to read."""
    query = {"request_id": request_id, "key": {"$ne": None}}
    order = [("received_at", 1), ("_id", 1)]
    messages = await mongo.find(runtime.database, Message, query, sort=order, limit=BESIDE_MAX)
    about = [message for message in messages if not message.is_part_of_request]
    return await describe_conversation(runtime, caller, about)
