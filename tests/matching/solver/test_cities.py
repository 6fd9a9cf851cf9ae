"""A pool solved by cities: the same limits, a bound that holds, and nearly as good a plan."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.planner.cities import share_out, split_by_city
from services.matching.planner.instance import Instance
from services.matching.planner.plan import Plan, build_plan
from tests.matching.solver.instances import pools, random_instance
from tests.matching.solver.test_limits import check


@pytest.fixture(scope="module", params=[False, True], ids=["free", "limited"])
def province(request: pytest.FixtureRequest) -> Instance:
    """Half of the towns in another city; offers without towns serve both."""
    raw = random_instance(200, 10, seed=2, cases=request.param).model_dump_json()
    for town in range(5, 9):
        raw = raw.replace(f"4419001{town:02}", f"4401001{town:02}")
    return Instance.model_validate_json(raw)


@pytest.fixture(scope="module")
def parts(province: Instance) -> Plan:
    return build_plan(province, processes=2)


def test_plan_by_cities_keeps_every_limit_and_is_nearly_as_good(
    province: Instance, parts: Plan
) -> None:
    whole = build_plan(province)
    check(province, parts)
    assert len(parts.parts) > len(whole.parts)
    assert parts.bound <= whole.objective.total, "a bound of the pool, not of its shares"
    assert parts.objective.total >= whole.bound
    saved = (whole.worth - parts.objective.total) / (whole.worth - whole.objective.total)
    assert 0.9 < saved <= 1.01


def test_bound_of_cities_is_close(province: Instance, parts: Plan) -> None:
    """Where cases are limited it does not know what the split offers can reach."""
    limited = any(offer.max_cases for offer in province.offers)
    assert 0 <= parts.gap < (0.25 if limited else 0.03)


def test_nothing_is_lost_and_nothing_doubled_when_offers_are_split(province: Instance) -> None:
    for pool in pools(province):
        parts = split_by_city(pool, province.weights)
        ids = sorted(id_ for part in parts for id_ in part.demand.ids)
        assert ids == list(pool.demand.ids)
        for row, id_ in enumerate(pool.supply.ids):
            mine = [
                (part.supply, part.supply.ids.index(id_))
                for part in parts
                if id_ in part.supply.ids
            ]
            assert sum(int(s.budget[at]) for s, at in mine) <= int(pool.supply.budget[row])
            if pool.supply.cases[row] < 10**9:
                assert sum(int(s.cases[at]) for s, at in mine) <= int(pool.supply.cases[row])


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_shares_add_up_and_follow_what_is_wanted(whole: int, wanted: list[int]) -> None:
    shares = share_out(whole, np.array(wanted))
    total = sum(wanted)
    assert sum(shares) == (whole if total else 0)
    for share, want in zip(shares, wanted, strict=True):
        assert not total or abs(share * total - whole * want) < total
