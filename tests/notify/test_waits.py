"""What becomes of a message without a receipt, of one whose answer never came, of a bad name."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from services.notify import store
from services.notify.decide.transitions import with_task
from services.notify.decide.waits import pick_receipt
from services.notify.model import (
    Attempt,
    Backlog,
    ClaimNotice,
    Dispatch,
    Notice,
    NoticeDue,
    RecordCall,
)
from services.notify.purposes import BY_NAME
from services.notify.templates import TEMPLATES
from shared import mongo
from shared.contracts.events import DonorAnswered, MatchCommitted, MessageReported, NoticeFailed
from shared.messaging.decision import Ref
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
    assert harness.notice.task is not None
    harness.report("sms", "1", "delivered")
    assert harness.state == "failed"
    assert harness.notice.task is None, "nobody is called whom it reached after all"
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
    assert pick_receipt("N-1", attempt, [one], 0, RULES) == one.id
    assert pick_receipt("N-1", attempt, [one], 1, RULES) is None
    assert pick_receipt("N-1", attempt, [one, two], 1, RULES) == one.id
    assert pick_receipt("N-1", attempt, [one, make_receipt("2", "failed")], 1, RULES) is None


async def test_a_message_on_its_way_to_the_same_phone_may_be_whose_receipt_it_is(
    mongod: Stack,
) -> None:
    """Its process may have died after the call: the receipt comes before anybody knows its id."""
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    unclear = make_unclear().notice
    attempt = unclear.unclear_attempt
    assert attempt is not None
    began = attempt.model_copy(update={"outcome": None, "ended_at": None})
    other = unclear.with_attempt(began).model_copy(update={"id": "N-other", "state": "sending"})
    elsewhere = other.with_attempt(began.model_copy(update={"point_id": "H-other"}))
    notices = [unclear, other, elsewhere.model_copy(update={"id": "N-elsewhere"})]
    collection = database[Notice.COLLECTION]
    await collection.insert_many([mongo.to_document(notice) for notice in notices])

    assert await store.count_rivals(database, unclear, attempt) == 1

    sent = began.model_copy(update={"outcome": "sent"})
    recorded = mongo.to_document(other.with_attempt(sent).with_state("sent"))
    await collection.replace_one({"_id": other.id}, recorded)
    assert await store.count_rivals(database, unclear, attempt) == 0


def test_a_receipt_that_names_its_message_is_that_ones_however_many_are_unclear() -> None:
    """It came while the call still ran, so it was kept with the name that it gave."""
    attempt = Attempt(number=1, channel="sms", point_id=PHONE, claimed_at=START)
    of_another = make_receipt("1").model_copy(update={"named": "N-2"})
    own = make_receipt("2").model_copy(update={"named": "N-1"})
    assert pick_receipt("N-1", attempt, [of_another, own], 3, RULES) == own.id
    assert pick_receipt("N-3", attempt, [of_another, own], 0, RULES) is None


def test_a_receipt_that_comes_before_the_answer_is_lost_keeps_the_name_it_gave() -> None:
    harness = make_with_notice()
    claim = harness.make_claim(("sms",)).model_copy(
        update={"sms_providers": ("aliyun",), "point_id": PHONE}
    )
    harness.execute(claim)
    fact = MessageReported(
        provider="aliyun",
        provider_message_id="7",
        outcome="delivered",
        code="DELIVERED",
        point_id=PHONE,
        reported_at=harness.now,
        notice_id=harness.notice.id,
    )
    harness.on_event(fact, "aliyun:7", "E-7")
    harness.record(1, "unknown")
    pass_due(harness, "aliyun:7")
    assert harness.state == "delivered"
    assert harness.states[Ref(Dispatch, "aliyun:7")].named == harness.notice.id


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


def test_whom_no_channel_reaches_is_called_and_what_came_of_it_is_kept() -> None:
    harness = make_with_notice()
    harness.claim_and_record("refused", "sms")
    task = harness.notice.task
    assert task is not None
    assert (task.state, task.why) == ("open", "code_refused")
    assert [state.count for state in harness.states.values() if isinstance(state, Backlog)] == [1]
    assert record_call(harness, "not_reached", "441900") == 200
    assert harness.notice.task is not None
    assert (harness.notice.task.state, harness.notice.task.calls) == ("open", 1)
    assert record_call(harness, "told", "441900102") == 404
    assert record_call(harness, "told", "441900101") == 200
    assert record_call(harness, "told") == 409
    done = harness.notice.task
    assert done is not None
    assert (done.state, done.outcome, done.done_by) == ("done", "told", "chen")


def record_call(harness: DecisionHarness, outcome: str, area: str = "") -> int:
    call = RecordCall.model_validate(
        {"notice_id": harness.notice.id, "outcome": outcome, "area": area}
    )
    answer = harness.execute(call, principal="chen")
    assert answer is not None
    return answer.status


@pytest.mark.parametrize("code", ["erased", "opted_out", "link_expired"])
def test_who_wants_none_is_not_called(code: str) -> None:
    before = make_with_notice().notice
    assert with_task(before, before.with_state("failed", code=code)).task is None
    assert with_task(before, before.with_state("failed", code="UNDELIV")).task is not None


@pytest.mark.parametrize("purpose", [n for n, each in BY_NAME.items() if n in TEMPLATES])
def test_who_wants_no_sms_is_called_where_his_answer_is_awaited_alone(purpose: str) -> None:
    before = make_with_notice().notice.model_copy(update={"purpose": purpose})
    after = with_task(before, before.with_state("failed", code="opted_out"))
    asks = purpose.startswith(("match_delivered", "request_paused", "request_returned"))
    assert (after.task is not None) is asks


@pytest.mark.parametrize(("code", "is_called"), [("no_contact", False), ("UNDELIV", True)])
def test_a_donor_without_any_contact_is_not_called_with_thanks(code: str, is_called: bool) -> None:
    before = make_with_notice().notice.model_copy(update={"purpose": "ledger_received"})
    after = with_task(before, before.with_state("failed", code=code))
    assert (after.task is not None) is is_called


def test_a_call_ends_what_else_waits_for_the_same_person_in_the_callers_area() -> None:
    harness = make_with_notice()
    harness.claim_and_record("refused", "sms")
    first = harness.notice
    others: dict[str, dict[str, str]] = {
        "N-same": {},
        "N-other-person": {"person_id": "P-2"},
        "N-other-town": {"area": "441900102"},
    }
    for id_, more in others.items():
        harness.states[Ref(Notice, id_)] = first.model_copy(update={"id": id_, **more})
    call = RecordCall(
        notice_id=first.id, outcome="told", area="441900101", also=(*others, "N-unknown")
    )
    answer = harness.execute(call, principal="chen")
    assert answer is not None
    assert answer.status == 200
    tasks = {id_: harness.states[Ref(Notice, id_)].task.state for id_ in (first.id, *others)}
    assert tasks == {
        first.id: "done",
        "N-same": "done",
        "N-other-person": "open",
        "N-other-town": "open",
    }


def test_nobody_is_called_with_the_answer_to_what_he_wrote() -> None:
    harness = DecisionHarness()
    harness.on_event(DonorAnswered(donor_id="P-donor", outcome="stale"), "P-donor")
    harness.claim_and_record("refused", "sms")
    assert (harness.state, harness.notice.task) == ("failed", None)


def test_what_arrives_after_all_is_nobodys_call() -> None:
    before = make_with_notice().notice
    failed = with_task(before, before.with_state("failed", code="UNDELIV"))
    assert with_task(failed, failed.with_state("delivered")).task is None


def test_what_stays_unclear_becomes_a_call() -> None:
    harness = make_unclear()
    while harness.notice.due_at is not None:
        pass_due(harness)
    assert harness.notice.task is not None
    assert harness.notice.task.why == "unclear"


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
