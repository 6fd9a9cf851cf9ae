"""What is claimed ahead of a place: sent again where its call never began, else unclear."""

from datetime import timedelta

from services.notify.decide.waits import decide_due
from services.notify.model import Mailbox, NoticeDue
from services.notify.registers import NEVER_BEGAN, CallRegister, name_call
from shared.messaging.decision import Command, Ref, States
from tests.notify.decisions import (
    START,
    DecisionHarness,
    make_opened,
    make_rules,
    make_with_notice,
)


def make_claimed_ahead(*calling: str) -> DecisionHarness:
    """calling: what its sender noted as begun, of the one notice; "" is its first attempt."""
    harness = make_with_notice()
    id_ = harness.notice.id
    names = tuple(each or name_call(id_, 1) for each in calling)
    register = CallRegister(id="G-1", calling=names, expires_at=START + timedelta(days=30))
    harness.states[Ref(CallRegister, register.id)] = register
    claim = harness.make_claim(("sms",)).model_copy(update={"register_id": register.id})
    harness.execute(claim)
    assert harness.state == "sending"
    return harness


def test_a_call_that_never_began_is_sent_again() -> None:
    harness = make_claimed_ahead("N-other/1")
    harness.expire_claim()
    assert (harness.state, harness.notice.code) == ("retry", NEVER_BEGAN)
    assert harness.claim("sms") == (2, "sms")
    assert [a.number for a in harness.notice.attempts] == [2], "the first says nothing"
    harness.record(2, "sent", provider_message_id="M-1")
    assert harness.state == "sent"


def test_a_call_that_its_sender_noted_is_unclear_and_never_sent_again() -> None:
    harness = make_claimed_ahead("")
    harness.expire_claim()
    assert harness.state == "unknown"
    assert harness.claim("sms") is None


def test_the_note_of_an_earlier_attempt_says_nothing_of_this_one() -> None:
    harness = make_with_notice()
    harness = make_claimed_ahead(name_call(harness.notice.id, 2))
    harness.expire_claim()
    assert harness.state == "retry"


def test_where_nobody_knows_what_was_noted_a_call_is_unclear() -> None:
    harness = make_claimed_ahead()
    del harness.states[Ref(CallRegister, "G-1")]
    harness.expire_claim()
    assert harness.state == "unknown"


def test_who_finds_that_a_call_never_began_reads_its_register() -> None:
    """So the loop raises its version with that, and its sender can begin it no more."""
    harness = make_claimed_ahead()
    due = NoticeDue(aggregate_id=harness.notice.id, due_at=harness.notice.deadline)
    harness.wait_until_due()
    states = States(harness.states)
    decision = decide_due(harness.rules, states, Command(due), harness.now)
    assert decision.states
    assert Ref(CallRegister, "G-1") in states.read


def test_what_was_given_back_counts_as_one_message_of_the_day() -> None:
    harness = make_claimed_ahead()
    harness.record(1, "retry", code=NEVER_BEGAN)
    harness.claim("sms")
    (mailbox,) = (each for each in harness.states.values() if isinstance(each, Mailbox))
    assert mailbox.count == 1


def test_what_never_began_is_no_try() -> None:
    """Else the last one that a notice has would be lost without a call."""
    harness = DecisionHarness(make_rules(retries_max=0))
    harness.on_event(make_opened())
    harness.claim("sms")
    harness.record(1, "retry", code=NEVER_BEGAN)
    assert harness.state == "retry"
    assert harness.claim("sms") == (2, "sms")
    harness.record(2, "retry", code="busy")
    assert harness.state == "failed"
