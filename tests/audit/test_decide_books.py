"""No sequence of facts makes balances, promises, stock and logs disagree with plain arithmetic.

Ids repeat, so repetitions, reused ids and facts in any order all happen; years end in between.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.audit.ledger.balances import list_totals
from services.audit.ledger.canonical import encode_canonical
from services.audit.ledger.kinds import kind_of
from services.audit.model import (
    ApproveReversal,
    ApproveTransfer,
    BringCommitmentForward,
    BringFundForward,
    BringStockForward,
    Donation,
    FinishBringingForward,
    ProposeReversal,
    ProposeTransfer,
    Stock,
    derive_reversal_id,
    derive_stock_id,
)
from shared.contracts.envelope import Event
from shared.ids import make_id
from tests.audit.decisions import FOUNDATION, open_audit
from tests.audit.facts import (
    BANK,
    GOODS,
    NOW,
    acceptance,
    confirmation,
    fee,
    gift,
    goods,
    payment,
    refund,
    release,
)
from tests.support.examples import count_examples

OPEN = ("ONE", "TWO")
numbers = st.integers(0, 15)
amounts = st.integers(1, 9)
more = st.integers(5, 60)
funds = st.sampled_from((*OPEN * 4, "NOT-OPEN"))


@dataclass
class Model:
    """free: what each fund can still promise; owed: what is promised to each match, by which fund.

    gifts: what can be given back of each, by which fund; year: what of a fund's gifts of this
    year may still be kept as a fee, in thousandths. heard, handed: ids that were used.
    """

    free: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OPEN, 0))
    stock: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OPEN, 0))
    owed: dict[str, tuple[str, int]] = field(default_factory=dict)
    gifts: dict[str, tuple[str, int]] = field(default_factory=dict)
    year: Counter[str] = field(default_factory=Counter)
    heard: set[str] = field(default_factory=set)
    handed: set[str] = field(default_factory=set)

    def first(self, id_: str) -> bool:
        named = id_ in self.heard
        self.heard.add(id_)
        return not named

    def give(self, id_: str, fund: str, amount: int) -> None:
        if self.first(id_) and fund in self.free:
            self.free[fund] += amount
            self.year[fund] += amount * 100
            self.gifts[id_] = (fund, amount)

    def give_back(self, id_: str, of: str, amount: int) -> None:
        fund, remaining = self.gifts.get(of, ("", 0))
        if self.first(id_) and amount <= remaining:
            self.free[fund] -= amount
            self.year[fund] -= amount * 100
            self.gifts[of] = (fund, remaining - amount)

    def charge(self, id_: str, fund: str, amount: int) -> None:
        within = amount * 1000 <= self.year[fund] and amount <= self.free.get(fund, 0)
        if self.first(id_) and within:
            self.free[fund] -= amount
            self.year[fund] -= amount * 1000

    def accept(self, id_: str, fund: str, amount: int) -> None:
        if id_ not in self.owed:
            enough = self.free.get(fund, 0) >= amount
            self.owed[id_] = (fund, amount if enough else 0)
            if enough:
                self.free[fund] -= amount

    def pay(self, id_: str, of: str, amount: int) -> None:
        fund, remaining = self.owed.get(of, ("", 0))
        if self.first(id_) and amount <= remaining:
            self.owed[of] = (fund, remaining - amount)

    def confirm(self, id_: str) -> None:
        """What was not promised is refused, and stays so."""
        fund, _ = self.owed.get(id_, ("", 0))
        self.owed[id_] = (fund, 0)

    def release(self, id_: str) -> None:
        fund, remaining = self.owed.get(id_, ("", 0))
        if remaining:
            self.owed[id_] = (fund, 0)
            self.free[fund] += remaining

    def move(self, giver: str, taker: str, amount: int) -> None:
        if self.free[giver] >= amount:
            self.free[giver] -= amount
            self.free[taker] += amount

    def store(self, id_: str, fund: str, quantity: int) -> None:
        if self.first(id_) and fund in self.stock:
            self.stock[fund] += quantity

    def hand_over(self, id_: str, fund: str, quantity: int) -> None:
        if id_ not in self.handed and self.stock.get(fund, 0) >= quantity:
            self.stock[fund] -= quantity
        self.handed.add(id_)


def choose(named: Iterable[str], number: int, otherwise: str) -> str:
    names = sorted(named)
    return names[number % len(names)] if names else otherwise


class Facts(RuleBasedStateMachine):
    """Everything that can happen but corrections, and what holds whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.audit = open_audit(*OPEN)
        self.now = NOW
        for number, fund in enumerate(OPEN):
            self.a_gift_is_heard(f"first-{number}", fund, 40)

    def a_gift_is_heard(self, id_: str, fund: str, amount: int) -> None:
        self.model.give(id_, fund, amount)
        self.audit.receive(gift(amount, id_, fund=fund), self.now)

    def matching_says(self, event: Event[Any]) -> None:
        """Each time in another event: the processor drops one that it has worked."""
        new = event.model_copy(update={"id": f"{event.id}:{len(self.audit.leaves)}"})
        self.audit.receive(new, self.now)

    def bank_id(self, number: int) -> str:
        """Mostly one that was never heard of."""
        return f"bank-{number if number < 2 else len(self.audit.leaves)}"

    def gift_id(self, number: int) -> str:
        return choose(self.model.gifts, number, "none")

    def match_id(self, number: int) -> str:
        return choose(self.model.owed, number, "M-none")

    @rule(number=numbers, fund=funds, amount=more)
    def a_gift_arrives(self, number: int, fund: str, amount: int) -> None:
        self.a_gift_is_heard(self.bank_id(number), fund, amount)

    @rule(number=numbers, of=numbers, amount=more)
    def a_gift_is_given_back(self, number: int, of: int, amount: int) -> None:
        id_, named = self.bank_id(number), self.gift_id(of)
        self.model.give_back(id_, named, amount)
        self.audit.receive(refund(make_id("D", BANK, named), amount, id_), self.now)

    @rule(number=numbers, fund=funds, amount=st.integers(1, 4))
    def a_fee_is_charged(self, number: int, fund: str, amount: int) -> None:
        id_ = self.bank_id(number)
        self.model.charge(id_, fund, amount)
        self.audit.receive(fee(amount, id_, fund=fund), self.now)

    @rule(number=numbers, fund=funds, amount=st.integers(1, 20))
    def a_match_is_accepted(self, number: int, fund: str, amount: int) -> None:
        id_ = f"M-{number}"
        self.model.accept(id_, fund, amount)
        self.matching_says(acceptance(id_, amount, fund=fund))

    @rule(number=numbers, of=numbers, amount=st.integers(1, 5))
    def an_instalment_is_paid(self, number: int, of: int, amount: int) -> None:
        id_, named = self.bank_id(number), self.match_id(of)
        self.model.pay(id_, named, amount)
        self.audit.receive(payment(named, amount, id_), self.now)

    @rule(of=numbers, fund=funds, amount=amounts)
    def a_match_is_confirmed(self, of: int, fund: str, amount: int) -> None:
        id_ = self.match_id(of)
        self.model.confirm(id_)
        self.matching_says(confirmation(id_, amount, fund=fund))

    @rule(of=numbers, fund=funds, amount=amounts)
    def a_match_is_released(self, of: int, fund: str, amount: int) -> None:
        id_ = self.match_id(of)
        self.model.release(id_)
        self.matching_says(release(id_, amount, fund=fund))

    @rule(order=st.permutations(OPEN), amount=amounts)
    def money_moves(self, order: list[str], amount: int) -> None:
        giver, taker = order
        self.model.move(giver, taker, amount)
        proposal = ProposeTransfer(
            from_fund_id=giver, to_fund_id=taker, amount_fen=amount, reference="x"
        )
        answer = self.audit.answer(proposal, "ann", self.now)
        if answer.status == 202:
            self.audit.execute(ApproveTransfer(transfer_id=str(answer.body["id"])), "bo", self.now)

    @rule(number=numbers, fund=funds, quantity=more)
    def goods_arrive(self, number: int, fund: str, quantity: int) -> None:
        id_ = self.bank_id(number)
        self.model.store(id_, fund, quantity)
        self.audit.receive(goods(quantity, id_, fund=fund), self.now)

    @rule(number=numbers, fund=funds, quantity=amounts)
    def goods_are_handed_over(self, number: int, fund: str, quantity: int) -> None:
        id_ = f"M-G{number}"
        self.model.hand_over(id_, fund, quantity)
        self.matching_says(confirmation(id_, quantity, fund=fund, **GOODS))

    @rule(chance=st.integers(0, 9))
    def a_year_passes(self, chance: int) -> None:
        """What nobody used in it was carried into it by then, and its log still verifies."""
        if chance == 7:
            self.carry_everything()
            self.now += timedelta(days=366)
            self.model.year.clear()

    def carry_everything(self) -> None:
        for fund in OPEN:
            self.audit.execute(BringFundForward(fund_id=fund), now=self.now)
            self.audit.execute(
                BringStockForward(stock_id=derive_stock_id(fund, **GOODS)), now=self.now
            )
        for id_ in self.audit.commitments():
            self.audit.execute(BringCommitmentForward(match_id=id_), now=self.now)
        self.audit.execute(
            FinishBringingForward(foundation=FOUNDATION, log=self.audit.head.origin), now=self.now
        )

    @invariant()
    def the_log_alone_gives_the_same_balances(self) -> None:
        log = self.audit.head.origin
        books = self.audit.books(log)
        for id_, book in books.funds.items():
            assert list_totals(book) == self.audit.fund(id_).totals
        expected = {
            each.entry: (each.reserved_fen, each.disbursed_fen, each.released_fen)
            for each in self.audit.commitments().values()
            if each.log == log and each.entry is not None
        }
        commitments = {
            index: (each.reserved_fen, each.disbursed_fen, each.released_fen)
            for index, each in books.commitments.items()
            if each.reserved_fen or index in expected
        }
        assert commitments == expected
        for stock in self.audit.all(Stock).values():
            there = books.goods.get((stock.fund_id, stock.item, stock.unit))
            assert stock.log != log or (there.in_stock if there else 0) == stock.in_stock

    @invariant()
    def every_entry_has_its_place_and_an_event_of_its_own(self) -> None:
        for log in {entry["log"] for entry in self.audit.entries()}:
            entries = self.audit.entries(log)
            assert [entry["index"] for entry in entries] == list(range(len(entries)))
            events = [(entry["event"]["source"], entry["event"]["id"]) for entry in entries]
            assert len(set(events)) == len(events)

    @invariant()
    def closed_logs_and_the_open_one_have_the_roots_that_were_kept(self) -> None:
        head = self.audit.head
        for closed in head.closed:
            assert (closed.size, closed.root) == (
                len(self.audit.entries(closed.origin)),
                self.audit.root(closed.origin),
            )
        assert head.tree.compute_root() == self.audit.root(head.origin)
        assert head.size == len(self.audit.entries(head.origin))


