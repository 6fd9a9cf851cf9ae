"""Receipts and replies: what providers repeat changes nothing, what a person says counts once."""

from typing import Literal

from services.intake import events
from services.intake.channels.typed_requests import NOT_ARRIVED, words_for
from services.intake.model import Meaning, Person, ReportMessage, UnderstandReply
from shared.contracts.events import (
    MatchConfirmed,
    MatchDelivered,
    MatchReopened,
    MessageReported,
    ReplyUnderstood,
)
from tests.intake.making import RULES, VAULT, Memory, command, facts, match, submitted, told

EVENTS = events.events(VAULT, RULES)
COMMANDS = events.commands(VAULT, RULES)
SMS = {"name": "李四", "phone": "+8613900139000"}
WECHAT = {"name": "李四", "wechat_openid": "oABC_123"}


def report(outcome: Literal["delivered", "failed"]) -> ReportMessage:
    return ReportMessage(provider="tencent", provider_message_id="2022:1", outcome=outcome)


def reply(
    person_id: str,
    meaning: Meaning = "received",
    id_: str = "Y-1",
    handle_id: str = "",
) -> UnderstandReply:
    return UnderstandReply(reply_id=id_, meaning=meaning, person_id=person_id, handle_id=handle_id)


def delivered(memory: Memory, *parts: str, applicant: dict[str, str] = SMS) -> str:
    """Somebody to whom these matches were delivered; returns the person's id."""
    id_ = told(memory.submit(submitted(applicant=applicant)))["request_id"]
    request = memory.request(id_)
    for part in parts:
        memory.handle(EVENTS[MatchDelivered], match(MatchDelivered, request, 1, part))
    return request.person_id


def test_the_first_receipt_stands() -> None:
    memory = Memory()
    first = memory.handle(COMMANDS[ReportMessage], command(report("delivered")))
    again = memory.handle(COMMANDS[ReportMessage], command(report("failed")))
    ((speaker, fact),) = first.events
    assert speaker.id == "tencent:2022:1"
    assert isinstance(fact, MessageReported)
    assert fact.outcome == "delivered"
    assert not again.events
    assert not again.states


def test_received_is_for_the_oldest_delivery_and_then_the_next() -> None:
    memory = Memory()
    person = delivered(memory, "M-1", "M-2")
    for reply_id, match_id in (("Y-1", "M-1"), ("Y-2", "M-2")):
        decision = memory.handle(COMMANDS[UnderstandReply], command(reply(person, id_=reply_id)))
        ((speaker, fact),) = decision.events
        assert speaker.id == reply_id
        assert isinstance(fact, ReplyUnderstood)
        assert fact.match_id == match_id


def test_the_same_reply_pushed_twice_counts_once() -> None:
    memory = Memory()
    person = delivered(memory, "M-1", "M-2")
    memory.handle(COMMANDS[UnderstandReply], command(reply(person)))
    again = memory.handle(COMMANDS[UnderstandReply], command(reply(person)))
    assert not again.events
    assert memory.person(person).awaiting == ("M-2",)


def test_received_with_nothing_delivered_says_nothing() -> None:
    memory = Memory()
    person = delivered(memory)
    decision = memory.handle(COMMANDS[UnderstandReply], command(reply(person)))
    assert told(decision) == {"meaning": "nothing_awaited"}
    assert not decision.events


def test_a_wechat_reply_finds_its_person_by_openid() -> None:
    memory = Memory()
    both = SMS | WECHAT
    person = delivered(memory, "M-1", applicant=both)
    (handle,) = memory.handles()
    said = reply("P-unknown", handle_id=handle.id)
    decision = memory.handle(COMMANDS[UnderstandReply], command(said))
    assert facts(decision) == ["ReplyUnderstood"]
    assert memory.person(person).awaiting == ()


def test_who_opts_out_is_marked_even_if_nobody_knows_them() -> None:
    memory = Memory()
    decision = memory.handle(COMMANDS[UnderstandReply], command(reply("P-new", "opted_out")))
    assert facts(decision) == ["ReplyUnderstood"]
    assert memory.person("P-new") == Person(id="P-new", opted_out=True)


def test_received_before_any_delivery_never_confirms_a_later_one() -> None:
    memory = Memory()
    person = delivered(memory)
    first = memory.handle(COMMANDS[UnderstandReply], command(reply(person)))
    request = next(iter(memory.person(person).unfinished.values())).request_id
    later = match(MatchDelivered, memory.request(request), 1, "M-1")
    memory.handle(EVENTS[MatchDelivered], later)
    again = memory.handle(COMMANDS[UnderstandReply], command(reply(person)))
    assert not again.events
    assert told(again) == told(first) == {"meaning": "nothing_awaited"}
    assert memory.person(person).awaiting == ("M-1",)


# --- “没收到” ---


def said_not_received(memory: Memory, person: str, id_: str = "Y-1") -> str | None:
    """The match it is about, if it said anything."""
    said = command(reply(person, "not_received", id_=id_))
    decision = memory.handle(COMMANDS[UnderstandReply], said)
    for _, fact in decision.events:
        assert isinstance(fact, ReplyUnderstood)
        assert fact.meaning == "not_received"
        assert decision.answer is not None
        assert words_for(decision.answer) == NOT_ARRIVED
        return fact.match_id
    return None


def test_not_received_is_about_the_oldest_delivery() -> None:
    memory = Memory()
    person = delivered(memory, "M-1", "M-2")
    assert said_not_received(memory, person) == "M-1"
    assert memory.person(person).awaiting == ("M-2",)


def test_not_received_is_about_what_somebody_else_confirmed_where_nothing_is_awaited() -> None:
    memory = Memory()
    person = delivered(memory, "M-1")
    request = next(iter(memory.person(person).unfinished.values())).request_id
    memory.handle(EVENTS[MatchConfirmed], match(MatchConfirmed, memory.request(request), 1, "M-1"))
    assert memory.person(person).arrived == "M-1"
    assert said_not_received(memory, person) == "M-1"
    assert said_not_received(memory, person, "Y-2") is None


def test_not_received_with_nothing_delivered_says_nothing() -> None:
    memory = Memory()
    assert said_not_received(memory, delivered(memory)) is None


def test_what_was_reopened_is_no_longer_remembered_as_arrived() -> None:
    memory = Memory()
    person = delivered(memory, "M-1")
    request = next(iter(memory.person(person).unfinished.values())).request_id
    for kind in (MatchConfirmed, MatchReopened):
        memory.handle(EVENTS[kind], match(kind, memory.request(request), 1, "M-1"))
    assert said_not_received(memory, person) is None
