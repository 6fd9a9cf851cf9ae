"""Nobody hears old news, nor the end of what he never heard."""

from datetime import timedelta

import pytest

from services.notify.model import ClaimNotice, NoticeDue, RecordCall, RecordOutcome
from services.notify.overtaking import OVERTAKINGS
from services.notify.purposes import BY_NAME
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    MatchAccepted,
    MatchCommitted,
    MatchDelivered,
    MatchReleased,
    RequestBudgeted,
    RequestHastened,
    RequestReturned,
)
from tests.notify.decisions import (
    MATCH_ID,
    REQUEST_ID,
    DecisionHarness,
    make_opened,
    make_proposed,
    match_fields,
)
from tests.notify.mailing import (
    AREA,
    FELL,
    MIDNIGHT,
    NOON,
    UNBUDGETED,
    UNMET,
    claim,
    get_states,
    make_declined,
    make_followed,
    make_harness,
    make_recorded,
    send_all,
)


def test_who_is_declined_at_once_hears_only_that() -> None:
    harness = make_harness()
    harness.on_event(make_recorded(), id_="E-1")
    harness.on_event(make_opened(), id_="E-2")
    harness.on_event(make_declined(), id_="E-3")
    assert [n.purpose for _, n in send_all(harness)] == ["request_declined"]
    assert get_states(harness) == {
        "request_recorded": "cancelled",
        "request_opened": "cancelled",
        "request_declined": "sent",
    }
    assert harness.fact_types().count("NoticeCancelled") == 2


def test_another_case_of_the_same_person_is_not_overtaken() -> None:
    harness = make_harness()
    harness.on_event(make_opened(), "R-other", "E-1")
    harness.on_event(make_declined(), id_="E-2")
    assert len(send_all(harness)) == 2


def test_nobody_hears_that_help_fell_through_of_which_he_never_heard() -> None:
    harness = make_harness(MIDNIGHT)
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, "E-1")
    fell = MatchReleased(**match_fields(), reason="not_arrived", promised=True)
    harness.on_event(fell, MATCH_ID, "E-2")
    assert [n.purpose for _, n in send_all(harness)] == ["match_given_up"]


@pytest.mark.parametrize("promises", [[MatchCommitted], [MatchCommitted, MatchDelivered]])
def test_who_heard_nothing_of_help_that_came_and_went_by_night_hears_what_is_true_again(
    promises: list[type[MatchCommitted | MatchDelivered]],
) -> None:
    """Else he would hear nothing until the next step, and his case was taken up."""
    harness = make_harness(MIDNIGHT)
    harness.on_event(make_recorded(), id_="E-recorded")
    harness.on_event(make_opened(), id_="E-opened")
    for number, promise in enumerate(promises):
        harness.on_event(promise(**match_fields()), MATCH_ID, f"E-{number}")
    harness.on_event(FELL, MATCH_ID, "E-end")
    told = [n.purpose for _, n in send_all(harness) if n.person_id == "P-1"]
    assert told == ["request_opened"]


def test_help_that_came_and_went_twice_by_night_is_still_what_was_true_before() -> None:
    harness = make_harness(MIDNIGHT)
    harness.on_event(make_opened(), id_="E-opened")
    for number in range(2):
        harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, f"E-{number}")
        harness.on_event(FELL, MATCH_ID, f"E-end-{number}")
    told = [n.purpose for _, n in send_all(harness) if n.person_id == "P-1"]
    assert told == ["request_opened"]


def test_help_is_never_promised_after_it_fell_through() -> None:
    """The first try did not go out, and is repeated later."""
    harness = make_harness()
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, "E-1")
    data = ClaimNotice(
        notice_id=harness.notice.id, person_id="P-1", due_at=harness.now, reachable=("sms",)
    )
    harness.execute(data)
    id_ = harness.notice.id
    fell = MatchReleased(**match_fields(), reason="not_arrived", promised=True)
    harness.on_event(fell, MATCH_ID, "E-2")
    retry = {"notice_id": id_, "attempt": 1, "channel": "sms", "outcome": "retry"}
    harness.execute(RecordOutcome.model_validate(retry))
    assert "match_committed" not in {n.purpose for _, n in send_all(harness)}
    assert get_states(harness)["match_committed"] == "cancelled"
    assert get_states(harness)["match_fell_through"] == "cancelled"


def test_an_end_waits_for_a_promise_that_is_being_sent() -> None:
    harness = make_harness()
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, "E-1")
    promise = harness.notice
    data = ClaimNotice(
        notice_id=promise.id, person_id="P-1", due_at=harness.now, reachable=("sms",)
    )
    harness.execute(data)
    harness.on_event(FELL, MATCH_ID, "E-2")
    (end,) = [n for n in harness.notices if n.purpose == "match_fell_through"]
    assert not claim(harness, end)
    sent = {"notice_id": promise.id, "attempt": 1, "channel": "sms", "outcome": "sent"}
    harness.execute(RecordOutcome.model_validate(sent))
    assert ("P-1", "match_fell_through") in {(n.person_id, n.purpose) for _, n in send_all(harness)}


