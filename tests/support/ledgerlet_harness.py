"""What the rules' tests send to the ledgerlet and look at."""

from typing import Any

from shared import mongo
from shared.contracts.events import DonationReceived, MatchAccepted
from tests.support.eventually import eventually
from tests.support.ledgerlet import Counter
from tests.support.stack_harness import RunningService

MATCHING = "/matching"


def make_acceptance(quantity: int = 1) -> MatchAccepted:
    return MatchAccepted(
        request_id="R-1",
        offer_id="O-1",
        person_id="P-1",
        donor_id="P-2",
        unit="fen",
        quantity=quantity,
        fund_id="F-1",
    )


def make_donation(amount_fen: int = 100) -> DonationReceived:
    return DonationReceived.model_validate(
        {
            "donor_id": "P-2",
            "fund_id": "F-1",
            "amount_fen": amount_fen,
            "received_at": "2026-01-01T00:00:00Z",
            "bank_reference": "B1",
        }
    )


async def load_counter(running: RunningService, id_: str) -> Counter:
    found = await mongo.load(running.runtime.database, Counter, id_)
    return found or Counter(id=id_)


async def wait_for_count(running: RunningService, id_: str, total: int) -> Counter:
    return await eventually(lambda: load_counter(running, id_), lambda c: c.total >= total)


async def wait_for_dead_letters(running: RunningService, count: int) -> list[dict[str, Any]]:
    return await eventually(running.runtime.dead_letters.list, lambda found: len(found) >= count)
