"""Receipts and replies: what providers repeat changes nothing, what a person says counts once."""

from typing import Literal

from services.intake.channels.typed_requests import NOT_ARRIVED, format_answer
from services.intake.model import Meaning, ReportMessage, UnderstandReply
from services.intake.vault.prepare import make_reply
from shared.contracts.events import (
    MatchConfirmed,
    MatchDelivered,
    MatchReopened,
    MessageReported,
    ReplyUnderstood,
)
from tests.intake.builders import (
    COMMANDS,
    EVENTS,
    VAULT,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_match_event,
    make_submission,
)

SMS = {"name": "李四", "phone": "+8613900139000"}


def report(outcome: Literal["delivered", "failed"]) -> ReportMessage:
    return ReportMessage(provider="tencent", provider_message_id="2022:1", outcome=outcome)


def reply(
    phone: str = SMS["phone"], meaning: Meaning = "received", id_: str = "Y-1"
) -> UnderstandReply:
    return make_reply(VAULT, id_, meaning, phone=phone, openid=None)


def delivered(harness: DecisionHarness, *parts: str, applicant: dict[str, str] = SMS) -> str:
    """Somebody to whom these matches were delivered; returns the person's id."""
    id_ = get_body(harness.submit(make_submission(applicant=applicant)))["request_id"]
    request = harness.request(id_)
    for part in parts:
        harness.handle(EVENTS[MatchDelivered], make_match_event(MatchDelivered, request, 1, part))
    return request.person_id


def test_the_first_receipt_stands() -> None:
    harness = DecisionHarness()
    first = harness.handle(COMMANDS[ReportMessage], make_command(report("delivered")))
    again = harness.handle(COMMANDS[ReportMessage], make_command(report("failed")))
    ((speaker, fact),) = first.events
    assert speaker.id == "tencent:2022:1"
    assert isinstance(fact, MessageReported)
    assert fact.outcome == "delivered"
    assert not again.events
    assert not again.states


def test_received_is_for_the_oldest_delivery_and_then_the_next() -> None:
    harness = DecisionHarness()
    delivered(harness, "M-1", "M-2")
    for reply_id, match_id in (("Y-1", "M-1"), ("Y-2", "M-2")):
        decision = harness.handle(COMMANDS[UnderstandReply], make_command(reply(id_=reply_id)))
        ((speaker, fact),) = decision.events
        assert speaker.id == reply_id
        assert isinstance(fact, ReplyUnderstood)
        assert fact.match_id == match_id


def test_the_same_reply_pushed_twice_counts_once() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1", "M-2")
    harness.handle(COMMANDS[UnderstandReply], make_command(reply()))
    again = harness.handle(COMMANDS[UnderstandReply], make_command(reply()))
    assert not again.events
    assert harness.person(person).awaiting == ("M-2",)


def test_received_with_nothing_delivered_says_nothing() -> None:
    harness = DecisionHarness()
    delivered(harness)
    decision = harness.handle(COMMANDS[UnderstandReply], make_command(reply()))
    assert get_body(decision) == {"meaning": "nothing_awaited"}
    assert not decision.events


def test_who_opts_out_is_marked_even_if_nobody_knows_them() -> None:
    harness = DecisionHarness()
    decision = harness.handle(COMMANDS[UnderstandReply], make_command(reply(meaning="opted_out")))
    assert list_facts(decision) == ["ReplyUnderstood"]
    (point,) = harness.points()
    assert point.opted_out
    named = get_body(harness.submit(make_submission(applicant=SMS)))["request_id"]
    assert harness.person(harness.request(named).person_id).opted_out


def test_received_before_any_delivery_never_confirms_a_later_one() -> None:
    harness = DecisionHarness()
    person = delivered(harness)
    first = harness.handle(COMMANDS[UnderstandReply], make_command(reply()))
    request = next(iter(harness.person(person).unfinished.values())).request_id
    later = make_match_event(MatchDelivered, harness.request(request), 1, "M-1")
    harness.handle(EVENTS[MatchDelivered], later)
    again = harness.handle(COMMANDS[UnderstandReply], make_command(reply()))
    assert not again.events
    assert get_body(again) == get_body(first) == {"meaning": "nothing_awaited"}
    assert harness.person(person).awaiting == ("M-1",)


# --- “没收到” ---


def report_not_received(harness: DecisionHarness, id_: str = "Y-1") -> str | None:
    """The match it is about, if it said anything."""
    said = make_command(reply(meaning="not_received", id_=id_))
    decision = harness.handle(COMMANDS[UnderstandReply], said)
    for _, fact in decision.events:
        assert isinstance(fact, ReplyUnderstood)
        assert fact.meaning == "not_received"
        assert decision.answer is not None
        assert format_answer(decision.answer) == NOT_ARRIVED
        return fact.match_id
    return None


def test_not_received_is_about_the_oldest_delivery() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1", "M-2")
    assert report_not_received(harness) == "M-1"
    assert harness.person(person).awaiting == ("M-2",)


def test_not_received_is_about_what_somebody_else_confirmed_where_nothing_is_awaited() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1")
    request = next(iter(harness.person(person).unfinished.values())).request_id
    harness.handle(
        EVENTS[MatchConfirmed], make_match_event(MatchConfirmed, harness.request(request), 1, "M-1")
    )
    assert harness.person(person).arrived == "M-1"
    assert report_not_received(harness) == "M-1"
    assert report_not_received(harness, "Y-2") is None


def test_not_received_with_nothing_delivered_says_nothing() -> None:
    harness = DecisionHarness()
    delivered(harness)
    assert report_not_received(harness) is None


def test_what_was_reopened_is_no_longer_remembered_as_arrived() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1")
    request = next(iter(harness.person(person).unfinished.values())).request_id
    for kind in (MatchConfirmed, MatchReopened):
        harness.handle(EVENTS[kind], make_match_event(kind, harness.request(request), 1, "M-1"))
    assert report_not_received(harness) is None
