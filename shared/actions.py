"""What staff did: a row for each thing that one asked for by HTTP, with how it ended.

Ids alone, as in the ledger; never what was typed. Looks at personal data have a log of their own
(intake's vault). Rows are written after the answer is decided, so a crash may lose one; who decided
stands in what was decided, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from shared import mongo
from shared.documents import Document
from shared.security import STAFF, Credential

log = structlog.get_logger()

ACTIONS = "actions"
INDEXES: tuple[mongo.Index, ...] = (
    (ACTIONS, [("who", 1), ("at", -1)], {}),
    (ACTIONS, [("targets", 1), ("at", -1)], {}),
)
REFUSED = 0
"""The status of what was refused without an answer of its own: not allowed, not understood."""


@dataclass(frozen=True, slots=True)
class Action:
    """who: the human (his staff number); by: with which credential. route: as it is registered.

    targets: the ids that stand in the address. status: of the answer.
    """

    id: str
    at: datetime
    who: str
    by: str
    roles: tuple[str, ...]
    method: str
    route: str
    targets: tuple[str, ...]
    status: int

    @property
    def is_done(self) -> bool:
        return 200 <= self.status < 400


@dataclass(frozen=True, slots=True)
class ActionQuery:
    """Empty fields ask for all. before: an id of a row; older ones are listed."""

    who: str = ""
    target: str = ""
    before: str = ""


def is_action(credential: Credential, method: str) -> bool:
    return method not in ("GET", "HEAD", "OPTIONS") and bool(credential.roles & STAFF)


async def record(
    database: mongo.Database,
    credential: Credential,
    method: str,
    route: str,
    parameters: Mapping[str, object],
    status: int,
    at: datetime,
) -> None:
    """Never fails what was done: what cannot be written is an error in the service's log."""
    row = {
        "at": at,
        "who": credential.principal,
        "by": credential.id,
        "roles": sorted(credential.roles),
        "method": method,
        "route": route,
        "targets": [str(value) for name, value in parameters.items() if name != "token"],
        "status": status,
    }
    try:
        await database[ACTIONS].insert_one(row)
    except mongo.PyMongoError as error:
        log.error("action_unrecorded", who=credential.principal, route=route, error=str(error))


async def list_actions(
    database: mongo.Database, query: ActionQuery, limit: int
) -> Sequence[Action]:
    """Latest first."""
    wanted: dict[str, object] = {}
    if query.who:
        wanted["who"] = query.who
    if query.target:
        wanted["targets"] = query.target
    if query.before:
        wanted["_id"] = {"$lt": mongo.ObjectId(query.before)}
    rows = database[ACTIONS].find(wanted).sort("_id", -1).limit(limit)
    return [_parse(row) for row in await rows.to_list(None)]


def _parse(row: Document) -> Action:
    return Action(
        id=str(row["_id"]),
        at=row["at"],
        who=row["who"],
        by=row["by"],
        roles=tuple(row["roles"]),
        method=row["method"],
        route=row["route"],
        targets=tuple(row["targets"]),
        status=row["status"],
    )
