"""Every match can be explained: its sums are right, and the candidates that lost cost more."""

import re
from datetime import timedelta

import pytest

from services.matching.explaining.details import format_details
from services.matching.explaining.explanation import explain
from services.matching.explaining.sentences import format_explanation
from services.matching.planner.instance import Instance
from services.matching.planner.plan import Plan, build_plan
from tests.matching.solver.instances import EXACT, random_instance
from tests.matching.solver.oracle import is_candidate, level, pairs


@pytest.fixture(scope="module")
def instance() -> Instance:
    return random_instance(300, 20, seed=11, weights=EXACT)


@pytest.fixture(scope="module")
def plan(instance: Instance) -> Plan:
    return build_plan(instance)


def test_terms_sum_to_the_total_and_are_those_of_the_pair(instance: Instance, plan: Plan) -> None:
    costs = {(pair.request.id, pair.offer.id): pair.cost for pair in pairs(instance)}
    for request in instance.requests:
        found = explain(plan, request.id)
        assert found is not None
        for score in (*found.givers, *found.others):
            pair = score.base + score.distance + score.specialism + score.unreliability
            assert pair == costs[request.id, score.offer]
            assert score.total == pair + score.load + score.scarcity
            assert min(score.load, score.scarcity) >= 0


def test_chosen_candidates_are_the_cheapest_and_within_the_worth(
    instance: Instance, plan: Plan
) -> None:
    """Without limits on cases prices and plan are complementary, so no exception is needed."""
    for request in instance.requests:
        found = explain(plan, request.id)
        assert found is not None
        assert all(difference >= 0 for difference in found.differences)
        assert all(score.total <= found.standing.worth for score in found.givers)
        assert len(found.others) == min(3, found.candidates - len(found.givers))


def test_level_is_tier_less_days_waited(instance: Instance, plan: Plan) -> None:
    points = instance.weights.level_points
    for request in instance.requests:
        found = explain(plan, request.id)
        assert found is not None
        assert found.standing.worth == 151 * points - level(instance, request) * points // 96
        assert found.standing.level == 30 * request.tier - found.standing.days_waited


def test_given_and_unmatched_are_what_was_asked(instance: Instance, plan: Plan) -> None:
    for request in instance.requests:
        found = explain(plan, request.id)
        assert found is not None
        given = sum(score.given for score in found.givers)
        assert given + found.unmatched == request.need.quantity == found.asked


def test_every_offer_of_the_resource_is_a_candidate_or_ruled_out(
    instance: Instance, plan: Plan
) -> None:
    for request in instance.requests:
        found = explain(plan, request.id)
        assert found is not None
        offers = [o for o in instance.offers if o.unit == request.need.unit]
        valid = [o for o in offers if o.is_valid(instance.now)]
        candidates = [o for o in valid if is_candidate(instance, request, o) and o.quantity]
        ruled = found.ruled_out
        assert found.candidates == len(candidates)
        assert found.candidates + sum(ruled.values()) == len(valid)


def test_unmatched_request_is_matched_after_the_days_it_was_told(
    instance: Instance, plan: Plan
) -> None:
    """Waiting those days, others as they are, it gets (more) of what it asked for."""
    tried = 0
    for request in instance.requests:
        found = explain(plan, request.id)
        assert found is not None
        if found.missing is None or found.missing.days is None or tried == 8:
            continue
        tried += 1
        earlier = request.created_at - timedelta(days=found.missing.days)
        moved = request.model_dump(mode="json") | {"created_at": earlier.isoformat()}
        requests = [moved if r.id == request.id else r for r in instance.requests]
        later = Instance.model_validate(instance.model_dump() | {"requests": requests})
        after = explain(build_plan(later), request.id)
        assert after is not None
        assert (
            after.unmatched < found.unmatched or after.missing is None or tie(after.missing.excess)
        )
    assert tried >= 3


def tie(excess: int) -> bool:
    """At equal points the hash of the ids decides."""
    return excess <= 1


def test_unmatched_request_is_matched_with_the_quantity_it_was_told(
    instance: Instance, plan: Plan
) -> None:
    tried = 0
    for request in instance.requests:
        found = explain(plan, request.id)
        assert found is not None
        if found.missing is None or tried == 8:
            continue
        tried += 1
        offers = [
            o.model_copy(update={"quantity": o.quantity + found.missing.quantity})
            if o.id == found.missing.offer
            else o
            for o in instance.offers
        ]
        after = explain(
            build_plan(instance.model_copy(update={"offers": tuple(offers)})), request.id
        )
        assert after is not None
        assert after.unmatched < found.unmatched
    assert tried >= 3


def test_people_read_it_in_chinese_and_english(instance: Instance, plan: Plan) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for request in instance.requests[:40]:
        found = explain(plan, request.id)
        assert found is not None
        lines = [*format_explanation(found), *format_details(found)]
        assert all(chinese.search(line) and " · " in line for line in lines)
        text = "\n".join(lines)
        assert all(score.offer in text for score in (*found.givers, *found.others))
        assert ("尚缺" in text) == (found.unmatched > 0)


def test_open_cases_are_named_where_they_decided() -> None:
    """One offer, one case: who is second reads that it takes no further case."""
    instance = random_instance(2, 1, seed=1)
    offer = instance.offers[0].model_copy(
        update={
            "unit": "fen",
            "quantity": 10_000,
            "categories": (),
            "towns": (),
            "tiers": (),
            "beneficiary_classes": (),
            "radius_km": None,
            "cap_per_request": None,
            "max_cases": 1,
            "valid_until": None,
        }
    )
    need = {"unit": "fen", "quantity": 100}
    requests = [
        r.model_dump() | {"need": need, "excluded_offers": (), "tier": tier}
        for tier, r in enumerate(instance.requests)
    ]
    raw = instance.model_dump() | {"requests": requests, "offers": [offer.model_dump()]}
    plan = build_plan(Instance.model_validate(raw))
    assert [row.request for row in plan.allocations] == [instance.requests[0].id]
    found = explain(plan, instance.requests[1].id)
    assert found is not None
    assert found.missing is not None
    assert found.missing.no_case
    assert any("件数都已满" in line for line in format_explanation(found))


def test_unknown_request_has_no_explanation(plan: Plan) -> None:
    assert explain(plan, "R-nobody") is None
