"""One table says who may serve whom: all that is taken from it says the same of every pair."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.eligibility import (
    GROUPS,
    RULES,
    Group,
    build_query,
    find_obstacle,
)
from services.matching.explaining.explanation import count_ruled_out
from services.matching.solver import arcs
from services.matching.solver.arcs import build_arcs, mark_allowed
from services.matching.solver.arrays import Indices
from services.matching.solver.candidates import Candidates
from services.matching.solver.columns import Pool, build_pools
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.weights import Weights
from tests.support.examples import count_examples

TOWNS = ("441900101", "441900102", "somewhere")
VILLAGES = ("441900101001", "441900102001", "a village")
OFFERS = ("O-0", "O-1", "O-2", "O-3")
places = st.none() | st.tuples(st.integers(22_900_000, 23_100_000), st.just(113_880_000))


def some(*words: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """Mostly none, so that not every pair is ruled out."""
    return st.just(()) | st.sets(st.sampled_from(words), max_size=2).map(lambda s: tuple(sorted(s)))


def offers(id_: str) -> st.SearchStrategy[OpenOffer]:
    return st.builds(
        OpenOffer,
        id=st.just(id_),
        unit=st.sampled_from(("fen", "fen", "袋")),
        item=st.just(""),
        quantity=st.just(100),
        free=st.integers(0, 100),
        categories=some("meals", "medical", "supplies"),
        beneficiary_classes=some("general", "orphan"),
        town_codes=some(*TOWNS),
        village_codes=some(*VILLAGES),
        tiers=some(0, 1, 2, 3, 4),
        cap_per_request=st.none() | st.integers(1, 50),
        cases_free=st.none() | st.integers(0, 2),
        donor_id=st.sampled_from(("", "P-1", "P-2")),
        fund_id=st.sampled_from((None, "F-1", "F-2")),
        campaign_id=st.sampled_from((None, None, "C-1", "C-2")),
        place=places,
        radius_km=st.none() | st.integers(1, 30) | st.floats(0.1, 30),
    )


def needs(id_: str) -> st.SearchStrategy[OpenNeed]:
    return st.builds(
        OpenNeed,
        id=st.just(id_),
        unit=st.sampled_from(("fen", "fen", "袋")),
        item=st.just(""),
        category=st.sampled_from(("meals", "medical", "supplies")),
        beneficiary_class=st.sampled_from(("general", "orphan", "veteran")),
        town_code=st.sampled_from(TOWNS),
        village_code=st.none() | st.sampled_from(VILLAGES),
        tier=st.integers(0, 4),
        recorded_ms=st.just(0),
        remaining=st.integers(1, 100),
        next_number=st.just(1),
        place=places,
        shares=st.dictionaries(st.sampled_from(OFFERS), st.integers(1, 50), max_size=2).map(
            lambda shares: tuple(sorted(shares.items()))
        ),
        excluded_offers=some(*OFFERS),
        excluded_donors=some("P-1", "P-2"),
        own_donors=some("P-1", "P-2"),
        excluded_funds=some("F-1", "F-2"),
        related_funds=some("F-1", "F-2"),
        barred_funds=some("F-1", "F-2"),
        campaigns=some("C-1", "C-2", "C-3"),
    )


some_offers = st.tuples(*map(offers, OFFERS))
some_needs = st.tuples(*(needs(f"R-{n}") for n in range(3)))


def pools_of(
    asking: tuple[OpenNeed, ...], giving: tuple[OpenOffer, ...]
) -> list[tuple[Pool, list[OpenNeed], list[OpenOffer]]]:
    """With the needs and offers of each, by row."""
    its_needs = {need.id: need for need in asking}
    its_offers = {offer.id: offer for offer in giving}
    return [
        (
            pool,
            [its_needs[id_] for id_ in pool.demand.ids],
            [its_offers[id_] for id_ in pool.supply.ids],
        )
        for pool in build_pools(asking, giving, Weights(), now_ms=0)
    ]


def all_pairs(pool: Pool) -> tuple[Indices, Indices]:
    request, offer = np.indices((len(pool.demand), len(pool.supply)), dtype=np.int32)
    return request.ravel(), offer.ravel()


@settings(max_examples=count_examples(100, 300), deadline=None)
@given(some_needs, some_offers)
def test_each_rule_says_of_columns_what_it_says_of_a_pair(
    asking: tuple[OpenNeed, ...], giving: tuple[OpenOffer, ...]
) -> None:
    for pool, its_needs, its_offers in pools_of(asking, giving):
        request, offer = all_pairs(pool)
        for rule in RULES:
            scalars = [rule.allows(need, o, 1) for need in its_needs for o in its_offers]
            if rule.allows_pairs is None:
                assert all(scalars), "a pool is of one resource"
            else:
                assert rule.allows_pairs(pool, request, offer).tolist() == scalars, rule.name


@pytest.mark.parametrize("table_max", [0, 1 << 18], ids=["buckets", "table"])
@settings(max_examples=count_examples(100, 300), deadline=None)
@given(asking=some_needs, giving=some_offers)
def test_obstacle_columns_arcs_and_candidates_find_the_same_pairs(
    table_max: int, asking: tuple[OpenNeed, ...], giving: tuple[OpenOffer, ...]
) -> None:
    served = {
        (need.id, offer.id)
        for need in asking
        for offer in giving
        if find_obstacle(need, offer) is None
    }
    candidates = Candidates(giving)
    assert {(need.id, o.id) for need in asking for o in candidates.find(need)} == served
    assert all(candidates.serve(n) == any(n.id == id_ for id_, _ in served) for n in asking)
    of_columns, of_arcs = set(), set()
    for pool, _, _ in pools_of(asking, giving):
        request, offer = all_pairs(pool)
        allowed = mark_allowed(pool, request, offer, indexed=False)
        of_columns |= _ids(pool, request[allowed], offer[allowed])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arcs, "_TABLE_MAX", table_max)
            found = build_arcs(pool, Weights())
        assert (found.room > 0).all()
        of_arcs |= _ids(pool, found.request, found.offer)
    assert of_columns == of_arcs == served


def _ids(pool: Pool, request: Indices, offer: Indices) -> set[tuple[str, str]]:
    pairs = zip(request.tolist(), offer.tolist(), strict=True)
    return {(pool.demand.ids[row], pool.supply.ids[other]) for row, other in pairs}


@settings(max_examples=count_examples(70, 200), deadline=None)
@given(some_needs, some_offers)
def test_explanation_counts_every_offer_once_where_a_rule_first_keeps_it(
    asking: tuple[OpenNeed, ...], giving: tuple[OpenOffer, ...]
) -> None:
    for pool, its_needs, its_offers in pools_of(asking, giving):
        for row, need in enumerate(its_needs):
            expected: Counter[Group] = Counter()
            for offer in its_offers:
                failed = {rule.group for rule in RULES if not rule.allows(need, offer, 1)}
                expected.update([group for group in GROUPS if group in failed][:1])
            counts = count_ruled_out(pool, row)
            assert list(counts) == list(GROUPS)
            assert counts == {group: expected[group] for group in GROUPS}


@settings(max_examples=count_examples(70, 200), deadline=None)
@given(some_needs, some_offers)
def test_query_of_the_menu_leaves_out_nothing_that_an_offer_may_serve(
    asking: tuple[OpenNeed, ...], giving: tuple[OpenOffer, ...]
) -> None:
    for offer in giving:
        query = build_query(offer)
        for need in asking:
            if find_obstacle(need, offer) is None:
                assert _meets(need, query)


def _meets(need: OpenNeed, query: Mapping[str, Any]) -> bool:
    """As Mongo would: a value, or one of `$in`."""
    for field, wanted in query.items():
        value = getattr(need, field)
        if value not in wanted["$in"] if isinstance(wanted, dict) else value != wanted:
            return False
    return True


@given(needs("R-0"), offers("O-0"), st.integers(1, 120))
def test_quantity_is_bounded_by_need_offer_and_cap(
    need: OpenNeed, offer: OpenOffer, quantity: int
) -> None:
    if find_obstacle(need, offer) is None:
        share = dict(need.shares).get(offer.id, 0)
        most = min(need.remaining, offer.free, (offer.cap_per_request or 1000) - share)
        assert (find_obstacle(need, offer, quantity) is None) == (quantity <= most)


def test_every_rule_has_its_name_words_and_group() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.group for rule in RULES} == set(GROUPS)
    assert all(rule.refusal.zh and rule.refusal.en for rule in RULES)
