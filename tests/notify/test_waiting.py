"""When a notice goes: never at night, never too many, together where it may, and no old news."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.decide import mailboxes
from services.notify.duties import URGENT_PURPOSES
from services.notify.model import Mailbox, Notice
from services.notify.purposes import BY_NAME
from services.notify.rules import Rules
from services.notify.timing import (
    find_next_morning,
    find_quiet_end,
    find_sending_time,
    format_iso_day,
    parse_hours,
)
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    ConsentGiven,
    MatchAnnounced,
    MatchCommitted,
    MatchDelivered,
    MatchReleased,
    MessageAnswered,
    RequestWithdrawn,
)
from shared.contracts.values import CHINA
from shared.messaging.decision import Ref
from tests.notify.decisions import (
    MATCH_ID,
    REQUEST_ID,
    make_opened,
    make_proposed,
    make_rules,
    match_fields,
)
from tests.notify.mailing import (
    HOURS,
    MIDNIGHT,
    MOMENTS,
    NOON,
    claim,
    list_due,
    make_declined,
    make_harness,
    make_recorded,
    send_all,
)

# --- quiet hours ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        ("20:59", None),
        ("21:00", "2026-11-30T08:00"),
        ("23:59", "2026-11-30T08:00"),
        ("00:00", "2026-11-29T08:00"),
        ("07:59", "2026-11-29T08:00"),
        ("08:00", None),
        ("12:00", None),
    ],
)
def test_night_in_china_ends_at_eight(clock: str, ends: str | None) -> None:
    at = datetime.fromisoformat(f"2026-11-29T{clock}:00+08:00")
    end = find_quiet_end(at, HOURS)
    assert (end and f"{end:%Y-%m-%dT%H:%M}") == ends


def test_hours_within_a_day_and_none_at_all() -> None:
    assert find_quiet_end(NOON, "12:00-14:00") == NOON + timedelta(hours=2)
    assert find_quiet_end(NOON, "13:00-14:00") is None
    assert parse_hours("") is parse_hours("08:00-08:00") is None


@given(MOMENTS, st.text("ab1", max_size=5))
def test_morning_is_never_within_quiet_hours(at: datetime, person_id: str) -> None:
    rules = make_rules(quiet_hours=HOURS)
    for later in (find_sending_time(at, person_id, rules), find_next_morning(at, person_id, rules)):
        assert at <= later < at + timedelta(hours=45)
        assert find_quiet_end(later, HOURS) is None
    assert format_iso_day(find_next_morning(at, person_id, rules)) > format_iso_day(at)


def test_by_night_a_notice_waits_for_the_morning() -> None:
    harness = make_harness(MIDNIGHT)
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID)
    assert harness.notice.due_at is not None
    assert harness.notice.due_at >= datetime(2026, 11, 30, 8, tzinfo=CHINA)


def test_by_night_an_answer_goes_at_once() -> None:
    harness = make_harness(MIDNIGHT)
    harness.on_event(MessageAnswered(person_id="P-1", answer="unread"), "W-1")
    assert claim(harness, harness.notice)
    assert not [state for state in harness.states.values() if isinstance(state, Mailbox)]


def test_by_night_what_the_house_calls_urgent_goes_at_once() -> None:
    harness = make_harness(MIDNIGHT, urgent_purposes={"match_committed"})
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID)
    assert claim(harness, harness.notice)


def test_a_standing_consent_is_told_by_night_and_on_a_full_day() -> None:
    """Whoever has the donor's link and filled his day with other messages hides none."""
    harness = make_harness(MIDNIGHT, person_day_max=1)
    given = ConsentGiven(donor_id="P-1", valid_until=MIDNIGHT.replace(year=2027))
    harness.on_event(given, "S-1")
    assert claim(harness, harness.notice)


def test_what_is_late_from_the_evening_is_held_when_it_is_claimed() -> None:
    harness = make_harness(NOON.replace(hour=20, minute=59))
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID)
    harness.pass_time(120)
    assert not claim(harness, harness.notice)
    assert harness.notice.state == "created"
    ((at, _),) = send_all(harness)
    assert at.astimezone(CHINA).hour == 8


def test_what_the_settings_call_urgent_exists() -> None:
    assert set(BY_NAME) >= URGENT_PURPOSES
    with pytest.raises(ValueError, match="no such purpose"):
        make_rules(urgent_purposes={"match_comitted"})


# --- together -------------------------------------------------------------------------------------


def test_small_notices_within_a_few_minutes_are_one_message() -> None:
    harness = make_harness()
    for number in range(4):
        harness.on_event(make_opened(), f"R-{number}", f"E-{number}")
    ((at, digest),) = send_all(harness)
    assert (digest.purpose, digest.count) == ("digest_news", 4)
    assert at == NOON + timedelta(seconds=180)
    assert Counter(n.state for n in harness.notices) == {"bundled": 4, "sent": 1}
    assert {n.bundle_id for n in harness.notices if n.state == "bundled"} == {digest.id}
    assert digest.link is not None


