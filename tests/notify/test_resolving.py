"""A person resolves what nobody knows."""

from typing import Literal

import pytest

from services.notify.model import ResolveNotice
from shared.messaging.decision import Answer
from tests.notify.decisions import DecisionHarness, make_with_notice


def unclear() -> DecisionHarness:
    harness = make_with_notice()
    harness.claim_and_record("unknown", "sms")
    return harness


def resolve(
    harness: DecisionHarness,
    verdict: Literal["sent", "failed", "resend"],
    message_id: str | None = None,
) -> Answer:
    resolution = ResolveNotice(
        notice_id=harness.notice.id, verdict=verdict, provider_message_id=message_id
    )
    answer = harness.execute(resolution, principal="operator")
    assert answer is not None
    return answer


def test_unclear_notice_is_sent_again_when_a_person_says_so() -> None:
    harness = unclear()
    assert resolve(harness, "resend").status == 200
    assert harness.claim("sms") == (2, "sms")
    assert harness.notice.resolved_by == "operator"


def test_unclear_notice_is_failed_by_a_person() -> None:
    harness = unclear()
    resolve(harness, "failed")
    assert (harness.notice.state, harness.notice.code) == ("failed", "resolved_failed")
    assert harness.fact_types() == ["NoticeUnresolved", "NoticeFailed"]


def test_message_id_from_the_console_finds_the_receipt_that_waits() -> None:
    harness = unclear()
    harness.report("sms", "1", "delivered")
    assert resolve(harness, "sent", "1").body["state"] == "delivered"
    assert harness.fact_types() == ["NoticeUnresolved", "NoticeSent", "NoticeDelivered"]


def test_message_id_from_the_console_lets_a_later_receipt_find_the_notice() -> None:
    harness = unclear()
    resolve(harness, "sent", "1")
    assert harness.state == "sent"
    harness.report("sms", "1", "delivered")
    assert harness.state == "delivered"


def test_receipt_of_delivery_corrects_a_person() -> None:
    harness = make_with_notice()
    harness.claim("sms")
    harness.expire_claim()
    resolve(harness, "failed")
    harness.record(1, "sent", provider_message_id="1")
    assert harness.state == "failed"
    harness.report("sms", "1", "delivered")
    assert harness.state == "delivered"


@pytest.mark.parametrize("verdict", ["sent", "failed", "resend"])
def test_clear_notice_cannot_be_resolved(verdict: Literal["sent", "failed", "resend"]) -> None:
    harness = make_with_notice()
    harness.claim_and_record("sent", "sms", provider_message_id="1")
    assert resolve(harness, verdict).status == 409
    assert harness.state == "sent"


def test_unknown_notice_is_not_found() -> None:
    answer = DecisionHarness().execute(ResolveNotice(notice_id="N-0", verdict="failed"))
    assert answer is not None
    assert answer.status == 404
