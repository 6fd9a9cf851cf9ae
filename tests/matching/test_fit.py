"""Whether an offer may serve a need: one rule, alike for rounds, proposals and the solver."""

from typing import Any

import numpy as np
import pytest
from h3 import cell_to_latlng, latlng_to_cell  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from services.matching.eligibility import find_obstacle
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.place import find_centre, measure_columns, measure_metres, parse_cell
from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.store import build_open_need
from tests.matching.decisions import DecisionHarness, make_propose

SHIJIE, SHILONG = "441900101", "441900102"
VILLAGE = f"{SHIJIE}001"
SQUARE = (23.0620, 113.8830)


def cell(east_km: float, resolution: int = 8) -> str:
    """A cell so many kilometres east of the square: at 23 degrees north 102.35 km to a degree."""
    return str(latlng_to_cell(SQUARE[0], SQUARE[1] + east_km / 102.35, resolution))


def need_in(decisions: DecisionHarness, **area: Any) -> Need:
    return decisions.get(Need, decisions.need(area={"town_code": SHIJIE} | area))


@pytest.mark.parametrize(
    ("offer", "served"),
    [
        ({}, True),
        ({"categories": ["supplies", "meals"]}, True),
        ({"categories": ["meals"]}, False),
        ({"beneficiary_classes": ["subsistence"]}, True),
        ({"beneficiary_classes": ["veteran"]}, False),
        ({"town_codes": [SHIJIE]}, True),
        ({"town_codes": [SHILONG]}, False),
        ({"village_codes": [VILLAGE]}, True),
        ({"village_codes": [f"{SHIJIE}002"]}, False),
        ({"village_codes": [f"{SHIJIE}002"], "town_codes": [SHIJIE]}, True),
        ({"village_codes": [VILLAGE], "town_codes": [SHILONG]}, True),
        ({"base": cell(4), "radius_km": 5}, True),
        ({"base": cell(6), "radius_km": 5}, False),
        ({"base": cell(1), "radius_km": 5, "town_codes": [SHILONG]}, False),
    ],
)
def test_offer_serves_what_it_names_and_nothing_else(offer: dict[str, Any], served: bool) -> None:
    decisions = DecisionHarness()
    need = need_in(decisions, village_code=VILLAGE, cell=cell(0))
    giving = decisions.get(Offer, decisions.offer(**offer))
    assert (find_obstacle(build_open_need(need), giving.to_open()) is None) is served
    assert Candidates([giving.to_open()]).serve(build_open_need(need)) is served
    answer = decisions.command(make_propose(need.id, giving.id, 10))
    assert answer is not None
    assert answer.status == (201 if served else 409)


def test_who_set_a_radius_does_not_serve_where_nobody_knows_the_place() -> None:
    decisions = DecisionHarness()
    offer = decisions.get(Offer, decisions.offer(base=cell(0), radius_km=500))
    assert find_obstacle(build_open_need(need_in(decisions)), offer.to_open()) is not None


def test_cell_that_is_none_is_a_place_that_nobody_knows() -> None:
    assert need_in(DecisionHarness(), cell="8ffffffffffffff").cell is None
    assert parse_cell(cell(0)) == cell(0)


@pytest.mark.parametrize("resolution", [6, 8, 11])
def test_place_of_a_cell_is_its_middle_in_millionths_of_a_degree(resolution: int) -> None:
    latitude, longitude = cell_to_latlng(cell(0, resolution))
    assert find_centre(cell(0, resolution)) == (round(latitude * 10**6), round(longitude * 10**6))


latitudes, longitudes = st.integers(-90 * 10**6, 90 * 10**6), st.integers(-180 * 10**6, 180 * 10**6)
places = st.tuples(latitudes, longitudes)


@given(places, places)
def test_decisions_and_the_solver_find_the_same_metres(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    columns = [np.array([number]) for number in (*a, *b)]
    assert measure_metres(a, b) == measure_columns(*columns)[0] == measure_metres(b, a)


def test_metres_are_those_of_the_map() -> None:
    """Humen to Zhangmutou, as the crow flies."""
    assert abs(measure_metres((22_816_000, 113_673_000), (22_915_000, 114_083_000)) - 43_420) < 200


offers = st.builds(
    OpenOffer,
    id=st.uuids().map(str),
    unit=st.just("fen"),
    item=st.just(""),
    quantity=st.just(100),
    free=st.just(100),
    categories=st.sets(st.sampled_from(("meals", "supplies"))).map(tuple),
    town_codes=st.sets(st.sampled_from((SHIJIE, SHILONG))).map(tuple),
    village_codes=st.sets(st.sampled_from((VILLAGE, f"{SHILONG}001"))).map(tuple),
    donor_id=st.sampled_from(("P-1", "P-2")),
    fund_id=st.sampled_from((None, "f-1", "f-2")),
    campaign_id=st.sampled_from((None, "c-1")),
    place=st.none() | st.tuples(st.integers(22_900_000, 23_100_000), st.just(113_880_000)),
    radius_km=st.none() | st.integers(1, 30),
)
needs = st.builds(
    OpenNeed,
    id=st.just("R-1"),
    unit=st.just("fen"),
    item=st.just(""),
    category=st.sampled_from(("meals", "supplies")),
    beneficiary_class=st.just("subsistence"),
    town_code=st.just(SHIJIE),
    tier=st.just(1),
    recorded_ms=st.just(0),
    remaining=st.just(50),
    next_number=st.just(1),
    village_code=st.sampled_from((None, VILLAGE)),
    place=st.none() | st.just((23_000_000, 113_880_000)),
    excluded_donors=st.sampled_from(((), ("P-1",))),
    excluded_funds=st.sampled_from(((), ("f-1",))),
    related_funds=st.sampled_from(((), ("f-2",))),
    campaigns=st.sampled_from(((), ("c-1",))),
)


@given(st.lists(offers, max_size=12, unique_by=lambda o: o.id), st.lists(needs, max_size=6))
def test_index_of_candidates_finds_what_the_rule_finds(
    giving: list[OpenOffer], asking: list[OpenNeed]
) -> None:
    candidates = Candidates(giving)
    for need in asking:
        served = sorted(o.id for o in giving if find_obstacle(need, o) is None)
        assert [offer.id for offer in candidates.find(need)] == served
