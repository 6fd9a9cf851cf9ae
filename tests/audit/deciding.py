"""Facts and commands put through audit's own tables, one by one, without processor or database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.audit.events import COMMANDS, EVENTS
from services.audit.model import HEAD, ApproveFund, Commitment, Fund, LogHead, ProposeFund
from services.audit.verify.balances import Books
from services.audit.verify.canonical import parse_entry
from services.audit.verify.merkle import Frontier, leaf_hash
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import DonationReceived, MatchAccepted, MatchConfirmed, MatchReleased
from shared.contracts.ledger import LedgerEntry
from shared.contracts.values import Value
from shared.messaging.decision import AnyRef, Command, Decision, Ref, State, States

ORIGIN = "guanjia.test/log/2026"
NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
FUND = "NEW-YEAR"
BANK = "/partners/bank"
MATCHING = "/matching"


def event(data: Fact, id_: str, subject: str = "", source: str = MATCHING) -> Event[Any]:
    return Event[Any].model_construct(
        id=id_,
        source=source,
        subject=subject,
        sequence=0,
        time=NOW,
        correlation_id="R-1",
        causation_id="",
        traceparent="",
        data=data,
    )


def gift(
    amount_fen: int, id_: str = "gift-1", *, fund: str = FUND, donor: str = "P-donor"
) -> Event[DonationReceived]:
    data = DonationReceived(
        donor_id=donor,
        fund_id=fund,
        amount_fen=amount_fen,
        received_at=NOW,
        bank_reference=f"ref-{id_[:40]}",
    )
    return event(data, id_, source=BANK)


def match(amount: int, *, fund: str | None = FUND, unit: str = "fen") -> dict[str, Any]:
    return {
        "request_id": "R-1",
        "offer_id": "O-1",
        "person_id": "P-1",
        "donor_id": "P-donor",
        "unit": unit,
        "quantity": amount,
        "fund_id": fund,
    }


def accepted(id_: str, amount: int, **more: Any) -> Event[MatchAccepted]:
    return event(MatchAccepted(**match(amount, **more)), f"{id_}:accepted", id_)


def confirmed(id_: str, amount: int, **more: Any) -> Event[MatchConfirmed]:
    return event(MatchConfirmed(**match(amount, **more)), f"{id_}:confirmed", id_)


def released(id_: str, amount: int, **more: Any) -> Event[MatchReleased]:
    data = MatchReleased(reason="request_withdrawn", **match(amount, **more))
    return event(data, f"{id_}:released", id_)


@dataclass
class Audit:
    """Audit's states in memory, everything it recorded and everything it said."""

    states: dict[AnyRef, State] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)
    said: list[tuple[str, Fact]] = field(default_factory=list)

    def hear(self, event: Event[Any], now: datetime = NOW) -> Decision:
        return self._apply(EVENTS[type(event.data)], event, now)

    def do(self, data: Value, principal: str = "maker", now: datetime = NOW) -> Decision:
        return self._apply(COMMANDS[type(data)], Command(data, principal=principal), now)

    def _apply(self, handler: Any, given: Any, now: datetime) -> Decision:
        refs = set(handler.touches(given))
        if handler.follow:
            refs |= set(handler.follow(self._view(refs), given))
        decision: Decision = handler.decide(self._view(refs), given, now)
        for state in decision.states:
            assert Ref(type(state), state.id) in refs
            self.states[Ref(type(state), state.id)] = state
        self.leaves += [record.fields["leaf"] for record in decision.records]
        self.said += [(speaker.id, fact) for speaker, fact in decision.events]
        return decision

    def _view(self, refs: set[AnyRef]) -> States:
        return States({ref: self.states.get(ref) for ref in refs})

    @property
    def head(self) -> LogHead:
        head = self.states[Ref(LogHead, HEAD)]
        assert isinstance(head, LogHead)
        return head

    def fund(self, id_: str = FUND) -> Fund:
        fund = self.states[Ref(Fund, id_)]
        assert isinstance(fund, Fund)
        return fund

    def commitment(self, id_: str) -> Commitment:
        commitment = self.states[Ref(Commitment, id_)]
        assert isinstance(commitment, Commitment)
        return commitment

    def commitments(self) -> dict[str, Commitment]:
        return {s.id: s for s in self.states.values() if isinstance(s, Commitment)}

    def entries(self) -> list[LedgerEntry]:
        return [parse_entry(leaf) for leaf in self.leaves]

    def books(self) -> Books:
        """What the log alone says, with every invariant of a replay checked."""
        books = Books()
        for entry in self.entries():
            books.apply(entry)
        return books

    def root(self) -> bytes:
        return Frontier().extend(map(leaf_hash, self.leaves)).root()

    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.entries()]


def open_audit(*funds: str) -> Audit:
    """A ledger with its log and these funds open."""
    audit = Audit()
    audit.states[Ref(LogHead, HEAD)] = LogHead(id=HEAD, origin=ORIGIN)
    for fund in funds or (FUND,):
        audit.do(ProposeFund(fund_id=fund, name="暖“留”慈善基金"), "maker")
        audit.do(ApproveFund(fund_id=fund), "checker")
    return audit
