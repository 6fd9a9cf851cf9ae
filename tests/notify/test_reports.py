"""Receipts: early, late, twice, contradicting."""

from services.notify.model import Dispatch
from services.notify.refusals import OptOut
from shared.contracts.events import NoticeFailed, ReplyUnderstood
from shared.messaging.decision import Ref
from tests.notify.decisions import DecisionHarness, make_with_notice


def make_sent_notice() -> DecisionHarness:
    harness = make_with_notice()
    harness.claim_and_record("sent", "sms", provider_message_id="1")
    return harness


def test_receipt_delivers_the_notice() -> None:
    harness = make_sent_notice()
    harness.report("sms", "1", "delivered")
    assert harness.state == "delivered"
    assert harness.fact_types() == ["NoticeSent", "NoticeDelivered"]


def test_receipt_twice_is_told_once() -> None:
    harness = make_sent_notice()
    harness.report("sms", "1", "delivered")
    harness.report("sms", "1", "delivered")
    assert harness.fact_types() == ["NoticeSent", "NoticeDelivered"]


def test_receipt_that_comes_before_the_answer_is_kept_for_it() -> None:
    harness = make_with_notice()
    claimed = harness.claim("sms")
    assert claimed is not None
    harness.report("sms", "1", "delivered")
    assert harness.state == "sending"
    harness.record(claimed[0], "sent", provider_message_id="1")
    assert harness.state == "delivered"
    assert harness.fact_types() == ["NoticeSent", "NoticeDelivered"]


def test_receipt_of_a_message_that_is_not_ours_changes_nothing_else() -> None:
    harness = make_sent_notice()
    harness.report("sms", "999", "failed")
    assert harness.state == "sent"
    assert harness.states[Ref(Dispatch, "tencent:999")].notice_id is None


def test_failed_sms_fails_with_the_carriers_code() -> None:
    harness = make_sent_notice()
    harness.report("sms", "1", "failed", "UNDELIV")
    assert isinstance(harness.facts[-1], NoticeFailed)
    assert harness.facts[-1].code == "UNDELIV"


def test_late_failure_does_not_undo_a_delivery() -> None:
    harness = make_sent_notice()
    harness.report("sms", "1", "delivered")
    harness.report("sms", "1", "failed")
    assert harness.state == "delivered"


def test_late_delivery_does_not_undo_a_reported_failure() -> None:
    harness = make_sent_notice()
    harness.report("sms", "1", "failed")
    harness.report("sms", "1", "delivered")
    assert harness.state == "failed"


def test_failed_wechat_falls_over_to_sms() -> None:
    harness = make_with_notice()
    harness.claim_and_record("sent", "wechat", "sms", provider_message_id="7")
    harness.report("wechat", "7", "failed", "failed:user block")
    assert harness.claim("wechat", "sms") == (2, "sms")
    harness.record(2, "sent", provider_message_id="8")
    harness.report("sms", "8", "delivered")
    assert (harness.notice.state, harness.notice.channel) == ("delivered", "sms")


def test_early_failure_of_wechat_falls_over_to_sms() -> None:
    harness = make_with_notice()
    harness.claim("wechat", "sms")
    harness.report("wechat", "7", "failed", "failed:user block")
    harness.record(1, "sent", provider_message_id="7")
    assert harness.claim("wechat", "sms") == (2, "sms")


def test_failure_of_an_older_attempt_does_not_fail_the_newer() -> None:
    harness = make_with_notice()
    harness.claim_and_record("unknown", "wechat")
    harness.wait_until_due()
    harness.claim_and_record("sent", "wechat", provider_message_id="8")
    harness.record(1, "sent", provider_message_id="7")
    harness.report("wechat", "7", "failed")
    assert harness.state == "sent"


def test_receipt_delivers_a_notice_that_had_run_out() -> None:
    harness = make_with_notice()
    harness.claim("sms")
    harness.expire_claim()
    harness.record(1, "sent", provider_message_id="1")
    harness.report("sms", "1", "delivered")
    assert harness.state == "delivered"


def test_opt_out_is_remembered_once() -> None:
    harness = DecisionHarness()
    for number in range(2):
        reply = ReplyUnderstood(person_id="P-1", meaning="opted_out")
        harness.on_event(reply, f"reply-{number}", f"E-{number}")
        harness.pass_time(60)
    assert harness.states[Ref(OptOut, "P-1")].since < harness.now
    assert len(harness.states) == 1
