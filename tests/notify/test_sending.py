"""Claims, outcomes, fallover between channels, and what is never sent again."""

import pytest

from services.notify.model import NoticeDue
from services.notify.rules import Rules
from shared.contracts.events import NoticeFailed, NoticeSent, ReplyUnderstood
from tests.notify.world import MATCH_ID, World, opened, proposed, with_notice


def opt_out(world: World) -> None:
    said = ReplyUnderstood(person_id="P-1", meaning="opted_out")
    world.happens(said, "reply-1", "E-reply")


# --- claiming ---


def test_wechat_comes_first_where_there_is_an_openid() -> None:
    assert with_notice().claim("wechat", "sms") == (1, "wechat")
    assert with_notice().claim("sms") == (1, "sms")


def test_second_claim_of_the_same_notice_is_refused() -> None:
    world = with_notice()
    seen_by_both = world.claim_command(("sms",))
    first, second = world.ask(seen_by_both), world.ask(seen_by_both)
    assert first is not None
    assert second is not None
    assert (first.status, second.status) == (200, 409)
    assert len(world.notice.attempts) == 1


def test_claim_before_the_notice_is_due_is_refused() -> None:
    world = with_notice()
    world.claim_and_hear("retry", "sms", retry_after_s=60)
    assert world.claim("sms") is None
    world.wait_until_due()
    assert world.claim("sms") == (2, "sms")


def test_person_without_contacts_fails_the_notice() -> None:
    world = with_notice()
    assert world.claim() is None
    assert (world.notice.state, world.notice.code) == ("failed", "no_contact")
    assert isinstance(world.told[0], NoticeFailed)


def test_erased_person_is_not_looked_for() -> None:
    world = with_notice()
    assert world.claim(erased=True) is None
    assert (world.notice.state, world.notice.code) == ("failed", "erased")


def test_person_who_opted_out_gets_no_sms() -> None:
    world = with_notice()
    opt_out(world)
    assert world.claim("sms") is None
    assert (world.notice.state, world.notice.code) == ("failed", "opted_out")


def test_person_who_opted_out_of_sms_still_gets_wechat() -> None:
    world = with_notice()
    opt_out(world)
    assert world.claim("wechat", "sms") == (1, "wechat")


def test_confirmation_reply_is_no_opt_out() -> None:
    world = with_notice()
    world.happens(ReplyUnderstood(person_id="P-1", meaning="received"), "reply-1")
    assert world.claim("sms") == (1, "sms")


def test_link_that_has_expired_is_not_sent() -> None:
    world = World()
    world.happens(proposed(), MATCH_ID)
    world.now = proposed().expires_at
    assert world.claim("sms") is None
    assert (world.notice.state, world.notice.code) == ("failed", "link_expired")


def test_news_of_last_week_is_not_sent() -> None:
    world = with_notice()
    world.pass_time(Rules().notice_life_s + 1)
    assert world.claim("sms") is None
    assert world.notice.code == "too_late"


# --- outcomes ---


def test_sent_notice_is_told_once_however_often_it_is_heard() -> None:
    world = with_notice()
    attempt = world.claim_and_hear("sent", "sms", provider_message_id="1")
    world.hear(attempt, "sent", provider_message_id="1")
    world.hear(attempt, "refused")
    found = world.notice.attempt(attempt)
    assert found is not None
    assert (world.notice.state, found.outcome) == ("sent", "sent")
    assert [type(fact) for fact in world.told] == [NoticeSent]


def test_first_retry_is_at_once_and_later_ones_back_off() -> None:
    world = with_notice()
    waits = []
    for _ in range(5):
        world.claim_and_hear("retry", "sms")
        assert world.notice.due_at is not None
        waits.append((world.notice.due_at - world.now).total_seconds())
        world.wait_until_due()
    assert waits == [0, 5, 10, 20, 40]


def test_provider_that_names_a_wait_is_obeyed() -> None:
    world = with_notice()
    world.claim_and_hear("retry", "sms", retry_after_s=30)
    assert world.notice.due_at is not None
    assert (world.notice.due_at - world.now).total_seconds() == 30


def test_retries_end_in_failure_with_the_last_code() -> None:
    world = World(Rules(retries_max=2))
    world.happens(opened())
    for _ in range(3):
        world.wait_until_due()
        world.claim_and_hear("retry", "sms", code="throttled")
    assert (world.notice.state, world.notice.code) == ("failed", "throttled")


def test_refusal_by_wechat_falls_over_to_sms_at_once() -> None:
    world = with_notice()
    world.claim_and_hear("refused", "wechat", "sms", code="43004")
    assert world.claim("wechat", "sms") == (2, "sms")


def test_refusal_on_the_only_channel_fails_with_its_code() -> None:
    world = with_notice()
    world.claim_and_hear("refused", "wechat", code="43004")
    assert (world.notice.state, world.notice.code) == ("failed", "43004")


