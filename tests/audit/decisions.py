"""Facts and commands put through audit's own tables, one by one, without processor or database."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from services.audit import events
from services.audit.accounts import AccountSecrets
from services.audit.ledger.accounts import load_chart
from services.audit.ledger.books import Books
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.corrections import find_named
from services.audit.model import (
    AnswerBankQuestion,
    ApproveBankAnswer,
    ApproveFund,
    ApprovePaymentOrder,
    BankQuestion,
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
    ProposeLineRelease,
    ProposePaymentOrder,
    Stock,
    derive_stock_id,
)
from services.audit.preparing import BankSecrets
from services.audit.rules import Rules
from services.audit.tlog.merkle import Frontier, hash_leaf
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    LedgerFact,
    LedgerGoodsRefused,
    LedgerRefused,
)
from shared.contracts.ledger import LedgerEntry
from shared.contracts.ledger_fields import INTEGER_MAX
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
from tests.audit.facts import (
    ACCOUNT_NUMBER,
    BANK,
    FUND,
    GOODS,
    NOW,
    acceptance,
    bank_line,
    confirmation,
    gift,
    mandate_id,
)
from tests.support.answers import code
from tests.support.remembered import read_back
from tests.support.sealing import make_sealer

FOUNDATION = "guanjia"
OTHER_FOUNDATION = "chashan"
ORIGIN = "guanjia.test/log/2026"
NEXT_ORIGIN = "guanjia.test/log/2027"
OTHER_ORIGIN = "guanjia.test/log/chashan/2026"
NEXT_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)
"""Midnight in China."""
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
BANKS = (BANK, "/banks/other")
"""Registered sources."""
SECRETS = BankSecrets(
    make_sealer(SealingKey(b"", b"d" * 32)), b"c" * 32, ACCOUNTS, list_sources=lambda: BANKS
)
EVENTS = events.build_events(RULES, SECRETS)
FILES = make_sealer(SealingKey(b"", b"v" * 32))
COMMANDS = events.build_commands(RULES, SECRETS, FILES)

S = TypeVar("S", bound=State)


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
        table = EVENTS if rules is RULES else events.build_events(rules, SECRETS)
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
            self.states[Ref(type(state), state.id)] = _store(state)
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
        return self.get(Stock, derive_stock_id(fund, **GOODS))

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
        return Frontier().extend(map(hash_leaf, leaves)).compute_root()

    def kinds(self, log: str = "") -> list[str]:
        return [entry["kind"] for entry in self.entries(log)]


def _store(state: S) -> S:
    """As the database gives it back: a state that cannot be read again is found here."""
    return read_back(state)


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


def confirm_matches(*match_ids: str, amount: int = 3_000) -> MemoryAudit:
    """An audit in which each of them is confirmed, so that its amount in fen is due."""
    audit = open_audit()
    audit.receive(gift(20_000))
    for id_ in match_ids:
        audit.receive(acceptance(id_, amount))
        audit.receive(confirmation(id_, amount))
    return audit


def propose_order(audit: MemoryAudit, *match_ids: str) -> str:
    """The id of an order that waits for its second person."""
    audit.name_payees(*match_ids)
    answer = audit.answer(ProposePaymentOrder(match_ids=match_ids), "maker")
    assert answer.status == 202, answer
    return str(answer.body["id"])


def answer_question(audit: MemoryAudit, question: BankQuestion, reference: str) -> str:
    """The code of the refusal; empty where the second person's word entered it."""
    said = AnswerBankQuestion(question_id=question.id, answer="附言写漏了", reference=reference)
    answer = audit.answer(said, "maker")
    if answer.status != 202:
        return code(answer)
    audit.execute(ApproveBankAnswer(question_id=question.id), "checker")
    return ""


def release_line(audit: MemoryAudit, order: PaymentOrder) -> str:
    reference = order.format_reference(1)
    proposal = ProposeLineRelease(reference=reference, reason="账号与户名不符，未扣款")
    assert audit.answer(proposal, "maker").status == 202
    return reference
