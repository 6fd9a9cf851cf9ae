"""Receipts and replies: what providers repeat changes nothing, what a person says counts once."""

from typing import Any, Literal

import pytest

from services.intake.channels.typed_requests import NOT_ARRIVED, format_answer
from services.intake.model import (
    AnswerMeaning,
    ContactPoint,
    Meaning,
    Reply,
    ReportMessage,
    UnderstandReply,
)
from services.intake.vault.messages import make_reply
from services.intake.vault.persons import derive_point_id
from shared.contracts.events import (
    MatchConfirmed,
    MatchDelivered,
    MatchReopened,
    MessageReported,
    ReplyUnderstood,
)
from shared.messaging.decision import Decision, Ref
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


def answer(
    harness: DecisionHarness, meaning: AnswerMeaning, *, openid: str | None = None, **said: Any
) -> Decision:
    """One reply; its id is its number among them."""
    id_ = f"Y-{sum(isinstance(state, Reply) for state in harness.states.values())}"
    phone = None if openid else SMS["phone"]
    data = make_reply(VAULT, id_, meaning, phone=phone, openid=openid, **said)
    return harness.handle(COMMANDS[UnderstandReply], make_command(data))


def list_answered(decision: Decision) -> list[str | None]:
    return [fact.match_id for _, fact in decision.events if isinstance(fact, ReplyUnderstood)]


def test_received_is_about_the_one_delivery_that_is_open() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1")
    assert list_answered(answer(harness, "received")) == ["M-1"]
    assert not harness.person(person).awaiting


@pytest.mark.parametrize("meaning", ["received", "not_received"])
def test_of_several_deliveries_it_is_asked_which(meaning: Meaning) -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1", "M-2")
    decision = answer(harness, meaning)
    assert not decision.events
    assert get_body(decision) == {"meaning": "which", "references": ["M-1", "M-2"]}
    assert harness.person(person).awaiting == ("M-1", "M-2")


def test_the_number_that_the_message_carried_says_which() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1", "M-2")
    decision = answer(harness, "received", references=("M-2",))
    assert list_answered(decision) == ["M-2"]
    assert harness.person(person).awaiting == ("M-1",)


def test_a_number_of_nothing_that_is_open_says_nothing() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1")
    decision = answer(harness, "received", references=("FFFFFF",))
    assert not decision.events
    assert harness.person(person).awaiting == ("M-1",)


def test_all_is_all() -> None:
    harness = DecisionHarness()
    delivered(harness, "M-1", "M-2")
    assert list_answered(answer(harness, "received", is_about_all=True)) == ["M-1", "M-2"]


def test_two_deliveries_with_one_number_are_for_a_person_to_tell_apart() -> None:
    harness = DecisionHarness()
    first, second = (f"M-R-0000000000000001ea5f-O-{n}-1" for n in (1, 2))
    delivered(harness, first, second)
    for said in ((), ("01EA5F",)):
        decision = answer(harness, "received", references=said)
        assert not decision.events
        assert get_body(decision) == {"meaning": "unread"}


@pytest.mark.parametrize(
    ("items", "chosen"),
    [(("轮椅",), [0]), (("毛毯",), None), (("轮椅", "棉被"), None), ((), None)],
)
def test_a_reply_that_names_a_thing_is_about_the_only_delivery_of_it(
    items: tuple[str, ...], chosen: list[int] | None
) -> None:
    harness = DecisionHarness()
    matches = []
    for item in ("轮椅", "棉被", "大米"):
        asked = make_submission(
            applicant=SMS, need={"unit": "件", "quantity": 1, "item": item}, category="supplies"
        )
        body = get_body(harness.decide_submission(make_command(asked, key=item)))
        request = harness.request(body["request_id"])
        matches.append(f"M-{request.id}-O-0123456789-1")
        event = make_match_event(MatchDelivered, request, 1, matches[-1])
        harness.handle(EVENTS[MatchDelivered], event)
    decision = answer(harness, "received", items=items)
    assert list_answered(decision) == [matches[number] for number in chosen or ()]
    assert (get_body(decision)["meaning"] == "which") is (chosen is None)


def test_a_lone_n_is_no_opt_out() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1")
    assert not answer(harness, "no").events
    assert not harness.person(person).opted_out
    answer(harness, "received")
    assert not answer(harness, "no").events, "nor where nothing waits any more"
    assert not harness.person(person).opted_out


def test_who_opted_out_comes_back() -> None:
    harness = DecisionHarness()
    person = delivered(harness)
    answer(harness, "opted_out")
    assert harness.person(person).opted_out
    assert list_facts(answer(harness, "resumed")) == ["NoticesResumed"]
    assert not harness.person(person).opted_out


def test_on_a_phone_of_several_stopping_is_about_the_phone_and_nobodys_word_for_the_others() -> (
    None
):
    harness = DecisionHarness()

    def ask(name: str) -> str:
        item = make_command(make_submission(applicant=SMS | {"name": name}), key=name)
        return harness.request(get_body(harness.decide_submission(item))["request_id"]).person_id

    first, second = ask("钱伯"), ask("孙婆")
    assert not answer(harness, "opted_out").events
    (point,) = harness.points()
    assert point.opted_out, "no SMS goes there"
    third = ask("周伯")
    assert [harness.person(id_).opted_out for id_ in (first, second, third)] == [False] * 3
    answer(harness, "resumed")
    (point,) = harness.points()
    assert not point.opted_out


def test_stopping_on_wechat_stops_no_sms() -> None:
    harness = DecisionHarness()
    person = delivered(harness)
    answer(harness, "opted_out", openid="oABC_123")
    assert not harness.person(person).opted_out
    point = harness.states[Ref(ContactPoint, derive_point_id(VAULT, openid="oABC_123"))]
    assert isinstance(point, ContactPoint)
    assert point.opted_out


def test_the_same_reply_pushed_twice_counts_once() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1")
    harness.handle(COMMANDS[UnderstandReply], make_command(reply()))
    request = next(iter(harness.person(person).unfinished.values())).request_id
    later = make_match_event(MatchDelivered, harness.request(request), 1, "M-2")
    harness.handle(EVENTS[MatchDelivered], later)
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


def test_not_received_is_about_the_delivery_that_is_open() -> None:
    harness = DecisionHarness()
    person = delivered(harness, "M-1")
    assert report_not_received(harness) == "M-1"
    assert not harness.person(person).awaiting


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
