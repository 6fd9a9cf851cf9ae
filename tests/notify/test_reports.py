"""Receipts: early, late, twice, contradicting."""

from services.notify.model import Dispatch, OptOut
from shared.contracts.events import NoticeFailed, ReplyUnderstood
from shared.messaging.decision import Ref
from tests.notify.world import World, with_notice


def sent_by_sms() -> World:
    world = with_notice()
    world.claim_and_hear("sent", "sms", provider_message_id="1")
    return world


def test_receipt_delivers_the_notice() -> None:
    world = sent_by_sms()
    world.report("sms", "1", "delivered")
    assert world.state == "delivered"
    assert world.told_types() == ["NoticeSent", "NoticeDelivered"]


def test_receipt_twice_is_told_once() -> None:
    world = sent_by_sms()
    world.report("sms", "1", "delivered")
    world.report("sms", "1", "delivered")
    assert world.told_types() == ["NoticeSent", "NoticeDelivered"]


def test_receipt_that_comes_before_the_answer_is_kept_for_it() -> None:
    world = with_notice()
    claimed = world.claim("sms")
    assert claimed is not None
    world.report("sms", "1", "delivered")
    assert world.state == "sending"
    world.hear(claimed[0], "sent", provider_message_id="1")
    assert world.state == "delivered"
    assert world.told_types() == ["NoticeSent", "NoticeDelivered"]


def test_receipt_of_a_message_that_is_not_ours_changes_nothing_else() -> None:
    world = sent_by_sms()
    world.report("sms", "999", "failed")
    assert world.state == "sent"
    assert world.states[Ref(Dispatch, "tencent:999")].notice_id is None


def test_failed_sms_fails_with_the_carriers_code() -> None:
    world = sent_by_sms()
    world.report("sms", "1", "failed", "UNDELIV")
    assert isinstance(world.told[-1], NoticeFailed)
    assert world.told[-1].code == "UNDELIV"


def test_late_failure_does_not_undo_a_delivery() -> None:
    world = sent_by_sms()
    world.report("sms", "1", "delivered")
    world.report("sms", "1", "failed")
    assert world.state == "delivered"


def test_late_delivery_does_not_undo_a_reported_failure() -> None:
    world = sent_by_sms()
    world.report("sms", "1", "failed")
    world.report("sms", "1", "delivered")
    assert world.state == "failed"


def test_failed_wechat_falls_over_to_sms() -> None:
    world = with_notice()
    world.claim_and_hear("sent", "wechat", "sms", provider_message_id="7")
    world.report("wechat", "7", "failed", "failed:user block")
    assert world.claim("wechat", "sms") == (2, "sms")
    world.hear(2, "sent", provider_message_id="8")
    world.report("sms", "8", "delivered")
    assert (world.notice.state, world.notice.channel) == ("delivered", "sms")


def test_early_failure_of_wechat_falls_over_to_sms() -> None:
    world = with_notice()
    world.claim("wechat", "sms")
    world.report("wechat", "7", "failed", "failed:user block")
    world.hear(1, "sent", provider_message_id="7")
    assert world.claim("wechat", "sms") == (2, "sms")


def test_failure_of_an_older_attempt_does_not_fail_the_newer() -> None:
    world = with_notice()
    world.claim_and_hear("unknown", "wechat")
    world.wait_until_due()
    world.claim_and_hear("sent", "wechat", provider_message_id="8")
    world.hear(1, "sent", provider_message_id="7")
    world.report("wechat", "7", "failed")
    assert world.state == "sent"


def test_receipt_delivers_a_notice_that_had_run_out() -> None:
    world = with_notice()
    world.claim("sms")
    world.run_out()
    world.hear(1, "sent", provider_message_id="1")
    world.report("sms", "1", "delivered")
    assert world.state == "delivered"


def test_opt_out_is_remembered_once() -> None:
    world = World()
    for number in range(2):
        said = ReplyUnderstood(person_id="P-1", meaning="opted_out")
        world.happens(said, f"reply-{number}", f"E-{number}")
        world.pass_time(60)
    assert world.states[Ref(OptOut, "P-1")].since < world.now
    assert len(world.states) == 1
