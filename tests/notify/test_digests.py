"""What waits for staff: counted for their duty and place, and told in one message."""

from datetime import timedelta
from typing import Any

import pytest

from services.notify.decide.digests import derive_backlog_id
from services.notify.duties import Call, Duty
from services.notify.model import (
    Backlog,
    ClaimNotice,
    Notice,
    PutStaffMember,
    RemoveStaffMember,
    SendDigest,
    StaffMember,
)
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    ApprovalLevel,
    ClockFact,
    LedgerRefunded,
    LedgerRefused,
    MessageQueued,
    PaymentUnsettled,
    RefusedReason,
    RequestEscalated,
    RequestMended,
    RequestOverdue,
    RequestRecorded,
    RequestReminded,
)
from shared.contracts.values import Area, Channel
from shared.messaging.decision import Ref
from tests.notify.decisions import MATCH_ID, START, DecisionHarness, make_proposed

TOWN, VILLAGE = "441900101", "441900101002"
UNSETTLED = Call("finance", "staff_payment_unsettled")


def make_unsettled() -> PaymentUnsettled:
    return PaymentUnsettled(match_id="M-1", fund_id="F-1", amount_fen=100)


def make_recorded(level: str, village: str | None = VILLAGE) -> RequestRecorded:
    area = Area(town_code=TOWN, village_code=village)
    fields = {"person_id": "P-1", "channel": Channel.SMS, "approval_level": level, "area": area}
    return RequestRecorded.model_validate(fields)


def receive(harness: DecisionHarness, *facts: Fact) -> None:
    for number, fact in enumerate(facts):
        harness.on_event(fact, f"R-{number}", f"E-{number}")


def get_backlog(harness: DecisionHarness, call: Call) -> Backlog:
    backlog = harness.states[Ref(Backlog, derive_backlog_id(call))]
    assert isinstance(backlog, Backlog)
    return backlog


def send(harness: DecisionHarness, call: Call, *person_ids: str) -> list[Notice]:
    backlog = get_backlog(harness, call)
    assert backlog.due_at is not None
    harness.now = max(harness.now, backlog.due_at)
    harness.execute(
        SendDigest(aggregate_id=backlog.id, due_at=backlog.due_at, person_ids=person_ids)
    )
    return [
        state
        for state in harness.states.values()
        if isinstance(state, Notice) and state.purpose == call.purpose
    ]


def test_finance_hears_of_a_gift_that_the_bank_took_back_though_it_was_promised() -> None:
    harness = DecisionHarness()
    fields = {
        "log": "l/2026",
        "index": 1,
        "entry": "{}",
        "fund_id": "F-1",
        "donor_id": "P-1",
        "amount_fen": 100,
        "donation_id": "D-1",
    }
    receive(harness, LedgerRefunded.model_validate(fields))
    call = Call("finance", "staff_fund_overdrawn")
    assert Ref(Backlog, derive_backlog_id(call)) not in harness.states
    receive(harness, LedgerRefunded.model_validate(fields | {"overdrawn_fen": 40}))
    assert get_backlog(harness, call).count == 1


def test_fifty_events_are_one_message_to_each() -> None:
    harness = DecisionHarness()
    receive(harness, *[make_unsettled()] * 50)
    notices = send(harness, UNSETTLED, "P-lin", "P-wu")
    assert {(notice.person_id, notice.count) for notice in notices} == {("P-lin", 50), ("P-wu", 50)}
    assert (get_backlog(harness, UNSETTLED).count, get_backlog(harness, UNSETTLED).due_at) == (
        0,
        None,
    )


def test_a_digest_is_sent_so_long_after_its_first_event() -> None:
    harness = DecisionHarness()
    receive(harness, make_unsettled())
    due_at = get_backlog(harness, UNSETTLED).due_at
    harness.now += timedelta(minutes=10)
    receive(harness, make_unsettled())
    assert get_backlog(harness, UNSETTLED).due_at == due_at


