"""What people read: funds, and each foundation's sums with the size and root they belong to."""

from collections.abc import Mapping
from typing import Any, TypeVar

from services.audit.ledger.balances import TOTALS
from services.audit.model import (
    Fund,
    LogHead,
    Reversal,
    Transfer,
    amounts,
    described,
    shown,
)
from services.audit.public import PublicLogs
from services.audit.store import read_funds, read_heads, read_proposals
from services.audit.tlog.checkpoint import Checkpoint, root_text
from shared import mongo

P = TypeVar("P", Transfer, Reversal)

READS_MAX = 20


async def funds(database: mongo.Database) -> dict[str, Any]:
    return {"funds": [described(fund) for fund in await read_funds(database)]}


async def fund(database: mongo.Database, id_: str) -> dict[str, Any] | None:
    found = await mongo.load(database, Fund, id_)
    return described(found) if found else None


async def proposals(database: mongo.Database, kind: type[P], limit: int) -> list[dict[str, Any]]:
    return [shown(each) for each in await read_proposals(database, kind, limit)]


async def at_rest(database: mongo.Database) -> tuple[list[LogHead], list[Fund]]:
    """The heads and the funds of one moment: read again where a log grew in between."""
    heads = await read_heads(database)
    for _ in range(READS_MAX):
        found = await read_funds(database)
        after = await read_heads(database)
        if after == heads:
            break
        heads = after
    return heads, found


def summed(head: LogHead, found: list[Fund]) -> dict[str, Any]:
    """Sums over all open funds of a foundation, of the ledger year that runs. committed_fen counts
    everything reserved in it; remaining_fen is what can still be promised."""
    own = [each for each in found if each.foundation == head.id]
    opened = [amounts(each) for each in own if each.is_open]
    return {
        **{name: sum(each[name] for each in opened) for name in TOTALS},
        "size": head.size,
        "root": root_text(head.tree.root()),
        "log": head.origin,
        "closed": [{"log": each.origin, "size": each.size} for each in head.closed],
        "funds": [described(each) for each in own],
    }


def published(checkpoint: Checkpoint, logs: PublicLogs) -> dict[str, Any]:
    """What anybody can see of the log, and how to check it. Blocking."""
    vkeys = logs.vkeys(checkpoint.origin)
    return {
        "vkey": vkeys[0] if vkeys else "",
        "vkeys": vkeys,
        "log_dir": str(logs.path_of(checkpoint.origin)),
        "log_path": f"/log/{logs.name_of(checkpoint.origin)}",
        "published": {"size": checkpoint.size, "root": root_text(checkpoint.root)},
        "publishing_stopped": logs.stopped.get(checkpoint.origin, ""),
    }


def whole(
    foundations: Mapping[str, dict[str, Any]], names: Mapping[str, str], default: str
) -> dict[str, Any]:
    """The house's own foundation, and every one by its id."""
    named = {id_: {"name": names.get(id_, id_), **said} for id_, said in foundations.items()}
    return {**foundations[default], "foundations": named}
