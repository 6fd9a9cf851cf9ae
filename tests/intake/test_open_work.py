"""What the demo leaves open: every desk has something on it."""

from deploy.demo.open_work import MESSAGES, list_requests
from services.intake.channels.text import Unclear, understand
from tests.intake.builders import DecisionHarness, get_body


def test_something_waits_at_every_desk() -> None:
    harness = DecisionHarness()
    bodies = [
        get_body(harness.submit(request, message=f"open-{number}"))
        for number, request in enumerate(list_requests())
    ]
    assert {body.get("approval_level", "menu") for body in bodies} == {"menu", "town", "city"}
    reasons = [reason["code"] for body in bodies for reason in body.get("waits_for", ())]
    assert "meeting_due" in reasons
    people = [request.person_id for request in harness.requests()]
    assert len(people) == len(set(people)) + 1, "one household came by two channels"


def test_its_messages_wait_to_be_read() -> None:
    assert all(isinstance(understand(text), Unclear) for _, text in MESSAGES)