def test_the_same_digest_is_sent_once() -> None:
    harness = DecisionHarness()
    receive(harness, make_unsettled())
    backlog = get_backlog(harness, UNSETTLED)
    assert len(send(harness, UNSETTLED, "P-lin")) == 1
    assert backlog.due_at is not None
    again = SendDigest(aggregate_id=backlog.id, due_at=backlog.due_at, person_ids=("P-wu",))
    harness.execute(again)
    assert not [
        state
        for state in harness.states.values()
        if isinstance(state, Notice) and state.person_id == "P-wu"
    ]


def test_with_nobody_there_it_waits_and_is_not_lost() -> None:
    harness = DecisionHarness()
    receive(harness, make_unsettled())
    assert send(harness, UNSETTLED) == []
    assert get_backlog(harness, UNSETTLED).count == 1
    assert len(send(harness, UNSETTLED, "P-lin")) == 1


@pytest.mark.parametrize(
    ("level", "duty", "area"),
    [
        ("village", "approver_village", VILLAGE),
        ("town", "approver_town", TOWN),
        ("city", "approver_city", ""),
    ],
)
def test_an_approval_waits_for_its_level_and_place(level: str, duty: Duty, area: str) -> None:
    harness = DecisionHarness()
    receive(harness, make_recorded(level))
    assert get_backlog(harness, Call(duty, "staff_approval_waiting", area)).count == 1


def make_queued(town_code: str, *, urgent: bool = False) -> MessageQueued:
    return MessageQueued(channel=Channel.SMS, town_code=town_code, urgent=urgent)


def test_a_message_waits_for_who_approves_in_its_town() -> None:
    harness = DecisionHarness()
    receive(harness, make_queued(TOWN))
    assert get_backlog(harness, Call("approver_town", "staff_message_waiting", TOWN)).count == 1
    receive(harness, make_queued("441900000"))
    assert get_backlog(harness, Call("approver_city", "staff_message_waiting")).count == 1


def test_where_life_may_be_in_danger_town_and_city_hear_at_once() -> None:
    harness = DecisionHarness()
    receive(harness, make_queued(TOWN, urgent=True))
    for call in (
        Call("approver_town", "staff_message_urgent", TOWN),
        Call("approver_city", "staff_message_urgent"),
    ):
        backlog = get_backlog(harness, call)
        assert (backlog.count, backlog.due_at) == (1, harness.now)


@pytest.mark.parametrize("level", ["village", "town", "city"])
def test_a_request_that_names_danger_calls_town_and_city_at_once(level: str) -> None:
    """Whoever decides it: the town is near the person."""
    harness = DecisionHarness()
    receive(harness, make_recorded(level).model_copy(update={"danger": True}))
    for call in (
        Call("approver_town", "staff_request_urgent", TOWN),
        Call("approver_city", "staff_request_urgent"),
    ):
        backlog = get_backlog(harness, call)
        assert (backlog.count, backlog.due_at) == (1, harness.now)


def test_a_request_that_names_danger_calls_the_village_too_where_it_is_known() -> None:
    harness = DecisionHarness()
    receive(harness, make_recorded("town").model_copy(update={"danger": True}))
    call = Call("approver_village", "staff_request_urgent", VILLAGE)
    assert (get_backlog(harness, call).count, get_backlog(harness, call).due_at) == (1, harness.now)


def test_danger_in_what_was_added_calls_town_and_city_at_once() -> None:
    harness = DecisionHarness()
    mended = RequestMended.model_validate(
        {
            "person_id": "P-1",
            "approval_level": "village",
            "area": {"town_code": TOWN},
            "danger": True,
        }
    )
    receive(harness, mended)
    assert get_backlog(harness, Call("approver_town", "staff_request_urgent", TOWN)).count == 1
    assert get_backlog(harness, Call("approver_city", "staff_request_urgent")).count == 1


