"""The year's selection: by a documented score, in an order that nobody's input order changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.matching.selection import (
    FulfilledRequest,
    compute_score,
    find_year_bounds,
    rank_requests,
)

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def make_fulfilled(**changed: object) -> FulfilledRequest:
    plain = FulfilledRequest(
        request_id="R-1", tier=1, recorded_at=BEGAN, completed_at=BEGAN, stars=(), donors=1
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def test_score_is_the_sum_of_its_documented_terms() -> None:
    """Tier 1, 61 days, stars 5 and 4, three donors: 36 + 24 + 20 + 10."""
    each = make_fulfilled(stars=(4, 5), completed_at=BEGAN + timedelta(days=61), donors=3)
    found = compute_score(each)
    assert (found.rating, found.urgency, found.waiting, found.joint) == (3600, 2400, 2000, 1000)
    assert found.total == 9000


def test_best_possible_has_a_hundred_points() -> None:
    best = make_fulfilled(tier=0, stars=(5,), completed_at=BEGAN + timedelta(days=400), donors=9)
    assert compute_score(best).total == 10_000


def test_help_that_nobody_rated_counts_as_three_stars() -> None:
    assert (
        compute_score(make_fulfilled()).rating
        == compute_score(make_fulfilled(stars=(3,))).rating
        == 2400
    )
    assert compute_score(make_fulfilled(stars=(1,))).rating < compute_score(make_fulfilled()).rating


def test_equal_scores_go_to_the_more_urgent_then_to_who_waited_longer_then_by_id() -> None:
    # 6 points of urgency against 18 days' 6 points of waiting
    urgent = make_fulfilled(request_id="R-9", tier=1)
    waited = make_fulfilled(request_id="R-1", tier=2, completed_at=BEGAN + timedelta(days=18))
    longer = make_fulfilled(request_id="R-5", tier=2, completed_at=BEGAN + timedelta(days=20))
    assert compute_score(urgent).total == compute_score(waited).total == compute_score(longer).total
    same = make_fulfilled(request_id="R-8", tier=1)
    found = [each.request_id for each, _ in rank_requests([waited, longer, urgent, same], 4)]
    assert found == ["R-8", "R-9", "R-5", "R-1"]


FULFILLED = st.builds(
    make_fulfilled,
    request_id=st.integers(1, 10**6).map(lambda n: f"R-{n}"),
    tier=st.integers(0, 4),
    completed_at=st.integers(0, 400).map(lambda days: BEGAN + timedelta(days=days)),
    stars=st.lists(st.integers(1, 5), max_size=3).map(tuple),
    donors=st.integers(1, 5),
)


@given(
    st.lists(FULFILLED, max_size=20, unique_by=lambda f: f.request_id),
    st.randoms(use_true_random=False),
    st.integers(1, 10),
)
def test_order_of_input_and_chunks_do_not_show(found: list, chance: object, top: int) -> None:  # type: ignore[type-arg]
    best = rank_requests(found, top)
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank_requests(shuffled, top) == best
    half = rank_requests(shuffled[: len(shuffled) // 2], top)
    rest = shuffled[len(shuffled) // 2 :]
    assert rank_requests([*(each for each, _ in half), *rest], top) == best


def test_a_year_is_chinas() -> None:
    begins, ends = find_year_bounds(2026)
    assert begins == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert ends == datetime(2026, 12, 31, 16, tzinfo=UTC)
