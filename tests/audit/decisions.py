"""Facts and commands put through audit's own tables, one by one, without processor or database."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from services.audit import events
from services.audit.accounts import AccountSecrets
from services.audit.ledger.accounts import load_chart
from services.audit.ledger.books import Books
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.corrections import find_named
from services.audit.model import (
    GENERAL_FUND,
    ApproveFund,
    ApprovePaymentOrder,
    Commitment,
    Donation,
    ExportPaymentOrder,
    Fund,
    FundTerms,
    LogHead,
    Mandate,
    NamePayees,
    PaymentOrder,
    ProposeFund,
    ProposePaymentOrder,
    Stock,
    stock_id,
)
from services.audit.preparing import BankSecrets
from services.audit.rules import Rules
from services.audit.tlog.merkle import Frontier, leaf_hash
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    BankLineStated,
    DonationReceived,
    DonationRefunded,
    FeeCharged,
    GoodsReceived,
    LedgerFact,
    LedgerGoodsRefused,
    LedgerRefused,
    MatchAccepted,
    MatchConfirmed,
    MatchReleased,
    MatchReopened,
    PaymentMade,
    StatementRow,
)
from shared.contracts.ledger import INTEGER_MAX, LedgerEntry
from shared.contracts.values import Value
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Command,
    Decision,
    Handler,
    NotLoaded,
    Ref,
    State,
    States,
)
from shared.security import SealingKey
from tests.support.sealing import make_sealer

FOUNDATION = "guanjia"
OTHER_FOUNDATION = "chashan"
ORIGIN = "guanjia.test/log/2026"
NEXT_ORIGIN = "guanjia.test/log/2027"
OTHER_ORIGIN = "guanjia.test/log/chashan/2026"
NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
NEXT_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)
"""Midnight in China."""
FUND = "NEW-YEAR"
BANK = "/partners/bank"
MATCHING = "/matching"
ACCOUNT_NUMBER = "6222021234567890123"
GOODS = {"item": "棉被", "unit": "床"}
ANYTHING = FundTerms()
RULES = Rules(
    load_chart(),
    {FOUNDATION: "莞家", OTHER_FOUNDATION: "茶山"},
    FOUNDATION,
    mandates_required=True,
    mandate_consent_fen_max=50_000,
    mandate_proposals_max=5,
)
ACCOUNTS = AccountSecrets(make_sealer(SealingKey(b"", b"p" * 32)), b"a" * 32)
SECRETS = BankSecrets(make_sealer(SealingKey(b"", b"d" * 32)), b"c" * 32, ACCOUNTS)
EVENTS = events.events(RULES, SECRETS)
COMMANDS = events.commands(RULES, ACCOUNTS)

S = TypeVar("S", bound=State)


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
    amount_fen: int,
    id_: str = "gift-1",
    *,
    fund: str = FUND,
    donor: str = "P-donor",
    listed: tuple[str, int] | None = None,
    designation: str = "",
) -> Event[Any]:
    """listed: statement and row."""
    data = DonationReceived(
        donor_id=donor,
        fund_id=fund,
        amount_fen=amount_fen,
        received_at=NOW,
        bank_reference=f"ref-{id_[:40]}",
        statement=StatementRow(statement=listed[0], row=listed[1]) if listed else None,
        designation=designation,
    )
    return event(data, id_, source=BANK)


def goods(quantity: int, id_: str = "goods-1", *, fund: str = FUND) -> Event[Any]:
    data = GoodsReceived(
        donor_id="P-donor",
        fund_id=fund,
        quantity=quantity,
        received_at=NOW,
        reference=f"ref-{id_[:40]}",
        **GOODS,
    )
    return event(data, id_, source=BANK)


def payment(match_id: str, amount_fen: int, id_: str = "pay-1") -> Event[Any]:
    data = PaymentMade(match_id=match_id, amount_fen=amount_fen, paid_at=NOW, bank_reference="p")
    return event(data, id_, source=BANK)


def bank_line(
    reference: str,
    amount_fen: int,
    id_: str = "line-1",
    *,
    direction: Literal["paid", "returned"] = "paid",
    account: str = ACCOUNT_NUMBER,
    bank_reference: str = "ICBC-1",
) -> Event[Any]:
    """A line of the bank's statement; reference: what its 附言 says."""
    data = BankLineStated(
        direction=direction,
        memo=reference,
        amount_fen=amount_fen,
        at=NOW,
        bank_reference=bank_reference,
        account=account,
    )
    return event(data, id_, source=BANK)


def refund(donation: str, amount_fen: int, id_: str = "refund-1") -> Event[Any]:
    data = DonationRefunded(
        donation_id=donation, amount_fen=amount_fen, refunded_at=NOW, bank_reference="r"
    )
    return event(data, id_, source=BANK)


