"""Claims, outcomes, fallover between channels, and what is never sent again."""

from datetime import timedelta
from typing import Any

import pytest

from services.notify.model import NoticeDue
from shared.contracts.events import (
    MatchWordAsked,
    NoticeChannel,
    NoticeFailed,
    NoticeSent,
    ReplyUnderstood,
)
from tests.notify.decisions import (
    MATCH_ID,
    START,
    DecisionHarness,
    make_opened,
    make_proposed,
    make_rules,
    make_with_notice,
)


def opt_out(harness: DecisionHarness) -> None:
    reply = ReplyUnderstood(person_id="P-1", meaning="opted_out")
    harness.on_event(reply, "reply-1", "E-reply")


# --- claiming ---


def test_wechat_comes_first_where_there_is_an_openid() -> None:
    assert make_with_notice().claim("wechat", "sms") == (1, "wechat")
    assert make_with_notice().claim("sms") == (1, "sms")


@pytest.mark.parametrize(
    ("preferred", "reachable", "channel"),
    [
        ("sms", ("wechat", "sms"), "sms"),
        ("wechat", ("wechat", "sms"), "wechat"),
        ("sms", ("wechat",), "wechat"),
        ("wechat", ("sms",), "sms"),
    ],
)
def test_who_chose_a_channel_is_told_there_first_and_by_the_other_where_he_has_none(
    preferred: NoticeChannel, reachable: tuple[NoticeChannel, ...], channel: str
) -> None:
    harness = make_with_notice()
    claim = harness.make_claim(reachable).model_copy(update={"preferred": preferred})
    answer = harness.execute(claim)
    assert answer is not None
    assert answer.body["channel"] == channel


def test_second_claim_of_the_same_notice_is_refused() -> None:
    harness = make_with_notice()
    seen_by_both = harness.make_claim(("sms",))
    first, second = harness.execute(seen_by_both), harness.execute(seen_by_both)
    assert first is not None
    assert second is not None
    assert (first.status, second.status) == (200, 409)
    assert len(harness.notice.attempts) == 1


def test_claim_before_the_notice_is_due_is_refused() -> None:
    harness = make_with_notice()
    harness.claim_and_record("retry", "sms", retry_after_s=60)
    assert harness.claim("sms") is None
    harness.wait_until_due()
    assert harness.claim("sms") == (2, "sms")


def test_person_without_contacts_fails_the_notice() -> None:
    harness = make_with_notice()
    assert harness.claim() is None
    assert (harness.notice.state, harness.notice.code) == ("failed", "no_contact")
    assert isinstance(harness.facts[0], NoticeFailed)


def test_erased_person_is_not_looked_for() -> None:
    harness = make_with_notice()
    assert harness.claim(erased=True) is None
    assert (harness.notice.state, harness.notice.code) == ("failed", "erased")


def test_person_who_opted_out_gets_no_sms() -> None:
    harness = make_with_notice()
    opt_out(harness)
    assert harness.claim("sms") is None
    assert (harness.notice.state, harness.notice.code) == ("failed", "opted_out")


def test_person_who_opted_out_of_sms_still_gets_wechat() -> None:
    harness = make_with_notice()
    opt_out(harness)
    assert harness.claim("wechat", "sms") == (1, "wechat")


def test_confirmation_reply_is_no_opt_out() -> None:
    harness = make_with_notice()
    harness.on_event(ReplyUnderstood(person_id="P-1", meaning="received"), "reply-1")
    assert harness.claim("sms") == (1, "sms")


def test_link_that_has_expired_is_not_sent() -> None:
    harness = DecisionHarness()
    harness.on_event(make_proposed(), MATCH_ID)
    harness.now = make_proposed().expires_at
    assert harness.claim("sms") is None
    assert (harness.notice.state, harness.notice.code) == ("failed", "link_expired")


def test_news_of_last_week_is_not_sent() -> None:
    harness = make_with_notice()
    harness.pass_time(make_rules().notice_life_s + 1)
    assert harness.claim("sms") is None
    assert harness.notice.code == "too_late"


# --- outcomes ---


def test_sent_notice_is_told_once_however_often_it_is_heard() -> None:
    harness = make_with_notice()
    attempt = harness.claim_and_record("sent", "sms", provider_message_id="1")
    harness.record(attempt, "sent", provider_message_id="1")
    harness.record(attempt, "refused")
    record = harness.notice.find_attempt(attempt)
    assert record is not None
    assert (harness.notice.state, record.outcome) == ("sent", "sent")
    assert [type(fact) for fact in harness.facts] == [NoticeSent]


