"""Two clocks on every case, in working days; what becomes due is said once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.intake.clocks.rules import count_left, find_stage
from services.intake.decide.clocks import follow_case
from services.intake.model import ApproveRequest, Request, RequestState, WithdrawRequest
from services.intake.model.approval import Referral
from services.intake.model.clock import CaseClock, CaseDue, PauseCase, ResumeCase, StartClock
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    PauseReason,
    RequestEscalated,
    RequestOverdue,
    RequestReminded,
)
from shared.contracts.values import CHINA
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    EVENTS,
    RULES,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_match_event,
    make_submission,
)

LARGE: dict[str, Any] = {"need": {"unit": "fen", "quantity": 300_000}}
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=CHINA)
TOWN = ("village", "town")


def make_harness(**changed: Any) -> tuple[DecisionHarness, Request]:
    """A wish that waits for the town, recorded on a Monday without holidays after it."""
    harness = DecisionHarness()
    harness.now = MONDAY
    harness.submit(make_submission(**(LARGE | changed)))
    return harness, harness.requests()[0]


def get_clock(harness: DecisionHarness) -> CaseClock:
    clock = harness.requests()[0].clock
    assert clock is not None
    return clock


def execute(harness: DecisionHarness, data: Any) -> Decision:
    return harness.handle(COMMANDS[type(data)], make_command(data, key=""))


def become_due(harness: DecisionHarness) -> Decision:
    """Time goes on until something is due."""
    request = harness.requests()[0]
    assert request.due_at is not None
    harness.now = max(harness.now, request.due_at)
    return execute(harness, CaseDue(aggregate_id=request.id, due_at=request.due_at))


def approve(harness: DecisionHarness, request: Request) -> Decision:
    data = {"request_id": request.id, "levels": TOWN, "approver_id": "s-9"}
    return execute(harness, ApproveRequest.model_validate(data))


def pause(
    harness: DecisionHarness, until: date, reason: PauseReason = "person_asks", **changed: Any
) -> Decision:
    data = {"request_id": harness.requests()[0].id, "levels": TOWN, "by": "s-9"} | changed
    return execute(harness, PauseCase(**data, reason=reason, until=until))


def test_an_approval_has_five_working_days_and_the_case_sixty() -> None:
    harness, request = make_harness()
    clock = get_clock(harness)
    assert clock.stage == "recorded"
    assert clock.period.due_on == date(2026, 3, 9)
    assert clock.whole.due_on == date(2026, 5, 28), "holidays off, a Saturday worked"
    assert request.due_at == datetime(2026, 3, 6, 8, 30, tzinfo=CHINA)


def test_what_is_late_is_reminded_overdue_and_escalated_once_each() -> None:
    harness, _ = make_harness()
    said = [(harness.now, fact) for _ in range(3) for _, fact in become_due(harness).events]
    assert [type(fact) for _, fact in said] == [RequestReminded, RequestOverdue, RequestEscalated]
    days = [fact.level for _, fact in said if isinstance(fact, RequestReminded | RequestOverdue)]
    assert days == ["town", "town"]
    last = said[-1][1]
    assert isinstance(last, RequestEscalated)
    assert (last.level, last.stage, last.clock) == ("city", "recorded", "stage")
    request = harness.requests()[0]
    assert request.due_at is not None, "the whole case has its own"
    assert request.due_at.astimezone(CHINA).date() == date(2026, 5, 27)


def test_a_village_answers_to_the_town_and_the_town_to_the_city() -> None:
    harness, _ = make_harness(need={"unit": "fen", "quantity": 100_000})
    facts = [fact for _ in range(4) for _, fact in become_due(harness).events]
    levels = [fact.level for fact in facts if isinstance(fact, RequestEscalated)]
    assert levels == ["town", "city"]


def test_a_due_time_that_is_another_or_to_come_changes_nothing() -> None:
    harness, request = make_harness()
    assert request.due_at is not None
    early = CaseDue(aggregate_id=request.id, due_at=request.due_at)
    assert execute(harness, early) == Decision()
    become_due(harness)
    assert execute(harness, early) == Decision(), "said once"


def test_after_a_long_stop_what_is_overdue_is_not_reminded_of() -> None:
    harness, _ = make_harness()
    harness.later(days=8)
    assert list_facts(become_due(harness)) == ["RequestOverdue"]


def test_a_new_state_has_a_new_period_and_the_whole_goes_on() -> None:
    harness, request = make_harness()
    whole = get_clock(harness).whole
    become_due(harness)
    become_due(harness)
    approve(harness, request)
    clock = get_clock(harness)
    assert (clock.stage, clock.period.warned) == ("open", 0)
    assert clock.period.since == harness.now
    assert clock.whole == whole
    assert [event.step for event in clock.events] == ["started", "reminded", "overdue", "started"]


def test_the_person_is_told_of_being_late_once_a_month_and_not_of_his_own_silence() -> None:
    harness, request = make_harness()
    become_due(harness)
    (_, overdue), *_ = become_due(harness).events
    assert isinstance(overdue, RequestOverdue)
    assert overdue.apology
    approve(harness, request)
    harness.later(days=20)
    quantity = request.need.quantity
    for kind in (MatchCommitted, MatchDelivered):
        event = make_match_event(kind, harness.requests()[0], quantity)
        harness.handle(EVENTS[kind], event)
    assert get_clock(harness).stage == "delivered"
    harness.later(days=60)
    facts = [fact for _, fact in become_due(harness).events if isinstance(fact, RequestOverdue)]
    assert {fact.clock for fact in facts} == {"stage", "whole"}
    assert not any(fact.apology for fact in facts)


def test_who_waits_for_the_rest_waits_for_a_donor() -> None:
    harness, request = make_harness(need={"unit": "袋", "quantity": 10, "item": "大米"})
    event = make_match_event(MatchCommitted, request, 4)
    harness.handle(EVENTS[MatchCommitted], event)
    assert get_clock(harness).stage == "open"
    event = make_match_event(MatchCommitted, request, 6, id_="M-2")
    harness.handle(EVENTS[MatchCommitted], event)
    assert get_clock(harness).stage == "committed"
    event = make_match_event(MatchReleased, request, 6, id_="M-2")
    harness.handle(EVENTS[MatchReleased], event)
    assert get_clock(harness).stage == "open"


def test_what_is_over_has_no_deadline() -> None:
    harness, request = make_harness()
    execute(harness, WithdrawRequest(request_id=request.id))
    assert harness.requests()[0].due_at is None
    assert (get_clock(harness).stage, get_clock(harness).stopped_at) == (None, harness.now)
    assert get_body(pause(harness, date(2026, 3, 6)))["problems"][0]["code"] == "case_over"


def test_everything_that_is_awaited_has_a_period() -> None:
    """And whoever adds a state says which."""
    over = {RequestState.DUPLICATE, RequestState.DECLINED, RequestState.WITHDRAWN}
    over |= {RequestState.CLOSED}
    _, request = make_harness()
    for state in set(RequestState) - over:
        assert find_stage(request.model_copy(update={"state": state})), state


def test_a_department_has_until_the_day_that_was_agreed() -> None:
    harness, request = make_harness()
    words = ("policy", "policy_zh", "policy_en", "department_zh", "department_en", "by")
    fields = dict.fromkeys(words, "x") | {"at": harness.now, "answer_on": "2026-03-27"}
    referral = Referral.model_validate(fields)
    changes = {"state": RequestState.REFERRED, "referrals": (referral,)}
    referred = follow_case(RULES.clock, request.model_copy(update=changes), harness.now)
    assert referred.clock is not None
    assert referred.clock.period.due_on == date(2026, 3, 27)


def test_the_urgent_have_half_the_time() -> None:
    harness, request = make_harness()
    checked = {"beneficiary_class": "extreme_poverty", "basis": "register"}
    data = {"request_id": request.id, "levels": TOWN, "approver_id": "s-9"}
    vouching = {"confirmed": checked}
    execute(harness, ApproveRequest.model_validate(data | {"vouching": vouching}))
    assert get_clock(harness).period.due_on == date(2026, 3, 16)


# --- pauses ---------------------------------------------------------------------------------------


def test_a_pause_prolongs_both_clocks_by_its_working_days() -> None:
    harness, _ = make_harness()
    before = get_clock(harness)
    done = pause(harness, date(2026, 3, 9))
    assert list_facts(done) == ["RequestPaused"]
    assert harness.requests()[0].due_at == datetime(2026, 3, 9, 8, 30, tzinfo=CHINA)
    assert list_facts(become_due(harness)) == ["RequestResumed"]
    after = get_clock(harness)
    assert after.pause is None
    assert after.paused_days == 5
    assert after.period.due_on == date(2026, 3, 16)
    assert count_left(before.whole, MONDAY) + 5 == count_left(after.whole, MONDAY)


def test_a_pause_is_ended_by_hand_or_by_the_next_state() -> None:
    harness, request = make_harness()
    pause(harness, date(2026, 3, 13))
    harness.later(days=2)
    data = {"request_id": request.id, "levels": TOWN, "by": "s-8"}
    execute(harness, ResumeCase.model_validate(data))
    assert get_clock(harness).paused_days == 2
    assert get_clock(harness).events[-1].by == "s-8"
    pause(harness, date(2026, 3, 13))
    harness.later(days=1)
    approve(harness, request)
    assert (get_clock(harness).pause, get_clock(harness).paused_days) == (None, 3)


@pytest.mark.parametrize(
    ("until", "changed", "code"),
    [
        (date(2026, 3, 2), {}, "pause_past"),
        (date(2026, 6, 1), {}, "pause_long"),
        (date(2026, 3, 4), {"area": "441900104"}, "request_unknown"),
        (date(2026, 3, 4), {"levels": ("village",)}, "pause_foreign"),
    ],
)
def test_a_pause_is_short_and_of_who_has_to_act(
    until: date, changed: dict[str, Any], code: str
) -> None:
    harness, _ = make_harness()
    refused = pause(harness, until, **changed)
    assert get_body(refused)["problems"][0]["code"] == code
    assert not refused.states


def test_pausing_again_and_again_comes_to_an_end() -> None:
    harness, _ = make_harness()
    for _ in range(5):
        until = harness.now.astimezone(CHINA).date() + timedelta(days=14)
        decided = pause(harness, until)
        if not decided.states:
            break
        become_due(harness)
    assert get_body(decided)["problems"][0]["code"] == "pause_long"
    assert get_clock(harness).paused_days <= 30


# --- cases of before ------------------------------------------------------------------------------


def test_a_case_of_before_gets_its_clocks_and_nobody_is_told_at_once_that_it_is_late() -> None:
    harness, request = make_harness()
    old = request.model_copy(update={"clock": None, "due_at": None})
    harness.states[Ref(Request, old.id)] = old
    harness.later(days=200)
    execute(harness, StartClock(request_id=old.id))
    clock = get_clock(harness)
    assert clock.period.due_on == date(2026, 3, 9)
    facts = [fact for _, fact in become_due(harness).events]
    assert facts
    assert not any(isinstance(fact, RequestOverdue) and fact.apology for fact in facts)
    assert execute(harness, StartClock(request_id=old.id)) == Decision()


def test_a_case_of_before_that_moves_gets_them_too() -> None:
    harness, request = make_harness()
    harness.states[Ref(Request, request.id)] = request.model_copy(
        update={"clock": None, "due_at": None}
    )
    approve(harness, request)
    clock = get_clock(harness)
    assert (clock.stage, clock.period.since) == ("open", harness.now)
    assert clock.whole.since == request.recorded_at


def test_a_closed_case_that_opens_again_goes_on_with_the_whole() -> None:
    harness, request = make_harness(need={"unit": "袋", "quantity": 4, "item": "大米"})
    whole = get_clock(harness).whole
    for kind in (MatchCommitted, MatchDelivered, MatchConfirmed):
        event = make_match_event(kind, harness.request(request.id), 4)
        harness.handle(EVENTS[kind], event)
    assert get_clock(harness).stage is None
    assert get_clock(harness).whole == whole


def test_another_town_sees_no_case_to_pause() -> None:
    harness, _ = make_harness()
    assert pause(harness, date(2026, 3, 4), area=CHASHAN).states
