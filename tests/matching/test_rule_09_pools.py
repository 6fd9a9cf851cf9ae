"""Rule 9. A round is an aggregate: closed by one, solved apart, each allocation decided again."""

from typing import Any

from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.round import INPUTS, POOL, Round
from services.matching.rounds import store as round_store
from services.matching.rounds.store import compress
from services.matching.solver.interface import (
    Allocation,
    Inputs,
    hash_solution,
    hash_text,
    read_inputs,
    write_inputs,
)
from services.matching.solver.solve import MinCostFlow
from services.matching.store import build_open_need
from shared import mongo
from tests.matching.decisions import (
    NOW,
    DecisionHarness,
)
from tests.matching.harness import MatchingHarness, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness


async def test_recorded_round_is_solved_again_to_the_same_solution(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    await harness.register_offer()
    await harness.publish_requests("r1", "r2")
    await harness.wait_for_matches(2, "proposed")

    async def look() -> list[Round]:
        return await mongo.find(harness.database, Round, {"state": {"$ne": "done"}})

    await eventually(look, lambda undone: not undone)
    for held in await mongo.find(harness.database, Round, {}):
        inputs = await round_store.load_inputs(harness.database, held.number)
        assert inputs is not None
        assert hash_text(inputs) == held.input_hash
        again = MinCostFlow().decide(read_inputs(inputs)).allocations
        assert again == held.allocations
        assert hash_solution(again) == held.solution_hash


async def leave(database: mongo.Database, offer: Offer, need: Need, **solved: Any) -> None:
    """A round that its instance did not finish."""
    inputs = write_inputs(Inputs((build_open_need(need),), (offer.to_open(),)))
    left = Round(
        id="city-1",
        pool=POOL,
        number=1,
        kind="whole",
        closed_at=NOW,
        alive_at=NOW,
        input_hash=hash_text(inputs),
        **solved,
    )
    for state in (offer, need, left):
        document = mongo.to_document(state) | {"_version": 1, "_emitted": 0}
        await database[state.COLLECTION].insert_one(document)
    kept = {"_id": left.id, "pool": POOL, "number": 1, "inputs": compress(inputs)}
    await database[INPUTS].insert_one(kept)


async def test_round_of_a_dead_instance_is_taken_over(stack: StackHarness) -> None:
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_matching")
    decisions = DecisionHarness()
    offer, need = decisions.get(Offer, decisions.offer()), decisions.get(Need, decisions.need())
    await leave(database, offer, need)
    harness = MatchingHarness(stack, await start_matching(stack))
    [match] = await harness.wait_for_matches(1, "proposed")
    assert (match.offer_id, match.quantity) == (offer.id, 50)

    async def look() -> Round | None:
        return await mongo.load(database, Round, "city-1")

    held = await eventually(look, lambda found: found is not None and found.state == "done")
    assert held is not None
    assert held.solver == "min_cost_flow"


async def test_solved_round_is_taken_over_as_it_was_solved(stack: StackHarness) -> None:
    """What was stored stands, also where a solver of today would say something else."""
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_matching")
    decisions = DecisionHarness()
    offer, need = decisions.get(Offer, decisions.offer()), decisions.get(Need, decisions.need())
    found = (Allocation(need.id, offer.id, 1, 10),)
    solved = {
        "state": "solved",
        "allocations": found,
        "solution_hash": hash_solution(found),
    }
    await leave(database, offer, need, **solved)
    harness = MatchingHarness(stack, await start_matching(stack))
    first = await harness.wait_for_match(build_match_id(need.id, offer.id, 1), "proposed")
    assert first.quantity == 10


async def test_two_instances_hold_rounds_without_proposing_twice(stack: StackHarness) -> None:
    instances = [await start_matching(stack), await start_matching(stack)]
    harness = MatchingHarness(stack, instances[0])
    for name in ("a", "b", "c"):
        await harness.register_offer(name, quantity=1000)
    await harness.publish_requests(*(f"r{n}" for n in range(40)), quantity=50)
    matches = await harness.wait_for_matches(40, "proposed")
    assert len(matches) == 40
    assert len({match.request_id for match in matches}) == 40
    rounds = await mongo.find(harness.database, Round, {}, sort=[("number", 1)])
    assert [held.number for held in rounds] == list(range(1, len(rounds) + 1))
    spread = [offer.reserved for offer in await mongo.find(harness.database, Offer, {})]
    assert max(spread) - min(spread) <= 1000 // 4, "load is spread by quarters of an offer"
