"""Gives each request the first offer with room; donors and staff say yes at once."""

from fastapi import APIRouter

from shared.contracts import topics
from tests.bench.tutorial.messages import Here, LedgerEvent, MatchEvent, RequestEvent


def build(here: Here) -> APIRouter:
    needs, offers = here.database["needs"], here.database["offers"]
    matches = here.database["matches"]

    @here.on(topics.REQUESTS)
    async def on_request(event: RequestEvent) -> None:
        if event.type != "opened":
            return
        await needs.insert_one(event.model_dump() | {"_id": event.request_id})
        offer = await offers.find_one_and_update(
            {"free": {"$gte": event.quantity}}, {"$inc": {"free": -event.quantity}}
        )
        match = MatchEvent(
            type="proposed",
            match_id=f"M-{event.request_id}",
            request_id=event.request_id,
            offer_id=offer["_id"],
            person_id=event.person_id,
            donor_id=offer["donor_id"],
            quantity=event.quantity,
        )
        await matches.insert_one(match.model_dump() | {"_id": match.match_id})
        await here.publish(match, topics.MATCHES, match.request_id)
        await become("accepted", match.match_id)

    @here.on(topics.LEDGER)
    async def on_ledger(event: LedgerEvent) -> None:
        if event.type != "committed":
            return
        for step in ("committed", "delivered", "confirmed"):
            await become(step, event.match_id)
        await needs.update_one({"_id": event.request_id}, {"$set": {"type": "closed"}})

    async def become(state: str, match_id: str) -> None:
        document = await matches.find_one({"_id": match_id})
        await matches.update_one({"_id": match_id}, {"$set": {"type": state}})
        fields = {name: document[name] for name in MatchEvent.model_fields if name in document}
        event = MatchEvent(
            **{k: v for k, v in fields.items() if k not in ("id", "time", "type")}, type=state
        )
        await here.publish(event, topics.MATCHES, event.request_id)

    return APIRouter()
