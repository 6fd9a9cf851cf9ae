"""What the four say to each other, and where."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from faststream.kafka import KafkaBroker
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel, Field

from tests.bench.plan import Plan

Handler = Callable[[Any], Awaitable[None]]


class Event(BaseModel):
    id: str = Field(default_factory=lambda: uuid4().hex)
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))


class RequestSubmitted(Event):
    message_id: str
    category: str
    quantity: int
    town_code: str
    name: str
    phone: str
    text: str


class RequestEvent(Event):
    type: str
    request_id: str
    person_id: str
    category: str
    quantity: int
    town_code: str


class MatchEvent(Event):
    type: str
    match_id: str
    request_id: str
    offer_id: str
    person_id: str
    donor_id: str
    quantity: int


class LedgerEvent(Event):
    type: str
    match_id: str
    request_id: str
    donor_id: str
    amount_fen: int
    fund_id: str


class ReceiptReported(Event):
    provider_message_id: str
    outcome: str


class NoticeEvent(Event):
    type: str
    notice_id: str
    request_id: str
    person_id: str
    purpose: str


class Here:
    """Broker, database and addresses of one of the four."""

    def __init__(self, plan: Plan, service: str) -> None:
        self.plan = plan
        self.group = f"{plan.prefix}-{service}"
        self.broker = KafkaBroker(plan.kafka_bootstrap, logger=None)
        self.database: Any = AsyncIOMotorClient(plan.mongo_uri)[f"{plan.prefix}_{service}"]

    def on(self, topic: str) -> Callable[[Handler], object]:
        return self.broker.subscriber(
            self.plan.topic(topic), group_id=self.group, auto_offset_reset="earliest"
        )

    async def publish(self, event: Event, topic: str, key: str) -> None:
        await self.broker.publish(event, self.plan.topic(topic), key=key.encode())