@pytest.mark.parametrize("reason", ["already_paid", "exceeds_request", "insufficient_funds"])
def test_finance_hears_of_what_was_paid_before(reason: RefusedReason) -> None:
    harness = DecisionHarness()
    fields: dict[str, Any] = {"fund_id": "F-1", "amount_fen": 5, "log": "l", "index": 1}
    known = LedgerRefused.model_construct(**fields, reason=reason)
    receive(harness, known)
    backlogs = [state for state in harness.states.values() if isinstance(state, Backlog)]
    assert bool(backlogs) == (reason != "insufficient_funds")


@pytest.mark.parametrize(
    ("fact", "level", "call"),
    [
        (RequestReminded, "town", Call("approver_town", "staff_case_due", TOWN)),
        (RequestOverdue, "village", Call("approver_village", "staff_case_overdue", VILLAGE)),
        (RequestOverdue, None, Call("collector", "staff_case_overdue", VILLAGE)),
        (RequestEscalated, "city", Call("approver_city", "staff_case_escalated")),
    ],
)
def test_what_is_late_is_told_to_who_has_to_act_or_to_the_level_above(
    fact: type[ClockFact], level: ApprovalLevel | None, call: Call
) -> None:
    harness = DecisionHarness()
    receive(harness, make_late(fact, level))
    assert get_backlog(harness, call).count == 1


def make_late(fact: type[ClockFact], level: ApprovalLevel | None, **more: Any) -> ClockFact:
    area = Area(town_code=TOWN, village_code=VILLAGE)
    fields = {"person_id": "P-1", "stage": "recorded", "clock": "stage", "due_at": START}
    return fact.model_validate({**fields, "area": area, "level": level, **more})


def test_the_person_hears_of_being_late_where_the_event_says_so() -> None:
    for apology, count in ((None, 0), (True, 1)):
        harness = DecisionHarness()
        receive(harness, make_late(RequestOverdue, "town", apology=apology))
        notices = [state for state in harness.states.values() if isinstance(state, Notice)]
        assert [notice.purpose for notice in notices] == ["request_overdue"] * count


def test_who_has_no_phone_is_told_by_who_sees_him() -> None:
    harness = DecisionHarness()
    receive(harness, make_recorded("village"))
    (notice,) = (state for state in harness.states.values() if isinstance(state, Notice))
    assert notice.due_at is not None
    claim = ClaimNotice(notice_id=notice.id, person_id="P-1", due_at=notice.due_at, reachable=())
    harness.execute(claim)
    call = Call("collector", "staff_person_untold", VILLAGE)
    assert get_backlog(harness, call).count == 1
    assert [each.count for each in send(harness, call, "P-lin")] == [1]


def test_who_is_put_again_is_replaced_and_who_is_removed_has_no_duty() -> None:
    harness = DecisionHarness()
    for duties in (("finance",), ("approver_town",)):
        data = {"holder": "lin", "person_id": "P-lin", "duties": duties, "area": TOWN}
        harness.execute(PutStaffMember.model_validate(data))
    member = harness.states[Ref(StaffMember, "lin")]
    assert isinstance(member, StaffMember)
    assert member.duties == ("approver_town",)
    harness.execute(RemoveStaffMember(holder="lin"))
    removed = harness.states[Ref(StaffMember, "lin")]
    assert isinstance(removed, StaffMember)
    assert removed.duties == ()


def test_a_donor_whom_no_message_reaches_is_announced_to_who_sees_the_whole_city() -> None:
    """He is of no place, and his call stood on the list without anybody being told."""
    harness = DecisionHarness()
    harness.on_event(make_proposed(), MATCH_ID)
    harness.claim()
    assert harness.notice.code == "no_contact"
    call = Call("approver_city", "staff_call_waiting")
    assert [(n.person_id, n.count) for n in send(harness, call, "P-lin")] == [("P-lin", 1)]
