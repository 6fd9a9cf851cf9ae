"""The solver: deterministic, within capacity, caps and exclusions, urgent needs first."""

import json
import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.eligibility import find_obstacle
from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import (
    Allocation,
    Inputs,
    OpenNeed,
    OpenOffer,
    hash_solution,
    hash_text,
    read_inputs,
    write_inputs,
)
from services.matching.solver.process import SolverProcess
from services.matching.solver.solve import MinCostFlow
from tests.support.examples import count_examples

SOLVER = MinCostFlow()
DAY_MS = 24 * 3600 * 1000
DONORS = ("P-1", "P-2", "P-3")
CATEGORIES = ("meals", "medical")
TOWNS = ("441900101", "441900102")
some_of = st.sets(st.sampled_from(CATEGORIES)).map(lambda s: tuple(sorted(s)))


@st.composite
def instances(draw: st.DrawFn) -> Inputs:
    offers = tuple(
        OpenOffer(
            id=f"O-{n}",
            unit=draw(st.sampled_from(("fen", "袋"))),
            item="",
            quantity=100,
            free=draw(st.integers(0, 100)),
            categories=draw(some_of),
            town_codes=draw(st.sampled_from(((), TOWNS[:1]))),
            cap_per_request=draw(st.none() | st.integers(1, 60)),
            donor_id=draw(st.sampled_from(DONORS)),
            cases_free=draw(st.none() | st.integers(0, 3)),
        )
        for n in range(draw(st.integers(0, 6)))
    )
    ids = [offer.id for offer in offers] or ["O-none"]
    needs = tuple(
        OpenNeed(
            id=f"R-{n}",
            unit=draw(st.sampled_from(("fen", "袋"))),
            item="",
            category=draw(st.sampled_from(CATEGORIES)),
            beneficiary_class="general",
            town_code=draw(st.sampled_from(TOWNS)),
            tier=draw(st.integers(0, 4)),
            recorded_ms=draw(st.integers(0, 3)),
            remaining=draw(st.integers(1, 120)),
            next_number=draw(st.integers(1, 3)),
            excluded_offers=tuple(sorted(draw(st.sets(st.sampled_from(ids), max_size=2)))),
            excluded_donors=tuple(sorted(draw(st.sets(st.sampled_from(DONORS), max_size=2)))),
            shares=tuple(
                sorted(draw(st.dictionaries(st.sampled_from(ids), st.integers(1, 40))).items())
            ),
        )
        for n in range(draw(st.integers(0, 8)))
    )
    prices = st.tuples(*(st.tuples(st.just(o.id), st.integers(0, 700_000)) for o in offers))
    now_ms = draw(st.none() | st.integers(0, 100 * DAY_MS))
    return Inputs(needs, offers, now_ms, prices=draw(st.none() | prices))


def solved(inputs: Inputs) -> tuple[Allocation, ...]:
    return SOLVER.decide(inputs).allocations


def shuffled(inputs: Inputs, seed: int) -> Inputs:
    chance = random.Random(seed)
    needs, offers = list(inputs.needs), list(inputs.offers)
    chance.shuffle(needs)
    chance.shuffle(offers)
    return replace(inputs, needs=tuple(needs), offers=tuple(offers))


@given(instances(), st.integers())
def test_shuffled_input_gives_the_same_solution(inputs: Inputs, seed: int) -> None:
    other = shuffled(inputs, seed)
    assert write_inputs(other) == write_inputs(inputs)
    assert hash_solution(solved(other)) == hash_solution(solved(inputs))


@given(instances())
def test_recorded_inputs_are_read_back_as_they_were(inputs: Inputs) -> None:
    again = read_inputs(write_inputs(inputs))
    assert write_inputs(again) == write_inputs(inputs)
    assert solved(again) == solved(inputs)


@settings(max_examples=count_examples(100, 300))
@given(instances())
def test_solution_keeps_capacity_caps_exclusions_and_fit(inputs: Inputs) -> None:
    needs = {need.id: need for need in inputs.needs}
    offers = {offer.id: offer for offer in inputs.offers}
    given_by: dict[str, int] = {}
    given_to: dict[str, int] = {}
    numbers: dict[str, list[int]] = {}
    cases: dict[str, int] = {}
    for a in solved(inputs):
        need, offer = needs[a.request_id], offers[a.offer_id]
        assert a.quantity > 0
        assert find_obstacle(need, offer) is None
        assert offer.id not in need.excluded_offers
        assert offer.donor_id not in need.excluded_donors
        if offer.cap_per_request is not None:
            assert dict(need.shares).get(offer.id, 0) + a.quantity <= offer.cap_per_request
        given_by[offer.id] = given_by.get(offer.id, 0) + a.quantity
        given_to[need.id] = given_to.get(need.id, 0) + a.quantity
        numbers.setdefault(need.id, []).append(a.number)
        cases[offer.id] = cases.get(offer.id, 0) + 1
    assert all(quantity <= offers[id_].free for id_, quantity in given_by.items())
    assert all(quantity <= needs[id_].remaining for id_, quantity in given_to.items())
    for id_, number in cases.items():
        limit = offers[id_].cases_free
        assert limit is None or number <= limit
    for id_, taken in numbers.items():
        first = needs[id_].next_number
        assert taken == list(range(first, first + len(taken)))


