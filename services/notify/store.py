"""Notices in Mongo: the indexes and the sums."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from services.notify.lanes import ANSWER_LANE, OWN_LANE, share_turns
from services.notify.model import Attempt, Dispatch, Notice, NoticeState, StaffMember
from services.notify.purposes import ANSWERED, DIGESTS
from services.notify.refusals import BlockedPhone
from services.notify.registers import CallRegister
from services.notify.spending import BUDGET_GONE, SmsSpending
from services.notify.subscriptions import Subscription
from shared import mongo
from shared.scope import Cut, Scope

INDEXES: tuple[tuple[str, Sequence[tuple[str, int]], dict[str, object]], ...] = (
    (Notice.COLLECTION, [("person_id", 1), ("created_at", -1)], {}),
    (Notice.COLLECTION, [("state", 1), ("created_at", -1)], {}),
    (Notice.COLLECTION, [("regarding", 1)], {}),
    (
        Notice.COLLECTION,
        [("lane", 1), ("due_at", 1)],
        {"partialFilterExpression": {"due_at": {"$type": "date"}}},
    ),
    (
        Notice.COLLECTION,
        [("task.state", 1), ("created_at", 1)],
        {"partialFilterExpression": {"task.state": {"$type": "string"}}},
    ),
    (StaffMember.COLLECTION, [("duties", 1)], {}),
    (SmsSpending.COLLECTION, [("month", 1)], {}),
    (CallRegister.COLLECTION, [("expires_at", 1)], {"expireAfterSeconds": 0}),
    (Dispatch.COLLECTION, [("expires_at", 1)], {"expireAfterSeconds": 0}),
    (Dispatch.COLLECTION, [("point_id", 1)], {"sparse": True}),
    (Subscription.COLLECTION, [("expires_at", 1)], {"expireAfterSeconds": 0}),
    (BlockedPhone.COLLECTION, [("expires_at", 1)], {"expireAfterSeconds": 0}),
)
RETIRED_INDEXES = (
    (Notice.COLLECTION, "bundle_id_1"),
    (Notice.COLLECTION, "created_at_-1"),
)
"""Each costs every step of a notice: what they found, the others find too (decision 0550)."""
IN_ANY_STATE = {"$in": list(get_args(NoticeState))}
"""For who looks by time alone: the index of states, one range of it for each."""

OWN_SHARE_PERCENT = 75
"""Of what answers leave of a batch."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The notices to send next. more_due: others are due already."""

    notices: Sequence[Notice]
    more_due: bool


