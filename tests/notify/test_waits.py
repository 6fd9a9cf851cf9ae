"""What becomes of a message without a receipt, of one whose answer never came, of a bad name."""

from datetime import timedelta
from typing import Any

import pytest

from services.notify.decide.waits import pick_receipt
from services.notify.model import Attempt, ClaimNotice, Dispatch, NoticeDue
from shared.contracts.events import MatchCommitted, MessageReported, NoticeFailed
from tests.notify.decisions import (
    START,
    DecisionHarness,
    make_opened,
    make_rules,
    make_with_notice,
    match_fields,
)

HOURS = 3600.0
PHONE = "H-phone"
RULES = make_rules()


def pass_due(harness: DecisionHarness, dispatch_id: str | None = None) -> None:
    harness.wait_until_due()
    due_at = harness.notice.due_at
    assert due_at is not None
    harness.execute(
        NoticeDue(aggregate_id=harness.notice.id, due_at=due_at, dispatch_id=dispatch_id)
    )


def make_unclear() -> DecisionHarness:
    harness = make_with_notice()
    claim = harness.make_claim(("sms",)).model_copy(update={"point_id": PHONE})
    harness.execute(claim)
    harness.record(1, "unknown")
    assert harness.state == "unknown"
    return harness


def report(harness: DecisionHarness, id_: str, outcome: str = "delivered", **more: Any) -> str:
    fields: dict[str, Any] = {
        "provider": "tencent",
        "provider_message_id": id_,
        "outcome": outcome,
    }
    subject = f"tencent:{id_}"
    at = {"point_id": PHONE, "reported_at": harness.now}
    harness.on_event(MessageReported.model_validate(fields | at | more), subject, f"E-{id_}")
    return subject


def test_a_message_without_a_receipt_fails_after_three_days_and_stays_so() -> None:
    harness = make_with_notice()
    harness.claim_and_record("sent", "sms", provider_message_id="1")
    harness.pass_time(71 * HOURS)
    assert harness.state == "sent"
    pass_due(harness)
    assert (harness.state, harness.notice.code) == ("failed", "no_receipt")
    harness.report("sms", "1", "delivered")
    assert harness.state == "failed"
    assert [type(fact) for fact in harness.facts][-1] is NoticeFailed


def test_an_sms_whose_answer_never_came_is_found_by_its_phone_and_time() -> None:
    harness = make_unclear()
    harness.pass_time(20)
    dispatch_id = report(harness, "7")
    assert harness.state == "unknown"
    pass_due(harness, dispatch_id)
    assert harness.state == "delivered"
    assert len(harness.notice.attempts) == 1


def test_a_receipt_of_failure_is_found_too() -> None:
    harness = make_unclear()
    pass_due(harness, report(harness, "7", "failed", code="UNDELIV"))
    assert (harness.state, harness.notice.code) == ("failed", "UNDELIV")


@pytest.mark.parametrize(
    "more",
    [
        {"point_id": "H-another"},
        {"point_id": None},
        {"reported_at": START - timedelta(minutes=3)},
        {"reported_at": START + timedelta(hours=73)},
    ],
)
def test_a_receipt_of_something_else_says_nothing_of_it(more: dict[str, Any]) -> None:
    harness = make_unclear()
    pass_due(harness, report(harness, "7", **more))
    assert harness.state == "unknown"
    assert harness.notice.due_at is not None


def test_where_the_provider_gives_the_notice_back_it_is_clear_at_once() -> None:
    harness = make_with_notice()
    claim = harness.make_claim(("sms",))
    harness.execute(claim.model_copy(update={"sms_providers": ("aliyun",)}))
    harness.record(1, "unknown")
    fields = {"provider": "aliyun", "provider_message_id": "9.0", "outcome": "delivered"}
    fact = MessageReported.model_validate(fields | {"notice_id": harness.notice.id})
    harness.on_event(fact, "aliyun:9.0", "E-9")
    assert (harness.state, harness.notice.attempts[0].outcome) == ("delivered", "sent")


def test_what_stays_unclear_is_looked_after_for_three_days() -> None:
    harness = make_unclear()
    looks = 0
    while harness.notice.due_at is not None:
        pass_due(harness)
        looks += 1
    assert harness.now >= START + timedelta(hours=72)
    assert (harness.state, looks < 500) == ("unknown", True)


def make_receipt(id_: str, outcome: str = "delivered") -> Dispatch:
    return Dispatch.model_validate(
        {
            "id": f"tencent:{id_}",
            "receipt": outcome,
            "point_id": PHONE,
            "reported_at": START,
            "expires_at": START + timedelta(days=30),
        }
    )


def test_with_two_unclear_to_one_phone_a_receipt_is_given_to_neither() -> None:
    attempt = Attempt(number=1, channel="sms", point_id=PHONE, claimed_at=START)
    one, two = make_receipt("1"), make_receipt("2")
    assert pick_receipt(attempt, [one], 0, RULES) == one.id
    assert pick_receipt(attempt, [one], 1, RULES) is None
    assert pick_receipt(attempt, [one, two], 1, RULES) == one.id
    assert pick_receipt(attempt, [one, make_receipt("2", "failed")], 1, RULES) is None


def test_a_phone_on_the_carriers_blacklist_is_not_tried_at_the_next_notice() -> None:
    harness = make_with_notice()
    harness.execute(harness.make_claim(("sms",)).model_copy(update={"point_id": PHONE}))
    harness.record(1, "refused", blocked=True)
    assert harness.state == "failed"
    harness.on_event(make_opened(), "R-" + "9" * 20, "E-2")
    later = next(notice for notice in harness.notices if notice.state == "created")
    harness.execute(
        ClaimNotice(
            notice_id=later.id,
            person_id="P-1",
            due_at=later.due_at or harness.now,
            reachable=("sms",),
            point_id=PHONE,
        )
    )
    after = next(notice for notice in harness.notices if notice.id == later.id)
    assert (after.state, after.code, after.attempts) == ("failed", "phone_blocked", ())


def test_a_name_that_a_provider_does_not_carry_costs_the_notice_its_name() -> None:
    harness = DecisionHarness()
    harness.on_event(MatchCommitted(**match_fields(), name_shown=True))
    assert harness.notice.donor_id == "P-donor"
    harness.claim_and_record("refused", "sms", blames_name=True)
    assert harness.state == "retry"
    assert harness.notice.donor_id is None
    harness.wait_until_due()
    harness.claim_and_record("sent", "sms", provider_message_id="1")
    assert harness.state == "sent"


def test_what_is_refused_without_a_name_is_not_tried_for_ever() -> None:
    harness = make_with_notice()
    harness.claim_and_record("refused", "sms", blames_name=True)
    assert harness.state == "failed"
