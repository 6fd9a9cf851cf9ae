"""Whatever the order of claims, answers, receipts, crashes and repetitions: never two SMS."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from services.notify.model import ClaimNotice, Notice, RecordOutcome, Said
from services.notify.rules import Rules
from shared.contracts.events import NoticeChannel
from tests.notify.world import World, opened

WECHAT_DROPS_DOUBLES_S = 600
DUE_STATES = ("created", "sending", "retry")
REACHABLE: list[tuple[NoticeChannel, ...]] = [("wechat", "sms"), ("sms",), ("wechat",), ()]


@dataclass(frozen=True)
class Granted:
    """A claim that a process holds."""

    attempt: int
    channel: NoticeChannel


@dataclass(frozen=True)
class Message:
    """One that may lie on the phone."""

    channel: NoticeChannel
    at: datetime


class AnyOrder(RuleBasedStateMachine):
    granted: Bundle[Granted] = Bundle("granted")
    outcomes: Bundle[RecordOutcome] = Bundle("outcomes")
    claims: Bundle[ClaimNotice] = Bundle("claims")
    message_ids: Bundle[tuple[NoticeChannel, str]] = Bundle("message_ids")

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Rules(retries_max=2))
        self.world.happens(opened())
        self.messages: list[Message] = []
        self.before: Notice = self.world.notice

    @rule()
    def the_event_comes_again(self) -> None:
        self.world.happens(opened())

    @rule(target=claims, reachable=st.sampled_from(REACHABLE))
    def a_process_sees_it(self, reachable: tuple[NoticeChannel, ...]) -> ClaimNotice:
        return self.world.claim_command(reachable)

    @rule(target=granted, claim=claims)
    def a_process_claims_it(self, claim: ClaimNotice) -> Granted | None:  # type: ignore[return]
        """Any process, any time after it saw the notice."""
        answer = self.world.ask(claim)
        assert answer is not None
        if answer.status != 200:
            return Granted(0, "sms")
        return Granted(answer.body["attempt"], answer.body["channel"])

    @rule(
        target=outcomes,
        held=consumes(granted),
        said=st.sampled_from(["sent", "retry", "refused", "misconfigured", "unknown"]),
        late_s=st.sampled_from([0, 0, 70]),
    )
    def it_sends(self, held: Granted, said: Said, late_s: float) -> RecordOutcome:
        """Within the time that the sender allows itself after a claim."""
        attempt = self.world.notice.attempt(held.attempt)
        number = held.attempt
        if attempt is not None and attempt.outcome is None:
            self.world.pass_time(late_s)
            if said in ("sent", "unknown"):
                self.messages.append(Message(held.channel, self.world.now))
        else:
            said, number = "unknown", 0
        message_id = f"{number}" if said == "sent" else None
        return RecordOutcome(
            notice_id=self.world.notice.id,
            attempt=number,
            channel=held.channel,
            said=said,
            provider_message_id=message_id,
        )

    @rule(held=consumes(granted), sent=st.booleans())
    def it_dies(self, held: Granted, sent: bool) -> None:
        attempt = self.world.notice.attempt(held.attempt)
        if sent and attempt is not None and attempt.outcome is None:
            self.messages.append(Message(held.channel, self.world.now))

    @rule(outcome=outcomes)
    def the_answer_is_recorded(self, outcome: RecordOutcome) -> None:
        """Once or often, soon or late."""
        self.world.ask(outcome)

    @rule(outcome=outcomes, what=st.sampled_from(["delivered", "failed"]))
    def a_receipt_comes(self, outcome: RecordOutcome, what: Literal["delivered", "failed"]) -> None:
        """Before or after the answer, again, or saying the contrary."""
        if outcome.provider_message_id is not None:
            self.world.report(outcome.channel, outcome.provider_message_id, what)

    @rule(seconds=st.sampled_from([0, 1, 60, 130, 700]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule()
    def a_claim_runs_out(self) -> None:
        if self.world.notice.state == "sending":
            self.world.run_out()

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
    max_examples=300,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