@pytest.mark.parametrize(
    ("promises", "end", "ends"),
    [
        ([make_followed("committed")], UNMET, "request_unmet"),
        ([make_followed("committed"), make_followed("delivered")], UNMET, "request_unmet"),
        ([RequestBudgeted(person_id="P-1", area=AREA)], UNBUDGETED, "request_unbudgeted"),
        (
            [MatchCommitted(**match_fields()), MatchDelivered(**match_fields())],
            FELL,
            "match_fell_through",
        ),
    ],
)
def test_an_end_is_told_to_whom_one_of_its_promises_was_told(
    promises: list[Fact], end: Fact, ends: str
) -> None:
    subject = MATCH_ID if end is FELL else REQUEST_ID
    for heard in range(len(promises) + 1):
        harness = make_harness(person_day_max=9, quiet_hours="", bundle_s=600)
        for number, promise in enumerate(promises):
            harness.on_event(promise, subject, f"E-{number}")
            if number < heard:
                send_all(harness)
        harness.on_event(end, subject, "E-end")
        send_all(harness)
        assert get_states(harness)[ends] == ("sent" if heard else "cancelled"), heard


def test_an_end_of_which_no_promise_is_known_is_told() -> None:
    harness = make_harness()
    harness.on_event(UNMET)
    assert [n.purpose for _, n in send_all(harness)] == ["request_unmet"]


@pytest.mark.parametrize(
    "fact",
    [
        RequestReturned(
            person_id="P-1", code="unclear", reason="缺证明", to_person=False, area=AREA
        ),
        RequestHastened(person_id="P-1", emergency_id="EM-1", area=AREA),
    ],
)
def test_what_tells_the_person_nothing_overtakes_nothing(fact: Fact) -> None:
    harness = make_harness()
    harness.on_event(make_recorded(), id_="E-1")
    harness.on_event(fact, id_="E-2")
    assert [n.purpose for _, n in send_all(harness)] == ["request_recorded"]


def test_donor_who_answered_is_not_asked_any_more() -> None:
    harness = make_harness(MIDNIGHT)
    harness.on_event(make_proposed(NOON + timedelta(days=3)), MATCH_ID, "E-1")
    harness.on_event(MatchAccepted(**match_fields()), MATCH_ID, "E-2")
    assert send_all(harness) == []


def test_table_names_purposes_that_exist() -> None:
    for rows in OVERTAKINGS.values():
        assert {name for row in rows for name in row.purposes} <= set(BY_NAME)


def fail_to_reach(harness: DecisionHarness) -> None:
    """Nobody knows a phone or an account of him."""
    notice = next(n for n in harness.notices if n.state == "created")
    assert notice.due_at is not None
    harness.now = max(harness.now, notice.due_at)
    data = ClaimNotice(
        notice_id=notice.id, person_id=notice.person_id, due_at=notice.due_at, reachable=()
    )
    harness.execute(data)


def list_calls(harness: DecisionHarness) -> list[str]:
    return [n.purpose for n in harness.notices if n.task and n.task.state == "open"]


@pytest.mark.parametrize("days", [0, 30])
def test_nobody_is_called_with_old_news(days: int) -> None:
    harness = make_harness()
    harness.on_event(make_opened(), id_="E-1")
    fail_to_reach(harness)
    assert list_calls(harness) == ["request_opened"]
    harness.now += timedelta(days=days)
    harness.on_event(make_declined(), id_="E-2")
    fail_to_reach(harness)
    assert list_calls(harness) == ["request_declined"]
    (old,) = [n for n in harness.notices if n.purpose == "request_opened"]
    assert old.task is not None
    assert (old.state, old.task.outcome, old.task.done_by) == ("failed", "needless", "")


def test_who_was_called_with_a_promise_is_called_with_its_end() -> None:
    for was_told in (True, False):
        harness = make_harness()
        harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, "E-1")
        fail_to_reach(harness)
        if was_told:
            harness.execute(RecordCall(notice_id=harness.notice.id, outcome="told", area=""))
        harness.on_event(FELL, MATCH_ID, "E-2")
        while any(n.state == "created" and n.person_id == "P-1" for n in harness.notices):
            fail_to_reach(harness)
        assert list_calls(harness) == (["match_fell_through"] if was_told else [])


def test_who_may_have_had_a_promise_hears_of_its_end() -> None:
    """The provider took it and no receipt came: somebody is to call, and he may have read it."""
    harness = make_harness()
    harness.on_event(MatchCommitted(**match_fields()), MATCH_ID, "E-1")
    ((_, promise),) = send_all(harness)
    due_at = harness.notice.due_at
    assert due_at is not None
    harness.now = due_at
    harness.execute(NoticeDue(aggregate_id=promise.id, due_at=due_at))
    assert list_calls(harness) == ["match_committed"]
    harness.on_event(FELL, MATCH_ID, "E-2")
    assert list_calls(harness) == []
    assert "match_fell_through" in [notice.purpose for _, notice in send_all(harness)]


def test_a_call_about_another_case_stays() -> None:
    harness = make_harness()
    harness.on_event(make_opened(), "R-other", "E-1")
    fail_to_reach(harness)
    harness.on_event(make_declined(), id_="E-2")
    assert list_calls(harness) == ["request_opened"]
