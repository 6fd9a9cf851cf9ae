"""A person resolves what nobody knows."""

from typing import Literal

import pytest

from services.notify.model import ResolveNotice
from shared.messaging.decision import Answer
from tests.notify.world import World, with_notice


def unclear() -> World:
    world = with_notice()
    world.claim_and_hear("unknown", "sms")
    return world


def resolve(
    world: World, verdict: Literal["sent", "failed", "resend"], message_id: str | None = None
) -> Answer:
    asked = ResolveNotice(
        notice_id=world.notice.id, verdict=verdict, provider_message_id=message_id
    )
    answer = world.ask(asked, principal="operator")
    assert answer is not None
    return answer


def test_unclear_notice_is_sent_again_when_a_person_says_so() -> None:
    world = unclear()
    assert resolve(world, "resend").status == 200
    assert world.claim("sms") == (2, "sms")
    assert world.notice.resolved_by == "operator"


def test_unclear_notice_is_failed_by_a_person() -> None:
    world = unclear()
    resolve(world, "failed")
    assert (world.notice.state, world.notice.code) == ("failed", "resolved_failed")
    assert world.told_types() == ["NoticeUnresolved", "NoticeFailed"]


def test_message_id_from_the_console_finds_the_receipt_that_waits() -> None:
    world = unclear()
    world.report("sms", "1", "delivered")
    assert resolve(world, "sent", "1").body["state"] == "delivered"
    assert world.told_types() == ["NoticeUnresolved", "NoticeSent", "NoticeDelivered"]


def test_message_id_from_the_console_lets_a_later_receipt_find_the_notice() -> None:
    world = unclear()
    resolve(world, "sent", "1")
    assert world.state == "sent"
    world.report("sms", "1", "delivered")
    assert world.state == "delivered"


def test_receipt_of_delivery_corrects_a_person() -> None:
    world = with_notice()
    world.claim("sms")
    world.run_out()
    resolve(world, "failed")
    world.hear(1, "sent", provider_message_id="1")
    assert world.state == "failed"
    world.report("sms", "1", "delivered")
    assert world.state == "delivered"


@pytest.mark.parametrize("verdict", ["sent", "failed", "resend"])
def test_clear_notice_cannot_be_resolved(verdict: Literal["sent", "failed", "resend"]) -> None:
    world = with_notice()
    world.claim_and_hear("sent", "sms", provider_message_id="1")
    assert resolve(world, verdict).status == 409
    assert world.state == "sent"


def test_unknown_notice_is_not_found() -> None:
    answer = World().ask(ResolveNotice(notice_id="N-0", verdict="failed"))
    assert answer is not None
    assert answer.status == 404
