"""What the rules' tests send to the ledgerlet and look at."""

from typing import Any

from shared import mongo
from shared.contracts.events import DonationReceived, MatchAccepted
from tests.support.eventually import eventually
from tests.support.house import Running
from tests.support.ledgerlet import Counter

M = "/matching"


def accepted(quantity: int = 1) -> MatchAccepted:
    return MatchAccepted(
        request_id="R-1",
        offer_id="O-1",
        person_id="P-1",
        donor_id="P-2",
        unit="fen",
        quantity=quantity,
        fund_id="F-1",
    )


def donation(amount_fen: int = 100) -> DonationReceived:
    return DonationReceived.model_validate(
        {
            "donor_id": "P-2",
            "fund_id": "F-1",
            "amount_fen": amount_fen,
            "received_at": "2026-01-01T00:00:00Z",
            "bank_reference": "B1",
        }
    )


async def counter(running: Running, id_: str) -> Counter:
    found = await mongo.load(running.runtime.database, Counter, id_)
    return found or Counter(id=id_)


async def counts(running: Running, id_: str, total: int) -> Counter:
    return await eventually(lambda: counter(running, id_), lambda c: c.total >= total)


async def open_dead_letters(running: Running, count: int) -> list[dict[str, Any]]:
    return await eventually(running.runtime.dead_letters.list, lambda found: len(found) >= count)
