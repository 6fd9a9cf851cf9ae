"""Documents in and out of Mongo: the head is founded here, everything else is read."""

from datetime import datetime, timedelta, timezone

from services.audit.model import HEAD, Commitment, Donation, Entry, Fund, LogHead, entry_id
from shared import mongo
from shared.messaging.decision import State

# Entry is here for its collection: one that first appears in a transaction is a conflict.
STATES: tuple[type[State], ...] = (LogHead, Fund, Commitment, Donation, Entry)

_CHINA = timezone(timedelta(hours=8))


def ledger_year(now: datetime) -> int:
    """The accounting year is China's calendar year."""
    return now.astimezone(_CHINA).year


async def found_log(database: mongo.Database, origin: str) -> None:
    """Before anything is read or decided; where there is a head already, nothing happens."""
    founded = mongo.to_document(LogHead(id=HEAD, origin=origin)) | {"_version": 1, "_emitted": 0}
    await database[LogHead.COLLECTION].update_one(
        {"_id": founded.pop("_id")}, {"$setOnInsert": founded}, upsert=True
    )


async def read_head(database: mongo.Database) -> LogHead:
    head = await mongo.load(database, LogHead, HEAD)
    assert head is not None, "the log is founded at start"
    return head


async def read_entries(
    database: mongo.Database, log: str, first: int, limit: int
) -> list[tuple[int, bytes]]:
    """(index, leaf) of committed entries from `first` on, ascending."""
    place = {"$gte": entry_id(log, first), "$lt": entry_id(log, first + limit)}
    found = await mongo.find(database, Entry, {"_id": place}, sort=[("_id", 1)])
    return [(entry.index, entry.leaf) for entry in found]


async def read_funds(database: mongo.Database) -> list[Fund]:
    return await mongo.find(database, Fund, {}, sort=[("_id", 1)])
