"""What people read: funds, and the ledger's sums with the size and root they belong to."""

import base64
from typing import Any

from services.audit.model import AMOUNTS, Fund, LogHead, amounts, described
from services.audit.public import PublicLogs, name_of
from services.audit.store import read_funds, read_head
from services.audit.verify.note import Checkpoint
from shared import mongo

READS_MAX = 20


async def funds(database: mongo.Database) -> dict[str, Any]:
    return {"funds": [described(fund) for fund in await read_funds(database)]}


async def fund(database: mongo.Database, id_: str) -> dict[str, Any] | None:
    found = await mongo.load(database, Fund, id_)
    return described(found) if found else None


async def at_rest(database: mongo.Database) -> tuple[LogHead, list[Fund]]:
    """The head and the funds of one moment: read again where the log grew in between."""
    head = await read_head(database)
    for _ in range(READS_MAX):
        found = await read_funds(database)
        after = await read_head(database)
        if after.size == head.size:
            break
        head = after
    return head, found


def summed(head: LogHead, found: list[Fund]) -> dict[str, Any]:
    """Sums over all open funds. committed_fen counts everything ever reserved;
    remaining_fen is what can still be promised."""
    opened = [amounts(each) for each in found if each.is_open]
    return {
        **{name: sum(each[name] for each in opened) for name in AMOUNTS},
        "size": head.size,
        "root": encoded(head.tree.root()),
        "log": head.origin,
        "funds": [described(each) for each in found],
    }


def published(checkpoint: Checkpoint, logs: PublicLogs) -> dict[str, Any]:
    """What anybody can see of the log, and how to check it."""
    return {
        "vkey": logs.vkey(checkpoint.origin),
        "log_dir": str(logs.directory(checkpoint.origin).path),
        "log_path": f"/log/{name_of(checkpoint.origin)}",
        "published": {"size": checkpoint.size, "root": encoded(checkpoint.root)},
        "publishing_stopped": logs.stopped,
    }


def encoded(root: bytes) -> str:
    """As a checkpoint writes it."""
    return base64.b64encode(root).decode()
