"""Messages that may be about danger to life, as staff put them aside."""

from tests.intake.test_decide_inbox import SMS, Inbox
from tests.support.answers import code


def test_an_urgent_message_is_put_aside_by_who_reached_its_sender() -> None:
    inbox = Inbox()
    message = inbox.keep(SMS)
    inbox.settle(message, reading="emergency", answer="emergency", urgent=True)
    refused = inbox.read(message)
    assert code(refused.answer) == "contact_missing"
    assert inbox.message(message.id).waits
    inbox.read(message, contacted="called")
    assert inbox.message(message.id).contacted == "called"
