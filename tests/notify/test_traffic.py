"""SMS move to the other provider by steps, come back, and no provider holds up another."""

from collections import Counter
from datetime import timedelta

import pytest

from services.notify.gates import AHEAD_S, AHEAD_TIMES, NOTED_PART, Gate, open_gate
from services.notify.model import PutOffNotice, SmsProvider
from services.notify.providers import Outcome
from services.notify.settings import NotifySettings
from services.notify.traffic import (
    TRAFFIC_ID,
    Health,
    MoveTraffic,
    RestoreTraffic,
    Traffic,
    order_providers,
)
from shared.messaging.decision import Ref
from tests.notify.decisions import (
    START,
    DecisionHarness,
    make_opened,
    make_rules,
    make_with_notice,
)

SENT = Outcome("sent")
BOTH: dict[SmsProvider, int] = {"tencent": 70, "aliyun": 30}


def make_harness() -> DecisionHarness:
    return DecisionHarness(make_rules(sms_shares=BOTH))


def read_shares(harness: DecisionHarness) -> dict[SmsProvider, int]:
    return dict(harness.states[Ref(Traffic, TRAFFIC_ID)].shares)


def move(harness: DecisionHarness, away_from: SmsProvider = "tencent") -> None:
    harness.execute(MoveTraffic(away_from=away_from, reason="errors"))


def test_each_provider_gets_its_share() -> None:
    drawn = Counter(order_providers(BOTH, draw)[0] for draw in range(100))
    assert drawn == {"tencent": 70, "aliyun": 30}
    alone: dict[SmsProvider, int] = {"tencent": 100, "aliyun": 0}
    assert {order_providers(alone, draw)[0] for draw in range(100)} == {"tencent"}


def test_a_failing_provider_gives_a_tenth_a_minute_however_many_say_so() -> None:
    harness = make_harness()
    for _ in range(5):
        move(harness)
    assert read_shares(harness) == {"tencent": 60, "aliyun": 40}
    for _ in range(10):
        harness.pass_time(60)
        move(harness)
    assert read_shares(harness) == {"tencent": 0, "aliyun": 100}


def test_what_went_over_comes_back_by_steps_and_then_stays() -> None:
    harness = make_harness()
    move(harness)
    harness.pass_time(60)
    move(harness)
    seen = []
    while (due_at := harness.states[Ref(Traffic, TRAFFIC_ID)].due_at) is not None:
        harness.now = due_at
        harness.execute(RestoreTraffic(aggregate_id=TRAFFIC_ID, due_at=due_at))
        seen.append(read_shares(harness)["tencent"])
    assert seen == [60, 70]
    assert harness.now >= START + timedelta(hours=2)


def test_with_one_provider_nothing_moves() -> None:
    harness = DecisionHarness(make_rules())
    move(harness)
    assert Ref(Traffic, TRAFFIC_ID) not in harness.states


@pytest.mark.parametrize(
    ("errors", "slow", "calls", "reason"),
    [(10, 0, 10, "errors"), (9, 0, 500, None), (0, 15, 100, "slow"), (0, 14, 100, None)],
)
def test_trouble_is_many_errors_or_a_slow_share(
    errors: int, slow: int, calls: int, reason: str | None
) -> None:
    health = Health(60, 10, 15)
    for number in range(calls):
        health.note(float(number % 50), is_error=number < errors, is_slow=number < slow)
    assert health.find_reason(50) == reason
    health.forget()
    assert health.find_reason(50) is None


def test_slow_calls_of_long_ago_say_nothing_where_none_came_since() -> None:
    health = Health(60, 10, 15)
    for number in range(100):
        health.note(float(number % 50), is_error=False, is_slow=True)
    assert health.find_reason(15 * 60 - 1) == "slow"
    assert health.find_reason(15 * 60 + 51) is None


def call(gate: Gate, outcome: Outcome, at: float = 0.0) -> None:
    gate.in_use += 1
    gate.leave(outcome, at)


def find_places(gate: Gate, now: float = 0.0) -> int:
    places, _ = gate.find_room(100, now, may_go_ahead=False)
    return places


def find_ahead(gate: Gate, now: float) -> int:
    _, ahead = gate.find_room(100, now, may_go_ahead=True)
    return ahead


def test_a_gate_halves_where_a_provider_does_not_answer_and_grows_again() -> None:
    gate = open_gate(16)
    call(gate, Outcome("retry", throttled=True))
    assert find_places(gate) == 8
    for _ in range(100):
        call(gate, SENT)
    assert find_places(gate) == 16
    for _ in range(20):
        call(gate, Outcome("unknown"))
    assert find_places(gate) == 1


def test_a_recipients_own_limit_says_nothing_of_the_provider() -> None:
    gate = open_gate(16)
    call(gate, Outcome("retry", code="LimitExceeded.PhoneNumberDailyLimit"))
    assert find_places(gate) == 16


