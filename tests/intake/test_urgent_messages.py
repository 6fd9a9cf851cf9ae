"""Messages that may be about danger to life, as staff put them aside."""

from typing import Any

import pytest

from services.intake.model import StaffRequest
from tests.intake.builders import make_submission
from tests.intake.test_decide_inbox import SMS, Inbox
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
