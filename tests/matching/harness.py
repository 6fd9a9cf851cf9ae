"""Matching on a real broker and database, with those who deal with it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from services.matching.jobs import run_rounds
from services.matching.main import build_service
from services.matching.model.funds import Mandate
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.contracts.events import LedgerCommitted, LedgerRefused, OfferSubmitted
from shared.security import Role
from tests.matching.decisions import (
    make_granted,
    make_opened,
    make_submitted,
    request_id,
)
from tests.support.eventually import eventually
from tests.support.stack_harness import RunningService, StackHarness

SECOND = timedelta(seconds=1)


async def start_matching(
    stack: StackHarness, *, proposes: bool = True, **changed: Any
) -> RunningService:
    """proposes: whether it holds rounds; not where only the test proposes."""
    settings = stack.settings(MatchingSettings, round_interval_ms=100, due_poll_ms=200, **changed)
    service = build_service(settings, stack.keyring)
    jobs = tuple(job for job in service.jobs if proposes or job is not run_rounds)
    return await stack.start(replace(service, jobs=jobs), settings)


async def give_mandate(database: mongo.Database, offer: OfferSubmitted) -> None:
    """What an offer of money names, as if audit had told of it; twice is once."""
    if offer.mandate_id is None:
        return
    mandate = Mandate.from_fact(offer.mandate_id, make_granted(offer))
    document = mongo.to_document(mandate) | {"_version": 1, "_emitted": 0}
    await database[Mandate.COLLECTION].update_one(
        {"_id": document.pop("_id")}, {"$setOnInsert": document}, upsert=True
    )


def name_donor(stack: StackHarness, source: str, offer: OfferSubmitted) -> OfferSubmitted:
    """The same offer as that partner submits it: with his own id of its donor."""
    return offer.model_copy(update={"donor_id": stack.partner_id(source, offer.donor_id)})


class MatchingHarness:
    """What staff, a partner and the other services do to a running matching."""

    def __init__(self, stack: StackHarness, running: RunningService) -> None:
        self.stack = stack
        self.http = running.http
        self.runtime = running.runtime
        self.database = self.runtime.database
        self.operator = stack.bearer("op", Role.OPERATOR)
        self.giver_source = "/partners/giver"
        self.giver = stack.bearer("giver", Role.DONOR_PARTNER, source=self.giver_source)
        self.sequences: dict[str, int] = {}

    async def register_offer(self, key: str = "a", **more: Any) -> str:
        submitted = make_submitted(**more)
        await give_mandate(self.database, submitted)
        named = name_donor(self.stack, self.giver_source, submitted)
        body = named.model_dump(mode="json", exclude_none=True)
        answer = await self.post("/offers", key, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["offer_id"])

    async def post(
        self, path: str, key: str, body: Any = None, who: dict[str, str] | None = None
    ) -> httpx.Response:
        """who: the partner whose offers they are, if nobody else."""
        headers = (who or self.giver) | {"Idempotency-Key": key}
        return await self.http.post(path, json=body, headers=headers)

    async def publish_requests(self, *names: str, quantity: int = 50, **more: Any) -> None:
        await self.stack.publish(
            *(
                self.stack.own("/intake", request_id(name), 1, make_opened(name, quantity, **more))
                for name in names
            )
        )

    async def wait_for_needs(self, *names: str) -> None:
        """Returns when matching knows these requests."""
        ids = [request_id(name) for name in names]

        async def look() -> list[Need]:
            return await mongo.find(self.database, Need, {"_id": {"$in": ids}})

        await eventually(look, lambda rows: len(rows) == len(ids))

    async def publish_ledger_answer(
        self, match: str, fact: LedgerCommitted | LedgerRefused
    ) -> None:
        await self.stack.publish(self.stack.own("/audit", match, 1, fact))

    async def pass_deadline(self, match: Match) -> None:
        """As if the proposal had stood so long that its deadline is past."""
        past = await self.runtime.processor.now() - timedelta(seconds=1)
        await self.database[Match.COLLECTION].update_one(
            {"_id": match.id},
            {"$set": {"due_at": past, "expires_at": past}, "$inc": {"_version": 1}},
        )

    async def wait_for_matches(self, count: int, state: str) -> list[Match]:
        async def look() -> list[Match]:
            return await mongo.find(self.database, Match, {"state": state})

        return await eventually(look, lambda rows: len(rows) >= count)

    async def wait_for_match(self, id_: str, state: str) -> Match:
        async def look() -> Match | None:
            return await mongo.load(self.database, Match, id_)

        match = await eventually(look, lambda match: match is not None and match.state == state)
        assert match is not None
        return match