def fee(amount_fen: int, id_: str = "fee-1", *, fund: str = FUND) -> Event[Any]:
    data = FeeCharged(fund_id=fund, amount_fen=amount_fen, charged_at=NOW, bank_reference="f")
    return event(data, id_, source=BANK)


def mandate_id(fund: str | None) -> str:
    """Of the mandate that a test's donor has on this fund, see `give_mandate`."""
    return f"A-{fund or GENERAL_FUND}"


def match(
    amount: int, *, fund: str | None = FUND, unit: str = "fen", **more: Any
) -> dict[str, Any]:
    return {
        "request_id": "R-1",
        "offer_id": "O-1",
        "person_id": "P-1",
        "donor_id": "P-donor",
        "unit": unit,
        "quantity": amount,
        "fund_id": fund,
        "mandate_id": mandate_id(fund) if unit == "fen" else None,
        **more,
    }


def acceptance(id_: str, amount: int, **more: Any) -> Event[MatchAccepted]:
    return event(MatchAccepted(**match(amount, **_of(id_) | more)), f"{id_}:accepted", id_)


def confirmation(id_: str, amount: int, **more: Any) -> Event[MatchConfirmed]:
    return event(MatchConfirmed(**match(amount, **_of(id_) | more)), f"{id_}:confirmed", id_)


def release(id_: str, amount: int, **more: Any) -> Event[MatchReleased]:
    data = MatchReleased(reason="request_withdrawn", **match(amount, **_of(id_) | more))
    return event(data, f"{id_}:released", id_)


def reopening(id_: str, amount: int, **more: Any) -> Event[MatchReopened]:
    fields = match(amount, **_of(id_) | more)
    data = MatchReopened(was="confirmed", reason="没有收到", **fields)
    return event(data, f"{id_}:reopened", id_)


def _of(match_id: str) -> dict[str, str]:
    """Every match is of a request of its own, unless it says otherwise."""
    return {"request_id": f"R-{match_id}"}


