"""Messages: kept before they are understood, waiting for a person, read by one, forgotten."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.model import (
    AbandonDialogue,
    ContactPoint,
    Correspondence,
    Dialogue,
    ForgetMessages,
    HandleMessage,
    Message,
    SettleMessage,
    Slot,
    StaffRequest,
)
from services.intake.vault.messages import (
    Inbound,
    Talk,
    make_reply,
    open_address,
    open_message,
    open_talk,
    seal_message,
    seal_talk,
)
from shared.contracts.events import (
    MatchConfirmed,
    MatchDelivered,
    MessageAnswered,
    MessageHandled,
    MessageQueued,
    ReplyUnderstood,
)
from shared.contracts.values import Channel
from shared.messaging.decision import Decision, Ref
from shared.towns import CITY_WIDE
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    EVENTS,
    PHONE,
    SHIJIE,
    VAULT,
    DecisionHarness,
    get_body,
    list_facts,
    make_command,
    make_match_event,
    make_submission,
)
from tests.support.answers import code

SMS = Inbound("请帮帮我", "1", "/callbacks/tencent", Channel.SMS, phone=PHONE)


class Inbox(DecisionHarness):
    """Who writes, what the rules make of it, and who reads it."""

    def keep(self, inbound: Inbound = SMS, town: str | None = None) -> Message:
        self.handle_any(seal_message(VAULT, inbound, town))
        return self.message(seal_message(VAULT, inbound, town).message_id)

    def keep_several(self, count: int) -> list[Message]:
        return [self.keep(replace(SMS, message_id=f"several {number}")) for number in range(count)]

    def submit_staff(self, staff: StaffRequest) -> str:
        command = make_command(staff, key="/messages|m-1")
        return str(get_body(self.decide_submission(command))["request_id"])

    def settle(self, message: Message, state: str = "unread", **said: Any) -> Decision:
        data = {
            "message_id": message.id,
            "point_id": message.point_id,
            "reading": "unknown",
            "state": state,
        }
        return self.handle_any(SettleMessage.model_validate(data | said))

    def ask(self, message: Message, slot: Slot = "where") -> Decision:
        talk = seal_talk(VAULT, message.point_id, Talk(texts=("求轮椅",)))
        dialogue = Dialogue(slot=slot, asked=(slot,), message_ids=(message.id,), content=talk)
        return self.settle(message, "asked", answer=slot, dialogue=dialogue, follows="")

    def read(self, message: Message, handling: str = "nothing", **said: Any) -> Decision:
        data = {"message_id": message.id, "handling": handling, "reason": "已电话联系", "by": "wu"}
        return self.handle_any(HandleMessage.model_validate(data | said))

    def handle_any(self, data: Any) -> Decision:
        return self.handle(COMMANDS[type(data)], make_command(data))

    def message(self, id_: str) -> Message:
        message = self.states[Ref(Message, id_)]
        assert isinstance(message, Message)
        return message

    def thread(self, message: Message) -> Correspondence:
        thread = self.states[Ref(Correspondence, message.point_id)]
        assert isinstance(thread, Correspondence)
        return thread

    def deliver(self, match_id: str = "M-1") -> str:
        """To whoever has the phone; the id of his request."""
        id_ = str(get_body(self.submit(make_submission()))["request_id"])
        event = make_match_event(
            MatchDelivered, self.request(id_), 20_000, match_id, delivered_by=("mei",)
        )
        self.handle(EVENTS[MatchDelivered], event)
        return id_


# --- kept ---


def test_a_message_is_kept_before_it_is_understood_and_waits_for_a_person() -> None:
    inbox = Inbox()
    message = inbox.keep()
    assert (message.state, message.town_code) == ("unread", CITY_WIDE)
    content = open_message(VAULT, message)
    assert content == {"text": "请帮帮我", "phone": PHONE, "openid": None}
    assert open_address(VAULT, inbox.thread(message))["phone"] == PHONE
    assert "请帮帮我" not in str(message.model_dump())
    assert PHONE not in str(message.model_dump())


def test_the_same_message_again_is_the_same() -> None:
    inbox = Inbox()
    message = inbox.keep()
    inbox.settle(message)
    assert inbox.keep() == inbox.message(message.id)
    assert inbox.message(message.id).is_settled


def test_the_office_of_the_town_that_knows_the_sender_reads_it() -> None:
    inbox = Inbox()
    inbox.submit(make_submission())
    assert inbox.keep().town_code == CHASHAN
    assert inbox.keep(replace(SMS, message_id="2"), SHIJIE).town_code == SHIJIE


# --- the sender is answered ---


def list_answers(decision: Decision) -> list[str]:
    return [fact.full_answer for _, fact in decision.events if isinstance(fact, MessageAnswered)]


def test_that_somebody_reads_it_is_said_once_a_day() -> None:
    inbox = Inbox()
    told = []
    for number in range(4):
        message = inbox.keep(replace(SMS, message_id=str(number)))
        told.append(list_answers(inbox.settle(message, answer="unread")))
        assert inbox.message(message.id).waits
        inbox.later(hours=7)
    assert told == [["unread"], [], ["unread"], []]


def test_nobody_is_answered_without_end() -> None:
    inbox = Inbox()
    answers = []
    for number in range(20):
        message = inbox.keep(replace(SMS, message_id=str(number)))
        answers += list_answers(inbox.settle(message, "understood", answer="resumed"))
    assert len(answers) == 8


def test_who_stopped_notices_is_answered_where_life_is_in_danger() -> None:
    inbox = Inbox()
    point = ContactPoint(id=inbox.keep().point_id, opted_out=True)
    inbox.states[Ref(ContactPoint, point.id)] = point
    assert list_answers(inbox.settle(inbox.keep(), answer="unread")) == []
    second = inbox.keep(replace(SMS, message_id="2"))
    decision = inbox.settle(second, answer="emergency", detail="12356", urgent=True)
    assert list_answers(decision) == ["emergency"]
    (queued,) = [fact for _, fact in decision.events if isinstance(fact, MessageQueued)]
    assert queued.urgent


def test_no_word_of_a_message_leaves() -> None:
    inbox = Inbox()
    decision = inbox.settle(inbox.keep(), answer="unread")
    for _, fact in decision.events:
        assert PHONE[3:] not in fact.model_dump_json()
        assert "帮" not in fact.model_dump_json()


# --- a dialogue ---


def test_a_dialogue_is_kept_and_goes_to_a_person_when_nobody_answers() -> None:
    inbox = Inbox()
    message = inbox.keep()
    assert list_answers(inbox.ask(message)) == ["where"]
    thread = inbox.thread(message)
    assert open_talk(VAULT, thread).texts == ("求轮椅",)
    assert thread.due_at is not None
    early = inbox.handle_any(AbandonDialogue(aggregate_id=thread.id, due_at=thread.due_at))
    assert not early.states
    inbox.later(hours=25)
    decision = inbox.handle_any(AbandonDialogue(aggregate_id=thread.id, due_at=thread.due_at))
    assert list_facts(decision) == ["MessageQueued"]
    assert inbox.message(message.id).waits
    assert inbox.thread(message).dialogue is None


def test_two_messages_at_once_do_not_both_continue_a_dialogue() -> None:
    inbox = Inbox()
    first = inbox.keep()
    inbox.ask(first)
    second, third = (inbox.keep(replace(SMS, message_id=str(n))) for n in (2, 3))
    done = inbox.settle(second, "understood", request_id="R-1", follows=first.id)
    late = inbox.settle(third, "understood", request_id="R-2", follows=first.id)
    assert (done.answer and done.answer.status, late.answer and late.answer.status) == (200, 409)
    assert inbox.message(first.id).request_id == "R-1"
    assert not inbox.message(third.id).is_settled


def test_what_was_asked_for_last_is_remembered_for_the_photo_behind_it() -> None:
    inbox = Inbox()
    message = inbox.keep()
    inbox.settle(message, "understood", reading="request", request_id="R-1", follows="")
    thread = inbox.thread(message)
    assert (thread.request_id, thread.requested_at) == ("R-1", inbox.now)


def test_what_goes_to_a_person_takes_along_what_was_said_before() -> None:
    inbox = Inbox()
    first = inbox.keep()
    inbox.ask(first)
    second = inbox.keep(replace(SMS, message_id="2"))
    decision = inbox.settle(second, follows=first.id)
    assert list_facts(decision) == ["MessageQueued", "MessageQueued"]
    assert inbox.message(first.id).waits


# --- read by a person ---


def test_a_member_of_staff_says_what_it_is_and_why_once() -> None:
    inbox = Inbox()
    message = inbox.keep()
    decision = inbox.read(message)
    ((_, fact),) = decision.events
    assert isinstance(fact, MessageHandled)
    assert "已电话联系" not in fact.model_dump_json()
    handled = inbox.message(message.id)
    assert (handled.state, handled.handled_by, handled.reason) == ("handled", "wu", "已电话联系")
    assert code(inbox.read(message).answer) == "message_handled"


def test_what_was_read_together_is_handled_together_and_what_came_since_waits() -> None:
    inbox = Inbox()
    first, second, since = inbox.keep_several(3)
    decision = inbox.read(first, "opt_out", also=(second.id,))
    assert list_facts(decision) == ["MessageHandled", "MessageHandled"]
    assert [inbox.message(each.id).state for each in (first, second)] == ["handled", "handled"]
    assert inbox.message(since.id).waits


@pytest.mark.parametrize("other", ["handled", "of another point", "of another town", "missing"])
def test_nothing_is_handled_where_one_of_them_is_not_there_to_read(other: str) -> None:
    inbox = Inbox()
    first, second = inbox.keep_several(2)
    also, problem = second.id, "message_unknown"
    if other == "handled":
        inbox.read(second, by="lin")
        problem = "message_handled"
    elif other == "of another point":
        also = inbox.keep(replace(SMS, phone="+8613900139000")).id
    elif other == "of another town":
        also = inbox.keep(replace(SMS, message_id="far"), SHIJIE).id
    else:
        also = "W-none"
    area = CITY_WIDE if other == "of another town" else ""
    decision = inbox.read(first, also=(also,), area=area)
    assert code(decision.answer) == problem
    assert not decision.states
    assert inbox.message(first.id).waits


def test_an_answer_that_several_messages_say_is_said_once() -> None:
    inbox = Inbox()
    about = {"request_id": inbox.deliver(), "match_id": "M-1", "meaning": "received"}
    first, second = inbox.keep_several(2)
    decision = inbox.read(first, "answer", also=(second.id,), **about)
    assert list_facts(decision).count("ReplyUnderstood") == 1


def test_staff_of_another_town_see_nothing_to_handle() -> None:
    inbox = Inbox()
    message = inbox.keep(town=CHASHAN)
    assert code(inbox.read(message, area=SHIJIE).answer) == "message_unknown"


def test_what_was_read_as_an_answer_is_the_persons_word() -> None:
    inbox = Inbox()
    request_id = inbox.deliver()
    about = {"request_id": request_id, "match_id": "M-1", "meaning": "received"}
    decision = inbox.read(inbox.keep(), "answer", **about)
    (fact,) = [fact for _, fact in decision.events if isinstance(fact, ReplyUnderstood)]
    assert (fact.match_id, fact.meaning, fact.read_by) == ("M-1", "received", "wu")
    person_id = inbox.request(request_id).person_id
    assert inbox.person(person_id).awaiting == ("M-1",), "matching may not take that reader's word"
    confirmed = make_match_event(MatchConfirmed, inbox.request(request_id), 20_000)
    inbox.handle(EVENTS[MatchConfirmed], confirmed)
    assert not inbox.person(person_id).awaiting


@pytest.mark.parametrize(
    ("inbound", "about", "problem"),
    [
        (SMS, {"match_id": "M-2"}, "match_not_awaited"),
        (SMS, {"request_id": "R-2"}, "request_unknown"),
        (SMS, {"by": "lin"}, "handler_same"),
        (SMS, {"by": "mei"}, "handler_same"),
        (replace(SMS, phone="+8613900139000"), {}, "answer_foreign"),
        (replace(SMS, channel=Channel.HOTLINE), {}, "answer_foreign"),
    ],
)
def test_nobody_reads_out_of_a_message_that_help_arrived_unless_it_says_so(
    inbound: Inbound, about: dict[str, str], problem: str
) -> None:
    inbox = Inbox()
    request_id = inbox.deliver()
    request = inbox.request(request_id).model_copy(update={"recorded_by": "lin"})
    inbox.states[Ref(type(request), request_id)] = request
    said = {"request_id": request_id, "match_id": "M-1", "meaning": "received"} | about
    decision = inbox.read(inbox.keep(inbound), "answer", **said)
    assert code(decision.answer) == problem
    assert not decision.events


def test_an_answer_to_no_open_question_waits_in_the_inbox() -> None:
    inbox = Inbox()
    message = inbox.keep()
    reply = make_reply(VAULT, "Y-1", "received", phone=PHONE, message_id=message.id)
    assert "MessageQueued" in list_facts(inbox.handle_any(reply))
    stored = inbox.message(message.id)
    assert (stored.is_settled, stored.reading, stored.state) == (True, "received", "unread")


# --- forgotten ---


def test_of_what_is_forgotten_nothing_can_be_read() -> None:
    inbox = Inbox()
    message = inbox.keep()
    inbox.ask(message)
    forget = ForgetMessages(message_ids=(message.id,), point_ids=(message.point_id,))
    inbox.handle_any(forget)
    assert open_message(VAULT, inbox.message(message.id)) is None
    assert open_address(VAULT, inbox.thread(message)) == {}
    assert open_talk(VAULT, inbox.thread(message)) == Talk()


@pytest.mark.parametrize("is_asked", [False, True])
def test_what_is_forgotten_waits_for_nobody_in_the_inbox(is_asked: bool) -> None:
    inbox = Inbox()
    message = inbox.keep()
    if is_asked:
        inbox.ask(message)
    inbox.handle_any(ForgetMessages(message_ids=(message.id,), point_ids=(message.point_id,)))
    assert inbox.message(message.id).state == "understood"
    late = inbox.settle(message)
    assert not late.events, "a rule that read it before is done with it"
    assert inbox.message(message.id).state == "understood"


def test_why_staff_did_something_is_forgotten_with_the_message() -> None:
    inbox = Inbox()
    message = inbox.keep()
    inbox.settle(message)
    inbox.read(message, reason="已致电 13788000999 司徒甲")
    assert inbox.message(message.id).reason
    inbox.handle_any(ForgetMessages(message_ids=(message.id,), point_ids=(message.point_id,)))
    assert "13788000999" not in repr(inbox.states)


@pytest.mark.parametrize(("says_more", "state"), [(False, "understood"), (True, "unread")])
def test_who_opts_out_and_says_more_is_obeyed_and_read(says_more: bool, state: str) -> None:
    inbox = Inbox()
    message = inbox.keep()
    said: dict[str, Any] = {"message_id": message.id, "says_more": says_more}
    reply = make_reply(VAULT, "Y-1", "opted_out", phone=PHONE, **said)
    decision = inbox.handle_any(reply)
    assert inbox.message(message.id).state == state
    (point,) = inbox.points()
    assert point.opted_out
    assert ("MessageQueued" in list_facts(decision)) is says_more
