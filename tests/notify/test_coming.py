"""On which day the help comes: said at once, said again the day before, and never of an old day."""

from datetime import timedelta

import pytest

from shared.contracts.events import MatchCommitted, MatchDelivered, MatchReleased, MatchScheduled
from shared.contracts.values import CHINA
from tests.notify.decisions import MATCH_ID, DecisionHarness, match_fields
from tests.notify.mailing import (
    FELL,
    MIDNIGHT,
    NOON,
    claim,
    get_states,
    list_due,
    make_harness,
    send_all,
)

FRIDAY = "2026-12-04"


def schedule(
    harness: DecisionHarness, day: str, before: str | None = None, number: int = 1
) -> None:
    fact = MatchScheduled(**match_fields(), comes_on=day, before=before)
    harness.on_event(fact, MATCH_ID, f"E-day-{number}")


def list_messages(harness: DecisionHarness) -> list[tuple[str, str]]:
    return [(f"{at.astimezone(CHINA):%m-%d %H:%M}", n.purpose) for at, n in send_all(harness)]


def test_the_person_is_told_the_day_and_reminded_on_the_eve() -> None:
    harness = make_harness()
    schedule(harness, FRIDAY)
    assert list_messages(harness) == [
        ("11-29 12:00", "match_scheduled"),
        ("12-03 10:00", "match_tomorrow"),
    ]


@pytest.mark.parametrize(
    ("day", "reminded"), [("2026-11-29", 0), ("2026-11-30", 0), ("2026-12-01", 1)]
)
def test_what_comes_today_or_tomorrow_is_not_said_twice(day: str, reminded: int) -> None:
    harness = make_harness()
    schedule(harness, day)
    assert len(send_all(harness)) == 1 + reminded


def test_another_day_is_told_and_takes_back_the_reminder() -> None:
    harness = make_harness()
    schedule(harness, FRIDAY)
    send_until(harness, "match_scheduled")
    schedule(harness, "2026-12-08", FRIDAY, 2)
    assert list_messages(harness) == [
        ("11-29 12:00", "match_rescheduled"),
        ("12-07 10:00", "match_tomorrow"),
    ]


def send_until(harness: DecisionHarness, purpose: str) -> None:
    """Sends what is due now alone."""
    for notice in list_due(harness):
        assert notice.purpose == purpose
        claim(harness, notice)


@pytest.mark.parametrize("ends", ["delivered", "fell"])
def test_what_came_early_or_fell_through_is_announced_no_more(ends: str) -> None:
    harness = make_harness()
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, "E-1")
    schedule(harness, FRIDAY)
    send_until(harness, "match_scheduled")
    fact: MatchDelivered | MatchReleased = FELL
    if ends == "delivered":
        fact = MatchDelivered(**match_fields())
    harness.on_event(fact, MATCH_ID, "E-3")
    told = [purpose for _, purpose in list_messages(harness)]
    assert told[0] == ("match_delivered" if ends == "delivered" else "match_fell_through")
    states = get_states(harness)
    assert (states["match_tomorrow"], states["match_committed"]) == ("cancelled", "cancelled")


@pytest.mark.parametrize(
    ("is_night", "told"), [(True, []), (False, ["match_scheduled", "match_fell_through"])]
)
def test_its_end_is_news_to_whom_the_day_was_told_alone(is_night: bool, told: list[str]) -> None:
    harness = make_harness(MIDNIGHT if is_night else NOON)
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, "E-1")
    schedule(harness, FRIDAY)
    if not is_night:
        send_until(harness, "match_scheduled")
    harness.on_event(FELL, MATCH_ID, "E-3")
    send_all(harness)
    sent = [n.purpose for n in harness.notices if n.state == "sent" and n.person_id == "P-1"]
    assert sent == told


def test_a_reminder_long_ahead_is_not_too_old_when_its_day_comes() -> None:
    harness = make_harness()
    schedule(harness, (NOON + timedelta(days=80)).date().isoformat())
    assert [purpose for _, purpose in list_messages(harness)] == [
        "match_scheduled",
        "match_tomorrow",
    ]