@given(instances())
def test_what_is_left_over_could_not_be_served(inputs: Inputs) -> None:
    """After a whole solution is applied, no need has an offer with room and a case for it."""
    inputs = replace(inputs, prices=None)
    offers = {offer.id: offer for offer in inputs.offers}
    needs = {need.id: need for need in inputs.needs}
    for a in solved(inputs):
        offer, need = offers[a.offer_id], needs[a.request_id]
        cases_free = None if offer.cases_free is None else offer.cases_free - 1
        offers[offer.id] = replace(offer, free=offer.free - a.quantity, cases_free=cases_free)
        shares = dict(need.shares)
        shares[offer.id] = shares.get(offer.id, 0) + a.quantity
        needs[need.id] = replace(
            need, remaining=need.remaining - a.quantity, shares=tuple(shares.items())
        )
    left = Candidates(o for o in offers.values() if o.cases_free != 0)
    assert not any(left.serve(need) for need in needs.values() if need.remaining)


def test_batch_obeys_the_prices_of_the_last_whole_solution() -> None:
    """The dear offer is left to more urgent needs; the price says from which level on."""
    inputs = Inputs((need("R-1", tier=2), need("R-2", tier=0)), (offer("O-1", 120),))
    assert len(solved(inputs)) == 2
    dear = replace(inputs, prices=(("O-1", 16_000_000),))
    assert [a.request_id for a in solved(dear)] == ["R-2"]
    assert SOLVER.decide(dear).prices == dear.prices


def test_whole_solution_says_prices_and_a_bound() -> None:
    inputs = Inputs((need("R-1"), need("R-2", tier=4)), (offer("O-1", 60), offer("O-2", 10)))
    decided = SOLVER.decide(inputs)
    assert [id_ for id_, _ in decided.prices] == ["O-1", "O-2"]
    assert all(price > 3_000_000 for _, price in decided.prices), "what is short is dear"
    assert decided.bound == decided.objective


def need(id_: str, **more: Any) -> OpenNeed:
    plain = OpenNeed(id_, "fen", "", "meals", "general", TOWNS[0], 1, 0, 60, 1)
    return replace(plain, **more)


def offer(id_: str, free: int, quantity: int = 100) -> OpenOffer:
    return OpenOffer(id_, "fen", "", quantity, free)


def pairs(inputs: Inputs) -> list[tuple[str, str, int]]:
    return [(a.request_id, a.offer_id, a.quantity) for a in solved(inputs)]


def test_more_urgent_then_longer_waiting_need_is_served_first() -> None:
    late = need("R-a-late", recorded_ms=2 * DAY_MS)
    needs = (late, need("R-early", recorded_ms=DAY_MS), need("R-top", tier=0))
    assert [r for r, _, _ in pairs(Inputs(needs, (offer("O-1", 100),)))] == ["R-early", "R-top"]


def test_least_used_offer_gives_first() -> None:
    inputs = Inputs((need("R-1", remaining=10),), (offer("O-1", 60), offer("O-2", 90)))
    assert pairs(inputs) == [("R-1", "O-2", 10)]


def test_several_offers_share_a_need_that_none_covers() -> None:
    inputs = Inputs((need("R-1", remaining=90),), (offer("O-1", 50), offer("O-2", 60)))
    assert sum(quantity for _, _, quantity in pairs(inputs)) == 90
    assert {id_ for _, id_, _ in pairs(inputs)} == {"O-1", "O-2"}


def test_round_recorded_before_donors_were_excluded_is_still_read() -> None:
    inputs = Inputs((need("R-1"),), (offer("O-1", 60),))
    old = json.loads(write_inputs(inputs))
    del old["needs"][0]["excluded_donors"], old["offers"][0]["donor_id"]
    assert read_inputs(json.dumps(old)) == inputs


async def test_solver_apart_says_what_the_function_says() -> None:
    inputs = Inputs((need("R-1", remaining=90),), (offer("O-1", 50), offer("O-2", 60)))
    async with SolverProcess() as solver:
        for _ in range(2):
            solution = await solver.solve(write_inputs(inputs))
            decided = SOLVER.decide(inputs)
            assert solution.allocations == decided.allocations
            assert (solution.prices, solution.bound) == (decided.prices, decided.bound)
    assert (solution.solver, solution.version) == (SOLVER.name, SOLVER.version)
    assert hash_text(write_inputs(inputs)) == hash_text(write_inputs(shuffled(inputs, 1)))
