"""Waiting goes on counting: nobody waits for ever, and equal need goes to who waited longer."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.explaining.rounds import explain_need_of_round
from services.matching.solver.interface import Inputs, OpenNeed, OpenOffer, write_inputs
from services.matching.solver.solve import MinCostFlow
from services.matching.solver.weights import DAY_MS, Weights
from tests.bench.matching.fairness import TIERS, Year, simulate

DOOR = (23_000_000, 113_750_000)
NOW_MS = 1_000 * DAY_MS
HOUR_MS = DAY_MS // 24
OFFER = OpenOffer("O-1", "把", "轮椅", 1, 1, place=DOOR)


def away(metres: int) -> tuple[int, int]:
    return DOOR[0] + metres * 9, DOOR[1]  # nine millionths of a degree are a metre


def need(id_: str, tier: int, waited_ms: int, metres: int) -> OpenNeed:
    recorded = NOW_MS - waited_ms
    return OpenNeed(
        id_, "把", "轮椅", "disability", "", "441900101", tier, recorded, 1, 1, place=away(metres)
    )


def serve(*needs: OpenNeed, weights: Weights | None = None, now_ms: int = NOW_MS) -> str:
    """Who gets the one thing there is."""
    text = (weights or Weights()).model_dump_json()
    [allocation] = MinCostFlow().decide(Inputs(needs, (OFFER,), now_ms, text)).allocations
    return allocation.request_id


def test_most_urgent_who_waits_300_days_comes_before_a_newcomer_at_the_door() -> None:
    old = need("R-z-old", 0, 300 * DAY_MS, metres=200)
    assert serve(old, need("R-a-new", 0, 0, metres=0)) == "R-z-old"


def test_least_urgent_far_away_is_served_though_somebody_more_urgent_comes_every_day() -> None:
    """A wheelchair a day, and a newcomer of the first tier at the door every day."""
    last = need("R-last", 4, 0, metres=5500)
    for day in range(400):
        now_ms = NOW_MS + day * DAY_MS
        newcomer = replace(need(f"R-{day}", 0, 0, metres=0), recorded_ms=now_ms)
        if serve(last, newcomer, now_ms=now_ms) == "R-last":
            break
    assert day == 120, "four tiers of thirty days each"


@pytest.mark.parametrize(
    ("tier", "longer_ms"), [(0, HOUR_MS), (3, DAY_MS), (1, 30 * DAY_MS), (4, 120 * DAY_MS)]
)
def test_equal_need_goes_to_who_waited_longer_however_far(tier: int, longer_ms: int) -> None:
    """Thirty days make up for a tier: then who waited them comes first."""
    other = 0 if longer_ms >= 30 * DAY_MS else tier
    longer = need("R-z", tier, longer_ms + HOUR_MS, metres=60_000)
    assert serve(longer, need("R-a", other, HOUR_MS, metres=0)) == "R-z"


def test_nearer_is_served_first_where_both_waited_as_long() -> None:
    assert serve(need("R-a", 1, DAY_MS, metres=900), need("R-z", 1, DAY_MS, metres=200)) == "R-z"


def test_where_the_level_ends_the_oldest_comes_first() -> None:
    """Weights that leave the solver's integers room for 105 days below level 0."""
    weights = Weights(level_points=1 << 24)
    assert weights.level_min == -105
    rows = [need("R-z", 0, 300 * DAY_MS, 5000), need("R-a", 0, 299 * DAY_MS, 0)]
    assert serve(*rows, need("R-b", 2, 250 * DAY_MS, 0), weights=weights) == "R-z"


def test_explanation_says_the_days_really_waited() -> None:
    old = need("R-1", 0, 300 * DAY_MS, metres=200)
    inputs = Inputs((old,), (OFFER,), NOW_MS, Weights().model_dump_json())
    answer = explain_need_of_round(write_inputs(inputs), "R-1")
    assert answer is not None
    standing = answer["explanation"]["standing"]
    assert (standing["days_waited"], standing["level"]) == (300, -300)


def test_round_recorded_before_waiting_counted_on_is_solved_as_it_was() -> None:
    """Whole days, and none beyond level 0: then the nearer came first."""
    recorded = Weights.from_json('{"version":"2026-01","level_points":4096}')
    old = need("R-z-old", 0, 300 * DAY_MS, metres=200)
    assert serve(old, need("R-a-new", 0, 0, metres=0), weights=recorded) == "R-a-new"
    assert Weights.from_json('{"donor_points":0}').level_points == 4096
    assert Weights.from_json(Weights().model_dump_json()) == Weights()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(0, 25), st.integers(0, 2**32), st.sampled_from((0, 1, 3, 10)))
def test_nobody_waits_longer_than_the_bound(
    a_day: int, typhoon: int, seed: int, tier_days: int
) -> None:
    """On any stream whose means suffice on average: docs/matching.md derives it."""
    weights = Weights(tier_days=tier_days)
    waits = simulate(Year(days=40, a_day=a_day, typhoon=typhoon, seed=seed), weights)
    for tier in range(TIERS):
        assert waits.longest[tier] <= waits.bound(tier, weights)