def test_first_retry_is_at_once_and_later_ones_back_off() -> None:
    harness = make_with_notice()
    waits = []
    for _ in range(5):
        harness.claim_and_record("retry", "sms")
        assert harness.notice.due_at is not None
        waits.append((harness.notice.due_at - harness.now).total_seconds())
        harness.wait_until_due()
    assert waits == [0, 5, 10, 20, 40]


def test_provider_that_names_a_wait_is_obeyed() -> None:
    harness = make_with_notice()
    harness.claim_and_record("retry", "sms", retry_after_s=30)
    assert harness.notice.due_at is not None
    assert (harness.notice.due_at - harness.now).total_seconds() == 30


def test_retries_end_in_failure_with_the_last_code() -> None:
    harness = DecisionHarness(make_rules(retries_max=2))
    harness.on_event(make_opened())
    for _ in range(3):
        harness.wait_until_due()
        harness.claim_and_record("retry", "sms", code="throttled")
    assert (harness.notice.state, harness.notice.code) == ("failed", "throttled")


def test_refusal_by_wechat_falls_over_to_sms_at_once() -> None:
    harness = make_with_notice()
    harness.claim_and_record("refused", "wechat", "sms", code="43004")
    assert harness.claim("wechat", "sms") == (2, "sms")


def test_refusal_on_the_only_channel_fails_with_its_code() -> None:
    harness = make_with_notice()
    harness.claim_and_record("refused", "wechat", code="43004")
    assert (harness.notice.state, harness.notice.code) == ("failed", "43004")


def test_misconfigured_sms_waits_and_never_fails() -> None:
    harness = make_with_notice()
    for _ in range(20):
        harness.claim_and_record("misconfigured", "sms")
        assert harness.notice.state == "retry"
        harness.wait_until_due()
    assert harness.facts == []
    assert len(harness.notice.attempts) == 1, "twenty times the same is kept once"


def test_misconfigured_wechat_falls_over_to_sms() -> None:
    harness = make_with_notice()
    harness.claim_and_record("misconfigured", "wechat", "sms")
    assert harness.claim("wechat", "sms") == (2, "sms")


def test_two_misconfigured_channels_take_turns_with_a_wait() -> None:
    harness = make_with_notice()
    tried = []
    for _ in range(4):
        harness.wait_until_due()
        claimed = harness.claim("wechat", "sms")
        if claimed is None:
            harness.wait_until_due()
            claimed = harness.claim("wechat", "sms")
        assert claimed is not None
        tried.append(claimed[1])
        harness.record(claimed[0], "misconfigured")
    assert tried == ["wechat", "sms", "wechat", "sms"]


# --- what may have been sent ---


@pytest.mark.parametrize("how", ["answer", "crash"])
def test_unclear_sms_is_never_sent_again_nor_elsewhere(how: str) -> None:
    harness = make_with_notice()
    claimed = harness.claim("sms")
    assert claimed is not None
    if how == "answer":
        harness.record(claimed[0], "unknown")
    else:
        harness.expire_claim()
    assert harness.state == "unknown"
    assert harness.fact_types() == ["NoticeUnresolved"]
    harness.pass_time(1e6)
    assert harness.claim("wechat", "sms") is None


def test_claim_does_not_run_out_early() -> None:
    harness = make_with_notice()
    harness.claim("sms")
    due_at = harness.notice.due_at
    assert due_at is not None
    harness.execute(NoticeDue(aggregate_id=harness.notice.id, due_at=due_at))
    assert harness.notice.state == "sending"


def test_deadline_of_an_earlier_claim_is_ignored() -> None:
    harness = make_with_notice()
    harness.claim("sms")
    old = harness.notice.due_at
    assert old is not None
    harness.record(1, "retry", retry_after_s=200)
    harness.wait_until_due()
    harness.claim("sms")
    harness.execute(NoticeDue(aggregate_id=harness.notice.id, due_at=old))
    assert harness.notice.state == "sending"


def test_late_answer_settles_an_unclear_sms() -> None:
    harness = make_with_notice()
    harness.claim("sms")
    harness.expire_claim()
    harness.record(1, "sent", provider_message_id="1")
    assert harness.notice.state == "sent"
    assert harness.fact_types() == ["NoticeUnresolved", "NoticeSent"]


