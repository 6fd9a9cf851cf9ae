"""How much a caller may take within any minute."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.web.windows import WINDOW_S, MovingWindow
from tests.support.examples import count_examples

MOST = 3


class Watch:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_was_taken_is_forgotten_after_a_minute_and_not_before() -> None:
    watch = Watch()
    window = MovingWindow(MOST, watch)
    for _ in range(MOST):
        assert window.take("a") == 0
        watch.now += 10
    assert window.take("a") == 30
    watch.now += 29.5
    assert window.take("a") == 1
    watch.now += 0.5
    assert window.take("a") == 0
    assert window.take("a") == 10


def test_callers_are_counted_apart() -> None:
    window = MovingWindow(1, Watch())
    assert (window.take("a"), window.take("b"), window.take("a")) == (0, 0, WINDOW_S)


def test_what_is_too_much_at_once_takes_nothing() -> None:
    window = MovingWindow(MOST, Watch())
    assert window.take("a", MOST + 1) > 0
    assert window.take("a", MOST) == 0


def test_callers_who_are_gone_are_not_remembered() -> None:
    watch = Watch()
    window = MovingWindow(MOST, watch)
    for number in range(100):
        window.take(f"stranger {number}")
    watch.now += WINDOW_S
    window.take("a")
    assert len(window) == 1


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, MOST)), max_size=60))
@settings(max_examples=count_examples(50, 1000), deadline=None)
def test_no_minute_has_more_than_allowed(steps: list[tuple[float, int]]) -> None:
    watch, taken = Watch(), list[tuple[float, int]]()
    window = MovingWindow(MOST, watch)
    for seconds, cost in steps:
        watch.now += seconds
        within = sum(cost for at, cost in taken if at > watch.now - WINDOW_S)
        is_taken = window.take("a", cost) == 0
        assert is_taken == (within + cost <= MOST)
        if is_taken:
            taken.append((watch.now, cost))
