"""Posting: what a decision writes on a foundation's log, and all that follows from it.

A decision opens a `Journal`, posts or refuses, and closes it. The first entry of a new year begins
the new year's log, and what it is about is brought forward into it before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from services.audit.ledger import entries
from services.audit.ledger.accounts import LATER_ACCOUNTS
from services.audit.ledger.entries import Draft, Fact, Goods, seal
from services.audit.ledger.kinds import KINDS, EntryKind
from services.audit.model import (
    Commitment,
    CountedState,
    Distribution,
    Donation,
    Entry,
    Fund,
    LogHead,
    Payable,
    PlacedState,
    Stock,
    format_entry_id,
)
from shared.contracts import ledger_fields
from shared.contracts.envelope import Fact as EventFact
from shared.contracts.events import (
    LedgerAccountsOpened,
    LedgerBalanceOpened,
    LedgerBankCharged,
    LedgerCarried,
    LedgerCommitted,
    LedgerDisbursed,
    LedgerFact,
    LedgerFeeCharged,
    LedgerGoodsDistributed,
    LedgerGoodsReceived,
    LedgerGoodsRefused,
    LedgerGoodsWrittenOff,
    LedgerInterestReceived,
    LedgerObligated,
    LedgerPaymentReturned,
    LedgerReceived,
    LedgerRefunded,
    LedgerRefused,
    LedgerReleased,
    MandateObstacle,
    RefusedReason,
)
from shared.contracts.ledger_fields import Authorisation, Purpose, Refused
from shared.contracts.values import CHINA
from shared.messaging.decision import NOTHING, Answer, Decision, Record, State, States

S = TypeVar("S", bound=State)
SOURCE = "/audit"
"""The source of the facts that audit itself is the first to know."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What a fact asks of a fund: an entry of this kind over an amount, in fen, or over goods.

    is_forced: a bank did it, whatever the fund has left."""

    kind: str
    fact: Fact
    fund_id: str
    amount: int | Goods
    donor_id: str | None = None
    purpose: Purpose | None = None
    is_forced: bool = False

    @property
    def count(self) -> int:
        """What the counters move by."""
        return self.amount.quantity if isinstance(self.amount, Goods) else self.amount

    def with_subject(self, subject: str) -> "Movement":
        return replace(self, fact=replace(self.fact, subject=subject))

    def as_fields(self) -> dict[str, object]:
        """As every event about it has it."""
        fields = {"fund_id": self.fund_id, "donor_id": self.donor_id}
        if isinstance(self.amount, Goods):
            goods = self.amount
            return fields | {"item": goods.item, "unit": goods.unit, "quantity": goods.quantity}
        return fields | {"amount_fen": self.amount}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a movement is not made. available: what there is instead, in fen or the goods' unit.

    mandate: what is wrong with the mandate; the event says it, the log does not."""

    reason: RefusedReason
    available: int = 0
    mandate: MandateObstacle | None = None

    def as_refused(self, movement: Movement) -> Refused:
        """As the log has it. A fund id that no fund could have is left out."""
        refused = Refused(kind=movement.kind, code=self.reason)
        if isinstance(movement.amount, Goods):
            goods = movement.amount
            refused |= {"unit": goods.unit, "quantity": goods.quantity}
            if goods.item:
                refused["item"] = goods.item
        else:
            refused["amount_fen"] = movement.amount
        if ":" not in movement.fund_id and len(movement.fund_id) <= 128:
            refused["fund"] = movement.fund_id
        return refused


EVENTS: Mapping[str, type[LedgerFact]] = {
    "opening_balance": LedgerBalanceOpened,
    "donation_received": LedgerReceived,
    "goods_received": LedgerGoodsReceived,
    "commitment": LedgerCommitted,
    "disbursement": LedgerDisbursed,
    "obligation": LedgerObligated,
    "payment": LedgerDisbursed,
    "payment_returned": LedgerPaymentReturned,
    "release": LedgerReleased,
    "goods_distributed": LedgerGoodsDistributed,
    "goods_written_off": LedgerGoodsWrittenOff,
    "management_fee": LedgerFeeCharged,
    "bank_interest": LedgerInterestReceived,
    "bank_charge": LedgerBankCharged,
    "refund": LedgerRefunded,
}
"""Which event tells of a movement, by its kind."""


def find_counters(kind: EntryKind) -> Mapping[type[CountedState], str]:
    """By type of aggregate: the counter that an entry of this kind adds its amount to."""
    counters: dict[type[CountedState], str] = {}
    if kind.commitment:
        counters[Commitment] = kind.commitment
    if kind.payable:
        counters[Payable] = kind.payable
    if kind.total == "refunded_fen":
        counters[Donation] = kind.total
    if kind.total:
        counters[Fund if kind.moves == "money" else Stock] = kind.total
    return counters


def add_amount(kind: EntryKind, state: S, amount: int, at: datetime) -> S:
    """With the amount added to the counter that an entry of this kind moves, if there is one."""
    if not isinstance(state, CountedState):
        return state
    counter = find_counters(kind).get(type(state))
    return state.add(counter, amount, at) if counter else state


