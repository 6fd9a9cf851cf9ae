"""The job that hastens cases looks at the latest often, and at all that wait seldom."""

from datetime import UTC, datetime, timedelta

from services.intake.emergencies.hastening import FULL_LOOK_EVERY, RECENT, Looks

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
MOMENT = timedelta(seconds=3)


def test_the_first_look_is_at_all_and_the_next_at_the_latest() -> None:
    looks = Looks()
    assert looks.find_since("E-1", NOW) is None
    looks.note("E-1", None, NOW)
    assert looks.find_since("E-1", NOW + MOMENT) == NOW - RECENT
    assert looks.find_since("E-2", NOW + MOMENT) is None, "another emergency is looked at by itself"


def test_a_look_at_the_latest_begins_where_the_one_before_did() -> None:
    looks = Looks()
    looks.note("E-1", None, NOW)
    looks.note("E-1", NOW - RECENT, NOW + MOMENT)
    assert looks.find_since("E-1", NOW + 2 * MOMENT) == NOW + MOMENT - RECENT


def test_all_are_looked_at_again_after_a_while() -> None:
    looks = Looks()
    looks.note("E-1", None, NOW)
    looks.note("E-1", NOW - RECENT, NOW + FULL_LOOK_EVERY - MOMENT)
    assert looks.find_since("E-1", NOW + FULL_LOOK_EVERY) is None
