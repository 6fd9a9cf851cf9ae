"""Notices in Mongo: the indexes and the sums."""

from collections import Counter
from collections.abc import Mapping, Sequence

from services.notify.model import Dispatch, Notice, NoticeState, StaffMember
from shared import mongo

INDEXES: tuple[tuple[str, Sequence[tuple[str, int]], dict[str, object]], ...] = (
    (Notice.COLLECTION, [("person_id", 1), ("created_at", -1)], {}),
    (Notice.COLLECTION, [("state", 1), ("created_at", -1)], {}),
    (StaffMember.COLLECTION, [("duties", 1)], {}),
    (Dispatch.COLLECTION, [("expires_at", 1)], {"expireAfterSeconds": 0}),
)


async def find_notices(
    database: mongo.Database, person_id: str | None, state: NoticeState | None, limit: int
) -> list[Notice]:
    """Newest first."""
    query = {"person_id": person_id, "state": state}
    return await mongo.find(
        database,
        Notice,
        {name: value for name, value in query.items() if value is not None},
        sort=[("created_at", -1)],
        limit=limit,
    )


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