def test_one_small_notice_goes_by_itself() -> None:
    harness = make_harness()
    harness.on_event(make_opened())
    ((_, notice),) = send_all(harness)
    assert notice.purpose == "request_opened"


def test_what_asks_for_something_is_not_lost_among_news() -> None:
    harness = make_harness()
    for number in range(2):
        harness.on_event(make_opened(), f"R-{number}", f"E-{number}")
    harness.on_event(MatchDelivered(**match_fields()), MATCH_ID, "E-9")
    told = {n.purpose for _, n in send_all(harness) if n.person_id == "P-1"}
    assert told == {"match_delivered", "digest_news"}


def test_more_than_a_days_number_goes_together_the_next_morning() -> None:
    harness = make_harness()
    for number in range(40):
        fact = make_proposed(NOON + timedelta(days=3))
        harness.on_event(fact, f"M-{number}", f"E-{number}")
    messages = send_all(harness)
    days = Counter(format_iso_day(at) for at, _ in messages)
    assert list(days.values()) == [3, 1]
    digest = messages[-1][1]
    assert (digest.purpose, digest.count, digest.person_id) == ("digest_tasks", 37, "P-donor")


def test_a_message_tells_no_more_than_so_many_and_the_next_tells_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailboxes, "WAITING_MAX", 15)
    harness = make_harness()
    for number in range(40):
        fact = make_proposed(NOON + timedelta(days=3))
        harness.on_event(fact, f"M-{number}", f"E-{number}")
    digests = [n for _, n in send_all(harness) if n.purpose == "digest_tasks"]
    assert [digest.count for digest in digests] == [15, 15, 7]
    assert Counter(n.state for n in harness.notices) == {"bundled": 37, "sent": 6}


def test_a_late_question_keeps_its_number_and_comes_first_in_the_morning() -> None:
    harness = make_harness()
    for number in range(6):
        fact = make_proposed(NOON + timedelta(days=3))
        harness.on_event(fact, f"M-{number}", f"E-{number}")
    asked = MatchAnnounced(
        **match_fields(), expires_at=NOON + timedelta(days=3), news="proposed", reply_code="4821"
    )
    harness.on_event(asked, MATCH_ID, "E-9")
    late = send_all(harness)[3:]
    assert [n.purpose for _, n in late] == ["match_asked", "digest_tasks"]
    assert late[0][0] == datetime(2026, 11, 30, 8, tzinfo=CHINA)
    assert (late[0][1].reply_code, late[1][1].count) == ("4821", 3)


# --- all of it, whatever comes when ---------------------------------------------------------------

FACTS: list[tuple[Fact, str]] = [
    (make_recorded(), REQUEST_ID),
    (make_opened(), REQUEST_ID),
    (make_declined(), REQUEST_ID),
    (make_opened(), "R-2"),
    (make_opened(), "R-3"),
    (RequestWithdrawn(person_id="P-1"), "R-2"),
    (MatchCommitted(**match_fields()), MATCH_ID),
    (MatchDelivered(**match_fields()), MATCH_ID),
    (MatchReleased(**match_fields(), reason="not_arrived", promised=True), MATCH_ID),
    (MessageAnswered(person_id="P-1", answer="unread"), "W-1"),
]
EVENTS = st.lists(st.tuples(st.sampled_from(FACTS), st.integers(0, 300)), max_size=25)
DONE = {"sent", "bundled", "cancelled"}


@given(EVENTS, MOMENTS)
def test_no_night_no_flood_and_nothing_is_lost(
    events: list[tuple[tuple[Fact, str], int]], at: datetime
) -> None:
    harness = make_harness(at, notice_life_s=30 * 86_400)
    messages: list[tuple[datetime, Notice]] = []
    for number, ((fact, subject), minutes) in enumerate(events):
        harness.on_event(fact, subject, f"E-{number}")
        due = list_due(harness)
        for notice in due:
            current = harness.states[Ref(Notice, notice.id)]
            if current.due_at == notice.due_at and claim(harness, current):
                messages.append((harness.now, current))
        harness.pass_time(60 * minutes)
    messages += send_all(harness)
    check_messages(messages, harness.rules)
    assert {notice.state for notice in harness.notices} <= DONE
    assert len({notice.id for _, notice in messages}) == len(messages)
    digests = {notice.id for _, notice in messages}
    bundles = {n.bundle_id for n in harness.notices if n.bundle_id}
    assert bundles <= digests | {n.id for n in harness.notices if n.state == "bundled"}


def check_messages(messages: list[tuple[datetime, Notice]], rules: Rules) -> None:
    counted = [(at, n) for at, n in messages if not BY_NAME[n.purpose].is_urgent(rules)]
    assert all(find_quiet_end(at, HOURS) is None for at, _ in counted)
    per_day = Counter((format_iso_day(at), n.person_id) for at, n in counted)
    assert all(count <= rules.person_day_max for count in per_day.values())
