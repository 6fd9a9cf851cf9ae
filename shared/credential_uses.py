"""When each credential was last used here: by bearer, by a browser signed in with it, or as source.

Noted in memory and written every half minute, which is how exact it is: a use costs no round trip.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from shared import mongo
from shared.runtime import Runtime

USES = "credential_uses"
USES_PATH = "/internal/credential-uses"
WRITTEN_EVERY_S = 30.0


async def write_uses_endlessly(runtime: Runtime) -> None:
    while True:
        await asyncio.sleep(WRITTEN_EVERY_S)
        await write_uses(runtime)


async def write_uses(runtime: Runtime) -> None:
    """What cannot be written waits for the next time."""
    ids = runtime.keyring.take_uses()
    try:
        await _record(runtime.database, ids, await runtime.processor.now())
    except mongo.PyMongoError:
        for id_ in ids:
            runtime.keyring.note_use(id_)
        raise


async def _record(database: mongo.Database, ids: Iterable[str], now: datetime) -> None:
    """Of several instances the latest counts."""
    writes = [
        mongo.UpdateOne({"_id": id_}, {"$max": {"at": now}}, upsert=True) for id_ in sorted(ids)
    ]
    if writes:
        await database[USES].bulk_write(writes, ordered=False)


async def load_uses(database: mongo.Database) -> Mapping[str, datetime]:
    """By credential."""
    return {row["_id"]: row["at"] for row in await database[USES].find().to_list(None)}
