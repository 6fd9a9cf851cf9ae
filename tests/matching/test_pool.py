"""What a round reads of Mongo: offers that may be proposed now, and needs they may serve."""

from datetime import timedelta
from typing import Any

from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations, Relation
from services.matching.rounds.pool import OpenPool
from services.matching.solver.interface import read_inputs, write_inputs
from services.matching.solver.weights import Weights
from shared import mongo
from shared.messaging.decision import State
from tests.matching.decisions import FUND, NOW, DecisionHarness, is_nobody_gone, person_id
from tests.support.stack_harness import StackHarness


async def stored(stack: StackHarness, *states: State) -> mongo.Database:
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_matching")
    for state in states:
        document = mongo.to_document(state) | {"_version": 1, "_emitted": 0}
        await database[state.COLLECTION].insert_one(document)
    return database


async def test_round_reads_the_offers_that_may_be_proposed_now(stack: StackHarness) -> None:
    decisions = DecisionHarness()
    held_back: dict[str, dict[str, Any]] = {
        "claimed": {"mode": "claim"},
        "later": {"valid_from": NOW + timedelta(days=1)},
        "over": {"valid_until": NOW + timedelta(hours=1)},
    }
    ids = {name: decisions.offer(name, **more) for name, more in held_back.items()}
    both, busy, paused = (
        decisions.offer("both", mode="both"),
        decisions.offer("busy"),
        decisions.offer("paused"),
    )
    offers = {id_: decisions.get(Offer, id_) for id_ in (*ids.values(), both, busy, paused)}
    offers[busy] = offers[busy].reserve(10).model_copy(update={"cases_max": 1})
    offers[paused] = offers[paused].model_copy(update={"state": "paused"})
    database = await stored(stack, decisions.get(Need, decisions.need()), *offers.values())
    pool = await OpenPool(database, Weights(), timedelta(days=7), is_nobody_gone).read_whole(
        NOW + timedelta(hours=2), 100
    )
    assert [offer.id for offer in pool.offers] == [both]
    assert [need.remaining for need in pool.needs] == [50]
    assert read_inputs(write_inputs(pool)) == pool


async def test_need_that_nothing_may_serve_is_left_out(stack: StackHarness) -> None:
    decisions = DecisionHarness()
    needs = {
        name: decisions.get(Need, decisions.need(name)) for name in ("free", "refused", "related")
    }
    needs["refused"] = needs["refused"].exclude_fund(FUND)
    related = Relation(person_id=person_id("related"), tie="founder", maker="m", changed_at=NOW)
    offer = decisions.get(Offer, decisions.offer(fund_id=FUND))
    database = await stored(
        stack, offer, *needs.values(), FundRelations(id=FUND).with_relation(related)
    )
    pool = await OpenPool(database, Weights(), timedelta(days=7), is_nobody_gone).read_whole(
        NOW, 100
    )
    assert [need.id for need in pool.needs] == [needs["free"].id]