@dataclass(slots=True)
class Journal:
    """What one decision writes. An aggregate that changes twice is saved as it is at last."""

    head: LogHead
    now: datetime
    _states: dict[tuple[type[State], str], State] = field(default_factory=dict)
    _events: list[tuple[State, EventFact]] = field(default_factory=list)
    _records: list[Record] = field(default_factory=list)

    @classmethod
    def open(cls, states: States, foundation: str, now: datetime) -> "Journal":
        """On the log of the year that `now` is in."""
        return cls(states.require(LogHead, foundation).begin_year(now), now)

    @classmethod
    def open_for(
        cls, states: States, owned: Commitment | Donation | Stock, now: datetime
    ) -> "Journal":
        """Of the foundation that it belongs to; its fund is loaded at the same time."""
        states.get_each((LogHead, owned.foundation), (Fund, owned.fund_id))
        return cls.open(states, owned.foundation, now)

    @property
    def log(self) -> str:
        """The log that is written."""
        return self.head.origin

    # --- entries, and who tells of them ---

    def post(
        self,
        movement: Movement,
        fund: Fund,
        speaker: State | None = None,
        stock: Stock | None = None,
        payable: Payable | None = None,
        bank_reference: str = "",
        authorisation: Authorisation | None = None,
        **fields: object,
    ) -> None:
        """Makes the movement: brings forward what an earlier year's log holds of these aggregates,
        appends the entry, counts it on each, and emits its event by the speaker, else the fund.

        payable: that becomes due, or that the bank's line `bank_reference` is about.
        authorisation: of the two people who said so. fields: what the event says besides the
        movement.
        """
        kind = KINDS[movement.kind]
        fund = self._open_accounts(kind, self.bring_forward_fund(fund))
        if stock is not None:
            stock = self.bring_forward_stock(stock, fund)
            self.save(add_amount(kind, stock, movement.count, self.now))
        if isinstance(speaker, Commitment) and kind.commitment:
            speaker = self.bring_forward_commitment(speaker, fund)
        reference = _find_reference(movement, speaker)
        if payable is not None:
            self.save(self._count_payable(kind, payable, movement))
            if bank_reference:
                reference = {"obligation": payable.place, "reference": bank_reference}
        if authorisation is not None:
            reference = {**reference, "authorisation": authorisation}
        moved = (fund.ref, movement.amount)
        draft = entries.draft_entry(kind.name, movement.fact, moved, fund=fund.id, **reference)
        if movement.is_forced:
            fund = fund.with_taken(movement.count)
        fund = add_amount(kind, fund, movement.count, self.now)
        self.save(fund)
        counted = add_amount(kind, speaker, movement.count, self.now) if speaker else fund
        self.record(draft, counted, EVENTS[kind.name], **movement.as_fields(), **fields)

    def _count_payable(self, kind: EntryKind, payable: Payable, movement: Movement) -> Payable:
        """One that becomes due stands at the entry that is appended next."""
        counted = add_amount(kind, payable, movement.count, self.now)
        return counted.place_at(self.log, self.head.size) if kind.commitment else counted

    def _open_accounts(self, kind: EntryKind, fund: Fund) -> Fund:
        """Of a fund that was opened before there was such an account, it is opened first."""
        for role in kind.roles & LATER_ACCOUNTS.keys():
            if getattr(fund.accounts, role):
                continue
            account = LATER_ACCOUNTS[role]
            draft = entries.draft_accounts_opened(
                self.make_fact(f"accounts_opened:{self.head.size}", fund.id), fund.ref, [account]
            )
            opened = fund.model_copy(update={"accounts": replace(fund.accounts, **{role: account})})
            fund = self.record(draft, opened, LedgerAccountsOpened, fund_id=fund.id)
        return fund

    def refuse(self, movement: Movement, refusal: Refusal, speaker: State) -> None:
        """Says on the log what was asked and why it is not done, and emits the same.

        A refused gift or distribution stands at that entry, a refused commitment nowhere.
        """
        entry = self._append(entries.draft_refusal(movement.fact, refusal.as_refused(movement)))
        if isinstance(speaker, Donation | Distribution):
            speaker = speaker.place_at(entry.log, entry.index)
        is_goods = isinstance(movement.amount, Goods)
        event = LedgerGoodsRefused if is_goods else LedgerRefused
        available = {"available" if is_goods else "available_fen": max(0, refusal.available)}
        fields = movement.as_fields() | {"reason": refusal.reason, **available}
        if refusal.mandate is not None:
            fields["mandate"] = refusal.mandate
        self.emit(speaker, entry.as_event(event, fields))

    def record(self, draft: Draft, speaker: S, event: type[LedgerFact], **fields: object) -> S:
        """Appends the entry, and emits its event by the speaker: which stands at this entry, if it
        is one that stands on the log and has no place yet. Returns the speaker."""
        entry = self._append(draft)
        if isinstance(speaker, PlacedState) and speaker.entry is None:
            speaker = speaker.place_at(entry.log, entry.index)
        self.emit(speaker, entry.as_event(event, fields))
        return speaker

    def _append(self, draft: Draft) -> "Appended":
        """What became known after its month was closed counts from the first open moment on; what
        a year brings forward is no news. A bank's facts of a closed month never come here."""
        closed_until = self.head.closed_until
        if closed_until is not None and not draft["kind"].endswith("_carried"):
            earliest = entries.format_timestamp(closed_until)
            draft = {**draft, "effective_at": max(draft["effective_at"], earliest)}
        grown, sealed = seal(self.head.as_tree_head(), draft, self.now)
        fields = {"log": self.log, "index": sealed.index, "leaf": sealed.raw}
        self._records.append(
            Record(Entry.COLLECTION, format_entry_id(self.log, sealed.index), fields)
        )
        local = self.now.astimezone(CHINA)
        is_late = draft["effective_at"] < _format_month(local.year, local.month)
        self.head = self.head.advance(grown, is_late=is_late)
        return Appended(self.log, sealed.index, sealed.raw.decode())

    def make_fact(self, what: str, subject: str, effective_at: datetime | None = None) -> Fact:
        """A fact that audit is the first to know. what: with the subject, unique in the log."""
        event = ledger_fields.Event(id=f"{what}:{subject}", source=SOURCE)
        return Fact(event, subject, effective_at or self.now)

    # --- what goes on in a new year ---

    def bring_forward_fund(self, fund: Fund) -> Fund:
        """The fund as it is in the log that is written: itself, or what remains of it."""
        if fund.log == self.log:
            return fund
        previous = self.head.find_closed(fund.log).as_previous_log()
        fact = self._make_fact_of_year("fund", fund.id)
        draft = entries.draft_fund_carried(
            fact,
            fund.opening,
            previous,
            fund.balance_fen,
            fund.outstanding_fen,
            fund.payable_fen,
        )
        return self.record(draft, fund.bring_forward(self.log), LedgerCarried, fund_id=fund.id)

    def bring_forward_commitment(self, commitment: Commitment, fund: Fund) -> Commitment:
        """fund: brought forward already. What is settled stays where it is."""
        if commitment.log == self.log or not commitment.outstanding_fen:
            return commitment
        fact = self._make_fact_of_year("commitment", commitment.id)
        amount_fen, purpose = commitment.outstanding_fen, commitment.spending.as_purpose()
        draft = entries.draft_commitment_carried(
            fact, fund.ref, amount_fen, purpose, commitment.place
        )
        return self.record(draft, commitment.bring_forward(), LedgerCarried, fund_id=fund.id)

    def bring_forward_stock(self, stock: Stock, fund: Fund) -> Stock:
        """fund: brought forward already. Of what is empty the log says nothing."""
        if stock.log == self.log:
            return stock
        brought = stock.bring_forward(self.log)
        self.save(brought)
        if not stock.in_stock:
            return brought
        previous = self.head.find_closed(stock.log).as_previous_log()
        fact = self._make_fact_of_year("goods", stock.id)
        draft = entries.draft_goods_carried(fact, fund.ref, stock.goods, previous)
        return self.record(draft, brought, LedgerCarried, fund_id=fund.id)

    def _make_fact_of_year(self, what: str, subject: str) -> Fact:
        """So since the year's first moment."""
        return self.make_fact(f"{what}_carried:{self.head.year}", subject, self.head.began_at)

    # --- what comes of it ---

    def save(self, *states: State) -> None:
        self._states |= {(type(state), state.id): state for state in states}

    def find_newest(self, state: S) -> S:
        """As it was saved here, else as it is."""
        saved = self._states.get((type(state), state.id))
        return saved if isinstance(saved, type(state)) else state

    def emit(self, speaker: State, event: EventFact) -> None:
        """Saves the speaker too."""
        self.save(speaker)
        self._events.append((speaker, event))

    def close(self, answer: Answer | None = None) -> Decision:
        """The decision; NOTHING where nothing was written."""
        if not self._states:
            return NOTHING if answer is None else Decision(answer=answer)
        events = tuple((self._states[type(s), s.id], event) for s, event in self._events)
        return Decision((self.head, *self._states.values()), events, answer, tuple(self._records))


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry as it stands on the log."""

    log: str
    index: int
    text: str

    def as_event(self, event: type[LedgerFact], fields: Mapping[str, object]) -> LedgerFact:
        return event(log=self.log, index=self.index, entry=self.text, **fields)


@lru_cache(maxsize=4)
def _format_month(year: int, month: int) -> str:
    """Its first moment in China, as an entry has it."""
    return entries.format_timestamp(datetime(year, month, 1, tzinfo=CHINA))


def _find_reference(movement: Movement, speaker: State | None) -> dict[str, object]:
    """What an entry of this kind refers to besides its fund."""
    match speaker:
        case Commitment() if movement.kind in ("disbursement", "obligation", "release"):
            return {"commitment": speaker.place["index"]}
        case Donation() if movement.kind == "refund":
            forced = {"forced_by": "bank"} if movement.is_forced else {}
            return {"gift": speaker.place, **forced}
    return {} if movement.purpose is None else {"purpose": movement.purpose}
