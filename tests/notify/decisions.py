"""Notify's decisions over states in memory, the way the processor folds them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.notify.channels import derive_dispatch_id
from services.notify.events import build_commands, build_events
from services.notify.model import (
    ClaimNotice,
    Notice,
    NoticeDue,
    OutcomeKind,
    RecordOutcome,
)
from services.notify.rules import Rules
from services.notify.settings import NotifySettings
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    MatchProposed,
    MessageReported,
    NoticeChannel,
    NoticeFact,
    RequestOpened,
)
from shared.contracts.values import (
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
    Need,
    Value,
)
from shared.messaging.decision import Answer, AnyRef, Command, Decision, Handler, Ref
from tests.support.deciding import run_decision

START = datetime(2022, 1, 20, 8, tzinfo=UTC)
REQUEST_ID = "R-" + "0123456789" * 2
OFFER_ID = "O-" + "9876543210" * 2
MATCH_ID = f"M-{REQUEST_ID}-{OFFER_ID}-1"
BOTH: tuple[NoticeChannel, ...] = ("wechat", "sms")


def make_opened(person_id: str = "P-1") -> RequestOpened:
    return RequestOpened(
        person_id=person_id,
        kind=Kind.WISH,
        category=Category.SUPPLIES,
        beneficiary_class=BeneficiaryClass.MIGRANT_WORKER,
        channel=Channel.WECHAT,
        need=Need(unit="fen", quantity=20_000),
        area=Area(town_code="441900101"),
        recorded_at=START,
    )


def match_fields() -> dict[str, Any]:
    return {
        "request_id": REQUEST_ID,
        "offer_id": OFFER_ID,
        "person_id": "P-1",
        "donor_id": "P-donor",
        "unit": "fen",
        "quantity": 20_000,
        "fund_id": "F-1",
    }


def make_proposed(expires_at: datetime = START + timedelta(days=3)) -> MatchProposed:
    return MatchProposed(**match_fields(), expires_at=expires_at)


def make_event(fact: Fact, subject: str = REQUEST_ID, id_: str = "E-1") -> Event[Any]:
    return Event(
        id=id_,
        source="/intake",
        subject=subject,
        sequence=1,
        time=START,
        correlation_id="C-1",
        causation_id="",
        traceparent="",
        data=fact,
    )


AT_ONCE: dict[str, Any] = {"quiet_hours": "", "bundle_s": 0, "person_day_max": 1_000}


def make_rules(**changes: Any) -> Rules:
    """Nothing waits, and Tencent sends alone, unless the test says otherwise."""
    return NotifySettings(**AT_ONCE | {"sms_shares": {"tencent": 100}} | changes).rules


class DecisionHarness:
    """states: all aggregates. facts: every fact that was emitted, in order."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or make_rules()
        self.now = START
        self.states: dict[AnyRef, Any] = {}
        self.facts: list[NoticeFact] = []
        self._events = build_events(self.rules)
        self._commands = build_commands(self.rules)

    # --- input ---

    def on_event(self, fact: Fact, subject: str = REQUEST_ID, id_: str = "E-1") -> None:
        self._fold(self._events[type(fact)], make_event(fact, subject, id_))

    def execute(self, data: Value, principal: str = "") -> Answer | None:
        command = Command(data, principal=principal)
        return self._fold(self._commands[type(data)], command).answer

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _fold(self, handler: Handler[Any], message: Any) -> Decision:
        decision = run_decision(handler, self.states, message, self.now)
        for state in decision.states:
            self.states[Ref(type(state), state.id)] = state
        for _, fact in decision.events:
            assert isinstance(fact, NoticeFact)
            self.facts.append(fact)
        return decision

    # --- the usual steps ---

    @property
    def notices(self) -> list[Notice]:
        return [state for state in self.states.values() if isinstance(state, Notice)]

    @property
    def notice(self) -> Notice:
        (notice,) = self.notices
        return notice

    def make_claim(
        self, reachable: tuple[NoticeChannel, ...] = BOTH, erased: bool = False
    ) -> ClaimNotice:
        notice = self.notice
        return ClaimNotice(
            notice_id=notice.id,
            person_id=notice.person_id,
            due_at=notice.due_at or self.now,
            reachable=reachable,
            erased=erased,
        )

    def claim(
        self, *reachable: NoticeChannel, erased: bool = False
    ) -> tuple[int, NoticeChannel] | None:
        """The attempt and its channel, if it was granted."""
        answer = self.execute(self.make_claim(reachable, erased))
        assert answer is not None
        return (answer.body["attempt"], answer.body["channel"]) if answer.status == 200 else None

    def record(self, attempt: int, outcome: OutcomeKind, **more: Any) -> None:
        current = self.notice.find_attempt(attempt)
        assert current is not None
        self.execute(
            RecordOutcome(
                notice_id=self.notice.id,
                attempt=attempt,
                channel=current.channel,
                outcome=outcome,
                code=more.pop("code", f"code_{outcome}"),
                **more,
            )
        )

    def claim_and_record(self, outcome: OutcomeKind, *reachable: NoticeChannel, **more: Any) -> int:
        claimed = self.claim(*reachable)
        assert claimed is not None
        self.record(claimed[0], outcome, **more)
        return claimed[0]

    def report(
        self, channel: NoticeChannel, message_id: str, outcome: str, code: str = "CODE"
    ) -> None:
        subject = derive_dispatch_id("wechat" if channel == "wechat" else "tencent", message_id)
        fact = MessageReported.model_validate(
            {
                "provider": subject.partition(":")[0],
                "provider_message_id": message_id,
                "outcome": outcome,
                "code": code,
            }
        )
        self.on_event(fact, subject, f"E-{subject}-{outcome}")

    def expire_claim(self) -> None:
        """The claim's time passes and a poller sees it."""
        due_at = self.notice.due_at
        assert due_at is not None
        self.now = max(self.now, due_at)
        self.execute(NoticeDue(aggregate_id=self.notice.id, due_at=due_at))

    def wait_until_due(self) -> None:
        assert self.notice.due_at is not None
        self.now = max(self.now, self.notice.due_at)

    @property
    def state(self) -> str:
        return self.notice.state

    def fact_types(self) -> list[str]:
        return [type(fact).__name__ for fact in self.facts]


def make_with_notice() -> DecisionHarness:
    harness = DecisionHarness()
    harness.on_event(make_opened())
    return harness