def test_misconfigured_sms_waits_and_never_fails() -> None:
    world = with_notice()
    for _ in range(20):
        world.claim_and_hear("misconfigured", "sms")
        assert world.notice.state == "retry"
        world.wait_until_due()
    assert world.told == []
    assert len(world.notice.attempts) == 1, "twenty times the same is kept once"


def test_misconfigured_wechat_falls_over_to_sms() -> None:
    world = with_notice()
    world.claim_and_hear("misconfigured", "wechat", "sms")
    assert world.claim("wechat", "sms") == (2, "sms")


def test_two_misconfigured_channels_take_turns_with_a_wait() -> None:
    world = with_notice()
    tried = []
    for _ in range(4):
        world.wait_until_due()
        claimed = world.claim("wechat", "sms")
        if claimed is None:
            world.wait_until_due()
            claimed = world.claim("wechat", "sms")
        assert claimed is not None
        tried.append(claimed[1])
        world.hear(claimed[0], "misconfigured")
    assert tried == ["wechat", "sms", "wechat", "sms"]


# --- what may have been sent ---


@pytest.mark.parametrize("how", ["answer", "crash"])
def test_unclear_sms_is_never_sent_again_nor_elsewhere(how: str) -> None:
    world = with_notice()
    claimed = world.claim("sms")
    assert claimed is not None
    if how == "answer":
        world.hear(claimed[0], "unknown")
    else:
        world.run_out()
    assert (world.notice.state, world.notice.due_at) == ("unknown", None)
    assert world.told_types() == ["NoticeUnresolved"]
    world.pass_time(1e6)
    assert world.claim("wechat", "sms") is None


def test_claim_does_not_run_out_early() -> None:
    world = with_notice()
    world.claim("sms")
    due_at = world.notice.due_at
    assert due_at is not None
    world.ask(NoticeDue(aggregate_id=world.notice.id, due_at=due_at))
    assert world.notice.state == "sending"


def test_deadline_of_an_earlier_claim_is_ignored() -> None:
    world = with_notice()
    world.claim("sms")
    old = world.notice.due_at
    assert old is not None
    world.hear(1, "retry", retry_after_s=200)
    world.wait_until_due()
    world.claim("sms")
    world.ask(NoticeDue(aggregate_id=world.notice.id, due_at=old))
    assert world.notice.state == "sending"


def test_late_answer_settles_an_unclear_sms() -> None:
    world = with_notice()
    world.claim("sms")
    world.run_out()
    world.hear(1, "sent", provider_message_id="1")
    assert world.notice.state == "sent"
    assert world.told_types() == ["NoticeUnresolved", "NoticeSent"]


def test_late_word_that_nothing_was_sent_allows_another_try() -> None:
    world = with_notice()
    world.claim("sms")
    world.run_out()
    world.hear(1, "retry")
    assert world.claim("sms") == (2, "sms")


def test_unclear_wechat_is_asked_again_only_while_doubles_are_dropped() -> None:
    world = with_notice()
    world.claim("wechat", "sms")
    world.run_out()
    assert world.claim("wechat", "sms") == (2, "wechat"), "the same client_msg_id"
    world.pass_time(600)
    world.run_out()
    assert world.notice.state == "unknown"
    assert world.claim("wechat", "sms") is None


def test_unclear_wechat_that_waited_too_long_is_left_to_a_person() -> None:
    world = with_notice()
    world.claim_and_hear("unknown", "wechat", "sms")
    world.pass_time(Rules().wechat_resend_s)
    assert world.claim("wechat", "sms") is None
    assert world.notice.state == "unknown"


def test_late_answer_of_the_first_try_settles_what_the_second_left_unclear() -> None:
    world = with_notice()
    world.claim("wechat")
    world.run_out()
    world.claim_and_hear("unknown", "wechat")
    world.hear(1, "sent", provider_message_id="7")
    assert world.notice.state == "sent"


def test_unclear_wechat_does_not_become_an_sms() -> None:
    world = with_notice()
    world.claim_and_hear("unknown", "wechat", "sms")
    assert world.claim("sms") is None
    assert world.notice.state == "unknown"


def test_late_answer_of_the_first_try_outweighs_a_refusal_of_the_second() -> None:
    world = with_notice()
    world.claim("wechat", "sms")
    world.run_out()
    second = world.claim("wechat", "sms")
    assert second is not None
    world.hear(1, "sent", provider_message_id="7")
    world.hear(second[0], "refused", code="43004")
    assert world.notice.state == "sent"
    assert world.claim("wechat", "sms") is None


def test_unclear_wechat_waits_before_it_is_asked_again() -> None:
    world = with_notice()
    for said in ("unknown", "retry", "misconfigured"):
        world.wait_until_due()
        world.claim_and_hear(said, "wechat", "sms")
    assert world.notice.due_at is not None
    assert (world.notice.due_at - world.now).total_seconds() == 10


def test_refusal_of_the_repetition_settles_an_unclear_wechat() -> None:
    world = with_notice()
    world.claim_and_hear("unknown", "wechat", "sms")
    world.wait_until_due()
    world.claim_and_hear("refused", "wechat", "sms", code="43004")
    assert world.claim("wechat", "sms") == (3, "sms")