def test_as_many_are_claimed_ahead_as_a_provider_took_just_now() -> None:
    gate = open_gate(16)
    assert find_ahead(gate, 0.0) == 0, "it took none yet"
    for _ in range(10):
        call(gate, SENT, at=1.0)
    assert find_ahead(gate, 1.2) == 10
    gate.ahead += 4
    assert find_ahead(gate, 1.2) == 6
    assert find_ahead(gate, 1.2 + AHEAD_S) == 0, "long ago"
    for _ in range(100):
        call(gate, SENT, at=2.0)
    assert find_ahead(gate, 2.0) == AHEAD_TIMES * 16 - 4
    call(gate, Outcome("unknown"), at=2.0)
    assert find_ahead(gate, 2.0) == 0, "it does not answer"


def test_a_free_place_is_of_who_is_claimed_already() -> None:
    """Another claim would hold it until it is durable, and nobody would be called meanwhile."""
    gate = open_gate(4)
    gate.ahead = 1
    assert gate.find_room(9, 0.0, may_go_ahead=True) == (3, 0)
    gate.ahead = 5
    assert gate.find_room(9, 0.0, may_go_ahead=True) == (0, 0)


def test_of_those_that_are_claimed_ahead_a_part_is_noted_already() -> None:
    gate = open_gate(16)
    assert gate.count_notable() == 16 + 16 // NOTED_PART
    gate.in_use = 16
    assert gate.count_notable() == 16 // NOTED_PART
    gate.limit = 1
    assert gate.count_notable() == 1


def test_a_few_free_places_are_not_worth_a_commit_while_more_wait() -> None:
    gate = open_gate(16)
    gate.in_use = 9
    assert gate.find_room(100, 0.0, may_go_ahead=True) == (0, 0)
    assert gate.find_room(7, 0.0, may_go_ahead=True) == (7, 0)


def test_what_waits_for_a_slow_provider_steps_back() -> None:
    harness = make_with_notice()
    due_at = harness.notice.due_at
    assert due_at is not None
    harness.execute(PutOffNotice(aggregate_id=harness.notice.id, due_at=due_at))
    assert (harness.state, harness.notice.due_at) == ("created", due_at + timedelta(seconds=5))


def test_what_one_provider_does_not_take_is_tried_with_the_other() -> None:
    harness = make_with_notice()
    claim = harness.make_claim(("sms",)).model_copy(update={"sms_providers": ("tencent", "aliyun")})
    harness.execute(claim)
    harness.record(1, "retry")
    harness.wait_until_due()
    harness.execute(claim.model_copy(update={"due_at": harness.notice.due_at}))
    assert [attempt.sender for attempt in harness.notice.attempts] == ["tencent", "aliyun"]


def claim_with_both(harness: DecisionHarness) -> str:
    claim = harness.make_claim(("sms",)).model_copy(update={"sms_providers": ("tencent", "aliyun")})
    harness.execute(claim)
    attempt = harness.notice.last_attempt
    assert attempt is not None
    return attempt.sender


def test_a_numbers_limit_at_one_provider_holds_up_the_other_by_nothing() -> None:
    """Two a day at Tencent: the third goes by Aliyun now, not in six hours."""
    harness = make_harness()
    harness.on_event(make_opened())
    assert claim_with_both(harness) == "tencent"
    harness.record(1, "retry", retry_after_s=6 * 3600)
    assert harness.notice.due_at == harness.now
    assert claim_with_both(harness) == "aliyun"


def test_where_both_have_a_limit_it_waits_for_the_one_that_ends_first() -> None:
    harness = make_harness()
    harness.on_event(make_opened())
    for retry_after_s in (6 * 3600, 3600):
        harness.wait_until_due()
        claim_with_both(harness)
        harness.record(harness.notice.tries, "retry", retry_after_s=retry_after_s)
    assert harness.notice.due_at == harness.now + timedelta(hours=1)
    harness.wait_until_due()
    assert claim_with_both(harness) == "aliyun"
    harness.record(harness.notice.tries, "retry", retry_after_s=24 * 3600)
    assert harness.notice.due_at == harness.now + timedelta(hours=5)


def test_an_unclear_sms_is_claimed_by_neither() -> None:
    harness = make_with_notice()
    claim = harness.make_claim(("sms",)).model_copy(update={"sms_providers": ("tencent", "aliyun")})
    harness.execute(claim)
    harness.record(1, "unknown")
    harness.pass_time(3600)
    harness.execute(claim.model_copy(update={"due_at": harness.notice.due_at}))
    assert [attempt.sender for attempt in harness.notice.attempts] == ["tencent"]


def test_a_provider_without_an_account_is_none_beside_a_real_one() -> None:
    assert NotifySettings().sms_providers == ("tencent", "aliyun")
    real = NotifySettings(tencent_endpoint="https://sms.tencentcloudapi.com/")
    assert (real.sms_providers, real.sms_targets) == (("tencent",), (100,))