class WithoutCorrections(Facts):
    """As long as nothing is undone, plain arithmetic says what is there."""

    @invariant()
    def the_states_are_those_of_the_model(self) -> None:
        for id_, free in self.model.free.items():
            fund = self.audit.fund(id_)
            assert fund.remaining_fen == free >= -fund.overdrawn_fen
            owed = sum(remaining for of, remaining in self.model.owed.values() if of == id_)
            assert fund.outstanding_fen == owed
        for id_, expected in self.audit.commitments().items():
            assert expected.outstanding_fen == self.model.owed[id_][1]
        for stock in self.audit.all(Stock).values():
            assert stock.in_stock == self.model.stock[stock.fund_id]


class WithCorrections(Facts):
    """Any entry may be undone at any time; what the log says is then checked by the books."""

    @rule(back=st.integers(1, 12))
    def an_entry_is_undone(self, back: int) -> None:
        log = self.audit.head.origin
        entries = self.audit.entries(log)
        index = len(entries) - back
        if index < 0 or not kind_of(entries[index]).reversible:
            return
        leaf = encode_canonical(entries[index]).decode()
        proposal = ProposeReversal(log=log, index=index, leaf=leaf, reference="x")
        self.audit.execute(proposal, "ann", self.now)
        self.audit.execute(
            ApproveReversal(reversal_id=derive_reversal_id(log, index)), "bo", self.now
        )

    @invariant()
    def nothing_is_below_zero(self) -> None:
        """But for what a bank took back."""
        for fund in map(self.audit.fund, OPEN):
            assert fund.remaining_fen >= -fund.overdrawn_fen
            assert fund.outstanding_fen >= 0
        assert all(stock.in_stock >= 0 for stock in self.audit.all(Stock).values())
        assert all(gift.refundable_fen >= 0 for gift in self.audit.all(Donation).values())


settled = settings(max_examples=count_examples(15, 100), stateful_step_count=50, deadline=None)
WithoutCorrections.TestCase.settings = WithCorrections.TestCase.settings = settled
TestWithoutCorrections = WithoutCorrections.TestCase
TestWithCorrections = WithCorrections.TestCase