async def find_due_in_turn(
    database: mongo.Database, now: datetime, limit: int, in_hand: Collection[str] = ()
) -> Turn:
    """What is due, except the notices in hand. Where that is more than `limit`: answers first, then
    own cases, then the lanes of what others brought, each in turn. So no lane stands still, and
    none holds up another.
    """
    lanes = await _list_others_lanes(database, now)
    due: list[Notice] = []

    async def find(of: Sequence[str | None], most: int) -> list[Notice]:
        """Who is among the first of all lanes is among the first of his own."""
        earliest = [notice for notice in due if notice.lane in of][:most]
        if len(earliest) == most:
            return earliest
        return await _find_in_lanes(database, now, of, most, in_hand)

    due = await find((ANSWER_LANE, OWN_LANE, None, *lanes), limit)
    if len(due) < limit:
        return Turn(due, more_due=False)
    turn = await find((ANSWER_LANE,), limit)
    turn += await find((OWN_LANE, None), max(1, (limit - len(turn)) * OWN_SHARE_PERCENT // 100))
    each = share_turns(limit - len(turn), len(lanes))
    for lane in lanes:
        turn += await find((lane,), each)
    return Turn(turn, more_due=True)


async def _find_in_lanes(
    database: mongo.Database,
    now: datetime,
    lanes: Sequence[str | None],
    limit: int,
    in_hand: Collection[str],
) -> list[Notice]:
    """Earliest first. None: notices of before there were lanes."""
    query = {"lane": {"$in": list(lanes)}, **_select_due(now), "_id": {"$nin": sorted(in_hand)}}
    return await mongo.find(database, Notice, query, sort=[("due_at", 1)], limit=limit)


async def _list_others_lanes(database: mongo.Database, now: datetime) -> list[str]:
    """One look into the index for each, however many notices they hold."""
    lanes: list[str] = []
    after = ANSWER_LANE
    while row := await database[Notice.COLLECTION].find_one(
        {"lane": {"$gt": after}, **_select_due(now)}, {"lane": 1}, sort=[("lane", 1), ("due_at", 1)]
    ):
        after = row["lane"]
        lanes.append(after)
    return lanes


def _select_due(now: datetime) -> dict[str, object]:
    return {"due_at": {"$lte": now, "$type": "date"}}


async def find_unbound_receipts(database: mongo.Database, attempt: Attempt) -> list[Dispatch]:
    """To its phone, of no message that is known; earliest first."""
    query = {"point_id": attempt.point_id, "notice_id": None}
    return await mongo.find(database, Dispatch, query, sort=[("reported_at", 1)], limit=20)


async def count_rivals(database: mongo.Database, notice: Notice, attempt: Attempt) -> int:
    """Other messages of its provider to the same phone or account whose ids nobody heard, or not
    yet: the receipt of one whose outcome is not recorded may be here already."""
    whose: dict[str, object] = {"state": {"$in": ["sending", "unknown"]}}
    unheard: dict[str, object] = {"outcome": {"$in": [None, "unknown"]}}
    if attempt.subscription_id:
        states = ["sending", "sent", "unknown"]
        whose = {"person_id": notice.person_id, "state": {"$in": states}}
        unheard = {"outcome": {"$in": [None, "sent", "unknown"]}, "receipt": None}
    one = {"point_id": attempt.point_id, "provider": attempt.provider, **unheard}
    query = {**whose, "attempts": {"$elemMatch": one}, "_id": {"$ne": notice.id}}
    return int(await database[Notice.COLLECTION].count_documents(query, limit=20))


async def open_register(database: mongo.Database, id_: str, expires_at: datetime) -> None:
    register = mongo.to_document(CallRegister(id=id_, expires_at=expires_at))
    row = {**register, "_version": 1, "_emitted": 0}
    await database[CallRegister.COLLECTION].insert_one(row)


async def note_calls(
    database: mongo.Database, register_id: str, version: int, calls: Collection[str]
) -> bool:
    """All calls of the register from now on. Whether it was as this process wrote it last."""
    result = await database[CallRegister.COLLECTION].update_one(
        {"_id": register_id, "_version": version},
        {"$set": {"calling": sorted(calls)}, "$inc": {"_version": 1}},
    )
    return result.matched_count == 1


AREA = Cut(town="area", village="area")
"""Of a notice: what has none is for those of the whole city."""


async def find_tasks(database: mongo.Database, scope: Scope, limit: int) -> list[Notice]:
    """Open ones: what waits for an answer first, then those that wait the longest; each with all
    others of the same person after it."""
    seen = {**_select_tasks("open"), **scope.build_query(AREA)}
    waits = [{"asks": True}, {"purpose": {"$in": list(ANSWERED)}}]
    oldest = [("created_at", 1)]
    tasks = await mongo.find(database, Notice, {**seen, "$or": waits}, sort=oldest, limit=limit)
    if room := limit - len(tasks):
        rest = {**seen, "$nor": waits}
        tasks += await mongo.find(database, Notice, rest, sort=oldest, limit=room)
    persons = sorted({task.person_id for task in tasks})
    theirs = {**seen, "person_id": {"$in": persons}, "_id": {"$nin": [task.id for task in tasks]}}
    return tasks + await mongo.find(database, Notice, theirs, sort=oldest, limit=limit)


def _select_tasks(state: str) -> dict[str, object]:
    """$type: or the partial index is not used."""
    return {"task.state": {"$eq": state, "$type": "string"}}


async def find_bundled(
    database: mongo.Database, digests: Collection[Notice]
) -> Mapping[str, Sequence[Notice]]:
    """By a digest's id, what it tells, oldest first; of a digest in a digest, what that one tells.
    All of it is one person's."""
    outer = {digest.id: digest.id for digest in digests}
    persons = sorted({digest.person_id for digest in digests})
    bundled: dict[str, list[Notice]] = {}
    inner = list(outer)
    while inner:
        query = {"person_id": {"$in": persons}, "bundle_id": {"$in": inner}}
        notices = await mongo.find(database, Notice, query, sort=[("created_at", 1)])
        for notice in notices:
            outer[notice.id] = outer[notice.bundle_id or ""]
        inner = [notice.id for notice in notices if notice.purpose in DIGESTS]
        for notice in notices:
            if notice.purpose not in DIGESTS:
                bundled.setdefault(outer[notice.id], []).append(notice)
    return bundled


async def find_spending(database: mongo.Database, month: str) -> list[SmsSpending]:
    return await mongo.find(database, SmsSpending, {"month": month})


async def count_held(database: mongo.Database) -> int:
    """Notices that wait because the month's budget is gone."""
    query = {"state": {"$in": ["created", "retry"]}, "code": BUDGET_GONE}
    return int(await database[Notice.COLLECTION].count_documents(query))


async def count_tasks(database: mongo.Database, scope: Scope) -> Mapping[str, int]:
    """By state: `open`, `done`."""
    seen = scope.build_query(AREA)
    notices = database[Notice.COLLECTION]
    return {
        state: int(await notices.count_documents({**_select_tasks(state), **seen}))
        for state in ("open", "done")
    }


async def count_notices(database: mongo.Database) -> Mapping[str, Counter[str]]:
    """by_channel (`none`: nothing was tried), by_outcome (the state) and by_purpose."""
    rows = await mongo.count_by(database, Notice.COLLECTION, "channel", "state", "purpose")
    sums: dict[str, Counter[str]] = {
        "by_channel": Counter(),
        "by_outcome": Counter(),
        "by_purpose": Counter(),
    }
    for (channel, state, purpose), count in rows.items():
        sums["by_channel"][channel or "none"] += count
        sums["by_outcome"][state] += count
        sums["by_purpose"][purpose] += count
    return sums


async def find_members(
    database: mongo.Database, duty: str | None = None, area: str = ""
) -> list[StaffMember]:
    """Who has this duty in that place, each person once; duty None: everybody of the register."""
    query = {"duties": duty} if duty else {}
    members = await mongo.find(database, StaffMember, query, sort=[("_id", 1)])
    if duty is None:
        return members
    there = {member.person_id: member for member in members if area.startswith(member.area)}
    return list(there.values())
