"""Deciding without I/O: the service's own tables of handlers over states kept in a dictionary."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from services.matching.events import build_commands, build_events
from services.matching.model.campaign import CampaignTerms, CreateCampaign
from services.matching.model.donor_digest import DigestRules
from services.matching.model.funds import Mandate
from services.matching.model.labels import DECLINE_REASONS
from services.matching.model.match import AcceptMatch, ConfirmMatch, DeliverMatch, Match, Propose
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer, RegisterOffer, build_offer_id
from services.matching.settings import MatchingSettings
from shared.catalogue import load_catalogue
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    LedgerCommitted,
    LedgerDisbursed,
    LedgerRefused,
    LedgerReversed,
    MandateGranted,
    OfferSubmitted,
    RequestOpened,
    RequestWithdrawn,
)
from shared.contracts.values import GENERAL_FUND, MONEY_UNIT, Value
from shared.ids import make_id
from shared.messaging.decision import Answer, AnyRef, Command, Decision, Handler, Ref, State
from shared.partner_ids import PartnerIds
from tests.support.deciding import run_decision

NOW = datetime(2026, 1, 20, 8, tzinfo=UTC)
LIFETIME_S = 3600.0
FUND = "fund-warm"
NO_CAPACITY = DECLINE_REASONS[0]

REOPEN_DAYS = int(MatchingSettings.model_fields["reopen_days"].default)
PARTNER_IDS = PartnerIds(b"k" * 32)
EVENTS = build_events(REOPEN_DAYS, PARTNER_IDS, load_catalogue(), mandates_required=True)
DIGESTS = DigestRules(wait_s=60, gap_s=3600)
COMMANDS = build_commands(REOPEN_DAYS, load_catalogue(), DIGESTS, mandates_required=True)

S = TypeVar("S", bound=State)


def request_id(name: str) -> str:
    return make_id("R", name)


def is_nobody_gone(_source: str) -> bool:
    """Of no partner is said that nobody may speak for it any more."""
    return False


def person_id(name: str) -> str:
    return make_id("P", name)


class DecisionHarness:
    """Applies inputs one after another, as the processor folds them; keeps every event."""

    def __init__(self) -> None:
        self.states: dict[AnyRef, State] = {}
        self.facts: list[tuple[str, Fact]] = []
        self.now = NOW

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def command(self, data: Value, principal: str = "", key: str = "") -> Answer | None:
        command = Command(data, key=key, principal=principal)
        return self._apply(COMMANDS[type(data)], command).answer

    def event(self, subject: str, fact: Fact) -> Decision:
        event: Event[Any] = Event[Any].model_construct(
            id=f"test:{subject}",
            source="/test",
            subject=subject,
            sequence=1,
            time=self.now,
            correlation_id="c-1",
            causation_id="",
            traceparent="",
            data=fact,
        )
        return self._apply(EVENTS[type(fact)], event)

    def _apply(self, handler: Handler[Any], input_: Any) -> Decision:
        decision = run_decision(handler, self.states, input_, self.now)
        for state in decision.states:
            self.states[Ref(type(state), state.id)] = state
        for speaker, fact in decision.events:
            assert speaker in decision.states
            self.facts.append((speaker.id, fact))
        return decision

    # --- reading ---

    def get(self, kind: type[S], id_: str) -> S:
        state = self.states[Ref(kind, id_)]
        assert isinstance(state, kind)
        return state

    def list_event_names(self) -> list[str]:
        """The events so far, by name."""
        return [type(fact).__name__ for _, fact in self.facts]

    def last(self) -> Fact:
        return self.facts[-1][1]

    # --- what tests do often ---

    def offer(self, name: str = "a", quantity: int = 100, **more: Any) -> str:
        submitted = make_submitted(quantity=quantity, **more)
        self.grant(submitted)
        answer = self.command(RegisterOffer(source="desk", message_id=name, offer=submitted))
        assert answer is not None
        assert answer.status == 201
        return build_offer_id("desk", name)

    def grant(self, submitted: OfferSubmitted) -> None:
        """The mandate that an offer of money names, as audit tells of it."""
        if submitted.mandate_id and Ref(Mandate, submitted.mandate_id) not in self.states:
            self.event(submitted.mandate_id, make_granted(submitted))

    def need(self, name: str = "r", quantity: int = 50, **more: Any) -> str:
        self.event(request_id(name), make_opened(name, quantity, **more))
        return request_id(name)

    def propose(self, request: str, offer: str, quantity: int, number: int = 1) -> str:
        answer = self.command(make_propose(request, offer, quantity, number))
        assert answer is not None
        assert answer.status == 201, answer.body
        return build_match_id(request, offer, number)

    def make_accepted(self, **more: Any) -> str:
        """A money match of 50 fen of an offer of 100, waiting for audit."""
        id_ = self.propose(self.need(**more), self.offer(fund_id=FUND), 50)
        self.command(AcceptMatch(match_id=id_))
        return id_

    def make_committed(self) -> str:
        id_ = self.make_accepted()
        self.event(id_, make_ledger_answer(LedgerCommitted, 50))
        return id_

    def make_delivered(self) -> str:
        id_ = self.make_committed()
        self.command(DeliverMatch(match_id=id_))
        return id_

    def make_confirmed(self) -> str:
        id_ = self.make_delivered()
        self.command(ConfirmMatch(match_id=id_))
        return id_

    def withdraw_request(self, name: str = "r") -> None:
        self.event(request_id(name), RequestWithdrawn(person_id=person_id(name)))

    def match(self, id_: str) -> Match:
        return self.get(Match, id_)

    def offer_of(self, id_: str) -> Offer:
        return self.get(Offer, self.match(id_).offer_id)

    def need_of(self, id_: str) -> Need:
        return self.get(Need, self.match(id_).request_id)


def make_submitted(quantity: int = 100, unit: str = "fen", **more: Any) -> OfferSubmitted:
    """Money names the mandate that `make_granted` tells of."""
    fields: dict[str, Any] = {"donor_id": "P-donor", "unit": unit, "quantity": quantity} | more
    if unit == MONEY_UNIT:
        mandate = f"A-{fields.get('fund_id', GENERAL_FUND)}-{fields['donor_id']}"
        fields = {"mandate_id": mandate} | fields
    return OfferSubmitted.model_validate(fields)


def make_granted(offer: OfferSubmitted, **more: Any) -> MandateGranted:
    """On all of the fund's money in the donor's name, for anybody to offer and for years."""
    fields: dict[str, Any] = {
        "fund_id": offer.fund_id or GENERAL_FUND,
        "donor_id": offer.donor_id,
        "covers": "fund",
        "sum_fen": 10**12,
        "valid_until": NOW + timedelta(days=36_500),
    }
    return MandateGranted(**fields | more)


def make_opened(
    name: str, quantity: int, unit: str = "fen", item: str = "", **more: Any
) -> RequestOpened:
    return RequestOpened.model_validate(
        {
            "person_id": person_id(name),
            "kind": "wish",
            "category": "supplies",
            "beneficiary_class": "subsistence",
            "channel": "sms",
            "need": {"unit": unit, "quantity": quantity, "item": item},
            "area": {"town_code": "441900101", "village_code": "441900101001"},
            "recorded_at": NOW.isoformat(),
        }
        | more
    )


def make_propose(request: str, offer: str, quantity: int, number: int = 1) -> Propose:
    return Propose(
        request_id=request,
        offer_id=offer,
        number=number,
        quantity=quantity,
        lifetime_s=LIFETIME_S,
    )


def make_campaign(budget_fen: int, *donor_ids: str) -> CreateCampaign:
    """A campaign for every request from now on, for ten years."""
    terms = {
        "name": "暖“留”行动",
        "starts_at": NOW,
        "ends_at": NOW + timedelta(days=3650),
        "budget_fen": budget_fen,
        "criteria": {},
        "donor_ids": donor_ids,
    }
    return CreateCampaign(campaign_id="warm", terms=CampaignTerms.model_validate(terms))


def make_payment(fen: int) -> LedgerDisbursed:
    """Audit paid so much."""
    return LedgerDisbursed(log="log", index=2, entry="{}", fund_id=FUND, amount_fen=fen)


def make_reversal(match_id: str, fen: int) -> LedgerReversed:
    """Two people undid a payment; the event's subject is the reversal's id."""
    return LedgerReversed(
        log="log",
        index=3,
        entry="{}",
        fund_id=FUND,
        reverses=2,
        match_id=match_id,
        amount_fen=fen,
    )


def make_ledger_answer(
    kind: type[LedgerCommitted] | type[LedgerRefused], amount_fen: int, fund_id: str = FUND
) -> LedgerCommitted | LedgerRefused:
    refusal = {"reason": "insufficient_funds", "available_fen": 0} if kind is LedgerRefused else {}
    return kind.model_validate(
        {"log": "log", "index": 1, "entry": "{}", "fund_id": fund_id, "amount_fen": amount_fen}
        | refusal
    )
