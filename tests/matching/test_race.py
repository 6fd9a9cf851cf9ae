"""Never over-committed: two instances race each other and everybody, and one is killed.

900 operations of four callers, by one seed; then thirty who want ten places of one offer at once.

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

PARTNERS = ("/partners/giver", "/partners/second")
OPERATIONS, RACING, PLACES = 900, 30, 10
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
        self.partners = [
            stack.bearer(source.rpartition("/")[2], Role.DONOR_PARTNER, source=source)
            for source in PARTNERS
        ]
        self.collectors = [stack.bearer(f"c-{n}", Role.COLLECTOR) for n in range(2)]
        self.done: dict[str, int] = defaultdict(int)
        self.keys = 0
        self.answered = 0

    async def does(
        self,
        what: str,
        http: httpx.AsyncClient,
        path: str,
        body: Any = None,
        method: str = "POST",
        partner: int = 0,
    ) -> int:
        """By one instance; where it is dead, by the other. The status; 0 where both are dead."""
        self.keys += 1
        by_staff = what in ("confirm", "give-up")
        who = self.chance.choice(self.collectors) if by_staff else self.partners[partner]
        headers = who | {"Idempotency-Key": f"k{self.keys}"}
        for url in self.chance.sample(self.urls, len(self.urls)):
            try:
                answer = await http.request(method, url + path, json=body, headers=headers)
            except httpx.HTTPError:
                continue
            assert answer.status_code < 500 or answer.status_code == 503, answer.text
            self.done[what] += answer.is_success
            self.answered += 1
            return answer.status_code
        return 0

    def acts(self) -> int:
        return sum(self.done.values())

    async def wait_for_operations(self, count: int) -> None:
        """So many were answered in all, with yes or no."""

        async def answered() -> int:
            return self.answered

        await eventually(answered, lambda found: found >= count, 180)

    async def missing(self) -> list[str]:
        """What has not happened yet."""
        return [what for what in ACTS if not self.done[what]]

    async def pick_match(self, *states: str) -> tuple[str, int] | None:
        return await self._pick(Match, {"state": {"$in": states}})

    async def pick_offer(self) -> tuple[str, int] | None:
        """With the place of its partner."""
        return await self._pick(Offer, {"state": "open"})

    async def pick_need(self, **query: Any) -> str | None:
        picked = await self._pick(Need, {"state": "open", **query})
        return picked[0] if picked else None

    async def _pick(
        self, kind: type[Offer] | type[Need] | type[Match], query: dict[str, Any]
    ) -> tuple[str, int] | None:
        fields = {"_id": 1, "source": 1}
        rows = await self.database[kind.COLLECTION].find(query, fields).sort("_id", 1).to_list(None)
        if not rows:
            return None
        row = self.chance.choice(rows)
        return str(row["_id"]), PARTNERS.index(row.get("source") or PARTNERS[0])

    async def rests(self, http: httpx.AsyncClient) -> None:
        """Nobody answered a proposal any more; then nothing more is proposed."""
        await eventually(lambda: self.pick_match("expired"), lambda found: found is not None)
        while picked := await self.pick_offer():
            await self.does("pause", http, f"/offers/{picked[0]}/pause", partner=picked[1])

    # --- what they do ---

    async def answers(self, http: httpx.AsyncClient) -> None:
        """A few proposals are left to expire."""
        if picked := await self.pick_match("proposed"):
            verb = self.chance.choice(("accept", "accept", "decline"))
            body = {"reason": NO_CAPACITY} if verb == "decline" else None
            await self.does(verb, http, f"/matches/{picked[0]}/{verb}", body, partner=picked[1])

    async def hands_over(self, http: httpx.AsyncClient) -> None:
        for state, verb, body in (("committed", "deliver", None), ("delivered", "confirm", SEEN)):
            if picked := await self.pick_match(state):
                await self.does(verb, http, f"/matches/{picked[0]}/{verb}", body, partner=picked[1])

    async def loses_a_donor(self, http: httpx.AsyncClient) -> None:
        if self.chance.random() < 0.2 and (
            picked := await self.pick_match("committed", "delivered")
        ):
            await self.does("give-up", http, f"/matches/{picked[0]}/give-up")

    async def claims(self, http: httpx.AsyncClient) -> None:
        need = await self.pick_need(remaining={"$gt": 0})
        picked = await self.pick_offer()
        if need and picked:
            body = {"offer_id": picked[0], "quantity": self.chance.randint(1, ASKED)}
            await self.does("claim", http, f"/menu/{need}/claim", body, partner=picked[1])

    async def changes_an_offer(self, http: httpx.AsyncClient) -> None:
        if picked := await self.pick_offer():
            body = {"quantity": self.chance.randint(60, 240)}
            await self.does("change", http, f"/offers/{picked[0]}", body, "PATCH", picked[1])

    async def withdraws_an_offer(self, http: httpx.AsyncClient) -> None:
        if self.chance.random() < 0.05 and (picked := await self.pick_offer()):
            await self.does("withdraw", http, f"/offers/{picked[0]}/withdraw", partner=picked[1])
            await self.offers(http, 1)

    async def withdraws_a_request(self, _http: httpx.AsyncClient) -> None:
        if self.chance.random() < 0.2 and (need := await self.pick_need()):
            fact = RequestWithdrawn(person_id=person_id("somebody"))
            await self.stack.publish(self.stack.own("/intake", need, 2, fact))
            self.done["request withdrawn"] += 1

    async def offers(self, http: httpx.AsyncClient, count: int) -> None:
        for _ in range(count):
            self.keys += 1
            more: dict[str, Any] = {"donor_id": f"P-{self.keys}", "mode": "both"}
            more |= {"cap_per_request": 9} if self.keys % 2 else {"cases_max": 8}
            partner = self.keys // 2 % 2
            submitted = make_submitted(quantity=120, **GOODS, **more)
            body = name_donor(self.stack, PARTNERS[partner], submitted).model_dump(mode="json")
            await self.does("offer", http, "/offers", body, partner=partner)

    async def race_for_one(self, http: httpx.AsyncClient) -> list[int]:
        """Thirty who ask at once for one of ten places of the same offer: the statuses."""
        place: dict[str, Any] = {"unit": "台", "item": "轮椅"}
        names = [f"one-{n}" for n in range(RACING)]
        ids = [request_id(name) for name in names]
        opened = [make_opened(name, 1, **place) for name in names]
        await self.stack.publish(
            *(
                self.stack.own("/intake", id_, 1, fact)
                for id_, fact in zip(ids, opened, strict=True)
            )
        )

        async def count() -> int:
            rows = self.database[Need.COLLECTION]
            return int(await rows.count_documents({"_id": {"$in": ids}}))

        await eventually(count, lambda found: found == RACING)
        submitted = make_submitted(quantity=PLACES, donor_id="P-one", mode="claim", **place)
        body = name_donor(self.stack, PARTNERS[0], submitted).model_dump(mode="json")
        await self.does("offer", http, "/offers", body)
        offer = await self._pick(Offer, {"unit": "台"})
        assert offer is not None
        claim = {"offer_id": offer[0], "quantity": 1}
        return await asyncio.gather(
            *(self.does("claim", http, f"/menu/{id_}/claim", claim) for id_ in ids)
        )

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
        self._rows: dict[str, dict[str, Any]] = {}

    def follow(self, change: dict[str, Any]) -> None:
        """A write says what it set: whole fields."""
        id_ = change["documentKey"]["_id"]
        if change["operationType"] == "update":
            row = self._rows[id_] | change["updateDescription"]["updatedFields"]
        elif "fullDocument" in change:
            row = change["fullDocument"]
        else:
            return
        self._rows[id_] = row
        self._see(change["ns"]["coll"], row)

    def _see(self, collection: str, row: dict[str, Any]) -> None:
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
                seen.follow(change)

        task = asyncio.create_task(follow())
        try:
            yield seen
            assert not task.done(), "it stopped looking"
        finally:
            task.cancel()


@pytest.mark.long
@pytest.mark.timeout(420)
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
        await crowd.wait_for_operations(OPERATIONS // 3)
        await running.supervisor.kill("one")
        await crowd.wait_for_operations(OPERATIONS // 2)
        await running.supervisor.restart("one")
        await crowd.wait_for_operations(OPERATIONS)
        await eventually(crowd.missing, lambda left: not left, 60)
        over.set()
        await acting
        statuses = await crowd.race_for_one(http)
        assert statuses.count(201) == PLACES, "the others came too late"
        await crowd.rests(http)
        await wait_until_published(stack, database)
        print(crowd.answered, dict(crowd.done), seen.versions)
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