@dataclass
class MemoryAudit:
    """Audit's states in memory, every entry it recorded and every event it emitted."""

    states: dict[AnyRef, State] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)
    events: list[tuple[str, Fact]] = field(default_factory=list)

    def copy(self) -> "MemoryAudit":
        """States, entries and events never change, so the containers are all there is to copy."""
        return replace(
            self, states=dict(self.states), leaves=list(self.leaves), events=list(self.events)
        )

    def receive(self, event: Event[Any], now: datetime = NOW, rules: Rules = RULES) -> Decision:
        table = EVENTS if rules is RULES else events.events(rules, SECRETS)
        handler = table[type(event.data)]
        return self._apply(handler, handler.prepare(event) if handler.prepare else event, now)

    def execute(
        self, data: Value, principal: str = "maker", now: datetime = NOW, key: str = ""
    ) -> Decision:
        command = Command(data, principal=principal, key=key or f"{principal}|{len(self.events)}")
        handler = COMMANDS[type(data)]
        prepared = handler.prepare(command) if handler.prepare else command
        return self._apply(handler, prepared, now)

    def answer(
        self, data: Value, principal: str = "maker", now: datetime = NOW, key: str = ""
    ) -> Answer:
        answer = self.execute(data, principal, now, key).answer
        assert answer is not None
        return answer

    def _apply(self, handler: Handler[Any], input_: Any, now: datetime) -> Decision:
        """As the processor does: decided again until everything it reads is there."""
        loaded: dict[AnyRef, State | None] = {}
        while True:
            try:
                decision = handler.decide(States(loaded), input_, now)
                break
            except NotLoaded as missing:
                loaded |= {ref: self.states.get(ref) for ref in missing.refs}
        for state in decision.states:
            assert Ref(type(state), state.id) in loaded
            self.states[Ref(type(state), state.id)] = state
        entries = [fact for _, fact in decision.events if isinstance(fact, LedgerFact)]
        assert all(speaker in decision.states for speaker, _ in decision.events)
        assert [fact.entry.encode() for fact in entries] == _list_leaves(decision)
        self.leaves += _list_leaves(decision)
        self.events += [(speaker.id, fact) for speaker, fact in decision.events]
        return decision

    def name_payees(self, *match_ids: str) -> None:
        """All of them are paid to one account."""
        account = {"kind": "person", "name": "示例", "number": ACCOUNT_NUMBER, "bank": "工商银行"}
        payees = [{"match_id": id_, **account} for id_ in match_ids]
        assert self.answer(NamePayees.model_validate({"payees": payees})).status == 200

    def order(self, *match_ids: str) -> PaymentOrder:
        """Proposed by one, approved by another, and exported."""
        self.name_payees(*match_ids)
        proposed = self.answer(ProposePaymentOrder(match_ids=match_ids), "maker")
        assert proposed.status == 202, proposed
        id_ = str(proposed.body["id"])
        assert self.answer(ApprovePaymentOrder(order_id=id_), "checker").status == 200
        assert self.answer(ExportPaymentOrder(order_id=id_), "maker").status == 200
        return self.get(PaymentOrder, id_)

    def pay_out(self, *match_ids: str, now: datetime = NOW) -> PaymentOrder:
        """By an order that the bank's statement closes."""
        order = self.order(*match_ids)
        for number, line in enumerate(order.lines, 1):
            reference = order.format_reference(number)
            event = bank_line(reference, line.amount_fen, reference, bank_reference=reference)
            self.receive(event, now)
        return self.get(PaymentOrder, order.id)

    def get(self, state: type[S], id_: str) -> S:
        aggregate = self.states[Ref(state, id_)]
        assert isinstance(aggregate, state)
        return aggregate

    def all(self, state: type[S]) -> dict[str, S]:
        return {s.id: s for s in self.states.values() if isinstance(s, state)}

    @property
    def head(self) -> LogHead:
        return self.get(LogHead, FOUNDATION)

    def fund(self, id_: str = FUND) -> Fund:
        return self.get(Fund, id_)

    def commitment(self, id_: str) -> Commitment:
        return self.get(Commitment, id_)

    def commitments(self) -> dict[str, Commitment]:
        return self.all(Commitment)

    def stock(self, fund: str = FUND) -> Stock:
        return self.get(Stock, stock_id(fund, **GOODS))

    def donation(self) -> Donation:
        """The only one."""
        (donation,) = self.all(Donation).values()
        return donation

    def entries(self, log: str = "") -> list[LedgerEntry]:
        entries = [parse_entry(leaf) for leaf in self.leaves]
        return [entry for entry in entries if log in ("", entry["log"])]

    def books(self, log: str = ORIGIN) -> Books:
        """What the log alone says, with every invariant of a replay checked."""
        books, entries = Books(), self.entries(log)
        for entry in entries:
            original = find_named(entry)
            books.apply(entry, None if original is None else entries[original])
        return books

    def root(self, log: str = "") -> bytes:
        leaves = [raw for raw in self.leaves if log in ("", parse_entry(raw)["log"])]
        return Frontier().extend(map(leaf_hash, leaves)).root()

    def kinds(self, log: str = "") -> list[str]:
        return [entry["kind"] for entry in self.entries(log)]


def _list_leaves(decision: Decision) -> list[bytes]:
    return [leaf for record in decision.records if isinstance(leaf := record.fields["leaf"], bytes)]


def open_audit(*funds: str, terms: FundTerms = ANYTHING, restricted: bool = False) -> MemoryAudit:
    """A ledger with its logs and these funds open."""
    audit = MemoryAudit()
    for id_, origin in ((FOUNDATION, ORIGIN), (OTHER_FOUNDATION, OTHER_ORIGIN)):
        audit.states[Ref(LogHead, id_)] = LogHead(id=id_, origin=origin)
    for fund in funds or (FUND,):
        open_fund(audit, fund, terms=terms, restricted=restricted)
        give_mandate(audit, fund)
    return audit


def make_mandate(fund: str, **more: Any) -> Mandate:
    """On all of a fund's money, in the name of the donor of `match`, as two people gave it."""
    fields: dict[str, Any] = {
        "id": mandate_id(fund),
        "fund_id": fund,
        "donor_id": "P-donor",
        "covers": "fund",
        "sum_fen": INTEGER_MAX,
        "valid_until": NOW + timedelta(days=3650),
        "maker": "maker",
        "checker": "checker",
        "state": "open",
    }
    return Mandate(**fields | more)


def give_mandate(audit: MemoryAudit, fund: str, **more: Any) -> None:
    mandate = make_mandate(fund, **more)
    audit.states[Ref(Mandate, mandate.id)] = mandate


def open_fund(audit: MemoryAudit, fund: str, now: datetime = NOW, **more: Any) -> None:
    audit.execute(ProposeFund(fund_id=fund, name="暖“留”慈善基金", **more), "maker", now)
    assert audit.answer(ApproveFund(fund_id=fund), "checker", now).status == 200


def last_reason(audit: MemoryAudit) -> str:
    """Of the last refusal."""
    fact = audit.events[-1][1]
    assert isinstance(fact, LedgerRefused | LedgerGoodsRefused)
    assert audit.kinds()[-1] == "refusal"
    return fact.reason
