"""What a round looks at: what came or changed, not again what the round before it left without."""

import re
from datetime import timedelta
from typing import Any

import pytest

from services.matching.model.campaign import Emergency
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import JoinedPersons
from services.matching.rounds.pool import PUSHED, TRIES_MAX, OpenPool
from services.matching.solver.interface import Inputs
from services.matching.solver.weights import Weights
from services.matching.store import SENIORITY, WAITING_NEEDS
from shared import mongo
from shared.messaging.decision import State
from tests.matching.decisions import (
    NOW,
    DecisionHarness,
    is_nobody_gone,
    make_campaign,
    person_id,
)
from tests.matching.harness import start_matching
from tests.support.stack_harness import StackHarness

LEVEL_POINTS = Weights().level_points
# No level of need is worth as much as this price.
DEAR = 1000 * LEVEL_POINTS
HERE, THERE, ELSEWHERE = "441900101", "441900102", "441900103"


class Pool:
    """An open pool over states written as the processor writes them."""

    def __init__(self, stack: StackHarness) -> None:
        uri, name = stack.mongod.mongo_uri, f"{stack.prefix}_matching"
        self.database = mongo.connect(uri, name)
        self.decisions = DecisionHarness()
        self.pool = OpenPool(self.database, Weights(), timedelta(days=7), is_nobody_gone)

    async def store(self, *states: State) -> None:
        for state in states:
            rows = self.database[state.COLLECTION]
            before = await rows.find_one({"_id": state.id}) or {"_version": 0}
            document = mongo.to_document(state) | {"_version": before["_version"] + 1}
            await rows.replace_one({"_id": state.id}, document | {"_emitted": 0}, upsert=True)

    async def need(self, name: str, **more: Any) -> Need:
        need = self.decisions.get(Need, self.decisions.need(name, **more))
        await self.store(need)
        return need

    async def offer(self, name: str, quantity: int = 1000, **more: Any) -> Offer:
        offer = self.decisions.get(Offer, self.decisions.offer(name, quantity, **more))
        await self.store(offer)
        return offer

    async def look(self, needs_max: int = 100, **prices: int) -> Inputs:
        named = {id_.replace("_", "-"): price for id_, price in prices.items()}
        return await self.pool.read_batch(NOW + timedelta(seconds=1), named, needs_max)

    async def looks_at(self, **prices: int) -> list[str]:
        """A look whose round serves nobody."""
        inputs = await self.look(**prices)
        self.pool.record_round(inputs, frozenset())
        return [need.id for need in inputs.needs]


def at(offer: Offer, price: int) -> dict[str, int]:
    return {offer.id.replace("-", "_"): price}


