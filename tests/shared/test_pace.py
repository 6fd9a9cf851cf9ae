"""When a batch is decided, by what was measured; no clock but the one given."""

import pytest

from shared.messaging.pace import MANY, Pace


def test_few_wait_for_the_commit_and_many_are_decided_meanwhile() -> None:
    pace = Pace()
    pace.note_decided(10, 0.01)
    pace.note_committed(0.02)
    assert pace.find_start(1) is None
    assert pace.find_start(10) == pytest.approx(0.01)
    assert pace.find_start(500) == 0


def test_the_pace_follows_what_was_measured() -> None:
    pace = Pace()
    assert pace.find_start(1) == 0, "nothing is known"
    for _ in range(50):
        pace.note_decided(1, 0.002)
        pace.note_committed(0.004)
    assert pace.find_start(1) == pytest.approx(0.002, rel=0.01)


def test_while_many_come_transactions_begin_an_interval_apart() -> None:
    pace = Pace(interval_s=0.08)
    pace.note_decided(10, 0.01)
    pace.note_committed(0.02)
    assert (pace.find_wait(10, 100.0, is_committing=False) or 0) <= 0, "the first waits for nobody"
    pace.note_begun(MANY, 99.98)
    assert (pace.find_wait(10, 99.99, is_committing=False) or 0) <= 0, "nor does the second"
    pace.note_begun(MANY, 100.0)
    assert pace.find_wait(10, 100.03, is_committing=True) == pytest.approx(0.04)
    assert pace.find_wait(10, 100.03, is_committing=False) == pytest.approx(0.04)
    assert (pace.find_wait(10, 100.09, is_committing=False) or 0) <= 0
    assert pace.find_wait(1, 100.03, is_committing=True) is None, "few wait for the commit"


def test_while_few_come_the_next_one_begins_at_once() -> None:
    pace = Pace(interval_s=0.08)
    pace.note_decided(10, 0.01)
    pace.note_committed(0.02)
    pace.note_begun(10, 99.98)
    pace.note_begun(MANY - 1, 100.0)
    assert (pace.find_wait(1, 100.02, is_committing=False) or 0) <= 0
    assert pace.find_wait(10, 100.001, is_committing=True) == pytest.approx(0.009)


@pytest.mark.parametrize(("per_s", "rests"), [(480, False), (1200, True)])
def test_whether_it_rests_depends_on_what_comes_and_not_on_a_rest_before(
    per_s: float, rests: bool
) -> None:
    """480 a second are 38 in an interval of 80 ms; 1,200 are 96."""
    pace = Pace(interval_s=0.08)
    now = 100.0
    pace.note_begun(400, now)  # what had gathered in a pause
    for _ in range(20):
        pace.note_decided(1, 0.0001)
        pace.note_committed(0.03)
        wait = pace.find_wait(1, now + 0.03, is_committing=False) or 0.0
        passed = 0.03 + max(0.0, wait)
        now += passed
        pace.note_begun(round(per_s * passed), now)
    assert (wait > 0.01) == rests
