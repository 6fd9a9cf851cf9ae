"""Commits and pays from a fund, an entry each."""

from fastapi import APIRouter

from shared.contracts import topics
from tests.bench.tutorial.messages import Here, LedgerEvent, MatchEvent

FUND = "F-1"


def build(here: Here) -> APIRouter:
    funds, entries = here.database["funds"], here.database["entries"]
    commitments = here.database["commitments"]

    @here.on(topics.MATCHES)
    async def on_match(event: MatchEvent) -> None:
        if event.type == "accepted":
            fund = await funds.find_one({"_id": FUND})
            assert fund["received_fen"] - fund["committed_fen"] >= event.quantity
            await funds.update_one({"_id": FUND}, {"$inc": {"committed_fen": event.quantity}})
            commitment = {"_id": event.match_id, "fen": event.quantity, "state": "committed"}
            await commitments.insert_one(commitment)
            await record("committed", event)
        elif event.type == "confirmed":
            await funds.update_one({"_id": FUND}, {"$inc": {"disbursed_fen": event.quantity}})
            paid = {"$set": {"state": "disbursed"}}
            await commitments.update_one({"_id": event.match_id}, paid)
            await record("disbursed", event)

    async def record(type_: str, match: MatchEvent) -> None:
        event = LedgerEvent(
            type=type_,
            match_id=match.match_id,
            request_id=match.request_id,
            donor_id=match.donor_id,
            amount_fen=match.quantity,
            fund_id=FUND,
        )
        await entries.insert_one(event.model_dump() | {"_id": event.id})
        await here.publish(event, topics.LEDGER, event.request_id)

    return APIRouter()