def test_late_word_that_nothing_was_sent_allows_another_try() -> None:
    harness = make_with_notice()
    harness.claim("sms")
    harness.expire_claim()
    harness.record(1, "retry")
    assert harness.claim("sms") == (2, "sms")


def test_unclear_wechat_is_asked_again_only_while_doubles_are_dropped() -> None:
    harness = make_with_notice()
    harness.claim("wechat", "sms")
    harness.expire_claim()
    assert harness.claim("wechat", "sms") == (2, "wechat"), "the same client_msg_id"
    harness.pass_time(600)
    harness.expire_claim()
    assert harness.notice.state == "unknown"
    assert harness.claim("wechat", "sms") is None


def test_unclear_wechat_that_waited_too_long_is_left_to_a_person() -> None:
    harness = make_with_notice()
    harness.claim_and_record("unknown", "wechat", "sms")
    harness.pass_time(make_rules().wechat_resend_s)
    assert harness.claim("wechat", "sms") is None
    assert harness.notice.state == "unknown"


def test_late_answer_of_the_first_try_settles_what_the_second_left_unclear() -> None:
    harness = make_with_notice()
    harness.claim("wechat")
    harness.expire_claim()
    harness.claim_and_record("unknown", "wechat")
    harness.record(1, "sent", provider_message_id="7")
    assert harness.notice.state == "sent"


def test_unclear_wechat_does_not_become_an_sms() -> None:
    harness = make_with_notice()
    harness.claim_and_record("unknown", "wechat", "sms")
    assert harness.claim("sms") is None
    assert harness.notice.state == "unknown"


def test_late_answer_of_the_first_try_outweighs_a_refusal_of_the_second() -> None:
    harness = make_with_notice()
    harness.claim("wechat", "sms")
    harness.expire_claim()
    second = harness.claim("wechat", "sms")
    assert second is not None
    harness.record(1, "sent", provider_message_id="7")
    harness.record(second[0], "refused", code="43004")
    assert harness.notice.state == "sent"
    assert harness.claim("wechat", "sms") is None


def test_unclear_wechat_waits_before_it_is_asked_again() -> None:
    harness = make_with_notice()
    for outcome in ("unknown", "retry", "misconfigured"):
        harness.wait_until_due()
        harness.claim_and_record(outcome, "wechat", "sms")
    assert harness.notice.due_at is not None
    assert (harness.notice.due_at - harness.now).total_seconds() == 10


def test_refusal_of_the_repetition_settles_an_unclear_wechat() -> None:
    harness = make_with_notice()
    harness.claim_and_record("unknown", "wechat", "sms")
    harness.wait_until_due()
    harness.claim_and_record("refused", "wechat", "sms", code="43004")
    assert harness.claim("wechat", "sms") == (3, "sms")


# --- a donor's word over the phone ---


def make_with_word(**more: Any) -> DecisionHarness:
    harness = DecisionHarness()
    asked = MatchWordAsked(
        about=MATCH_ID,
        donor_id="P-donor",
        act="accept",
        asked_by="staff-7",
        expires_at=START + timedelta(minutes=10),
        **more,
    )
    harness.on_event(asked, "W-1", "E-word")
    return harness


def claim_word(harness: DecisionHarness, *, own_phone: bool) -> None:
    claim = harness.make_claim(("wechat", "sms")).model_copy(update={"own_phone": own_phone})
    harness.execute(claim)


def test_a_code_goes_by_sms_to_the_donors_own_phone() -> None:
    harness = make_with_word()
    claim_word(harness, own_phone=True)
    assert (harness.state, harness.notice.channel) == ("sending", "sms")
    assert (harness.notice.regarding, harness.notice.word_id) == (MATCH_ID, "W-1")


def test_a_code_goes_with_how_much_and_where() -> None:
    about = make_with_word(quantity=5, unit="袋", town_code="441900101").notice.about
    assert about is not None
    assert (about.quantity, about.unit, about.town_code) == (5, "袋", "441900101")


def test_a_code_goes_to_no_phone_that_a_third_party_named() -> None:
    harness = make_with_word()
    claim_word(harness, own_phone=False)
    assert (harness.state, harness.notice.code) == ("failed", "contact_unproven")


def test_a_code_is_not_sent_when_it_is_over() -> None:
    harness = make_with_word()
    harness.now += timedelta(minutes=10)
    claim_word(harness, own_phone=True)
    assert (harness.state, harness.notice.code) == ("failed", "too_late")
