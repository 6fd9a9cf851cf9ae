"""Dead letters: what could not be worked, kept with its reason until a person settles it.

A dead letter of one of our own events leaves its gap: later events of that subject wait, other
subjects pass. Replaying fills the gap, discarding steps over it.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

from shared import mongo
from shared.messages import DEAD_LETTER_NOT_OPEN
from shared.messaging.batch_store import DEAD_LETTERS, parse_incoming_document
from shared.messaging.decision import Answer
from shared.messaging.inbox import Inbox, Item
from shared.messaging.processor import Processor
from shared.messaging.sealing import Sealer, UnreadableError

ERASED = "erased"
SUMMARY_FIELDS = (
    *("state", "stored_at", "last_failed_at", "problems"),
    *("subject", "stream", "sequence"),
)


class DeadLetters:
    """One service's dead letters, for its operators."""

    def __init__(
        self, database: mongo.Database, inbox: Inbox, processor: Processor, sealer: Sealer
    ) -> None:
        self._collection = database[DEAD_LETTERS]
        self._inbox = inbox
        self._processor = processor
        self._sealer = sealer

    async def list(self, state: str = "open", limit: int = 100) -> list[mongo.Row]:
        """Newest first, without content."""
        cursor = self._collection.find({"state": state}).sort("stored_at", -1).limit(limit)
        return [_summarize(row) for row in await cursor.to_list(None)]

    async def open_count(self) -> int:
        return int(await self._collection.count_documents({"state": "open"}))

    async def show(self, id_: str) -> dict[str, object] | None:
        """With its content, which may be personal, and the traceback of a bug."""
        row = await self._collection.find_one({"_id": id_})
        if row is None:
            return None
        content = self._sealer.open(id_, bytes(row["incoming"]["value"]))
        return _summarize(row) | {
            "traceback": row["traceback"],
            "content": content.decode("utf-8", errors="backslashreplace"),
        }

    async def replay(self, id_: str) -> Answer:
        """Works it again, as it is, with the code and the publisher keys of now."""
        item = await self._load_open(id_)
        return await self._processor.resume(item) if item else DEAD_LETTER_NOT_OPEN.refusal(404)

    async def discard(self, id_: str) -> Answer:
        item = await self._load_open(id_)
        return (
            await self._processor.resume(replace(item, discard=True))
            if item
            else DEAD_LETTER_NOT_OPEN.refusal(404)
        )

    async def list_contents(self) -> AsyncIterator[tuple[str, bytes]]:
        """Ids and contents of all that hold one still, in every state: for who must erase some."""
        async for row in self._collection.find({"state": {"$ne": ERASED}}):
            # What no key opens any more, nobody reads.
            with suppress(UnreadableError):
                yield row["_id"], self._sealer.open(row["_id"], bytes(row["incoming"]["value"]))

    async def erase(self, id_: str) -> None:
        """Its content goes; that there was one, and why it was none of ours to work, stays."""
        empty = self._sealer.seal(id_, b"")
        changes = {"incoming.value": empty, "state": ERASED}
        await self._collection.update_one({"_id": id_}, {"$set": changes})

    async def _load_open(self, id_: str) -> Item | None:
        row = await self._collection.find_one({"_id": id_, "state": "open"})
        if row is None:
            return None
        value = self._sealer.open(id_, bytes(row["incoming"]["value"]))
        incoming = parse_incoming_document(row["incoming"], value)
        item = self._inbox.parse_record(incoming, trusted=not _is_forged(row))
        return replace(item, dead_letter=id_)


def _is_forged(row: mongo.Row) -> bool:
    """Its signature, kept with it, is checked again: a source that was allowed too late gets in,
    and nobody else by an operator's replay."""
    codes = {problem["code"] for problem in row["problems"]}
    return bool(codes & {"signature_wrong", "source_not_allowed"})


def _summarize(row: mongo.Row) -> dict[str, object]:
    origin = {k: row["incoming"][k] for k in ("topic", "partition", "offset", "cluster")}
    fields = {k: row.get(k) for k in SUMMARY_FIELDS}
    return {"id": row["_id"], "bug": bool(row["traceback"])} | fields | origin
