"""Never over-committed: two instances race each other and everybody, and one is killed.

Every version of every offer and need that was ever stored is looked at, by a change stream.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.matching.model.match import RESERVING_STATES, Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import RequestWithdrawn
from shared.security import Role
from tests.matching.decisions import (
    NO_CAPACITY,
    make_opened,
    make_submitted,
    person_id,
    request_id,
)
from tests.matching.harness import name_donor
from tests.matching.processes import Matchings, matchings
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

PARTNER = "/partners/giver"
GOODS: dict[str, Any] = {"unit": "袋", "item": "大米"}
OFFERS, NEEDS, ASKED = 6, 90, 12
ACTS = ("accept", "decline", "claim", "deliver", "confirm", "change", "give-up", "withdraw")
SEEN = {"evidence": "visit"}
HOLDING = RESERVING_STATES | {"delivered", "confirmed"}


class Crowd:
    """Whoever deals with the two instances: each call goes to one of them, to the other if dead."""

    def __init__(self, stack: StackHarness, running: Matchings, database: mongo.Database) -> None:
        self.stack = stack
        self.database = database
        self.urls = list(running.urls.values())
        self.chance = random.Random(7)
        self.operator = stack.bearer("op", Role.OPERATOR)
        self.partner = stack.bearer("giver", Role.DONOR_PARTNER, source=PARTNER)
        self.collector = stack.bearer("collector", Role.COLLECTOR)
        self.done: dict[str, int] = defaultdict(int)
        self.keys = 0

    async def does(
        self,
        what: str,
        http: httpx.AsyncClient,
        path: str,
        body: Any = None,
        method: str = "POST",
    ) -> None:
        """By one instance; where it is dead, by the other."""
        self.keys += 1
        who = {"confirm": self.collector, "give-up": self.collector}.get(what, self.partner)
        headers = who | {"Idempotency-Key": f"k{self.keys}"}
        for url in self.chance.sample(self.urls, len(self.urls)):
            try:
                answer = await http.request(method, url + path, json=body, headers=headers)
            except httpx.HTTPError:
                continue
            assert answer.status_code < 500 or answer.status_code == 503, answer.text
            self.done[what] += answer.is_success
            return

    def acts(self) -> int:
        return sum(self.done.values())

    async def wait_for_acts(self, more: int) -> None:
        before = self.acts()

        async def acts() -> int:
            return self.acts() - before

        await eventually(acts, lambda found: found >= more, 60)

    async def missing(self) -> list[str]:
        """What has not happened yet."""
        return [what for what in ACTS if not self.done[what]]

    async def pick_match(self, *states: str) -> str | None:
        rows = (
            await self.database[Match.COLLECTION]
            .find({"state": {"$in": states}}, {"_id": 1})
            .to_list(None)
        )
        return str(self.chance.choice(rows)["_id"]) if rows else None

    async def pick(self, kind: type[Offer] | type[Need], **query: Any) -> str | None:
        rows = await self.database[kind.COLLECTION].find(query, {"_id": 1}).to_list(None)
        return str(self.chance.choice(rows)["_id"]) if rows else None

    async def rests(self, http: httpx.AsyncClient) -> None:
        """Nobody answered a proposal any more; then nothing more is proposed."""
        await eventually(lambda: self.pick_match("expired"), lambda found: found is not None)
        while offer := await self.pick(Offer, state="open"):
            await self.does("pause", http, f"/offers/{offer}/pause")

    # --- what they do ---

    async def answers(self, http: httpx.AsyncClient) -> None:
        """A few proposals are left to expire."""
        if match := await self.pick_match("proposed"):
            verb = self.chance.choice(("accept", "accept", "decline"))
            body = {"reason": NO_CAPACITY} if verb == "decline" else None
            await self.does(verb, http, f"/matches/{match}/{verb}", body)

    async def hands_over(self, http: httpx.AsyncClient) -> None:
        for state, verb, body in (("committed", "deliver", None), ("delivered", "confirm", SEEN)):
            if match := await self.pick_match(state):
                await self.does(verb, http, f"/matches/{match}/{verb}", body)

    async def loses_a_donor(self, http: httpx.AsyncClient) -> None:
        if self.chance.random() < 0.2 and (
            match := await self.pick_match("committed", "delivered")
        ):
            await self.does("give-up", http, f"/matches/{match}/give-up")

    async def claims(self, http: httpx.AsyncClient) -> None:
        need = await self.pick(Need, state="open", remaining={"$gt": 0})
        offer = await self.pick(Offer, state="open")
        if need and offer:
            body = {"offer_id": offer, "quantity": self.chance.randint(1, ASKED)}
            await self.does("claim", http, f"/menu/{need}/claim", body)

    async def changes_an_offer(self, http: httpx.AsyncClient) -> None:
        if offer := await self.pick(Offer, state="open"):
            body = {"quantity": self.chance.randint(60, 240)}
            await self.does("change", http, f"/offers/{offer}", body, "PATCH")

    async def withdraws_an_offer(self, http: httpx.AsyncClient) -> None:
        if self.chance.random() < 0.05 and (offer := await self.pick(Offer, state="open")):
            await self.does("withdraw", http, f"/offers/{offer}/withdraw")
            await self.offers(http, 1)

    async def withdraws_a_request(self, _http: httpx.AsyncClient) -> None:
        if self.chance.random() < 0.2 and (need := await self.pick(Need, state="open")):
            fact = RequestWithdrawn(person_id=person_id("somebody"))
            await self.stack.publish(self.stack.own("/intake", need, 2, fact))
            self.done["request withdrawn"] += 1

    async def offers(self, http: httpx.AsyncClient, count: int) -> None:
        for _ in range(count):
            self.keys += 1
            more: dict[str, Any] = {"donor_id": f"P-{self.keys}", "mode": "both"}
            more |= {"cap_per_request": 9} if self.keys % 2 else {"cases_max": 8}
            body = name_donor(self.stack, PARTNER, make_submitted(quantity=120, **GOODS, **more))
            await self.does("offer", http, "/offers", body.model_dump(mode="json"))

    async def all_at_once(self, http: httpx.AsyncClient, until: asyncio.Event) -> None:
        ways: list[Callable[[httpx.AsyncClient], Awaitable[None]]] = [
            *(self.answers,) * 4,
            *(self.claims,) * 3,
            *(self.hands_over,) * 2,
            self.loses_a_donor,
            self.changes_an_offer,
            self.withdraws_an_offer,
            self.withdraws_a_request,
        ]
        await asyncio.gather(*(self._again(way, http, until) for way in ways))

    async def _again(self, way: Any, http: httpx.AsyncClient, until: asyncio.Event) -> None:
        while not until.is_set():
            await way(http)


class Watched:
    """Every stored version that broke a promise."""

    def __init__(self) -> None:
        self.versions = 0
        self.broken: list[str] = []

    def see(self, collection: str, row: dict[str, Any]) -> None:
        self.versions += 1
        if collection == Offer.COLLECTION:
            given = row["reserved"] + row["delivered"]
            kept = 0 <= given <= row["quantity"] and row["reserved"] >= 0 <= row["delivered"]
        else:
            kept = sum(row["matches"].values()) <= row["quantity"]
        if not kept:
            self.broken.append(f"{collection}: {row}")


@asynccontextmanager
async def watching(database: mongo.Database) -> AsyncIterator[Watched]:
    seen = Watched()
    wanted = {"ns.coll": {"$in": [Offer.COLLECTION, Need.COLLECTION]}}
    async with database.watch([{"$match": wanted}]) as stream:

        async def follow() -> None:
            async for change in stream:
                if row := change.get("fullDocument"):
                    seen.see(change["ns"]["coll"], row)

        task = asyncio.create_task(follow())
        try:
            yield seen
            assert not task.done(), "it stopped looking"
        finally:
            task.cancel()


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_two_instances_and_a_kill_never_overcommit(
    stack: StackHarness, tmp_path: Path
) -> None:
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_matching")
    terms = {
        "round_interval_ms": 20,
        "due_poll_ms": 100,
        "proposal_lifetime_s": 1.5,
        "round_takeover_s": 2.0,
        "whole_round_interval_s": 3.0,
    }
    running = matchings(stack, tmp_path, "one", "two", **terms)
    async with running, httpx.AsyncClient(timeout=20) as http, watching(database) as seen:
        crowd, over = Crowd(stack, running, database), asyncio.Event()
        await crowd.offers(http, OFFERS)
        names = [f"r{n}" for n in range(NEEDS)]
        await stack.publish(
            *(stack.own("/intake", request_id(n), 1, make_opened(n, ASKED, **GOODS)) for n in names)
        )
        await eventually(lambda: crowd.pick_match("proposed"), lambda found: found is not None, 30)
        acting = asyncio.create_task(crowd.all_at_once(http, over))
        await crowd.wait_for_acts(80)
        await running.supervisor.kill("one")
        await crowd.wait_for_acts(60)
        await running.supervisor.restart("one")
        await crowd.wait_for_acts(60)
        await eventually(crowd.missing, lambda left: not left, 60)
        over.set()
        await acting
        await crowd.rests(http)
        await wait_until_published(stack, database)
        print(dict(crowd.done), seen.versions)
        assert not seen.broken
        assert seen.versions > crowd.acts()
        await sums_agree(stack, database)


async def wait_until_published(stack: StackHarness, database: mongo.Database) -> None:
    """No proposal is left to expire, and the outbox is empty."""

    async def waiting() -> int:
        proposed = await database[Match.COLLECTION].count_documents({"state": "proposed"})
        return proposed + await database["outbox"].count_documents({"published_at": None})

    await eventually(waiting, lambda count: count == 0, 60)


async def sums_agree(stack: StackHarness, database: mongo.Database) -> None:
    """By the states, and by the events alone."""
    matches = await mongo.find(database, Match, {})
    assert {match.id: match.state for match in matches} == await states_by_events(stack)
    for offer in await mongo.find(database, Offer, {}):
        own = [match for match in matches if match.offer_id == offer.id]
        reserved = sum(m.quantity for m in own if m.state in RESERVING_STATES)
        delivered = sum(m.quantity for m in own if m.state in ("delivered", "confirmed"))
        assert (offer.reserved, offer.delivered) == (reserved, delivered)
        assert reserved + delivered <= offer.quantity
        assert offer.open_cases == sum(m.state in RESERVING_STATES for m in own)
        assert offer.cases_max is None or offer.open_cases <= offer.cases_max
    for need in await mongo.find(database, Need, {}):
        own = [m for m in matches if m.request_id == need.id and m.state in HOLDING]
        assert dict(need.matches) == {match.id: match.quantity for match in own}
        assert sum(need.matches.values()) <= need.quantity


async def states_by_events(stack: StackHarness) -> dict[str, str]:
    """Match id -> what its last event says."""
    last: dict[str, tuple[int, str]] = {}
    for event in await stack.read(topics.MATCHES):
        if not str(event["type"]).startswith("guanjia.match."):
            continue  # a donor's, of his matches together
        place = int(event["sequence"]), str(event["type"]).split(".")[2]
        last[event["subject"]] = max(last.get(event["subject"], place), place)
    return {subject: name for subject, (_, name) in last.items()}
