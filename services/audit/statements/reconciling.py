"""Pledges and gifts out of the database, donor by donor, into a reconciliation."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime

from services.audit.model.donation import Donation
from services.audit.model.pledge import Pledge
from services.audit.statements.reconciliation import Reconciliation
from shared import mongo

Party = tuple[str, str]
"""A donor and a fund."""


async def reconciled(database: mongo.Database, now: datetime, limit: int) -> Reconciliation:
    """limit: how many of the oldest gaps are named."""
    made = Reconciliation(now, limit)
    pledges = await _pledges(database)
    gifts: list[Donation] = []
    async for gift in _gifts(database):
        if gifts and _party(gifts[0]) != _party(gift):
            made.add(pledges.pop(_party(gifts[0]), []), gifts)
            gifts = []
        gifts.append(gift)
    if gifts:
        made.add(pledges.pop(_party(gifts[0]), []), gifts)
    for left in pledges.values():
        made.add(left, [])
    return made


def _party(each: Pledge | Donation) -> Party:
    return each.donor_id, each.fund_id


async def _pledges(database: mongo.Database) -> dict[Party, list[Pledge]]:
    found: dict[Party, list[Pledge]] = defaultdict(list)
    for pledge in await mongo.find(database, Pledge, {}):
        found[_party(pledge)].append(pledge)
    return found


async def _gifts(database: mongo.Database) -> AsyncIterator[Donation]:
    """Of money, one by one, each donor's together. Without what is sealed."""
    cursor = database[Donation.COLLECTION].find({"amount_fen": {"$gt": 0}}, {"designation": 0})
    async for document in cursor.sort([("donor_id", 1), ("fund_id", 1), ("received_at", 1)]):
        yield mongo.to_state(Donation, document)
