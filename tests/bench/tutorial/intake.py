"""Takes requests in, keeps persons, closes what is confirmed, hears the provider's receipts."""

from typing import Any

from fastapi import APIRouter, Request

from shared.contracts import topics
from shared.ids import make_id
from tests.bench.tutorial.messages import (
    Here,
    MatchEvent,
    ReceiptReported,
    RequestEvent,
    RequestSubmitted,
)


def build(here: Here) -> APIRouter:
    requests, persons = here.database["requests"], here.database["persons"]
    receipts = here.database["receipts"]
    router = APIRouter()

    @here.on(topics.REQUESTS_INBOUND)
    async def on_submitted(event: RequestSubmitted) -> None:
        person_id = make_id("P", event.phone)
        if await requests.find_one({"_id": event.message_id}):
            return
        person = {"name": event.name, "phone": event.phone}
        await persons.update_one({"_id": person_id}, {"$set": person}, upsert=True)
        document = event.model_dump() | {"person_id": person_id, "state": "open", "matches": {}}
        await requests.insert_one(document | {"_id": event.message_id})
        await publish("opened", document)

    @here.on(topics.MATCHES)
    async def on_match(event: MatchEvent) -> None:
        if event.type in ("proposed", "accepted"):
            return
        stage = {f"matches.{event.match_id}": {"stage": event.type, "quantity": event.quantity}}
        await requests.update_one({"_id": event.request_id}, {"$set": stage})
        if event.type == "confirmed":
            document = await requests.find_one({"_id": event.request_id})
            await requests.update_one({"_id": event.request_id}, {"$set": {"state": "closed"}})
            await publish("closed", document)

    async def publish(type_: str, document: dict[str, Any]) -> None:
        event = RequestEvent(
            type=type_,
            request_id=document["message_id"],
            person_id=document["person_id"],
            category=document["category"],
            quantity=document["quantity"],
            town_code=document["town_code"],
        )
        await here.publish(event, topics.REQUESTS, event.request_id)

    @router.get("/contacts/{person_id}")
    async def contact(person_id: str) -> dict[str, str]:
        person = await persons.find_one({"_id": person_id})
        return {"phone": person["phone"]}

    @router.post("/callbacks/tencent/{token}/receipts")
    async def on_receipts(token: str, request: Request) -> dict[str, Any]:
        for item in await request.json():
            event = ReceiptReported(provider_message_id=item["sid"], outcome=item["report_status"])
            await receipts.insert_one(event.model_dump() | {"_id": event.id})
            await here.publish(event, topics.RECEIPTS, event.provider_message_id)
        return {"result": 0, "errmsg": "OK"}

    return router
