"""What staff read of statements: sums, overlaps, and where a row's gift is."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from services.audit.designation import parse
from services.audit.model import Donation
from services.audit.model.donation import donation_id_of
from services.audit.statements import listed
from shared import mongo


async def statements(database: mongo.Database) -> dict[str, Any]:
    return {"statements": await listed.statements(database)}


async def overlaps(
    database: mongo.Database, names: Sequence[str], after: str, limit: int
) -> dict[str, Any]:
    """pairs: of statements, with how many rows they share; only on the first page.
    gifts: each with its rows; `next` is the `after` of the following page, null at the end."""
    found = await listed.overlaps(database, names, after, limit)
    pairs = [] if after else await listed.overlapping_pairs(database, names)
    gifts = [_overlap(donation) for donation in found]
    return {
        "pairs": pairs,
        "gifts": gifts,
        "next": found[-1].id if len(found) == limit else None,
    }


async def found_gifts(database: mongo.Database, source: str, ids: Sequence[str]) -> dict[str, Any]:
    """What became of messages of a source, in order; null where nothing is known of one."""
    wanted = [donation_id_of(source, id_) for id_ in ids]
    known = await listed.by_ids(database, wanted)
    return {"gifts": [_gift(known[id_]) if id_ in known else None for id_ in wanted]}


async def designations(
    database: mongo.Database, unsealed: Callable[[Donation], str], after: str, limit: int
) -> dict[str, Any]:
    """kind: whether the amounts it names fit the gift (see designation.Designation.kind)."""
    found = await listed.designated(database, after, limit)
    return {
        "gifts": [_designated(donation, unsealed(donation)) for donation in found],
        "next": found[-1].id if len(found) == limit else None,
    }


def _designated(donation: Donation, text: str) -> dict[str, Any]:
    read = parse(text)
    return {
        "id": donation.id,
        "fund_id": donation.fund_id,
        "amount_fen": donation.amount_fen,
        "text": text,
        "kind": read.kind(donation.amount_fen),
        "parts": [asdict(part) for part in read.parts],
        "unparsed": list(read.unparsed),
    }


def _overlap(donation: Donation) -> dict[str, Any]:
    return donation.model_dump(mode="json", include={"id", "amount_fen", "statements"})


GIFT_SHOWN = {
    "id",
    "donor_id",
    "fund_id",
    "amount_fen",
    "received_at",
    "log",
    "entry",
    "refused",
    "undone",
    "statements",
}


def _gift(donation: Donation) -> dict[str, Any]:
    return donation.model_dump(mode="json", include=GIFT_SHOWN)
