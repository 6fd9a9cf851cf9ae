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

from services.notify.jobs import start_within_s
from services.notify.model import ClaimNotice, Notice, RecordOutcome, Said
from services.notify.rules import Rules
from services.notify.settings import NotifySettings
from shared.contracts.events import NoticeChannel
from tests.notify.world import World, opened

WECHAT_DROPS_DOUBLES_S = 600
START_WITHIN_S = start_within_s(NotifySettings())
SAID = st.sampled_from(["sent", "sent", "retry", "refused", "misconfigured", "unknown"])
ENDS = st.one_of(SAID, st.none())
DUE_STATES = ("created", "sending", "retry")
REACHABLE: list[tuple[NoticeChannel, ...]] = [("wechat", "sms"), ("sms",), ("wechat",), ()]


@dataclass(frozen=True)
class Granted:
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
    granted: Bundle[Granted] = Bundle("granted")
    outcomes: Bundle[RecordOutcome] = Bundle("outcomes")

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Rules(retries_max=2))
        self.world.happens(opened())
        self.seen: list[ClaimNotice] = []
        self.messages: list[Message] = []
        self.before: Notice = self.world.notice

    @rule()
    def the_event_comes_again(self) -> None:
        self.world.happens(opened())

    @rule(target=outcomes, reachable=st.sampled_from(REACHABLE), ends=ENDS)
    def a_process_works(
        self, reachable: tuple[NoticeChannel, ...], ends: Said | None
    ) -> MultipleResults[RecordOutcome]:
        """Claims as soon as it is due, sends, records; or dies before or after sending."""
        if self.world.notice.state in DUE_STATES:
            self.world.wait_until_due()
        if self.world.notice.state == "sending":
            self.world.run_out()
        held = self._claim(self.world.claim_command(reachable))
        if held is None:
            return multiple()
        outcome = self._send(held, ends or "unknown")
        if ends is not None:
            self.world.ask(outcome)
        return multiple(outcome)

    @rule(target=granted, reachable=st.sampled_from(REACHABLE))
    def a_process_claims_it(self, reachable: tuple[NoticeChannel, ...]) -> MultipleResults[Granted]:
        held = self._claim(self.world.claim_command(reachable))
        return multiple(held) if held else multiple()

    @precondition(lambda self: self.seen)
    @rule(target=granted, data=st.data())
    def a_slow_process_claims_it_too(self, data: st.DataObject) -> MultipleResults[Granted]:
        """By what it saw some time ago."""
        held = self._claim(data.draw(st.sampled_from(self.seen)))
        return multiple(held) if held else multiple()

    def _claim(self, claim: ClaimNotice) -> Granted | None:
        self.seen.append(claim)
        answer = self.world.ask(claim)
        assert answer is not None
        if answer.status != 200:
            return None
        start_before = self.world.now + timedelta(seconds=START_WITHIN_S)
        return Granted(answer.body["attempt"], answer.body["channel"], start_before)

    @rule(target=outcomes, held=consumes(granted), said=SAID, late_s=st.sampled_from([0, 0, 70]))
    def it_sends(self, held: Granted, said: Said, late_s: float) -> RecordOutcome:
        """The answer is recorded later, if ever."""
        self.world.pass_time(late_s)
        return self._send(held, said)

    def _send(self, held: Granted, said: Said) -> RecordOutcome:
        if self.world.now > held.start_before:
            said = "retry"
        if said in ("sent", "unknown"):
            self.messages.append(Message(held.channel, self.world.now))
        return RecordOutcome(
            notice_id=self.world.notice.id,
            attempt=held.attempt,
            channel=held.channel,
            said=said,
            provider_message_id=f"{held.attempt}" if said == "sent" else None,
        )

    @rule(outcome=outcomes)
    def the_answer_is_recorded(self, outcome: RecordOutcome) -> None:
        """Once or often, soon or late."""
        self.world.ask(outcome)

    @rule(outcome=outcomes, what=st.sampled_from(["delivered", "failed"]))
    def a_receipt_comes(self, outcome: RecordOutcome, what: Literal["delivered", "failed"]) -> None:
        """Before or after the answer, again, or saying the contrary."""
        if outcome.said == "sent":
            self.world.report(outcome.channel, f"{outcome.attempt}", what)

    @rule(seconds=st.sampled_from([0, 1, 60, 130, 700]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @invariant()
    def there_is_one_notice(self) -> None:
        assert len(self.world.notices) == 1

    @invariant()
    def at_most_one_sms_lies_on_the_phone(self) -> None:
        assert sum(message.channel == "sms" for message in self.messages) <= 1

    @invariant()
    def wechat_can_drop_every_double(self) -> None:
        times = [message.at for message in self.messages if message.channel == "wechat"]
        if times:
            assert (times[-1] - times[0]).total_seconds() < WECHAT_DROPS_DOUBLES_S

    @invariant()
    def nothing_is_sent_after_an_sms_that_may_have_gone(self) -> None:
        channels = [message.channel for message in self.messages]
        assert "sms" not in channels[:-1]

    @invariant()
    def what_waits_has_a_deadline_and_what_is_done_has_none(self) -> None:
        notice = self.world.notice
        assert (notice.due_at is not None) == (notice.state in DUE_STATES)

    @invariant()
    def a_delivered_notice_stays_so(self) -> None:
        if self.before.state == "delivered":
            assert self.world.notice.state == "delivered"
        self.before = self.world.notice

    @invariant()
    def the_last_fact_says_the_state(self) -> None:
        told = {
            "sent": "NoticeSent",
            "delivered": "NoticeDelivered",
            "failed": "NoticeFailed",
            "unknown": "NoticeUnresolved",
        }
        state = self.world.notice.state
        if state in told:
            assert self.world.told_types()[-1] == told[state]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=600,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
