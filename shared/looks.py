"""Looks at what is sealed: who, in which roles, at whose, when and what for.

A look is durable before anything is shown, and says never what was seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared import mongo
from shared.documents import Document
from shared.security import Credential


@dataclass(frozen=True, slots=True)
class Look:
    """about: the id of whose it is. roles: of who looked, then; empty in rows of before.

    for_whom: the staff for whom one of our services looked.
    """

    id: str
    who: str
    roles: frozenset[str]
    purpose: str
    about: str
    at: datetime
    for_whom: str = ""


@dataclass(frozen=True, slots=True)
class LookLog:
    """field: what its documents call the id of whose it is."""

    collection: str
    field: str

    @property
    def indexes(self) -> tuple[mongo.Index, ...]:
        return ((self.collection, [(self.field, 1), ("at", 1)], {}),)

    async def add(
        self,
        database: mongo.Database,
        caller: Credential,
        purpose: str,
        ids: Iterable[str],
        at: datetime,
        for_whom: str = "",
    ) -> None:
        look = {"who": caller.id, "roles": sorted(caller.roles), "purpose": purpose, "at": at}
        look |= {"for_whom": for_whom} if for_whom else {}
        rows = [{**look, self.field: id_} for id_ in ids]
        if rows:
            await database[self.collection].insert_many(rows, ordered=False)

    async def list_page(
        self, database: mongo.Database, about: str | None, after: str, limit: int
    ) -> list[Look]:
        """Oldest first. about: None for everybody's. after: the last id of the page before."""
        query: dict[str, object] = {self.field: about} if about else {}
        query |= {"_id": {"$gt": mongo.ObjectId(after)}} if after else {}
        rows = database[self.collection].find(query).sort("_id", 1).limit(limit)
        return [self._parse(row) for row in await rows.to_list(None)]

    async def find_latest(self, database: mongo.Database, about: str, limit: int) -> list[Look]:
        """Latest first."""
        rows = database[self.collection].find({self.field: about}).sort("at", -1).limit(limit)
        return [self._parse(row) for row in await rows.to_list(None)]

    def _parse(self, row: Document) -> Look:
        return Look(
            id=str(row["_id"]),
            who=row["who"],
            roles=frozenset(row.get("roles", ())),
            purpose=row["purpose"],
            about=row[self.field],
            at=row["at"],
            for_whom=row.get("for_whom", ""),
        )


DEAD_LETTER_LOOKS = LookLog("dead_letter_looks", field="about")
"""Of every service: at the content of a dead letter, which may be anybody's."""
