"""Whatever the order of claims, answers, receipts, crashes and repetitions: never two SMS."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from services.notify.jobs import compute_start_within_s
from services.notify.model import ClaimNotice, Notice, OutcomeKind, RecordOutcome
from services.notify.settings import WECHAT_DROPS_REPEATS_S, NotifySettings
from shared.contracts.events import NoticeChannel
from tests.notify.decisions import DecisionHarness, make_opened, make_rules
from tests.support.examples import count_examples

START_WITHIN_S = compute_start_within_s(NotifySettings())
OUTCOMES = st.sampled_from(["sent", "sent", "retry", "refused", "misconfigured", "unknown"])
ENDS = st.one_of(OUTCOMES, st.none())
DUE_STATES = ("created", "sending", "retry", "sent")
REACHABLE: list[tuple[NoticeChannel, ...]] = [("wechat", "sms"), ("sms",), ("wechat",), ()]


@dataclass(frozen=True)
class Grant:
    """A claim that a process holds. start_before: later, the sender does not begin any more."""

    attempt: int
    channel: NoticeChannel
    start_before: datetime


@dataclass(frozen=True)
class Message:
    """One that may lie on the phone."""

    channel: NoticeChannel
    at: datetime


class AnyOrder(RuleBasedStateMachine):
    grants: Bundle[Grant] = Bundle("grants")
    outcomes: Bundle[RecordOutcome] = Bundle("outcomes")

    def __init__(self) -> None:
        super().__init__()
        self.harness = DecisionHarness(make_rules(retries_max=2))
        self.harness.on_event(make_opened())
        self.seen: list[ClaimNotice] = []
        self.messages: list[Message] = []
        self.before: Notice = self.harness.notice

    @rule()
    def the_event_comes_again(self) -> None:
        self.harness.on_event(make_opened())

    @rule(target=outcomes, reachable=st.sampled_from(REACHABLE), ends=ENDS)
    def a_process_works(
        self, reachable: tuple[NoticeChannel, ...], ends: OutcomeKind | None
    ) -> MultipleResults[RecordOutcome]:
        """Claims as soon as it is due, sends, records; or dies before or after sending."""
        if self.harness.notice.state in DUE_STATES:
            self.harness.wait_until_due()
        if self.harness.notice.state == "sending":
            self.harness.expire_claim()
        grant = self._claim(self.harness.make_claim(reachable))
        if grant is None:
            return multiple()
        record = self._send(grant, ends or "unknown")
        if ends is not None:
            self.harness.execute(record)
        return multiple(record)

    @rule(target=grants, reachable=st.sampled_from(REACHABLE))
    def a_process_claims_it(self, reachable: tuple[NoticeChannel, ...]) -> MultipleResults[Grant]:
        grant = self._claim(self.harness.make_claim(reachable))
        return multiple(grant) if grant else multiple()

    @precondition(lambda self: self.seen)
    @rule(target=grants, data=st.data())
    def a_slow_process_claims_it_too(self, data: st.DataObject) -> MultipleResults[Grant]:
        """By what it saw some time ago."""
        grant = self._claim(data.draw(st.sampled_from(self.seen)))
        return multiple(grant) if grant else multiple()

    def _claim(self, claim: ClaimNotice) -> Grant | None:
        self.seen.append(claim)
        answer = self.harness.execute(claim)
        assert answer is not None
        if answer.status != 200:
            return None
        start_before = self.harness.now + timedelta(seconds=START_WITHIN_S)
        return Grant(answer.body["attempt"], answer.body["channel"], start_before)

    @rule(
        target=outcomes,
        grant=consumes(grants),
        outcome=OUTCOMES,
        late_s=st.sampled_from([0, 0, 70]),
    )
    def it_sends(self, grant: Grant, outcome: OutcomeKind, late_s: float) -> RecordOutcome:
        """The answer is recorded later, if ever."""
        self.harness.pass_time(late_s)
        return self._send(grant, outcome)

    def _send(self, grant: Grant, outcome: OutcomeKind) -> RecordOutcome:
        if self.harness.now > grant.start_before:
            outcome = "retry"
        if outcome in ("sent", "unknown"):
            self.messages.append(Message(grant.channel, self.harness.now))
        return RecordOutcome(
            notice_id=self.harness.notice.id,
            attempt=grant.attempt,
            channel=grant.channel,
            outcome=outcome,
            provider_message_id=f"{grant.attempt}" if outcome == "sent" else None,
        )

    @rule(record=outcomes)
    def the_answer_is_recorded(self, record: RecordOutcome) -> None:
        """Once or often, soon or late."""
        self.harness.execute(record)

    @rule(record=outcomes, what=st.sampled_from(["delivered", "failed"]))
    def a_receipt_comes(self, record: RecordOutcome, what: Literal["delivered", "failed"]) -> None:
        """Before or after the answer, again, or saying the contrary."""
        if record.outcome == "sent":
            self.harness.report(record.channel, f"{record.attempt}", what)

    @rule(seconds=st.sampled_from([0, 1, 60, 130, 700]))
    def time_passes(self, seconds: float) -> None:
        self.harness.pass_time(seconds)

    @invariant()
    def there_is_one_notice(self) -> None:
        assert len(self.harness.notices) == 1

    @invariant()
    def at_most_one_sms_lies_on_the_phone(self) -> None:
        assert sum(message.channel == "sms" for message in self.messages) <= 1

    @invariant()
    def wechat_can_drop_every_repeat(self) -> None:
        times = [message.at for message in self.messages if message.channel == "wechat"]
        if times:
            assert (times[-1] - times[0]).total_seconds() < WECHAT_DROPS_REPEATS_S

    @invariant()
    def nothing_is_sent_after_an_sms_that_may_have_gone(self) -> None:
        channels = [message.channel for message in self.messages]
        assert "sms" not in channels[:-1]

    @invariant()
    def what_waits_has_a_deadline_and_what_is_done_has_none(self) -> None:
        """What is unclear has one as long as its receipt may come."""
        notice = self.harness.notice
        if notice.state != "unknown":
            assert (notice.due_at is not None) == (notice.state in DUE_STATES)

    @invariant()
    def a_delivered_notice_stays_so(self) -> None:
        if self.before.state == "delivered":
            assert self.harness.notice.state == "delivered"
        self.before = self.harness.notice

    @invariant()
    def the_last_fact_says_the_state(self) -> None:
        facts = {
            "sent": "NoticeSent",
            "delivered": "NoticeDelivered",
            "failed": "NoticeFailed",
            "unknown": "NoticeUnresolved",
        }
        state = self.harness.notice.state
        if state in facts:
            assert self.harness.fact_types()[-1] == facts[state]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=count_examples(150, 1500),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
