"""Requests, events and states for intake's tests, each with one thing changed at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.intake.events import build_commands, build_events
from services.intake.model import ContactPoint, Person, Request
from services.intake.rules import Rules
from services.intake.settings import IntakeSettings
from services.intake.vault.prepare import prepare_request
from shared.contracts.envelope import Event
from shared.contracts.events import MatchFact, RequestSubmitted
from shared.messaging.decision import AnyRef, Command, Decision, Handler, Ref, State
from shared.security import Credential, Role
from tests.support.deciding import run_decision
from tests.support.sealing import make_vault

NOW = datetime(2022, 1, 20, 8, 0, tzinfo=UTC)
GRID = "/channels/grid"
# Its grid workers meet whom they record.
RULES = IntakeSettings(meeting_sources=frozenset({GRID})).rules
VAULT = make_vault(b"k" * 32)
PHONE = "+8613800138000"
CHASHAN, SHIJIE = "441900103", "441900104"


def find_credential(speaks_as: str) -> Credential | None:
    """Who the sources of these tests belong to."""
    return CREDENTIALS.get(speaks_as)


def make_credential(id_: str, role: Role, source: str = "", area: str = "") -> Credential:
    return Credential(id=id_, secret_sha256="", roles=frozenset({role}), source=source, area=area)


CREDENTIALS = {
    credential.speaks_as: credential
    for credential in (
        make_credential("grid", Role.CHANNEL, "/channels/grid"),
        make_credential("chamber", Role.DONOR_PARTNER, "/partners/chamber"),
        make_credential("club", Role.DONOR_PARTNER, "/partners/club"),
        make_credential("city", Role.OPERATOR),
        make_credential("chashan", Role.COLLECTOR, area=CHASHAN),
        make_credential("shijie", Role.COLLECTOR, area=SHIJIE),
    )
}
COMMANDS = build_commands(VAULT, RULES, find_credential)
EVENTS = build_events(VAULT, RULES, find_credential)


def make_submission(**changed: Any) -> RequestSubmitted:
    """A wish of CNY 200 that opens by itself."""
    fields: dict[str, Any] = {
        "kind": "wish",
        "category": "supplies",
        "beneficiary_class": "subsistence",
        "channel": "grid_worker",
        "need": {"unit": "fen", "quantity": 20_000},
        "area": {"town_code": CHASHAN},
        "applicant": {"name": "张三", "phone": PHONE},
        "text": "想要一床新棉被",
    }
    return RequestSubmitted.model_validate(fields | changed)


def make_command(data: Any, key: str = "/channels/grid|m-1") -> Command[Any]:
    return Command(data, key=key, principal="test")


def make_event(
    data: Any, subject: str = "", id_: str = "m-1", source: str = "/channels/grid"
) -> Any:
    return Event[Any].model_construct(
        id=id_,
        source=source,
        subject=subject,
        sequence=0,
        time=NOW,
        correlation_id="C-1",
        causation_id="",
        traceparent="",
        data=data,
    )


class DecisionHarness:
    """The aggregates so far: what the processor would load, and save after each decision."""

    def __init__(self, *states: State) -> None:
        self.states: dict[AnyRef, State] = {Ref(type(s), s.id): s for s in states}
        self.now = NOW

    def save(self, decision: Decision) -> Decision:
        self.states |= {Ref(type(s), s.id): s for s in decision.states}
        return decision

    def submit(
        self, asked: RequestSubmitted | None = None, message: str = "m-1", rules: Rules = RULES
    ) -> Decision:
        item = make_command(asked or make_submission(), key=f"/channels/grid|{message}")
        return self.decide_submission(item, rules)

    def decide_submission(self, item: Any, rules: Rules = RULES) -> Decision:
        handler = build_commands(VAULT, rules, find_credential)[RequestSubmitted]
        return self.handle(handler, prepare_request(VAULT, rules, find_credential, item))

    def handle(self, handler: Handler[Any], item: Any) -> Decision:
        """Any handler of the tables in `events`; what it needs prepared is prepared already."""
        return self.save(run_decision(handler, self.states, item, self.now))

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def request(self, id_: str) -> Request:
        request = self.states[Ref(Request, id_)]
        assert isinstance(request, Request)
        return request

    def person(self, id_: str) -> Person:
        person = self.states[Ref(Person, id_)]
        assert isinstance(person, Person)
        return person

    def requests(self) -> list[Request]:
        return [state for state in self.states.values() if isinstance(state, Request)]

    def points(self) -> list[ContactPoint]:
        return [state for state in self.states.values() if isinstance(state, ContactPoint)]


def get_body(decision: Decision) -> dict[str, Any]:
    assert decision.answer is not None
    return dict(decision.answer.body)


def list_facts(decision: Decision) -> list[str]:
    return [type(fact).__name__ for _, fact in decision.events]


def make_match_event(
    kind: type[MatchFact], request: Request, quantity: int, id_: str = "M-1", **more: Any
) -> Any:
    """An event of matching about this request."""
    fact = kind.model_validate(
        {
            "request_id": request.id,
            "offer_id": "O-1",
            "person_id": request.person_id,
            "donor_id": "P-donor",
            "unit": request.need.unit,
            "quantity": quantity,
            **({"reason": "request_withdrawn"} if "reason" in kind.model_fields else {}),
            **({"was": "confirmed"} if "was" in kind.model_fields else {}),
            **more,
        }
    )
    return make_event(fact, subject=id_, id_=f"/matching:{id_}:1", source="/matching")
