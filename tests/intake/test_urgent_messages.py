"""Messages that may be about danger to life, as staff put them aside."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.model import Message, StaffRequest
from shared.contracts.events import MessageQueued
from shared.towns import CITY_WIDE
from tests.intake.builders import CHASHAN, SHIJIE, make_submission
from tests.intake.test_decide_inbox import SMS, Inbox, list_answers
from tests.support.answers import code


@pytest.mark.parametrize("handling", ["nothing", "note", "answer", "opt_out", "opt_in", "request"])
def test_an_urgent_message_is_closed_by_who_reached_its_sender(handling: str) -> None:
    inbox = Inbox()
    request_id = inbox.deliver()
    said: dict[str, Any] = {"request_id": request_id} if handling != "nothing" else {}
    if handling == "answer":
        said |= {"match_id": "M-1", "meaning": "not_received"}
    message = inbox.keep(SMS)
    inbox.settle(message, reading="emergency", answer="emergency", urgent=True)
    refused = inbox.read(message, handling, **said)
    assert code(refused.answer) == "reach_missing"
    assert inbox.message(message.id).waits
    inbox.read(message, handling, contacted="called", **said)
    assert inbox.message(message.id).contacted == "called"


def test_an_urgent_one_among_several_that_are_read_together_is_not_overlooked() -> None:
    inbox = Inbox()
    calm, urgent = inbox.keep_several(2)
    inbox.settle(urgent, reading="emergency", answer="emergency", urgent=True)
    assert code(inbox.read(calm, also=(urgent.id,)).answer) == "reach_missing"
    inbox.read(calm)
    assert not inbox.message(calm.id).waits, "without it nothing is urgent"


def test_an_urgent_request_goes_on_and_is_no_end_of_the_danger() -> None:
    inbox = Inbox()
    staff = StaffRequest(
        request=make_submission(), recorded_by="wu", met=False, classified=True, urgent=True
    )
    request_id = inbox.submit_staff(staff)
    message = inbox.keep(SMS)
    inbox.settle(message, reading="emergency", answer="emergency", urgent=True)
    inbox.read(message, "request", request_id=request_id)
    assert not inbox.message(message.id).waits


def alarm(inbox: Inbox, town: str | None = None) -> Message:
    message = inbox.keep(replace(SMS, text="我不想活了"), town)
    inbox.settle(message, reading="emergency", answer="emergency", urgent=True)
    return inbox.message(message.id)


@pytest.mark.parametrize(
    "flags", [{"asks_progress": True}, {"answer": "withdrawn", "reading": "needless"}]
)
def test_who_presses_in_danger_is_sent_to_no_form(flags: dict[str, Any]) -> None:
    inbox = Inbox()
    alarm(inbox)
    later = inbox.keep(replace(SMS, text="怎么还没人来", message_id="2"))
    assert list_answers(inbox.settle(later, **flags)) == ["urgent_noted"]


def test_what_follows_a_message_of_danger_is_as_urgent_and_gives_it_its_town() -> None:
    inbox = Inbox()
    first = alarm(inbox)
    later = inbox.keep(replace(SMS, text="在茶山", message_id="2"), CHASHAN)
    decision = inbox.settle(later, answer="unread")
    assert list_answers(decision) == ["urgent_noted"]
    assert inbox.message(later.id).urgent
    assert inbox.message(first.id).town_code == CHASHAN
    (queued,) = [fact for _, fact in decision.events if isinstance(fact, MessageQueued)]
    assert (queued.urgent, queued.town_code) == (True, CHASHAN)
    assert code(inbox.read(later).answer) == "reach_missing", "nobody overlooks it"


def test_what_follows_goes_to_the_office_that_has_the_message_of_danger() -> None:
    inbox = Inbox()
    first = alarm(inbox, SHIJIE)
    later = inbox.keep(replace(SMS, text="门没锁", message_id="2"))
    inbox.settle(later, answer="unread")
    assert later.town_code == CITY_WIDE
    assert inbox.message(later.id).town_code == SHIJIE
    elsewhere = inbox.keep(replace(SMS, text="在茶山", message_id="3"), CHASHAN)
    inbox.settle(elsewhere, answer="unread")
    assert inbox.message(elsewhere.id).town_code == CHASHAN
    assert inbox.message(first.id).town_code == SHIJIE


def test_once_staff_closed_it_what_follows_is_a_message_like_any_other() -> None:
    inbox = Inbox()
    first = alarm(inbox)
    inbox.read(first, contacted="called")
    later = inbox.keep(replace(SMS, text="谢谢你们来看我", message_id="2"))
    assert list_answers(inbox.settle(later, answer="unread")) == ["unread"]
    assert not inbox.message(later.id).urgent


def test_what_a_rule_did_with_all_of_it_is_urgent_for_nobody() -> None:
    inbox = Inbox()
    alarm(inbox)
    later = inbox.keep(replace(SMS, text="谢谢", message_id="2"))
    inbox.settle(later, "understood", reading="thanks")
    assert not inbox.message(later.id).urgent


def test_of_another_contact_nothing_is_more_urgent() -> None:
    inbox = Inbox()
    alarm(inbox)
    other = inbox.keep(replace(SMS, phone="+8613900139000", message_id="2"))
    inbox.settle(other, answer="unread")
    assert not inbox.message(other.id).urgent
