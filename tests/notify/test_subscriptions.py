"""WeChat's subscribe messages: one consent is one message; without one, a template or an SMS."""

from datetime import timedelta

import pytest

from services.notify.decide.transitions import UNCLEAR_LOOK_S
from services.notify.decide.waits import LOOK_AGAIN_S
from services.notify.model import NoticeDue, OutcomeKind, RecordOutcome
from services.notify.subscriptions import TRIES_MAX, Subscription, derive_subscription_id
from shared.contracts.events import MessageReported, SubscriptionAnswered
from shared.messaging.decision import Ref
from tests.notify.decisions import DecisionHarness, make_opened

ID = derive_subscription_id("A-1", "T-1")


def make_harness(*answers: bool) -> DecisionHarness:
    harness = DecisionHarness()
    for number, accepted in enumerate(answers):
        fact = SubscriptionAnswered(account_id="A-1", template_id="T-1", accepted=accepted)
        harness.on_event(fact, f"S-{number}", f"E-S-{number}")
    harness.on_event(make_opened())
    return harness


def count_credits(harness: DecisionHarness) -> int:
    stored = harness.states.get(Ref(Subscription, ID))
    return stored.credits if stored else 0


def claim(harness: DecisionHarness) -> str:
    """How it goes: as a subscription, a template or an SMS."""
    harness.wait_until_due()
    data = harness.make_claim().model_copy(update={"subscription_id": ID})
    answer = harness.execute(data)
    assert answer is not None
    assert answer.status == 200
    if answer.body["channel"] == "sms":
        return "sms"
    return "subscription" if answer.body["as_subscription"] else "template"


def record(
    harness: DecisionHarness, outcome: OutcomeKind, code: str = "", message_id: str | None = "7"
) -> None:
    harness.execute(
        RecordOutcome(
            notice_id=harness.notice.id,
            attempt=harness.notice.tries,
            channel="wechat",
            provider="wechat",
            outcome=outcome,
            code=code,
            provider_message_id=message_id if outcome == "sent" else None,
        )
    )


@pytest.mark.parametrize(
    ("answers", "count"),
    [((True,), 1), ((True, True), 2), ((True, False), 0), ((False,), 0), ((False, True), 1)],
)
def test_each_yes_is_one_more_and_a_no_is_none(answers: tuple[bool, ...], count: int) -> None:
    assert count_credits(make_harness(*answers)) == count


def test_a_credit_is_used_by_the_claim_once() -> None:
    harness = make_harness(True)
    assert claim(harness) == "subscription"
    assert count_credits(harness) == 0
    record(harness, "sent")
    assert (harness.state, count_credits(harness)) == ("sent", 0)


def test_without_a_credit_it_goes_as_a_template() -> None:
    assert claim(make_harness()) == "template"
    assert claim(make_harness(True, False)) == "template"


def test_where_wechat_says_there_is_none_it_goes_as_a_template_then_by_sms() -> None:
    harness = make_harness(True, True)
    assert claim(harness) == "subscription"
    record(harness, "refused", "43101")
    assert count_credits(harness) == 0
    assert claim(harness) == "template"
    record(harness, "refused", "43004")
    assert claim(harness) == "sms"


@pytest.mark.parametrize("outcome", ["retry", "misconfigured", "refused"])
def test_what_was_not_sent_used_no_credit(outcome: OutcomeKind) -> None:
    harness = make_harness(True)
    claim(harness)
    record(harness, outcome, "45009")
    assert count_credits(harness) == 1


def test_a_template_that_does_not_fit_holds_up_nothing() -> None:
    harness = make_harness(True)
    claim(harness)
    record(harness, "misconfigured", "40037")
    assert harness.notice.due_at == harness.now
    assert claim(harness) == "template"


def test_a_busy_wechat_is_tried_so_often_then_as_a_template() -> None:
    harness = make_harness(True)
    for _ in range(TRIES_MAX):
        assert claim(harness) == "subscription"
        record(harness, "retry", "-1")
    assert claim(harness) == "template"


def test_one_that_may_have_gone_out_is_never_sent_again() -> None:
    harness = make_harness(True, True)
    claim(harness)
    record(harness, "unknown", "timeout")
    assert (harness.state, count_credits(harness)) == ("unknown", 1)
    assert harness.claim("wechat", "sms") is None


def test_a_process_that_died_leaves_it_unclear_and_its_credit_used() -> None:
    harness = make_harness(True)
    claim(harness)
    due_at = harness.notice.due_at
    assert due_at is not None
    harness.wait_until_due()
    harness.execute(NoticeDue(aggregate_id=harness.notice.id, due_at=due_at))
    assert (harness.state, count_credits(harness)) == ("unknown", 0)


def test_one_that_did_not_arrive_goes_as_a_template() -> None:
    harness = make_harness(True, True)
    claim(harness)
    record(harness, "sent")
    harness.report("wechat", "7", "failed", "20004")
    assert claim(harness) == "template"


def report_sent(harness: DecisionHarness, outcome: str, account_id: str = "A-1") -> str:
    """The event that names a message by an id which no answer told. Returns its dispatch."""
    fact = MessageReported.model_validate(
        {
            "provider": "wechat",
            "provider_message_id": f"9-{account_id}",
            "outcome": outcome,
            "point_id": account_id,
            "reported_at": harness.now,
        }
    )
    subject = f"wechat:9-{account_id}"
    harness.on_event(fact, subject, f"E-{subject}")
    return subject


def look(harness: DecisionHarness, dispatch_id: str | None) -> None:
    harness.wait_until_due()
    due_at = harness.notice.due_at
    assert due_at is not None
    harness.execute(
        NoticeDue(aggregate_id=harness.notice.id, due_at=due_at, dispatch_id=dispatch_id)
    )


def test_one_that_wechat_gave_no_id_is_delivered_by_the_event_of_its_account() -> None:
    harness = make_harness(True)
    claim(harness)
    record(harness, "sent", message_id=None)
    assert harness.notice.due_at == harness.now + timedelta(seconds=UNCLEAR_LOOK_S)
    look(harness, report_sent(harness, "delivered"))
    assert harness.state == "delivered"


def test_one_without_an_id_that_did_not_arrive_goes_as_a_template() -> None:
    harness = make_harness(True)
    claim(harness)
    record(harness, "sent", message_id=None)
    look(harness, report_sent(harness, "failed"))
    assert claim(harness) == "template"


def test_another_accounts_event_says_nothing_of_it_and_without_any_it_ends() -> None:
    harness = make_harness(True)
    claim(harness)
    sent_at = harness.now
    record(harness, "sent", message_id=None)
    look(harness, report_sent(harness, "delivered", "A-2"))
    assert harness.state == "sent"
    while harness.state == "sent":
        look(harness, None)
    assert (harness.state, harness.notice.code) == ("failed", "no_receipt")
    waited_s = (harness.now - sent_at).total_seconds()
    assert 0 <= waited_s - harness.rules.receipt_wait_s <= LOOK_AGAIN_S
