"""A second word about a delivery: taken back, said again, or a picture where a word is awaited."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.channels.answers import Sense, read_answer
from services.intake.model import Message
from services.intake.vault.messages import make_reply
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    MatchReopened,
    ReplyUnderstood,
)
from shared.messaging.decision import Decision
from tests.intake.builders import EVENTS, PHONE, VAULT, get_body, make_match_event
from tests.intake.test_decide_inbox import SMS, Inbox, list_answers

OTHER_PHONE = "+8613800138099"


class Delivery(Inbox):
    """One delivery, and what is written of it."""

    def __init__(self) -> None:
        super().__init__()
        self.request_id = super().deliver("M-0")
        self.match_id = f"M-{self.request_id}-O-x-1"
        self.hear(MatchReleased, "M-0")
        self.hear(MatchDelivered)
        self.count = 0

    def hear(self, kind: Any, match_id: str = "", **more: Any) -> None:
        """Of matching."""
        match_id = match_id or self.match_id
        event = make_match_event(kind, self.request(self.request_id), 20_000, match_id, **more)
        self.handle(EVENTS[kind], event.model_copy(update={"time": self.now}))

    def write(self, meaning: str, phone: str = PHONE, **said: Any) -> tuple[Decision, Message]:
        self.count += 1
        message = self.keep(replace(SMS, message_id=f"w{self.count}", phone=phone))
        said = {"message_id": message.id} | said
        reply = make_reply(VAULT, f"Y-{self.count}", meaning, phone=phone, **said)  # type: ignore[arg-type]
        decision = self.handle_any(reply)
        return decision, self.message(message.id)


def list_words(decision: Decision) -> list[tuple[str, str | None]]:
    facts = [fact for _, fact in decision.events if isinstance(fact, ReplyUnderstood)]
    return [(fact.meaning, fact.match_id) for fact in facts]


def test_not_arrived_is_taken_back_from_where_it_was_said() -> None:
    delivery = Delivery()
    delivery.write("not_received")
    delivery.hear(MatchReopened, was="delivered")
    delivery.later(minutes=3)
    decision, message = delivery.write("received")
    assert list_words(decision) == [("received", delivery.match_id)]
    assert not message.waits
    again, _ = delivery.write("received")
    assert list_words(again) == [], "once"


@pytest.mark.parametrize("hours", [23, 25])
def test_it_is_taken_back_within_a_day(hours: int) -> None:
    delivery = Delivery()
    delivery.write("not_received")
    delivery.hear(MatchReopened, was="delivered")
    delivery.later(hours=hours)
    decision, message = delivery.write("received")
    assert bool(list_words(decision)) is (hours < 24)
    assert message.waits is (hours > 24)


def test_what_was_promised_since_is_not_what_arrived() -> None:
    """A person reads it, and its sender hears that nothing counts as received until then."""
    delivery = Delivery()
    delivery.write("not_received")
    delivery.hear(MatchReopened, was="delivered")
    delivery.hear(MatchReleased)
    delivery.hear(MatchCommitted, f"M-{delivery.request_id}-O-y-1")
    decision, message = delivery.write("received")
    assert list_words(decision) == []
    assert message.waits
    assert get_body(decision) == {"meaning": "noted"}
    assert list_answers(decision) == ["unread"] or list_answers(decision) == ["noted"]


def test_what_was_confirmed_before_is_not_taken_back_without_a_person() -> None:
    delivery = Delivery()
    delivery.hear(MatchConfirmed)
    delivery.write("not_received")
    delivery.hear(MatchReopened, was="confirmed")
    decision, message = delivery.write("received")
    assert list_words(decision) == []
    assert message.waits


def test_another_phone_takes_nothing_back() -> None:
    delivery = Delivery()
    delivery.write("not_received")
    delivery.hear(MatchReopened, was="delivered")
    decision, message = delivery.write("received", phone=OTHER_PHONE)
    assert list_words(decision) == []
    assert message.waits


def test_words_between_stand_against_it() -> None:
    """“没收到”, “东西坏的”, “收到了”."""
    delivery = Delivery()
    delivery.write("not_received")
    delivery.hear(MatchReopened, was="delivered")
    delivery.settle(delivery.keep(replace(SMS, text="东西坏的", message_id="b")))
    decision, message = delivery.write("received")
    assert list_words(decision) == []
    assert message.waits


def test_a_yes_that_may_be_about_another_delivery_is_asked_about() -> None:
    delivery = Delivery()
    other = delivery.match_id.replace("-x-", "-y-")
    delivery.hear(MatchDelivered, other)
    delivery.write("not_received", references=(), is_about_all=True)
    for match_id in (delivery.match_id, other):
        delivery.hear(MatchReopened, match_id, was="delivered")
    delivery.hear(MatchDelivered, other)
    decision, message = delivery.write("received")
    assert list_words(decision) == []
    assert message.state in ("asked", "unread")


# --- said again ---


@pytest.mark.parametrize(("days", "waits"), [(2, False), (8, True)])
def test_a_second_yes_is_no_task(days: int, waits: bool) -> None:
    delivery = Delivery()
    delivery.hear(MatchConfirmed)
    delivery.later(hours=24 * days)
    decision, message = delivery.write("received")
    assert list_words(decision) == []
    assert message.waits is waits
    assert get_body(decision) == {"meaning": "nothing_awaited" if waits else "repeated"}


def test_a_second_yes_before_matching_took_the_first_is_no_task() -> None:
    """“1”, and “1” again within the second."""
    delivery = Delivery()
    assert list_words(delivery.write("received")[0]) == [("received", delivery.match_id)]
    again, message = delivery.write("received")
    assert list_words(again) == [], "once"
    assert get_body(again) == {"meaning": "repeated"}
    assert not message.waits
    _, elsewhere = delivery.write("received", phone=OTHER_PHONE)
    assert elsewhere.waits, "nobody is known there"


def test_a_second_yes_about_what_is_on_its_way_again_is_read() -> None:
    delivery = Delivery()
    delivery.write("received")
    delivery.hear(MatchReopened, was="delivered")
    _, message = delivery.write("received")
    assert message.waits


def test_a_yes_that_was_taken_back_is_not_said_again() -> None:
    delivery = Delivery()
    delivery.write("received")
    delivery.hear(MatchConfirmed)
    delivery.write("not_received")
    _, message = delivery.write("received")
    assert message.waits, "matching has not said yet that it lacks"


def test_a_second_yes_while_something_is_on_its_way_is_read() -> None:
    delivery = Delivery()
    delivery.hear(MatchConfirmed)
    second = delivery.match_id.replace("-x-", "-y-")
    delivery.hear(MatchReopened, was="confirmed")
    delivery.hear(MatchCommitted, second)
    _, message = delivery.write("received")
    assert message.waits


# --- pictures ---


@pytest.mark.parametrize(
    ("written", "sense"),
    [("👍", Sense.THANKS), ("[强]", Sense.THANKS), ("😭😭", Sense.GRIEF), ("[大哭]", Sense.GRIEF)],
)
def test_tears_are_no_thanks(written: str, sense: Sense) -> None:
    assert read_answer(written).sense is sense


@pytest.mark.parametrize("reading", ["thanks", "unknown"])
def test_a_picture_to_please_confirm_is_asked_about_once(reading: str) -> None:
    delivery = Delivery()
    state = "understood" if reading == "thanks" else "unread"
    first = delivery.keep(replace(SMS, text="👍", message_id="p1"))
    said = {"reading": reading, "may_press": True}
    assert list_answers(delivery.settle(first, state, **said)) == ["arrived"]
    assert not delivery.message(first.id).waits
    second = delivery.keep(replace(SMS, text="👍", message_id="p2"))
    assert list_answers(delivery.settle(second, state, **said)) == []
    assert delivery.message(second.id).waits is (state == "unread")


def test_where_nothing_is_awaited_thanks_are_thanks() -> None:
    inbox = Inbox()
    message = inbox.keep(replace(SMS, text="👍"))
    decision = inbox.settle(message, "understood", reading="thanks", may_press=True)
    assert list_answers(decision) == []


@pytest.mark.parametrize(
    ("written", "sense"),
    [
        ("刚刚收到了", Sense.RECEIVED),
        ("后来收到了", Sense.RECEIVED),
        ("后来又收到了，谢谢", Sense.RECEIVED),
        ("终于收到了", Sense.RECEIVED),
        ("后来也没收到", Sense.NOT_RECEIVED),
        ("哦收到了不好意思", Sense.RECEIVED),
        ("唔好意思收到喇", Sense.RECEIVED),
        ("对不起刚才没看到，收到了", Sense.RECEIVED),
        ("我搞错了，收到了", Sense.RECEIVED),
        ("不好意思，还没收到", Sense.NOT_RECEIVED),
        ("没看到收到", Sense.UNKNOWN),
        ("我没看到收到钱", Sense.UNKNOWN),
        ("没看到货收到", Sense.UNKNOWN),
        ("说错了收到", Sense.PARTLY),
        ("刚才回错收到了", Sense.PARTLY),
        ("我搞错了没收到", Sense.PARTLY),
        ("我看错了收到的是别人的", Sense.PARTLY),
    ],
)
def test_who_takes_a_word_back_says_sorry(written: str, sense: Sense) -> None:
    assert read_answer(written).sense is sense
