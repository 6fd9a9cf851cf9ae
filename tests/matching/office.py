"""Matching on a real broker and database, and those who deal with it."""

from datetime import timedelta
from typing import Any

import httpx

from services.matching.main import create_app
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.contracts.events import LedgerCommitted, LedgerRefused
from shared.security import Role
from tests.matching.deciding import (
    opened,
    request_id,
    submitted_offer,
)
from tests.support.eventually import eventually
from tests.support.house import House, Running

SECOND = timedelta(seconds=1)


async def started(house: House, **given: Any) -> Running:
    settings = house.settings(MatchingSettings, round_interval_ms=20, due_poll_ms=50, **given)
    return await house.start_app(create_app(settings))


class Office:
    """Staff, a partner and the other services, as matching hears of them."""

    def __init__(self, house: House, running: Running) -> None:
        self.house = house
        self.http = running.http
        self.runtime = running.runtime
        self.database = self.runtime.database
        self.operator = house.bearer("op", Role.OPERATOR)
        self.sequences: dict[str, int] = {}

    async def offer(self, key: str = "a", **more: Any) -> str:
        body = submitted_offer(**more).model_dump(mode="json", exclude_none=True)
        answer = await self.post("/offers", key, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["offer_id"])

    async def post(self, path: str, key: str, body: Any = None) -> httpx.Response:
        return await self.http.post(
            path, json=body, headers=self.operator | {"Idempotency-Key": key}
        )

    async def opens(self, *names: str, quantity: int = 50, **more: Any) -> None:
        await self.house.publish(
            *(
                self.house.own("/intake", request_id(name), 1, opened(name, quantity, **more))
                for name in names
            )
        )

    async def known(self, *names: str) -> None:
        """Returns when matching has heard of these requests."""
        ids = [request_id(name) for name in names]

        async def look() -> list[Need]:
            return await mongo.find(self.database, Need, {"_id": {"$in": ids}})

        await eventually(look, lambda found: len(found) == len(ids))

    async def audit_says(self, match: str, fact: LedgerCommitted | LedgerRefused) -> None:
        await self.house.publish(self.house.own("/audit", match, 1, fact))

    async def matches(self, count: int, state: str) -> list[Match]:
        async def look() -> list[Match]:
            return await mongo.find(self.database, Match, {"state": state})

        return await eventually(look, lambda found: len(found) >= count)

    async def loaded(self, id_: str, state: str) -> Match:
        async def look() -> Match | None:
            return await mongo.load(self.database, Match, id_)

        found = await eventually(look, lambda match: match is not None and match.state == state)
        assert found is not None
        return found
