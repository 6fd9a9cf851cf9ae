"""A yes behind words that nobody read yet: it waits for a person beside them."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.vault.messages import make_reply
from shared.contracts.events import ReplyUnderstood
from tests.intake.builders import PHONE, VAULT, get_body, list_facts
from tests.intake.test_decide_inbox import SMS, Inbox, list_answers


def confirm(inbox: Inbox, number: str = "9", **said: Any) -> list[str | None]:
    """Of which deliveries a “1” says that they came."""
    message = inbox.keep(replace(SMS, text="1", message_id=number))
    said = {"message_id": message.id} | said
    decision = inbox.handle_any(make_reply(VAULT, f"Y-{number}", "received", phone=PHONE, **said))
    return [fact.match_id for _, fact in decision.events if isinstance(fact, ReplyUnderstood)]


@pytest.mark.parametrize("said", [{}, {"references": ("M-1",)}, {"is_about_all": True}])
@pytest.mark.parametrize("reading", ["unknown", "partly", "needless", "no", "opted_out"])
def test_a_yes_behind_words_that_nobody_read_waits_for_a_person(
    reading: str, said: dict[str, Any]
) -> None:
    inbox = Inbox()
    inbox.deliver()
    wrong_number = inbox.keep()
    inbox.settle(wrong_number, reading=reading)
    assert confirm(inbox, "2", **said) == []
    assert inbox.message(inbox.keep(replace(SMS, message_id="2")).id).waits
    inbox.read(wrong_number)
    assert confirm(inbox, "3", **said) == ["M-1"]


def test_who_writes_while_a_delivery_waits_is_not_invited_to_ask_for_something() -> None:
    inbox = Inbox()
    inbox.deliver()
    broken = inbox.keep(replace(SMS, text="东西坏的"))
    assert list_answers(inbox.settle(broken, answer="unread")) == ["noted"]
    message = inbox.keep(replace(SMS, text="1", message_id="2"))
    said = {"message_id": message.id}
    decision = inbox.handle_any(make_reply(VAULT, "Y-2", "received", phone=PHONE, **said))
    assert list_answers(decision) == ["noted"]
    assert get_body(decision) == {"meaning": "noted"}
    inbox.read(broken)
    inbox.read(message)
    assert confirm(inbox) == ["M-1"]
    after = inbox.keep(replace(SMS, message_id="3"))
    assert list_answers(inbox.settle(after, answer="unread")) == ["unread"]


def test_words_that_are_not_understood_yet_stand_against_a_yes() -> None:
    """Their reading runs, or died."""
    inbox = Inbox()
    inbox.deliver()
    inbox.keep()
    assert confirm(inbox) == []


def test_what_was_written_before_a_delivery_or_asks_for_something_else_stands_against_none() -> (
    None
):
    inbox = Inbox()
    inbox.settle(inbox.keep())
    inbox.deliver()
    inbox.settle(inbox.keep(replace(SMS, message_id="2")), reading="part_of_request")
    inbox.keep(replace(SMS, message_id="3", kind="image"))
    assert confirm(inbox) == ["M-1"]


def test_a_no_is_heard_whatever_waits() -> None:
    inbox = Inbox()
    inbox.deliver()
    inbox.settle(inbox.keep())
    reply = make_reply(VAULT, "Y-1", "not_received", phone=PHONE)
    assert "ReplyUnderstood" in list_facts(inbox.handle_any(reply))