async def test_need_left_without_is_not_looked_at_again(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    need = await pool.need("r")
    assert await pool.looks_at() == [need.id]
    assert await pool.looks_at() == []


async def test_no_donors_own_need_is_looked_at_before_the_records_are_apart(
    stack: StackHarness,
) -> None:
    """By the donor's record, and by each that intake joined to it; apart again, they are two."""
    pool = Pool(stack)
    donor, second = person_id("donor"), person_id("second")
    await pool.offer("a", donor_id=donor)
    await pool.need("donor")
    joined = JoinedPersons(id=donor, person_ids=(donor, second))
    await pool.store(joined)
    need = await pool.need("second")
    assert await pool.looks_at() == []
    await pool.store(joined.model_copy(update={"person_ids": ()}))
    assert await pool.looks_at() == [need.id]


async def test_need_that_changed_is_looked_at_again(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    need = await pool.need("r")
    await pool.looks_at()
    await pool.store(need.exclude_donor("P-somebody"))
    assert await pool.looks_at() == [need.id]


async def test_new_need_is_looked_at_alone(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    await pool.need("r")
    await pool.looks_at()
    new = await pool.need("s")
    assert await pool.looks_at() == [new.id]


async def test_new_offer_wakes_the_needs_it_may_serve(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    need = await pool.need("r")
    await pool.need("elsewhere", category="medical")
    await pool.looks_at()
    await pool.offer("b", categories=["supplies"])
    assert await pool.looks_at() == [need.id]


async def test_need_that_no_offer_fits_waits_for_one_that_does(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a", categories=["medical"])
    need = await pool.need("r")
    assert await pool.looks_at() == []
    await pool.offer("b", unit="袋", item="大米")
    assert await pool.looks_at() == []
    await pool.offer("c", categories=["supplies"])
    assert await pool.looks_at() == [need.id]


async def test_offer_that_has_more_again_wakes_what_it_may_serve_at_its_price(
    stack: StackHarness,
) -> None:
    pool = Pool(stack)
    offer = await pool.offer("a")
    need = await pool.need("r")
    await pool.store(offer.reserve(1000))
    assert await pool.looks_at() == []
    await pool.store(offer.reserve(900))
    assert await pool.looks_at(**at(offer, DEAR)) == [need.id]
    await pool.store(offer.reserve(800))
    assert await pool.looks_at(**at(offer, DEAR)) == []
    await pool.store(offer.reserve(700))
    assert await pool.looks_at(**at(offer, LEVEL_POINTS)) == [need.id]


async def test_offer_that_gives_or_only_answers_wakes_nobody(stack: StackHarness) -> None:
    pool = Pool(stack)
    offer = await pool.offer("a")
    await pool.need("r")
    await pool.looks_at()
    await pool.store(offer.reserve(400).count_outcome(declined=1))
    assert await pool.looks_at() == []


async def test_donor_whose_partner_is_gone_is_not_asked_by_links_that_open_nothing(
    stack: StackHarness,
) -> None:
    pool, gone = Pool(stack), set[str]()
    pool.pool = OpenPool(pool.database, Weights(), timedelta(days=7), gone.__contains__)
    offer, need = await pool.offer("a"), await pool.need("r")
    assert [each.id for each in (await pool.look()).offers] == [offer.id]
    gone.add(offer.source)
    assert (await pool.look()).offers == ()
    gone.clear()
    assert await pool.looks_at() == [need.id], "another credential speaks for it"


async def test_offer_whose_time_comes_wakes_needs_without_being_written(
    stack: StackHarness,
) -> None:
    pool = Pool(stack)
    need = await pool.need("r")
    await pool.offer("a", valid_from=NOW + timedelta(hours=1))
    assert await pool.looks_at() == []
    inputs = await pool.pool.read_batch(NOW + timedelta(hours=2), {}, 100)
    assert [n.id for n in inputs.needs] == [need.id]


async def test_campaign_that_begins_wakes_all(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    need = await pool.need("r")
    await pool.looks_at()
    pool.decisions.command(make_campaign(500, "P-donor"))
    await pool.store(*(s for s in pool.decisions.states.values() if s.COLLECTION == "campaigns"))
    assert await pool.looks_at() == [need.id]
    assert await pool.looks_at() == []


async def test_need_whose_proposal_was_refused_is_tried_again_and_not_for_ever(
    stack: StackHarness,
) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    need = await pool.need("r")
    tries = 0
    while (inputs := await pool.look()).needs:
        pool.pool.record_round(inputs, {need.id})
        tries += 1
        assert tries <= TRIES_MAX
    assert tries == TRIES_MAX


async def test_whole_round_gives_what_was_refused_its_tries_again(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    need = await pool.need("r")
    while (inputs := await pool.look()).needs:
        pool.pool.record_round(inputs, {need.id})
    whole = await pool.pool.read_whole(NOW, 100)
    pool.pool.record_round(whole, {need.id})
    assert [each.id for each in (await pool.look()).needs] == [need.id]


@pytest.mark.parametrize(
    ("lifts", "tiers", "first"),
    [
        ({HERE: 1, THERE: 2}, {HERE: 1, THERE: 2}, THERE),
        ({HERE: 2, THERE: 2}, {HERE: 0, THERE: 2}, THERE),
        ({HERE: 1, ELSEWHERE: 4}, {HERE: 1, THERE: 0}, THERE),
    ],
    ids=["another lift", "both at the top", "a town without"],
)
async def test_most_urgent_come_first_whatever_the_lifts_of_their_towns(
    stack: StackHarness, lifts: dict[str, int], tiers: dict[str, int], first: str
) -> None:
    """Two needs that both stand at tier 0; the older is the one that a round of one looks at."""
    pool = Pool(stack)
    await pool.offer("a")
    classes = {0: "extreme_poverty", 1: "subsistence", 2: "disabled"}
    for town, tier in tiers.items():
        at = NOW - timedelta(days=town == first)
        area = {"town_code": town}
        await pool.need(town, area=area, beneficiary_class=classes[tier], recorded_at=at)
    for town, lift in lifts.items():
        await pool.store(
            Emergency(
                id=town,
                town_codes=(town,),
                lift=lift,
                starts_at=NOW,
                ends_at=NOW + timedelta(days=1),
                reason="疫情防控",
                declared_by="city",
            )
        )
    [needs] = (await pool.look(needs_max=1)).needs
    assert (needs.town_code, needs.tier) == (first, 0)


async def test_donor_who_was_silent_is_asked_again_after_others(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a", donor_id="P-silent")
    need = await pool.need("r")
    silent = need.record_silence("P-silent", NOW)
    await pool.store(silent)
    [alone] = (await pool.look()).needs
    assert alone.excluded_donors == (), "nobody else can serve it"
    await pool.offer("b", donor_id="P-other")
    [others_first] = (await pool.look()).needs
    assert others_first.excluded_donors == ("P-silent",)
    later = await pool.pool.read_whole(NOW + timedelta(days=8), 100)
    assert later.needs[0].excluded_donors == (), "others have had their turn"


async def test_a_donor_who_was_silent_twice_is_asked_no_more(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a", donor_id="P-silent")
    need = await pool.need("r")
    once = need.record_silence("P-silent", NOW)
    await pool.store(once)
    assert await pool.looks_at() == [need.id]
    await pool.store(once.record_silence("P-silent", NOW))
    assert await pool.looks_at() == []
    later = await pool.pool.read_whole(NOW + timedelta(days=99), 100)
    assert all(each.excluded_donors == ("P-silent",) for each in later.needs)


async def test_who_has_a_proposal_before_him_gets_no_second_for_the_same_need(
    stack: StackHarness,
) -> None:
    pool = Pool(stack)
    offer = await pool.offer("a")
    need = await pool.need("r")
    match_id = pool.decisions.propose(need.id, offer.id, 30)
    match = pool.decisions.match(match_id)
    await pool.store(match, *(pool.decisions.get(type(each), each.id) for each in (need, offer)))
    assert await pool.looks_at() == []
    other = await pool.offer("b", donor_id="P-other")
    [seen] = (await pool.look()).needs
    assert seen.excluded_donors == (match.donor_id,)
    assert other.donor_id != match.donor_id
    assert await pool.looks_at() == [need.id]
    await pool.store(match.change_to("committed", NOW))
    assert await pool.looks_at() == [], "it did not change"
    later = await pool.pool.read_batch(NOW + timedelta(seconds=10), {}, 100)
    assert [each.excluded_donors for each in later.needs] == [()], "he has answered"


async def test_most_urgent_come_first_and_the_rest_in_the_next_batch(stack: StackHarness) -> None:
    pool = Pool(stack)
    await pool.offer("a")
    for n in range(3):
        await pool.need(f"r{n}", beneficiary_class="general")
    urgent = await pool.need("urgent", beneficiary_class="extreme_poverty")
    first = await pool.look(needs_max=2)
    assert first.needs[0].id == urgent.id
    pool.pool.record_round(first, frozenset())
    second = await pool.look(needs_max=2)
    assert len({need.id for need in (*first.needs, *second.needs)}) == 4


async def test_whole_round_looks_at_all_that_waits(stack: StackHarness) -> None:
    pool = Pool(stack)
    offer = await pool.offer("a")
    await pool.offer("b", unit="袋", item="大米")
    need = await pool.need("r")
    await pool.looks_at(**at(offer, DEAR))
    whole = await pool.pool.read_whole(NOW, 100)
    assert [each.id for each in whole.needs] == [need.id]
    assert [each.id for each in whole.offers] == [offer.id]
    assert whole.prices is None
    pool.pool.record_round(whole, frozenset())
    assert await pool.looks_at() == []


async def test_look_reads_no_document_that_did_not_change(stack: StackHarness) -> None:
    """Both questions for versions are answered by an index alone, the needs' in order."""
    database = (await start_matching(stack)).runtime.database
    of_a_tier = {**WAITING_NEEDS, "tier": 1, "town_code": {"$nin": ["1"]}}
    for kind, query, fields in (
        (Offer, PUSHED, {}),
        (Need, of_a_tier, {"recorded_at": 1}),
    ):
        cursor = database[kind.COLLECTION].find(dict(query), {"_version": 1, **fields})
        plan = await (cursor.sort(SENIORITY) if kind is Need else cursor).explain()
        stages = re.findall(r"'stage': '([A-Z_]+)'", str(plan["queryPlanner"]["winningPlan"]))
        assert set(stages) <= {"PROJECTION_COVERED", "PROJECTION_SIMPLE", "IXSCAN"}, stages
        assert "IXSCAN" in stages


async def test_batch_is_given_the_prices_of_its_offers_alone(stack: StackHarness) -> None:
    pool = Pool(stack)
    known, new = await pool.offer("a"), await pool.offer("b")
    await pool.offer("c", unit="袋", item="大米")
    await pool.need("r")
    inputs = await pool.look(O_other=5, **at(known, 7))
    assert {offer.id for offer in inputs.offers} == {known.id, new.id}
    assert inputs.prices == ((known.id, 7),)
    assert inputs.now_ms == int((NOW + timedelta(seconds=1)).timestamp() * 1000)
    assert Weights.model_validate_json(inputs.weights) == Weights()
